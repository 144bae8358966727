//! The forward-mode number.

use super::Scalar;
use super::number::chain;
use super::sum::sum_of;
use crate::Number;
use crate::elementwise::{Binary, Unary, elementwise_table, inherent_methods};
use std::cmp::Ordering;
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
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(0.0),
        }
    }

    /// The variable to differentiate with respect to: its derivative is 1.
    #[must_use]
    #[inline(always)]
    pub fn variable(value: T) -> Self {
        Dual {
            value,
            tangent: T::from_f64(1.0),
        }
    }

    /// Your own function of one variable: `f` is given the value, and returns the function's value and slope there.
    #[must_use]
    #[inline]
    pub fn custom(self, f: impl FnOnce(T) -> (T, T)) -> Self {
        let (value, slope) = f(self.value);
        Dual {
            value,
            tangent: chain(self.tangent, slope),
        }
    }

    /// `a` if the condition holds, and `b` if not.
    #[must_use]
    #[inline]
    pub fn select(condition: bool, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        if condition { a.into() } else { b.into() }
    }

    /// `self · a + b`, rounded twice.
    #[must_use]
    #[inline]
    pub fn mul_add(self, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        self * a.into() + b.into()
    }

    elementwise_table!(inherent_methods);

    /// The function of `self` and a constant.
    #[inline(always)]
    pub(super) fn beside(self, function: Binary, constant: Self) -> Self {
        self.binary(function, constant)
    }

    /// The function of `self` and `other` that has this value and these slopes.
    #[inline(always)]
    pub(super) fn join(self, other: Self, value: T, slopes: (T, T)) -> Self {
        Dual {
            value,
            tangent: chain(self.tangent, slopes.0) + chain(other.tangent, slopes.1),
        }
    }
}

impl<T: Scalar> Number for Dual<T> {
    type Mask = bool;

    #[inline(always)]
    fn constant(self, c: f64) -> Self {
        Dual::constant(self.value.constant(c))
    }

    #[inline(always)]
    fn less(self, other: Self) -> bool {
        self.value.less(other.value)
    }

    #[inline(always)]
    fn equal(self, other: Self) -> bool {
        self.value.equal(other.value)
    }

    #[inline(always)]
    fn select(mask: &bool, a: Self, b: Self) -> Self {
        if *mask { a } else { b }
    }

    #[inline(always)]
    fn unary(self, function: Unary) -> Self {
        let (value, slope) = self.value.unary_with_slope(function);
        Dual {
            value,
            tangent: chain(self.tangent, slope),
        }
    }

    #[inline(always)]
    fn binary(self, function: Binary, other: Self) -> Self {
        let (value, slopes) = self.value.binary_with_slopes(function, other.value);
        self.join(other, value, slopes)
    }
}

impl<T: Scalar> Scalar for Dual<T> {
    type Plain = T::Plain;

    #[inline]
    fn from_f64(c: f64) -> Self {
        Dual::constant(T::from_f64(c))
    }

    #[inline]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }

    #[inline]
    fn has_nan(self) -> bool {
        self.value.has_nan() || self.tangent.has_nan()
    }
}

impl<T: Scalar<Plain = f64>> From<f64> for Dual<T> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Dual::constant(T::from_f64(value))
    }
}

impl<T: Scalar<Plain = f32>> From<f32> for Dual<T> {
    #[inline(always)]
    fn from(value: f32) -> Self {
        Dual::constant(T::from_f64(f64::from(value)))
    }
}

impl<T: Scalar> Default for Dual<T> {
    /// The constant 0.
    fn default() -> Self {
        Dual::constant(T::from_f64(0.0))
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

impl<T: Scalar> fmt::Display for Dual<T> {
    /// The value, with the options of a plain number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<T: Scalar> fmt::Debug for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:?} + {:?}ε)", self.value, self.tangent)
    }
}

impl<T: Scalar> PartialEq for Dual<T> {
    /// Whether the values are equal.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Scalar> PartialOrd for Dual<T> {
    /// The order of the values.
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
