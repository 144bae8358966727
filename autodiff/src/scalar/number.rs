//! What a tape is made of.

use crate::Number;
use crate::elementwise::{Binary, Unary};
use autodiff_kernels::elementary;
use std::fmt::Display;
use std::hint::cold_path;
use std::ops::Rem;

/// A number that a tape can hold: `f32`, `f64`, or a number that itself carries derivatives.
///
/// Tensors are a [`Number`] too; this trait has what only single numbers have.
///
/// A type of your own can implement it. Where its methods break their promises, derivatives are wrong, and nothing worse.
pub trait Scalar: Number<Mask = bool> + PartialOrd + Display + Rem<Output = Self> {
    /// The plain number inside, `f32` or `f64`. It can be mixed with variables in a formula.
    type Plain;

    /// The constant `c`.
    #[must_use]
    fn from_f64(c: f64) -> Self;

    /// The value, without derivatives.
    #[must_use]
    fn to_f64(self) -> f64;

    /// Whether the value or a derivative that it carries is NaN.
    #[must_use]
    fn has_nan(self) -> bool;

    /// Whether a product with this number is NaN only if the other factor is. It is always safe to say no.
    #[must_use]
    #[inline(always)]
    fn is_safe_factor(self) -> bool {
        false
    }

    /// Replaces every number x by eˣ.
    #[inline]
    fn exp_each(x: &mut [Self]) {
        for x in x {
            *x = x.exp();
        }
    }

    /// The value of a function and its slope.
    ///
    /// It is never inlined, except for plain numbers: else the code of a number inside a number inside a number would
    /// grow as a power of the size of the table.
    #[must_use]
    #[inline(never)]
    fn unary_with_slope(self, function: Unary) -> (Self, Self) {
        let value = self.unary(function);
        (value, function.slope(self, value))
    }

    /// The value of a function and its slopes, never inlined either.
    #[must_use]
    #[inline(never)]
    fn binary_with_slopes(self, function: Binary, other: Self) -> (Self, (Self, Self)) {
        let value = self.binary(function, other);
        (value, function.slopes(self, other, value))
    }
}

macro_rules! plain {
    ($($T:ty)*) => { $(
        impl Scalar for $T {
            type Plain = $T;

            #[inline(always)]
            fn from_f64(c: f64) -> Self {
                c as $T
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn has_nan(self) -> bool {
                self.is_nan()
            }

            #[inline(always)]
            fn is_safe_factor(self) -> bool {
                self.is_finite() && self != 0.0
            }

            #[inline]
            fn exp_each(x: &mut [Self]) {
                elementary::exp(x);
            }

            #[inline(always)]
            fn unary_with_slope(self, function: Unary) -> (Self, Self) {
                function.value_and_slope(self)
            }

            #[inline(always)]
            fn binary_with_slopes(self, function: Binary, other: Self) -> (Self, (Self, Self)) {
                let value = self.binary(function, other);
                (value, function.slopes(self, other, value))
            }
        }
    )* };
}
plain!(f32 f64);

/// The product of two slopes along a path. A slope of exactly zero wins over an infinite one.
#[inline(always)]
#[track_caller]
pub(super) fn chain<T: Scalar>(a: T, b: T) -> T {
    let product = a * b;
    // Zero times infinity is NaN, so one comparison with a predictable outcome guards every function. The second
    // one is decided by the compiler where the slope is a constant, as that of a sum, and then neither is made.
    if product.has_nan() {
        cold_path();
        if !b.is_safe_factor() {
            return absorb(a, b);
        }
    }
    product
}

/// Two such products, with one comparison for both at most.
#[inline(always)]
#[track_caller]
pub(super) fn chain_two<T: Scalar>(a: [T; 2], b: [T; 2]) -> [T; 2] {
    let products = [a[0] * b[0], a[1] * b[1]];
    if products[0].has_nan() | products[1].has_nan() {
        cold_path();
        if !(b[0].is_safe_factor() && b[1].is_safe_factor()) {
            return [absorb(a[0], b[0]), absorb(a[1], b[1])];
        }
    }
    products
}

#[cold]
#[inline(never)]
fn absorb<T: Scalar>(a: T, b: T) -> T {
    a.absorbing_mul(b)
}

/// The unit vector along an axis.
pub(super) fn unit<T: Scalar, const K: usize>(axis: usize) -> [T; K] {
    std::array::from_fn(|k| T::from_f64(if k == axis { 1.0 } else { 0.0 }))
}
