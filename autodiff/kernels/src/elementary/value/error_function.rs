//! The error function, its complement, and e^(−x²).

use super::exponential::exp_m1_reduced_less;
use super::{at_most, half, polynomial};
use crate::Float;
use crate::float::{abs, one};
use crate::simd::MultiplyAdd;
use std::f64::consts::FRAC_2_SQRT_PI;

/// The error function, `2/√π ∫₀ˣ e^(−t²) dt`.
#[inline(always)]
pub fn erf<T: Float>(x: T, how: MultiplyAdd) -> T {
    let near_zero = erf_near_zero(x, how);
    let far = (one::<T>() - erfc_of_magnitude(x, how)).with_sign_of(x);
    if abs(x) < half() { near_zero } else { far }
}

/// The slope of [`erf`], `2/√π e^(−x²)`.
#[inline(always)]
pub fn erf_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_gaussian(T::from_f64(FRAC_2_SQRT_PI), x, how)
}

/// The complementary error function, `1 − erf x`, accurate for large x.
#[inline(always)]
pub fn erfc<T: Float>(x: T, how: MultiplyAdd) -> T {
    let near_zero = one::<T>() - erf_near_zero(x, how);
    let upper = erfc_of_magnitude(x, how);
    let far = if x < T::default() {
        T::from_f64(2.0) - upper
    } else {
        upper
    };
    if abs(x) < half() { near_zero } else { far }
}

/// The slope of [`erfc`], `−2/√π e^(−x²)`.
#[inline(always)]
pub fn erfc_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    -erf_slope(x, how)
}

/// e^(−x²).
#[inline(always)]
pub fn gaussian<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_gaussian(one(), x, how)
}

/// erf x for |x| < ½.
#[inline(always)]
fn erf_near_zero<T: Float>(x: T, how: MultiplyAdd) -> T {
    T::multiply_add(how, x, polynomial(x * x, T::ERF, how), x)
}

/// erfc |x| for |x| ≥ ½.
#[inline(always)]
fn erfc_of_magnitude<T: Float>(x: T, how: MultiplyAdd) -> T {
    // The powers of |v − ⅛| are small, and so are the errors of the polynomial.
    let v = one::<T>() / (T::from_f64(2.0) + abs(x));
    let ratio = polynomial(v - T::from_f64(0.125), T::ERFC, how);
    scaled_gaussian(v * ratio, x, how)
}

/// factor · e^(−x²), for a normal factor up to 2.
#[inline(always)]
fn scaled_gaussian<T: Float>(factor: T, x: T, how: MultiplyAdd) -> T {
    let x = at_most(abs(x), T::GAUSSIAN_RANGE);
    // The rounding error of x², which grows with x, would become a relative error of the result. The square of the
    // upper half of the digits is exact.
    let (square, upper) = (x * x, x.upper_half());
    let lost = (upper * upper - square) + (x - upper) * (x + upper);
    let (q, (a, b)) = exp_m1_reduced_less(-square, lost, how);
    // The powers of two are multiplied last, so that a subnormal result is rounded once.
    T::multiply_add(how, factor, q, factor) * a * b
}
