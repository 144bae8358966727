//! The forward-mode number.

use super::number::{Scalar, chain};
use super::pairwise::sum_of;
use super::trace::Operation;
use crate::Number;
use crate::elementwise::Binary;
use std::fmt;
use std::iter::{Product, Sum};

/// A number that carries its derivative along, `x + ẋ ε` with `ε² = 0`: forward mode.
///
/// It needs no tape. `Dual<Dual<f64>>` carries second derivatives, and `Var<Dual<f64>>` on a tape gives the product
/// of a Hessian with a vector. Its functions are those of the [table](crate::elementwise).
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
    /// The derivative along the direction of interest, ẋ.
    pub tangent: T,
}

impl<T: Scalar> Dual<T> {
    /// A constant: its derivative is 0.
    #[must_use]
    #[inline]
    pub fn constant(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(0.0),
        }
    }

    /// The variable to differentiate with respect to: its derivative is 1.
    #[must_use]
    #[inline]
    pub fn var(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(1.0),
        }
    }

    /// The function of `self` alone that has this value and slope.
    #[inline]
    pub(super) fn chain_unary(self, _: impl Fn() -> Operation, value: T, slope: T) -> Self {
        Dual {
            value,
            tangent: chain(self.tangent, slope),
        }
    }

    /// The function of `self` and a constant.
    #[inline]
    pub(super) fn chain_with_constant(self, function: Binary, constant: Self) -> Self {
        self.binary(function, constant)
    }

    /// The function of `self` and `other` that has this value and these slopes.
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

impl<T: Scalar> Sum for Dual<T> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        sum_of(terms)
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
