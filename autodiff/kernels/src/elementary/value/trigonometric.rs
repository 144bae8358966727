//! Sine and cosine.

use super::{half, polynomial};
use crate::Float;
use crate::float::{abs, one};
use crate::simd::MultiplyAdd;

/// sin x, for numbers that are not [beyond the range](is_beyond_trig_range).
#[inline(always)]
pub fn sin<T: Float>(x: T, how: MultiplyAdd) -> T {
    sin_cos(x, how).0
}

/// cos x, for numbers that are not [beyond the range](is_beyond_trig_range).
#[inline(always)]
pub fn cos<T: Float>(x: T, how: MultiplyAdd) -> T {
    sin_cos(x, how).1
}

/// sin x and cos x, for numbers that are not [beyond the range](is_beyond_trig_range).
#[inline(always)]
pub fn sin_cos<T: Float>(x: T, how: MultiplyAdd) -> (T, T) {
    let (shifted, sine, cosine) = sin_cos_reduced(x, how);
    // sin(x + k ½π) for k = 0 and 1.
    let sine_of_quarter_turns = |k| {
        let (is_odd, sign) = T::quadrant(shifted + k);
        sign * if is_odd { cosine } else { sine }
    };
    (
        sine_of_quarter_turns(T::default()),
        sine_of_quarter_turns(one()),
    )
}

/// The slope of [`cos`], −sin x, in the same range.
#[inline(always)]
pub fn cos_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    -sin(x, how)
}

/// Whether x is too large for [`sin`] and [`cos`]: |x| > 3216 in single and |x| > 1.6 · 10⁶ in double precision.
#[inline(always)]
pub fn is_beyond_trig_range<T: Float>(x: T) -> bool {
    abs(x) > T::TRIG_RANGE
}

/// n + `ROUNDING`, sin r and cos r, where x = n ½π + r.
#[inline(always)]
fn sin_cos_reduced<T: Float>(x: T, how: MultiplyAdd) -> (T, T, T) {
    let shifted = T::multiply_add(how, x, T::FRAC_2_PI, T::ROUNDING);
    let n = shifted - T::ROUNDING;
    // r − lost = x − n ½π. The first three products are exact, and so is the first difference. What the second and the
    // third difference lose to rounding is added to `lost`.
    let [a, b, c, d] = T::FRAC_PI_2;
    let high = T::multiply_add(how, -n, a, x);
    let (second, third) = (n * b, n * c);
    let middle = high - second;
    let r = middle - third;
    let lost = (second - (high - middle)) + (third - (middle - r));
    let lost = T::multiply_add(how, n, d, lost);

    let z = r * r;
    // sin(r − lost) and cos(r − lost). As terms that are subtracted, zeros leave the sign of r = ±0 as it is.
    let sine = r - T::multiply_add(how, r * z, polynomial(z, T::SIN, how), lost);
    let h = half::<T>() * z;
    let w = one::<T>() - h;
    let rest = T::multiply_add(how, z * z, polynomial(z, T::COS, how), r * lost);
    let cosine = w + (((one::<T>() - w) - h) + rest);
    (shifted, sine, cosine)
}
