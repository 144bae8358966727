//! `Scalar`: the numbers that a scalar tape can hold, and products of slopes.

use super::slices;
use crate::Number;
use crate::elementwise::{Binary, Unary};
use autodiff_kernels::elementary;
use std::fmt::Display;
use std::hint::cold_path;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Rem, Sub, SubAssign};

/// A number that a tape can hold: `f32`, `f64`, or a number that itself carries derivatives ([`Dual`](super::Dual), or
/// the [`Var`](super::Var) of another tape).
///
/// It adds to [`Number`], which tensors implement too, the methods of single numbers. A function that is generic over it
/// computes with plain numbers at the speed of plain numbers, and its derivatives with the others: see
/// [one text for plain numbers and variables](super#one-text-for-plain-numbers-and-variables).
///
/// Your own types can implement it. If their methods break the documented promises, derivatives are wrong, but memory
/// safety is kept.
pub trait Scalar:
    Number<Mask = bool>
    + PartialOrd
    + Default
    + Display
    + Sum
    + for<'a> Sum<&'a Self>
    + Product
    + Rem<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Add<<Self as Scalar>::Plain, Output = Self>
    + Sub<<Self as Scalar>::Plain, Output = Self>
    + Mul<<Self as Scalar>::Plain, Output = Self>
    + Div<<Self as Scalar>::Plain, Output = Self>
    + AddAssign<<Self as Scalar>::Plain>
    + SubAssign<<Self as Scalar>::Plain>
    + MulAssign<<Self as Scalar>::Plain>
    + DivAssign<<Self as Scalar>::Plain>
{
    /// The innermost plain number, `f32` or `f64`. It can be mixed with variables in a formula.
    type Plain: Plain;

    /// Whether the number carries no derivatives, and its operations are short.
    #[doc(hidden)]
    const IS_PLAIN: bool = false;

    /// Returns the constant `c`.
    #[must_use]
    #[inline]
    fn from_plain(c: Self::Plain) -> Self {
        Self::from_f64(c.to_f64())
    }

    /// Returns the constant `c`, rounded to the precision of the number.
    #[must_use]
    fn from_f64(c: f64) -> Self;

    /// Returns the value, without derivatives.
    #[must_use]
    fn to_f64(self) -> f64;

    /// Returns whether the sign bit of the value is set.
    #[doc(hidden)]
    #[must_use]
    fn has_sign_bit(self) -> bool {
        self.to_f64().is_sign_negative()
    }

    /// Returns the value as a constant, without derivatives. While a program is being recorded, the result is a number
    /// of the program.
    #[doc(hidden)]
    #[must_use]
    fn detached(self) -> Self {
        Self::from_f64(self.to_f64())
    }

    /// Returns whether the value, or a derivative that the number carries, is NaN.
    #[must_use]
    fn has_nan(self) -> bool;

    /// Returns whether the number, and every derivative that it carries, is exactly 0. Returning `false` is always
    /// correct.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn is_constant_zero(self) -> bool {
        false
    }

    /// Returns whether the number is exactly 1, and every derivative that it carries exactly 0. Returning `false` is
    /// always correct.
    #[doc(hidden)]
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn is_constant_one(self) -> bool {
        false
    }

    /// Returns whether the number [has a NaN](Scalar::has_nan) or is the [constant 0](Scalar::is_constant_zero).
    #[doc(hidden)]
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn is_nan_or_zero(self) -> bool {
        self.has_nan() || self.is_constant_zero()
    }

    /// Returns whether `self * x` can be NaN only if `x` is NaN. Returning `false` is always correct.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn is_safe_factor(self) -> bool {
        false
    }

    /// Returns the dot product, as the function [`dot`](super::dot).
    ///
    /// # Panics
    ///
    /// If the lengths differ, or if the inputs lie on different tapes.
    #[must_use]
    #[track_caller]
    #[inline]
    fn dot(a: &[Self], b: &[Self]) -> Self {
        slices::dot_of(a, b)
    }

    /// Returns the linear combination, as the function [`linear_combination`](super::linear_combination).
    ///
    /// # Panics
    ///
    /// If the lengths differ, or if the inputs lie on different tapes.
    #[must_use]
    #[track_caller]
    #[inline]
    fn linear_combination(c: &[Self::Plain], x: &[Self]) -> Self {
        slices::linear_combination_of(c, x)
    }

    /// Returns the Euclidean norm, as the function [`norm`](super::norm).
    ///
    /// # Panics
    ///
    /// If the inputs lie on different tapes.
    #[must_use]
    #[track_caller]
    #[inline]
    fn norm(x: &[Self]) -> Self {
        Self::norm_of(x, |&x| x)
    }

    /// Returns the norm of the numbers `value(x)`.
    #[doc(hidden)]
    #[must_use]
    #[track_caller]
    #[inline]
    fn norm_of<A>(x: &[A], value: impl Fn(&A) -> Self + Copy) -> Self {
        slices::scaled_norm(x, value)
    }

    /// Returns the logarithm of the sum of the exponentials, as the function [`log_sum_exp`](super::log_sum_exp).
    ///
    /// # Panics
    ///
    /// If the inputs lie on different tapes.
    #[must_use]
    #[track_caller]
    #[inline]
    fn log_sum_exp(x: &[Self]) -> Self {
        slices::log_sum_exp_by_operators(x)
    }

    /// Replaces every number `x` by `eˣ`.
    #[inline]
    fn exp_each(x: &mut [Self]) {
        for x in x {
            *x = x.exp();
        }
    }

    /// Returns the value of a function and its slope.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn unary_with_slope(self, function: Unary) -> (Self, Self) {
        let value = self.unary(function);
        (value, function.slope(self, value))
    }

    /// Returns the value of a function of two variables and its slopes.
    #[must_use]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn binary_with_slopes(self, function: Binary, other: Self) -> (Self, (Self, Self)) {
        let value = self.binary(function, other);
        (value, function.slopes(self, other, value))
    }
}

