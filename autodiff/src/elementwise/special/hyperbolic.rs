//! The inverse hyperbolic functions.

use std::f64::consts::LN_2;

/// Above this, adding 1 to x² does not change x².
const LARGE: f64 = (1_u64 << 28) as f64;

/// `ln(x + √(x² + 1))`. It is computed for |x|, so that it is odd, and by `ln_1p`, so that it is accurate near 0.
pub(super) fn asinh(x: f64) -> f64 {
    let a = x.abs();
    let y = if a > LARGE {
        a.ln() + LN_2
    } else {
        let square = a * a;
        (a + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    y.copysign(x)
}

/// `ln(x + √(x² − 1))`, accurate near 1 and without overflow; NaN below 1.
pub(super) fn acosh(x: f64) -> f64 {
    if x < 1.0 {
        return f64::NAN;
    }
    if x > LARGE {
        return x.ln() + LN_2;
    }
    let above = x - 1.0;
    (above + (above * (above + 2.0)).sqrt()).ln_1p()
}

/// `½ ln((1 + x) / (1 − x))`. It is computed for |x|, so that it is odd, and by `ln_1p`, so that it is accurate near 0.
pub(super) fn atanh(x: f64) -> f64 {
    let a = x.abs();
    (0.5 * ((a + a) / (1.0 - a)).ln_1p()).copysign(x)
}
