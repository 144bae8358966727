//! Slopes of the distance and the angle of a point in the plane.

/// a / √(a² + b²), the cosine of the angle between the point (a, b) and the first axis; 0 at the origin. If a and b are
/// both infinite, the point counts as lying on a diagonal, as for `atan2`.
#[inline]
pub(super) fn hypot_slope(a: f64, b: f64) -> f64 {
    let radius = a.hypot(b);
    if is_moderate(radius) {
        return a / radius;
    }
    scaled_hypot_slope(a, b)
}

#[cold]
fn scaled_hypot_slope(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let (a, b) = match (a.is_infinite(), b.is_infinite()) {
        (false, false) => scaled(a, b),
        (a_wins, b_wins) => (sign_if(a_wins, a), sign_if(b_wins, b)),
    };
    if a == 0.0 { a } else { a / a.hypot(b) }
}

/// b / (a² + b²), the slope of the angle of the point (b, a); 0 at the origin and at infinity.
#[inline]
pub(super) fn atan2_slope(a: f64, b: f64) -> f64 {
    let radius = a.hypot(b);
    let cosine = b / radius;
    if cosine.is_normal() && is_moderate(radius) {
        return cosine / radius;
    }
    scaled_atan2_slope(a, b, radius)
}

#[cold]
fn scaled_atan2_slope(a: f64, b: f64, radius: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if b == 0.0 || a.is_infinite() || b.is_infinite() {
        return 0.0_f64.copysign(b);
    }
    // b is multiplied with a power of two first, which is exact.
    let small = b.abs() < 1.0;
    let scale = if small { UP } else { DOWN };
    if is_moderate(radius) {
        return b * scale / radius / radius / scale;
    }
    let (x, y) = (a * scale, b * scale);
    let radius = x.hypot(y);
    y / radius / radius * scale
}

/// Powers of two that bring a small or a large number to the middle of the range.
const UP: f64 = f64::from_bits((1023 + 600) << 52);
const DOWN: f64 = f64::from_bits((1023 - 600) << 52);

/// Whether a distance is in the range where it has all its digits.
fn is_moderate(radius: f64) -> bool {
    radius > 1e-290 && radius < f64::INFINITY
}

/// Returns the point in the same direction at a moderate distance.
fn scaled(a: f64, b: f64) -> (f64, f64) {
    let scale = if a.abs().max(b.abs()) < 1.0 { UP } else { DOWN };
    (a * scale, b * scale)
}

fn sign_if(condition: bool, x: f64) -> f64 {
    if condition { x.signum() } else { 0.0 }
}