/// A plain number, which carries no derivatives: `f32`, `f64`, or a type of your own.
pub trait Plain: Scalar<Plain = Self> {}

macro_rules! plain {
    ($($T:ty)*) => { $(
        impl Plain for $T {}

        impl Scalar for $T {
            type Plain = $T;
            const IS_PLAIN: bool = true;

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from_plain(c: $T) -> Self {
                c
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn from_f64(c: f64) -> Self {
                c as $T
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn detached(self) -> Self {
                self
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn has_nan(self) -> bool {
                self.is_nan()
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn is_constant_zero(self) -> bool {
                self == 0.0
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn is_constant_one(self) -> bool {
                self == 1.0
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            #[allow(clippy::double_comparisons, reason = "a NaN is neither smaller nor larger")]
            fn is_nan_or_zero(self) -> bool {
                !(self < 0.0 || self > 0.0)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn is_safe_factor(self) -> bool {
                self.is_finite() && self != 0.0
            }

            #[inline]
            fn norm_of<A>(x: &[A], value: impl Fn(&A) -> Self + Copy) -> Self {
                // Below, a square that underflows could matter.
                const SMALLEST: $T = <$T>::MIN_POSITIVE / (<$T>::EPSILON * <$T>::EPSILON);
                slices::norm_of_plain(x, value, SMALLEST)
            }

            #[inline]
            fn log_sum_exp(x: &[Self]) -> Self {
                slices::log_sum_exp_of_plain(x)
            }

            #[inline]
            fn exp_each(x: &mut [Self]) {
                elementary::exp(x);
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn unary_with_slope(self, function: Unary) -> (Self, Self) {
                function.value_and_slope(self)
            }

            #[cfg_attr(not(debug_assertions), inline(always))]
            fn binary_with_slopes(self, function: Binary, other: Self) -> (Self, (Self, Self)) {
                let value = self.binary(function, other);
                (value, function.slopes(self, other, value))
            }
        }
    )* };
}
plain!(f32 f64);

/// Returns the product of a number and a slope. If a nested slope is the constant 1, as in a sum, there is nothing to
/// compute.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub(super) fn times<T: Scalar>(a: T, slope: T) -> T {
    if !T::IS_PLAIN && slope.is_constant_one() {
        return a;
    }
    a * slope
}

/// Returns the product of two slopes. The slope of a nested variable on a tape is often the constant 1.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
fn product<T: Scalar>(a: T, b: T) -> T {
    if !T::IS_PLAIN && a.is_constant_one() {
        return b;
    }
    times(a, b)
}

/// Returns the product of two slopes along a path. A slope of exactly zero absorbs an infinite or NaN one.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub(super) fn chain<T: Scalar>(a: T, b: T) -> T {
    let product = product(a, b);
    // Zero times infinity is NaN, so one predictable comparison guards every function. Where the slope `b` is a
    // constant, for instance in a sum, the compiler evaluates `is_safe_factor` and removes both comparisons.
    if product.has_nan() {
        cold_path();
        if !b.is_safe_factor() {
            return absorb(a, b);
        }
    }
    product
}

/// Returns two products as [`chain`] does, with one comparison for both.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub(super) fn chain_two<T: Scalar>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    let products = [product(a[0], b[0]), product(a[1], b[1])];
    if products[0].has_nan() | products[1].has_nan() {
        cold_path();
        if !(b[0].is_safe_factor() && b[1].is_safe_factor()) {
            return [absorb(a[0], b[0]), absorb(a[1], b[1])];
        }
    }
    products
}

/// Returns the products of `K` slopes with one, each as [`chain`] does, with one comparison for all.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub(super) fn chain_each<T: Scalar, const K: usize>(a: [T; K], b: T) -> [T; K] {
    let mut products = a;
    let mut has_nan = false;
    for product in &mut products {
        *product = times(*product, b);
        has_nan |= product.has_nan();
    }
    if has_nan {
        cold_path();
        if !b.is_safe_factor() {
            return a.map(|a| absorb(a, b));
        }
    }
    products
}

/// Returns the sums of two products, `a[0][k] b[0] + a[1][k] b[1]`, each product as [`chain`] does, with one comparison
/// for all.
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub(super) fn chain_each_two<T: Scalar, const K: usize>(a: [[T; K]; 2], b: [T; 2]) -> [T; K] {
    let mut sums = a[0];
    let mut has_nan = false;
    for (sum, other) in sums.iter_mut().zip(a[1]) {
        let products = [times(*sum, b[0]), times(other, b[1])];
        has_nan |= products[0].has_nan() | products[1].has_nan();
        *sum = products[0] + products[1];
    }
    if has_nan {
        cold_path();
        if !(b[0].is_safe_factor() && b[1].is_safe_factor()) {
            return std::array::from_fn(|k| absorb(a[0][k], b[0]) + absorb(a[1][k], b[1]));
        }
    }
    sums
}

#[cold]
#[inline(never)]
fn absorb<T: Scalar>(a: T, b: T) -> T {
    a.absorbing_mul(b)
}

/// Returns the unit vector along `axis`.
pub(super) fn unit<T: Scalar, const K: usize>(axis: usize) -> [T; K] {
    std::array::from_fn(|k| T::from_f64(if k == axis { 1.0 } else { 0.0 }))
}
