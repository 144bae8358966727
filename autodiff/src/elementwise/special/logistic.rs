//! The hyperbolic tangent and the logistic function, each with its slope.

use std::f64::consts::LOG2_E;
use std::hint::cold_path;

/// tanh x, with a relative error below 3 ε, and its slope, with a relative error below 5 ε for every x.
///
/// With the [parts](exp_parts) p, q and h of e⁻²|ˣ|, which is p (1 + q + h) / (1 + q − h),
///
/// ```text
/// tanh |x| = ((1 − p) (1 + q) − (1 + p) h) / ((1 + p) (1 + q) − (1 − p) h)
/// ```
///
/// This takes one division, and is −h / (1 + q) for n = 0. For larger |x| the code computes 1 − tanh |x|, which is 2 p
/// (1 + q + h) over the same denominator: it is smaller than tanh |x|, and so is its error. Terms with the factor q are
/// added last, because q is known last.
#[inline]
pub(super) fn tanh_and_slope(x: f64) -> (f64, f64) {
    let distance = x.abs();
    // A predictable branch; a minimum would add latency. A NaN takes the main path.
    if distance > 20.0 {
        cold_path();
        return (1_f64.copysign(x), 4.0 * (-2.0 * distance).exp());
    }
    let (p, q, h) = exp_parts(-distance, distance * (-2.0 * LOG2_E));
    let denominator = ((1.0 + p) - (1.0 - p) * h) + (1.0 + p) * q;
    let (y, rest) = if distance > 0.55 {
        let rest = (p + p) * ((1.0 + h) + q) / denominator;
        (1.0 - rest, rest)
    } else {
        let y = (((1.0 - p) - (1.0 + p) * h) + (1.0 - p) * q) / denominator;
        (y, 1.0 - y)
    };
    // 1 − y² = (1 − y) (1 + y), where 1 − y is known with all its digits.
    (y.copysign(x), rest * (1.0 + y))
}

/// `1 / (1 + e⁻ˣ)`, with a relative error below 2 ε, and its slope, with a relative error below 4 ε for every x.
///
/// With the [parts](exp_parts) p, q and h of eˣ it is `p (1 + q + h) / ((1 + q − h) + p (1 + q + h))`, with one
/// division. The denominator is the rounded sum of the numerator and a positive number, so the quotient never exceeds
/// 1.
#[inline]
pub(super) fn sigmoid_and_slope(x: f64) -> (f64, f64) {
    if x.abs() > 708.0 {
        cold_path();
        let exp = (-x.abs()).exp();
        return (if x < 0.0 { exp } else { 1.0 }, exp);
    }
    let (p, q, h) = exp_parts(0.5 * x, x * LOG2_E);
    let numerator = (p + p * h) + p * q;
    let rest = (1.0 - h) + q;
    let sum = numerator + rest;
    let y = numerator / sum;
    // 1 − y. The difference costs less than a division, but loses digits where y is close to 1.
    let lack = if x > 3.0 {
        cold_path();
        rest / sum
    } else {
        1.0 - y
    };
    (y, y * lack)
}

/// Returns p = 2ⁿ, q = h coth h − 1 and h, with which `eᵃ = p (1 + q + h) / (1 + q − h)` for a = n ln 2 + 2 h. The
/// arguments are a / 2 and a / ln 2. |a| must be at most 708, so that p is a normal number. 1 + q is even in h, and
/// close to 1.
///
/// In recurrent networks each of these functions waits for the one before, so the operations are ordered for low
/// latency.
#[inline]
fn exp_parts(half: f64, exponent: f64) -> (f64, f64, f64) {
    /// The minimax polynomial Q in `q = h² Q(h²)` for |h| ≤ ¼ ln 2.
    const Q: [f64; 5] = [
        0.333_333_333_333_332_04,
        -0.022_222_222_221_610_227,
        0.002_116_402_022_622_165_3,
        -0.000_211_633_937_964_746_15,
        2.118_710_657_750_363_4e-5,
    ];
    /// ½ ln 2 in two parts. The first has so few digits that its product with n is exact.
    const HALF_LN_2: [f64; 2] = [0.346_573_590_280_058_85, -8.619_722_262_807_417e-14];
    /// Adding a number to this rounds it to an integer, whose low bits are then the exponent of p with its bias.
    const ROUNDING: f64 = (3_u64 << 51) as f64 + 1023.0;

    let shifted = exponent + ROUNDING;
    let n = shifted - ROUNDING;
    let p = f64::from_bits(shifted.to_bits() << 52);
    let h = (half - n * HALF_LN_2[0]) - n * HALF_LN_2[1];
    let z = h * h;
    let z2 = z * z;
    let q = (z * Q[0] + z2 * (Q[1] + z * Q[2])) + (z2 * z2) * (Q[3] + z * Q[4]);
    (p, q, h)
}

#[cfg(test)]
mod tests {
    use super::{sigmoid_and_slope, tanh_and_slope};

    fn tanh(x: f64) -> f64 {
        tanh_and_slope(x).0
    }

    fn sigmoid(x: f64) -> f64 {
        sigmoid_and_slope(x).0
    }

    #[test]
    fn tanh_agrees_with_the_standard_library_except_in_the_last_digits() {
        // From where tanh x rounds to x, to where it rounds to 1, in steps that favour no particular rounding.
        let mut x = 1e-9;
        while x < 40.0 {
            let (ours, expected) = (tanh(x), x.tanh());
            assert!(
                (ours - expected).abs() <= 3.0 * f64::EPSILON * expected,
                "tanh {x}: {ours} and {expected}"
            );
            assert_eq!(tanh(-x), -ours);
            x *= 1.000_37;
        }
        for (x, y) in [
            (0.0, 0.0),
            (5e-324, 5e-324),
            (f64::MAX, 1.0),
            (f64::INFINITY, 1.0),
        ] {
            assert_eq!(tanh(x).to_bits(), f64::to_bits(y));
            assert_eq!(tanh(-x).to_bits(), f64::to_bits(-y));
        }
        assert!(tanh(f64::NAN).is_nan());
    }

    #[test]
    fn sigmoid_agrees_with_its_formula_except_in_the_last_digits() {
        let mut x = -745.0_f64;
        while x < 50.0 {
            let formula = if x < -700.0 {
                x.exp()
            } else {
                1.0 / (1.0 + (-x).exp())
            };
            let (ours, expected) = (sigmoid(x), formula);
            assert!(
                (ours - expected).abs() <= 3.0 * f64::EPSILON * expected.max(f64::MIN_POSITIVE),
                "sigmoid {x}: {ours} and {expected}"
            );
            assert!((0.0..=1.0).contains(&ours), "sigmoid {x}: {ours}");
            x += 0.012_37;
        }
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!([-746.0, -1e300, f64::NEG_INFINITY].map(sigmoid), [0.0; 3]);
        assert_eq!([710.0, 1e300, f64::INFINITY].map(sigmoid), [1.0; 3]);
        assert!(sigmoid(f64::NAN).is_nan());
    }
}
