//! A number each of whose operations may also run foreign code.

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{Scalar, Tape};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};
use std::rc::Rc;

/// A deed of a number, and the number of operations before it.
pub(super) type Delayed = (fn(), usize);

thread_local! {
    /// The tape on which hostile code records.
    pub(super) static TAPE: RefCell<Option<Rc<Tape<Hostile>>>> = const { RefCell::new(None) };
    /// The pending deed of [`Hostile`] numbers.
    pub(super) static DEED: Cell<Option<Delayed>> = const { Cell::new(None) };
}

/// Runs the pending deed, if enough operations have passed.
fn strike() {
    match DEED.take() {
        None => {}
        Some((deed, 0)) => deed(),
        later => DEED.set(later.map(|(deed, operations)| (deed, operations - 1))),
    }
}

/// A number whose operations run foreign code.
#[derive(Copy, Debug)]
pub(super) struct Hostile(pub(super) f64);

#[expect(
    clippy::non_canonical_clone_impl,
    reason = "a copy and a clone need not agree"
)]
impl Clone for Hostile {
    fn clone(&self) -> Self {
        strike();
        *self
    }
}

impl PartialEq for Hostile {
    fn eq(&self, other: &Self) -> bool {
        strike();
        self.0 == other.0
    }
}

impl PartialOrd for Hostile {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        strike();
        self.0.partial_cmp(&other.0)
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        strike();
        self.0.fmt(f)
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $Assign:ident $assign:ident),*) => { $(
        impl $Trait for Hostile {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                strike();
                Hostile(self.0.$method(other.0))
            }
        }

        impl $Trait<f64> for Hostile {
            type Output = Self;

            fn $method(self, other: f64) -> Self {
                strike();
                Hostile(self.0.$method(other))
            }
        }

        impl $Assign for Hostile {
            fn $assign(&mut self, other: Self) {
                strike();
                self.0.$assign(other.0);
            }
        }

        impl $Assign<f64> for Hostile {
            fn $assign(&mut self, other: f64) {
                strike();
                self.0.$assign(other);
            }
        }
    )* };
}
operators! {
    Add add AddAssign add_assign, Sub sub SubAssign sub_assign, Mul mul MulAssign mul_assign,
    Div div DivAssign div_assign, Rem rem RemAssign rem_assign
}

impl Default for Hostile {
    fn default() -> Self {
        strike();
        Hostile(0.0)
    }
}

impl Sum for Hostile {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Hostile(0.0), |sum, term| sum + term)
    }
}

impl<'a> Sum<&'a Hostile> for Hostile {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

impl Product for Hostile {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors.fold(Hostile(1.0), |product, factor| product * factor)
    }
}

impl Neg for Hostile {
    type Output = Self;

    fn neg(self) -> Self {
        strike();
        Hostile(-self.0)
    }
}

impl Number for Hostile {
    type Mask = bool;

    fn constant(self, c: f64) -> Self {
        strike();
        Hostile(c)
    }

    fn less(self, other: Self) -> bool {
        strike();
        self.0 < other.0
    }

    fn equal(self, other: Self) -> bool {
        strike();
        self.0 == other.0
    }

    fn select(mask: &bool, a: Self, b: Self) -> Self {
        strike();
        if *mask { a } else { b }
    }

    fn unary(self, function: Unary) -> Self {
        strike();
        Hostile(self.0.unary(function))
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        strike();
        Hostile(self.0.binary(function, other.0))
    }
}

impl Scalar for Hostile {
    type Plain = f64;

    fn from_f64(c: f64) -> Self {
        strike();
        Hostile(c)
    }

    fn to_f64(self) -> f64 {
        strike();
        self.0
    }

    fn has_nan(self) -> bool {
        strike();
        self.0.is_nan()
    }

    fn is_safe_factor(self) -> bool {
        strike();
        true
    }

    fn exp_each(x: &mut [Self]) {
        strike();
        for x in x {
            *x = x.exp();
        }
    }
}

pub(super) fn shared_tape() -> Rc<Tape<Hostile>> {
    TAPE.with_borrow(|tape| tape.clone().unwrap())
}
