//! The elementary functions of one number, without branches, so that the compiler vectorizes a loop over them.
//!
//! ```text
//! exp x       = 2ⁿ eʳ               n the integer nearest to x / ln 2,  r = x − n ln 2
//! ln x        = k ln 2 + ln(1 + f)  x = 2ᵏ (1 + f),  ln(1 + f) = 2 artanh(f / (2 + f))
//! tanh |x|    = −t / (2 + t)        t = e⁻²ˣ − 1,  and 1 − 2 e⁻²ˣ / (2 + t) for larger x
//! sigmoid x   = 1 / (1 + e⁻ˣ)       and eˣ / (1 + eˣ) below 0
//! silu x      = x / (1 + e⁻ˣ)       and x eˣ / (1 + eˣ) below 0
//! softplus x  = max(x, 0) + ln(1 + e^−|x|)
//! 1 / cosh² x = 4 t / (1 + t)²      t = e^−2|x|
//! sin x       = ±sin r or ±cos r    n the integer nearest to x / ½π,  r = x − n ½π
//! erf x       = x + x P(x²)         for |x| < ½,  and ±(1 − erfc |x|) for larger |x|
//! erfc x      = e^(−x²) v G(v)      for x ≥ ½,  v = 1 / (2 + x)
//! ```
//!
//! Every condition selects between two computed results. Comparisons are written so that a NaN takes the side that
//! propagates it.

mod algebraic;
mod error_function;
mod exponential;
mod logistic;
mod trigonometric;

pub use algebraic::{hypot, powi};
pub use error_function::{erf, erf_slope, erfc, erfc_slope, gaussian};
pub use exponential::{exp, exp_m1, exp2, exp2_slope, ln, ln_1p};
pub use logistic::{
    log_sigmoid, log_sigmoid_slope, sigmoid, sigmoid_and_slope, sigmoid_slope, silu, silu_slope,
    softplus, tanh, tanh_and_slope, tanh_slope,
};
pub use trigonometric::{cos, cos_slope, is_beyond_trig_range, sin, sin_cos};

use crate::Float;
use crate::simd::MultiplyAdd;

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

/// The smaller of `x` and `high`; x if x is NaN.
#[inline(always)]
fn at_most<T: Float>(x: T, high: T) -> T {
    if x > high { high } else { x }
}

#[inline(always)]
fn half<T: Float>() -> T {
    T::from_f64(0.5)
}
