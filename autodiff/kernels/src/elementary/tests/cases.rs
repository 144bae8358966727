//! The functions, with their documented errors and what to compare them with.

use super::value;
use crate::Float;
use crate::elementary;
use crate::simd::{MultiplyAdd, vectorized_with};
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};

/// A function of one number in both formats, the function in double precision to compare with, and the documented errors
/// in units in the last place: a bound in single precision, and what was observed in double precision.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) single: fn(f32, MultiplyAdd) -> f32,
    pub(super) double: fn(f64, MultiplyAdd) -> f64,
    pub(super) single_slice: fn(&mut [f32]),
    pub(super) exact: fn(f64) -> f64,
    pub(super) bound: f64,
    pub(super) observed: u64,
}

pub(super) fn cases() -> [Case; 19] {
    macro_rules! case {
        ($name:ident, $bound:expr, $observed:expr, $exact:expr) => {
            case!(
                $name,
                value::$name,
                elementary::$name,
                $bound,
                $observed,
                $exact
            )
        };
        ($name:ident, $value:path, $slice:expr, $bound:expr, $observed:expr, $exact:expr) => {
            Case {
                name: stringify!($name),
                single: $value,
                double: $value,
                single_slice: $slice,
                exact: $exact,
                bound: $bound,
                observed: $observed,
            }
        };
    }
    /// A slope, which has no function on slices.
    macro_rules! slope {
        ($name:ident, $bound:expr, $observed:expr, $exact:expr) => {
            case!(
                $name,
                value::$name,
                |x| vectorized_with(
                    #[inline(always)]
                    |how| x.iter_mut().for_each(|x| *x = value::$name(*x, how))
                ),
                $bound,
                $observed,
                $exact
            )
        };
    }
    [
        case!(exp, 0.87, 1, f64::exp),
        case!(exp_m1, 1.60, 2, f64::exp_m1),
        case!(exp2, 1.00, 1, f64::exp2),
        slope!(exp2_slope, 1.50, 2, exact_exp2_slope),
        case!(ln, 0.85, 1, f64::ln),
        case!(ln_1p, 1.30, 1, f64::ln_1p),
        case!(tanh, 2.30, 3, f64::tanh),
        slope!(tanh_slope, 4.50, 3, |x| 4.0 * exact_bell(-2.0 * x.abs())),
        case!(sigmoid, 2.50, 2, |x| if x < 0.0 {
            x.exp() / (1.0 + x.exp())
        } else {
            1.0 / (1.0 + (-x).exp())
        }),
        slope!(sigmoid_slope, 4.50, 4, |x| exact_bell(-x.abs())),
        case!(softplus, 1.70, 2, exact_softplus),
        case!(log_sigmoid, 1.70, 2, |x| -exact_softplus(-x)),
        case!(silu, 3.40, 3, exact_silu),
        case!(sin, sin_of_any, elementary::sin, 1.00, 1, f64::sin),
        case!(cos, cos_of_any, elementary::cos, 1.00, 1, f64::cos),
        case!(erf, 3.10, 2, libm::erf),
        slope!(erf_slope, 2.20, 3, |x| FRAC_2_SQRT_PI * exact_gaussian(x)),
        case!(erfc, 5.70, 5, libm::erfc),
        case!(gaussian, 0.90, 2, exact_gaussian),
    ]
}

/// 2ˣ ln 2, where a subnormal result is rounded once.
fn exact_exp2_slope(x: f64) -> f64 {
    if x < -1000.0 {
        let root = (0.5 * x).exp2();
        return LN_2 * root * root;
    }
    if x > 1000.0 {
        // 2ˣ overflows before the slope.
        return LN_2 * (x - 1.0).exp2() * 2.0;
    }
    LN_2 * x.exp2()
}

fn exact_softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// x / (1 + e⁻ˣ), where a subnormal result is rounded once.
fn exact_silu(x: f64) -> f64 {
    if x < -800.0 {
        return -0.0;
    }
    let root = (0.5 * x).exp();
    if x < -40.0 {
        x * root * root
    } else {
        x / (1.0 + (-x).exp())
    }
}

/// sin x by the kernel, or by the standard library beyond its range.
pub(super) fn sin_of_any<T: Float>(x: T, how: MultiplyAdd) -> T {
    if value::is_beyond_trig_range(x) {
        return T::from_f64(x.to_f64().sin());
    }
    value::sin(x, how)
}

/// cos x by the kernel, or by the standard library beyond its range.
fn cos_of_any<T: Float>(x: T, how: MultiplyAdd) -> T {
    if value::is_beyond_trig_range(x) {
        return T::from_f64(x.to_f64().cos());
    }
    value::cos(x, how)
}

/// eᵃ / (1 + eᵃ)², where a subnormal result is rounded once.
fn exact_bell(a: f64) -> f64 {
    let root = (0.5 * a).exp();
    if a < -40.0 {
        root * root
    } else {
        let sum = 1.0 + a.exp();
        a.exp() / (sum * sum)
    }
}

/// e^(−x²), where the rounding error of x² is corrected.
fn exact_gaussian(x: f64) -> f64 {
    let x = x.clamp(-40.0, 40.0);
    let square = x * x;
    let root = (-0.5 * square).exp();
    (if square < 600.0 {
        (-square).exp()
    } else {
        root * root
    }) * (1.0 - x.mul_add(x, -square))
}
