//! Exponentials and logarithms.

use super::{at_least, at_most, half, polynomial};
use crate::Float;
use crate::float::one;
use crate::simd::MultiplyAdd;
use std::f64::consts::LN_2;

/// eˣ.
#[inline(always)]
pub fn exp<T: Float>(x: T, how: MultiplyAdd) -> T {
    let (low, high) = T::EXP_RANGE;
    let (q, (a, b)) = exp_m1_reduced(at_most(at_least(x, low), high), how);
    // Two factors, so that each is a normal number even if 2ⁿ is subnormal or overflows.
    (one::<T>() + q) * a * b
}

/// eˣ − 1.
#[inline(always)]
pub fn exp_m1<T: Float>(x: T, how: MultiplyAdd) -> T {
    let (low, high) = T::EXP_RANGE;
    // Beyond half of the range on either side, the smaller of eˣ and 1 is negligible.
    let a = at_most(at_least(x, low * half()), high);
    let (q, (power, rest)) = exp_m1_reduced(a, how);
    let exp = (one::<T>() + q) * power * rest;
    let power = power * rest;
    let difference = T::multiply_add(how, power, q, power - one());
    // 2ⁿ alone may overflow.
    (if a > high * half() { exp } else { difference }).with_sign_of(x)
}

/// 2ˣ.
#[inline(always)]
pub fn exp2<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_exp2(one(), x, how)
}

/// The slope of [`exp2`], 2ˣ ln 2.
#[inline(always)]
pub fn exp2_slope<T: Float>(x: T, how: MultiplyAdd) -> T {
    scaled_exp2(T::from_f64(LN_2), x, how)
}

/// ln x.
#[inline(always)]
pub fn ln<T: Float>(x: T, how: MultiplyAdd) -> T {
    let zero = T::default();
    let (lifted, lift) = if x < T::MIN_NORMAL {
        T::lifted(x)
    } else {
        (x, zero)
    };
    let (k, m) = T::split(lifted);
    let y = ln_of_power_times(k - lift, m - one(), how);
    let y = if x < T::INFINITY { y } else { x };
    let beside = if x == zero {
        -T::INFINITY
    } else {
        T::from_f64(f64::NAN)
    };
    if x > zero { y } else { beside }
}

/// ln(1 + x).
#[inline(always)]
pub fn ln_1p<T: Float>(x: T, how: MultiplyAdd) -> T {
    let (zero, minus_one) = (T::default(), -one::<T>());
    // x = u − 1 + lost, and ln(1 + x) = ln u + lost / u. Where u has the exponent 0, f is x itself, without rounding.
    let u = one::<T>() + x;
    let lost = x - (u - one());
    let (k, m) = T::split(u);
    let is_near = k == zero;
    let f = if is_near { x } else { m - one() };
    let correction = if is_near { zero } else { lost / u };
    let y = ln_of_power_times(k, f, how) + correction;
    let y = if x < T::INFINITY { y } else { x };
    let beside = if x == minus_one {
        -T::INFINITY
    } else {
        T::from_f64(f64::NAN)
    };
    (if x > minus_one { y } else { beside }).with_sign_of(x)
}

/// eʳ − 1, and two factors of 2ⁿ, where x = n ln 2 + r.
#[inline(always)]
pub(super) fn exp_m1_reduced<T: Float>(x: T, how: MultiplyAdd) -> (T, (T, T)) {
    let (shifted, high, low) = reduced(x, how);
    (exp_m1_of(high, low, how), T::power_of_two(shifted))
}

/// As [`exp_m1_reduced`], for x less a number that is small next to 1.
#[inline(always)]
pub(super) fn exp_m1_reduced_less<T: Float>(x: T, small: T, how: MultiplyAdd) -> (T, (T, T)) {
    let (shifted, high, low) = reduced(x, how);
    (exp_m1_of(high, low + small, how), T::power_of_two(shifted))
}

/// ln(2ᵏ (1 + f)), for √½ ≤ 1 + f < √2.
#[inline(always)]
pub(super) fn ln_of_power_times<T: Float>(k: T, f: T, how: MultiplyAdd) -> T {
    let s = f / (T::from_f64(2.0) + f);
    let z = s * s;
    // ln(1 + f) = 2 s + s³ W(z) = f − (f²/2 − s (f²/2 + z W)), where f is exact and the rest is small next to it.
    let h = half::<T>() * f * f;
    let rest = s * T::multiply_add(how, z, polynomial(z, T::LN, how), h);
    let below = h - T::multiply_add(how, k, T::LN_2_LOW, rest);
    T::multiply_add(how, k, T::LN_2_HIGH, f - below)
}

/// factor · 2ˣ, for a factor close to 1.
#[inline(always)]
fn scaled_exp2<T: Float>(factor: T, x: T, how: MultiplyAdd) -> T {
    let (low, high) = T::EXP_RANGE;
    // 2ˣ may overflow where its product with the factor does not.
    let to_exponent = T::LOG2_E * T::from_f64(1.1);
    let x = at_most(at_least(x, low * to_exponent), high * to_exponent);
    let shifted = x + T::ROUNDING;
    let fraction = x - (shifted - T::ROUNDING);
    let q = exp_m1_of(fraction * T::from_f64(LN_2), T::default(), how);
    let (a, b) = T::power_of_two(shifted);
    T::multiply_add(how, factor, q, factor) * a * b
}

/// n + `ROUNDING`, and r = high − low, where x = n ln 2 + r.
#[inline(always)]
fn reduced<T: Float>(x: T, how: MultiplyAdd) -> (T, T, T) {
    let shifted = T::multiply_add(how, x, T::LOG2_E, T::ROUNDING);
    let n = shifted - T::ROUNDING;
    // Both steps are exact: the product has few digits, and x is close to it.
    let high = T::multiply_add(how, -n, T::LN_2_HIGH, x);
    (shifted, high, n * T::LN_2_LOW)
}

/// eʳ − 1, where r = high − low, |r| ≤ ½ ln 2 and low is small next to 1.
#[inline(always)]
fn exp_m1_of<T: Float>(high: T, low: T, how: MultiplyAdd) -> T {
    let r = high - low;
    let p = T::multiply_add(how, polynomial(r, T::EXP, how), r, half());
    high + T::multiply_add(how, r * r, p, -low)
}
