//! The elementary functions of one number, without branches, so that the compiler vectorizes a loop over them.
//!
//! ```text
//! exp x       = 2ⁿ eʳ               n the integer nearest to x / ln 2,  r = x − n ln 2
//! ln x        = k ln 2 + ln(1 + f)  x = 2ᵏ (1 + f),  ln(1 + f) = 2 artanh(f / (2 + f))
//! tanh |x|    = −t / (2 + t)        t = e⁻²ˣ − 1,  and 1 − 2 e⁻²ˣ / (2 + t) for larger x
//! sigmoid x   = 1 / (1 + e⁻ˣ)       and eˣ / (1 + eˣ) below 0
//! silu x      = x / (1 + e⁻ˣ)       and x eˣ / (1 + eˣ) below 0
//! softplus x  = max(x, 0) + ln(1 + e^−|x|)
//! sin x       = ±sin r or ±cos r    n the integer nearest to x / ½π,  r = x − n ½π
//! ```
//!
//! Every condition selects between two computed results. Comparisons are written so that a NaN takes the side that
//! propagates it.

use crate::Float;
use crate::float::{abs, one};
use crate::simd::MultiplyAdd;

/// eˣ.
#[inline(always)]
pub fn exp<T: Float>(x: T, how: MultiplyAdd) -> T {
    let (low, high) = T::EXP_RANGE;
    let x = if x > high { high } else { at_least(x, low) };
    let (q, (a, b)) = exp_m1_reduced(x, how);
    // Two factors, so that each is a normal number even if 2ⁿ is subnormal or overflows.
    (one::<T>() + q) * a * b
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

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub fn sigmoid<T: Float>(x: T, how: MultiplyAdd) -> T {
    let exp = exp(-abs(x), how);
    (if x < T::default() { exp } else { one() }) / (one::<T>() + exp)
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

/// sin x, for numbers that are not [beyond the range](is_beyond_trig_range).
#[inline(always)]
pub fn sin<T: Float>(x: T, how: MultiplyAdd) -> T {
    sine_of_quarter_turns(x, T::default(), how)
}

/// cos x, for numbers that are not [beyond the range](is_beyond_trig_range).
#[inline(always)]
pub fn cos<T: Float>(x: T, how: MultiplyAdd) -> T {
    sine_of_quarter_turns(x, one(), how)
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

/// sin(x + k ½π) for the integers k = 0 and 1.
#[inline(always)]
fn sine_of_quarter_turns<T: Float>(x: T, k: T, how: MultiplyAdd) -> T {
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
    let (is_odd, sign) = T::quadrant(shifted + k);
    sign * if is_odd { cosine } else { sine }
}

/// eʳ − 1, and two factors of 2ⁿ, where x = n ln 2 + r.
#[inline(always)]
fn exp_m1_reduced<T: Float>(x: T, how: MultiplyAdd) -> (T, (T, T)) {
    let shifted = T::multiply_add(how, x, T::LOG2_E, T::ROUNDING);
    let n = shifted - T::ROUNDING;
    // Both steps are exact: the product has few digits, and x is close to it.
    let high = T::multiply_add(how, -n, T::LN_2_HIGH, x);
    let low = n * T::LN_2_LOW;
    let r = high - low;
    let p = T::multiply_add(how, polynomial(r, T::EXP, how), r, half());
    let q = high + T::multiply_add(how, r * r, p, -low);
    (q, T::power_of_two(shifted))
}

/// ln(2ᵏ (1 + f)), for √½ ≤ 1 + f < √2.
#[inline(always)]
fn ln_of_power_times<T: Float>(k: T, f: T, how: MultiplyAdd) -> T {
    let s = f / (T::from_f64(2.0) + f);
    let z = s * s;
    // ln(1 + f) = 2 s + s³ W(z) = f − (f²/2 − s (f²/2 + z W)), where f is exact and the rest is small next to it.
    let h = half::<T>() * f * f;
    let rest = s * T::multiply_add(how, z, polynomial(z, T::LN, how), h);
    let below = h - T::multiply_add(how, k, T::LN_2_LOW, rest);
    T::multiply_add(how, k, T::LN_2_HIGH, f - below)
}

/// The polynomial with the given coefficients, by Horner's rule.
#[inline(always)]
fn polynomial<T: Float>(x: T, coefficients: &[T], how: MultiplyAdd) -> T {
    coefficients
        .iter()
        .rev()
        .copied()
        .reduce(|sum, c| T::multiply_add(how, sum, x, c))
        .unwrap_or_default()
}

/// The larger of `x` and `low`; x if x is NaN.
#[inline(always)]
fn at_least<T: Float>(x: T, low: T) -> T {
    if x < low { low } else { x }
}

#[inline(always)]
fn half<T: Float>() -> T {
    T::from_f64(0.5)
}
