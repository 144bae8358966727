//! The hyperbolic tangent, the logistic function, and their relatives.

use super::exponential::{exp, exp_m1_reduced, ln_of_power_times};
use super::{at_least, half};
use crate::Float;
use crate::float::{abs, one};
use crate::simd::MultiplyAdd;

/// tanh x.
#[inline(always)]
pub fn tanh<T: Float>(x: T, how: MultiplyAdd) -> T {
    let two = T::from_f64(2.0);
    // Below half of the exponent range, eᵃ would need two factors; it is negligible next to 1 long before.
    let a = at_least(-two * abs(x), T::EXP_RANGE.0 / two);
    let (q, (power, rest)) = exp_m1_reduced(a, how);
    let power = power * rest;
    let t = T::multiply_add(how, power, q, power - one());
    let exp = T::multiply_add(how, power, q, power);
    // Where tanh |x| is above ½, 1 − tanh |x| is computed: it is the smaller number, and so is its error.
    let near_one = a < T::from_f64(-1.1);
    let y = (if near_one { two * exp } else { -t }) / (t + two);
    (if near_one { one::<T>() - y } else { y }).with_sign_of(x)
}

/// The slope of [`tanh`], 1 / cosh² x.
#[inline(always)]
pub fn tanh_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_bell(T::from_f64(4.0), T::from_f64(-2.0) * abs(x), how)
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid<T: Float>(x: T, how: MultiplyAdd) -> T {
    let exp = exp(-abs(x), how);
    (if x < T::default() { exp } else { one() }) / (one::<T>() + exp)
}

/// The slope of [`sigmoid`], 1 / (4 cosh² ½x).
#[inline(always)]
pub fn sigmoid_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_bell(one(), -abs(x), how)
}

/// tanh x and its slope 1 / cosh² x, from one exponential.
#[inline(always)]
pub fn tanh_and_slope<T: Float>(x: T, how: MultiplyAdd) -> (T, T) {
    let two = T::from_f64(2.0);
    let a = at_least(-two * abs(x), T::EXP_RANGE.0);
    let (q, (power, rest)) = exp_m1_reduced(a, how);
    // With two factors, so that gradual underflow is right.
    let small = (one::<T>() + q) * power * rest;
    let power = power * rest;
    let t = T::multiply_add(how, power, q, power - one());
    let exp = T::multiply_add(how, power, q, power);
    let near_one = a < T::from_f64(-1.1);
    let y = (if near_one { two * exp } else { -t }) / (t + two);
    let y = (if near_one { one::<T>() - y } else { y }).with_sign_of(x);
    // 4 e⁻²ˣ / (1 + e⁻²ˣ)²
    let factor = two / (t + two);
    (y, small * factor * factor)
}

/// The logistic function and its slope 1 / (4 cosh² ½x), from one exponential.
#[inline(always)]
pub fn sigmoid_and_slope<T: Float>(x: T, how: MultiplyAdd) -> (T, T) {
    let exp = exp(-abs(x), how);
    let sum = one::<T>() + exp;
    let (upper, lower) = (one::<T>() / sum, exp / sum);
    (if x < T::default() { lower } else { upper }, upper * lower)
}

/// ln(1 + eˣ).
#[inline(always)]
pub fn softplus<T: Float>(x: T, how: MultiplyAdd) -> T {
    let zero = T::default();
    let exp = exp(-abs(x), how);
    // 1 + exp = 2ᵏ (1 + f) is not computed: added to 1, a small number would lose its digits.
    let upper = exp > T::SQRT_2_LESS_1;
    let k = if upper { one() } else { zero };
    let f = if upper { (exp - one()) * half() } else { exp };
    (if x > zero { x } else { zero }) + ln_of_power_times(k, f, how)
}

/// ln(1 / (1 + e⁻ˣ)).
#[inline(always)]
pub fn log_sigmoid<T: Float>(x: T, how: MultiplyAdd) -> T {
    -softplus(-x, how)
}

/// The slope of [`log_sigmoid`], `1 / (1 + eˣ)`.
#[inline(always)]
pub fn log_sigmoid_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    sigmoid(-x, how)
}

/// x / (1 + e⁻ˣ).
#[inline(always)]
pub fn silu<T: Float>(x: T, how: MultiplyAdd) -> T {
    // The product x eˣ is not yet 0 where eˣ rounds to 0.
    let least = T::EXP_RANGE.0 * T::from_f64(1.1);
    let x = at_least(x, least);
    let (q, (a, b)) = exp_m1_reduced(at_least(-abs(x), least), how);
    let m = one::<T>() + q;
    let denominator = one::<T>() + m * a * b;
    // The powers of two are multiplied last, so that a subnormal result is rounded once.
    let below = x * m / denominator * a * b;
    if x < T::default() {
        below
    } else {
        x / denominator
    }
}

/// The slope of [`silu`], `σ(x) (1 + x σ(−x))` with the logistic function σ. Its absolute error is a few ε.
#[inline(always)]
pub fn silu_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    let zero = T::default();
    let least = T::EXP_RANGE.0;
    let x = if x > -least {
        -least
    } else {
        at_least(x, least)
    };
    let exp = exp(-abs(x), how);
    let upper = one::<T>() / (one::<T>() + exp);
    let lower = exp * upper;
    let (of_x, of_minus_x) = if x < zero {
        (lower, upper)
    } else {
        (upper, lower)
    };
    of_x * T::multiply_add(how, x, of_minus_x, one())
}

/// factor · t / (1 + t)² for t = eᵃ, where a ≤ 0.
#[inline(always)]
fn scaled_bell<T: Float>(factor: T, a: T, how: MultiplyAdd) -> T {
    // The multiple of eᵃ is not yet 0 where eᵃ rounds to 0.
    let a = at_least(a, T::EXP_RANGE.0 * T::from_f64(1.1));
    let (q, (power, rest)) = exp_m1_reduced(a, how);
    let m = one::<T>() + q;
    let sum = one::<T>() + m * power * rest;
    // The powers of two are multiplied last, so that a subnormal result is rounded once.
    factor * m / (sum * sum) * power * rest
}
