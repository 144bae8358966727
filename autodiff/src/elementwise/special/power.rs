//! Powers and their derivatives.

use std::hint::cold_path;

/// Up to this exponent, repeated squaring loses few digits.
const FEW: u32 = 32;

/// xⁿ. It is computed by repeated squaring for small exponents, and otherwise by `powf`, which is accurate to the last
/// digit.
#[inline]
pub(super) fn powi(x: f64, n: i32) -> f64 {
    if n.unsigned_abs() <= FEW {
        if n >= 0 {
            return x.powi(n);
        }
        let power = x.powi(-n);
        if is_moderate(power) {
            return power.recip();
        }
        // The power overflows or underflows, but its reciprocal need not.
        cold_path();
    }
    x.powf(f64::from(n))
}

/// ∂(aᵇ)/∂a = b aᵇ⁻¹. It is 0 for b = 0.
#[inline]
pub(super) fn powf_slope_a(a: f64, b: f64) -> f64 {
    of_signed_base(a, b, 1, b)
}

/// ∂²(aᵇ)/∂a² = b (b − 1) aᵇ⁻². It is 0 for b = 0 and b = 1.
pub(super) fn powf_curvature_a(a: f64, b: f64) -> f64 {
    of_signed_base(a, b, 2, b * (b - 1.0))
}

/// ∂(aᵇ)/∂b = aᵇ ln a. For a = 0 it is 0 where b ≥ 0, and for a < 0 it is NaN.
#[inline]
pub(super) fn powf_slope_b(a: f64, b: f64) -> f64 {
    of_positive_base(a, b, 0, a.abs().ln())
}

/// ∂²(aᵇ)/∂b² = aᵇ ln² a. For a = 0 it is 0 where b ≥ 0, and for a < 0 it is NaN.
pub(super) fn powf_curvature_b(a: f64, b: f64) -> f64 {
    let logarithm = a.abs().ln();
    of_positive_base(a, b, 0, logarithm * logarithm)
}

/// ∂²(aᵇ)/∂a∂b = aᵇ⁻¹ (1 + b ln a). It is 0 for a = b = 0, and for a < 0 it is NaN.
pub(super) fn powf_mixed(a: f64, b: f64) -> f64 {
    of_positive_base(a, b, 1, 1.0 + absorbing(b, a.abs().ln()))
}

/// A derivative in a, `factor · aᵇ⁻ᵏ`, for a base of any sign. For a negative base it exists for integers b only.
#[inline]
fn of_signed_base(a: f64, b: f64, k: u8, factor: f64) -> f64 {
    if factor == 0.0 {
        return 0.0;
    }
    if a < 0.0 && !(b.is_finite() && b == b.trunc()) {
        return f64::NAN;
    }
    let derivative = times_power(factor, a.abs(), b, k);
    // (−|a|)ᵇ⁻ᵏ is negative where b − k is odd.
    let is_odd = a.is_sign_negative() && (b % 2.0).abs() == f64::from((k + 1) % 2);
    if is_odd { -derivative } else { derivative }
}

/// A derivative with the logarithm of a in its factor, `factor · aᵇ⁻ᵏ`, for a base that is not negative.
#[inline]
fn of_positive_base(a: f64, b: f64, k: u8, factor: f64) -> f64 {
    if a == 0.0 && b == 0.0 {
        return 0.0;
    }
    if a < 0.0 || b.is_nan() {
        return f64::NAN;
    }
    if a == 0.0 {
        return times_power(factor, 0.0, b, k); // −0 too
    }
    times_power(factor, a, b, k)
}

/// `factor · aᵇ⁻ᵏ` for a ≥ 0, where a zero absorbs an infinity.
#[inline]
fn times_power(factor: f64, a: f64, b: f64, k: u8) -> f64 {
    let k = f64::from(k);
    let exponent = b - k;
    let power = a.powf(exponent);
    let is_ordinary = a > 0.0 && a < f64::INFINITY && b.is_finite();
    if !is_ordinary {
        cold_path();
        return absorbing(factor, power);
    }
    let product = if is_moderate(power) {
        factor * power
    } else {
        cold_path();
        // The power is too large or too small, but its product with the factor need not be.
        let root = a.powf(0.25 * exponent);
        (0..4).fold(factor, |product, _| absorbing(product, root))
    };
    // The rounding error of b − k, which is a floating-point number (Knuth's two-sum).
    let of_k = exponent - b;
    let lost = (b - (exponent - of_k)) + (-k - of_k);
    let is_final = product == 0.0 || product.is_infinite();
    if lost == 0.0 || is_final {
        product
    } else {
        product * (lost * a.ln()).exp()
    }
}

/// Whether a number is far from overflow and underflow.
#[inline]
fn is_moderate(x: f64) -> bool {
    x.abs() > 1e-300 && x.abs() < 1e300
}

/// The product, in which a zero absorbs an infinity or NaN.
fn absorbing(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}
