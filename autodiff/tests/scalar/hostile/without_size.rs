//! Numbers of size 0: a slice of them can have any length.

use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{Plain, Scalar, Tape};
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, Sub, SubAssign};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A number of size 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
struct Nothing;

macro_rules! nothing {
    ($($Trait:ident $method:ident),*) => { $(
        impl $Trait for Nothing {
            type Output = Self;

            fn $method(self, _: Self) -> Self {
                Nothing
            }
        }
    )* };
}
nothing!(Add add, Sub sub, Mul mul, Div div, Rem rem);

macro_rules! nothing_assigned {
    ($($Trait:ident $method:ident),*) => { $(
        impl $Trait for Nothing {
            fn $method(&mut self, _: Self) {}
        }
    )* };
}
nothing_assigned!(AddAssign add_assign, SubAssign sub_assign, MulAssign mul_assign, DivAssign div_assign);

impl Sum for Nothing {
    fn sum<I: Iterator<Item = Self>>(_: I) -> Self {
        Nothing
    }
}

impl<'a> Sum<&'a Nothing> for Nothing {
    fn sum<I: Iterator<Item = &'a Self>>(_: I) -> Self {
        Nothing
    }
}

impl Product for Nothing {
    fn product<I: Iterator<Item = Self>>(_: I) -> Self {
        Nothing
    }
}

impl Neg for Nothing {
    type Output = Self;

    fn neg(self) -> Self {
        Nothing
    }
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

impl Number for Nothing {
    type Mask = bool;

    fn constant(self, _: f64) -> Self {
        Nothing
    }

    fn less(self, _: Self) -> bool {
        false
    }

    fn equal(self, _: Self) -> bool {
        true
    }

    fn select(_: &bool, _: Self, _: Self) -> Self {
        Nothing
    }

    fn unary(self, _: Unary) -> Self {
        Nothing
    }

    fn binary(self, _: Binary, _: Self) -> Self {
        Nothing
    }
}

impl Plain for Nothing {}

impl Scalar for Nothing {
    type Plain = Self;

    fn from_f64(_: f64) -> Self {
        Nothing
    }

    fn to_f64(self) -> f64 {
        0.0
    }

    fn has_nan(self) -> bool {
        false
    }
}

#[test]
fn more_numbers_without_size_than_there_are_indices_are_refused() {
    let tape = Tape::<Nothing>::default();
    let first = tape.var(Nothing);
    for count in [usize::MAX, usize::MAX - 1, u32::MAX as usize, 1 << 31] {
        let numbers = &[Nothing; usize::MAX][..count];
        let refused = catch_unwind(AssertUnwindSafe(|| tape.vars(numbers).len()));
        let message = *refused.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(
            message,
            "the tape is full: it can hold 2147483647 variables"
        );
    }
    let [x, y] = tape.vars([Nothing; 2]);
    let z = (0..100).fold(first, |z, _| z * x + y);
    assert_eq!(z.gradients().wrt(first), Nothing);
    assert_eq!(tape.len(), 203);
}

#[test]
fn room_for_more_nodes_than_there_are_indices_is_refused() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = x * tape.var(3.0);
    for nodes in [usize::MAX, usize::MAX - 1, 1 << 31] {
        assert!(catch_unwind(AssertUnwindSafe(|| tape.reserve(nodes))).is_err());
    }
    assert_eq!((y * x).gradients().wrt(x), 12.0);
}
