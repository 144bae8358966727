//! The slopes of the logarithm of a to the base b, `ln a / ln b`. All slopes are NaN where a or b is negative, and
//! where both logarithms are infinite.

/// Whether the slopes exist: a and b are not negative, and at most one of their logarithms is infinite.
fn has_slopes(a: f64, b: f64) -> bool {
    let is_end = |x: f64| x == 0.0 || x == f64::INFINITY;
    a >= 0.0 && b >= 0.0 && !(is_end(a) && is_end(b))
}

/// The slope in a, `1 / (a ln b)`.
#[inline]
pub(super) fn log_slope_a(a: f64, b: f64) -> f64 {
    if !has_slopes(a, b) {
        return f64::NAN;
    }
    b.ln().recip() / a.abs()
}

/// The slope in b, `−ln a / (b ln² b)`.
#[inline]
pub(super) fn log_slope_b(a: f64, b: f64) -> f64 {
    if !has_slopes(a, b) {
        return f64::NAN;
    }
    if b == 0.0 {
        // 1 / b grows faster than ln² b, so the slope is infinite.
        return -a.ln() * f64::INFINITY;
    }
    -(a.ln() / b.ln() / b.ln() / b)
}

/// The mixed second derivative, `−1 / (a b ln² b)`.
pub(super) fn log_mixed(a: f64, b: f64) -> f64 {
    if !has_slopes(a, b) {
        return f64::NAN;
    }
    if b == 0.0 {
        return f64::NEG_INFINITY;
    }
    let factor = b.ln().recip() / b.ln();
    let product = a * b;
    if product.is_normal() {
        -(factor / product)
    } else {
        -(factor / a.max(b) / a.min(b).abs())
    }
}
