//! `Dual`: the forward-mode number.

use super::number::{Scalar, chain};
use super::pairwise;
use super::program::Relation;
use super::trace::Operation;
use crate::Number;
use crate::elementwise::Binary;
use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};

/// A forward-mode number: a value together with its derivative, `x + ẋ ε` with `ε² = 0`.
///
/// It needs no tape. `Dual<Dual<f64>>` holds second derivatives, and `Var<Dual<f64>>` on a tape computes the product of
/// a Hessian with a vector. Its methods are the functions of the [table](crate::elementwise).
///
/// ```
/// use autodiff::scalar::Dual;
///
/// let x = Dual { value: 2.0_f64, tangent: 1.0 };
/// assert_eq!((x * x + 1.0).tangent, 4.0);
/// ```
#[derive(Clone, Copy)]
pub struct Dual<T: Scalar = f64> {
    /// The value, x.
    pub value: T,
    /// The tangent: the derivative in the chosen direction, ẋ.
    pub tangent: T,
}

/// # Constants and variables
impl<T: Scalar> Dual<T> {
    /// Returns a constant: its derivative is 0.
    #[must_use]
    #[inline]
    pub fn constant(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(0.0),
        }
    }

    /// Returns the variable to differentiate with respect to: its derivative is 1.
    #[must_use]
    #[inline]
    pub fn var(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(1.0),
        }
    }

    /// Returns a function of `self` with this value and slope.
    #[inline]
    pub(super) fn chain_unary(self, _: impl Fn() -> Operation, value: T, slope: T) -> Self {
        Dual {
            value,
            tangent: chain(self.tangent, slope),
        }
    }

    /// Returns a function of `self` and a constant.
    #[inline]
    pub(super) fn chain_with_constant(self, function: Binary, constant: Self) -> Self {
        self.binary(function, constant)
    }

    /// Returns a function of `self` and `other` with this value and these slopes.
    #[inline]
    pub(super) fn chain_binary(
        self,
        _: impl Fn() -> Operation,
        other: Self,
        value: T,
        slopes: (T, T),
    ) -> Self {
        Dual {
            value,
            tangent: chain(self.tangent, slopes.0) + chain(other.tangent, slopes.1),
        }
    }
}

/// A comparison is noted by the values, if they are variables of a [program](super::program).
impl<T: Scalar> Dual<T> {
    #[inline(always)]
    pub(super) fn compared(self, _: Relation, _: Self, outcome: bool) -> bool {
        outcome
    }

    #[inline(always)]
    pub(super) fn ordered(self, _: Self, order: Option<Ordering>) -> Option<Ordering> {
        order
    }

    #[inline(always)]
    pub(super) fn compared_sign(self, outcome: bool) -> bool {
        outcome
    }

    #[inline(always)]
    pub(super) fn leaves(self, _: &'static str) {}
}

impl<T: Scalar> Sum for Dual<T> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        pairwise::sum(terms)
    }
}

impl<T: Scalar> Product for Dual<T> {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        let one = Dual::constant(T::from_f64(1.0));
        factors.fold(one, |product, x| product * x)
    }
}

impl<'a, T: Scalar> Sum<&'a Dual<T>> for Dual<T> {
    fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
        terms.copied().sum()
    }
}

impl<'a, T: Scalar> Product<&'a Dual<T>> for Dual<T> {
    fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
        factors.copied().product()
    }
}

impl<T: Scalar> fmt::Debug for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:?} + {:?}ε)", self.value, self.tangent)
    }
}
