//! Functions that the standard library lacks, or takes long for.

use std::f64::consts::LOG2_E;
use std::hint::cold_path;

/// Special functions on plain numbers.
pub(super) trait Special: Copy {
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The logistic function.
    fn sigmoid(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// The complementary error function.
    fn erfc(self) -> Self;
    /// The logarithm of |Γ|.
    fn lgamma(self) -> Self;
    /// The derivative of order `n + 1` of `ln Γ`.
    fn polygamma(n: u32, x: Self) -> Self;
}

impl Special for f64 {
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh(self)
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        sigmoid(self)
    }

    fn erf(self) -> Self {
        libm::erf(self)
    }

    fn erfc(self) -> Self {
        libm::erfc(self)
    }

    fn lgamma(self) -> Self {
        libm::lgamma(self)
    }

    fn polygamma(n: u32, x: Self) -> Self {
        polygamma(n, x)
    }
}

impl Special for f32 {
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh(f64::from(self)) as f32
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        sigmoid(f64::from(self)) as f32
    }

    fn erf(self) -> Self {
        libm::erff(self)
    }

    fn erfc(self) -> Self {
        libm::erfcf(self)
    }

    fn lgamma(self) -> Self {
        libm::lgammaf(self)
    }

    fn polygamma(n: u32, x: Self) -> Self {
        polygamma(n, f64::from(x)) as f32
    }
}

/// tanh x, with a relative error below 3 ε, in less than half the time of the standard library's.
///
/// By the [parts](exp_parts) of e⁻²|ˣ|, which is p (1 + q + h) / (1 + q − h),
///
/// ```text
/// tanh |x| = ((1 − p) (1 + q) − (1 + p) h) / ((1 + p) (1 + q) − (1 − p) h)
/// ```
///
/// with one division, where n = 0 leaves −h / (1 + q). For larger |x| it is the distance from 1 that is computed,
/// 2 p (1 + q + h) over the same denominator: it is the smaller, and so is its error. What has the factor q is added
/// last, for q is known last.
#[inline(always)]
fn tanh(x: f64) -> f64 {
    let distance = x.abs();
    // A branch that is foreseen, where a minimum would have to be waited for. A NaN passes by.
    if distance > 20.0 {
        cold_path();
        return 1_f64.copysign(x);
    }
    let (p, q, h) = exp_parts(-distance, distance * (-2.0 * LOG2_E));
    let denominator = ((1.0 + p) - (1.0 - p) * h) + (1.0 + p) * q;
    let y = if distance > 0.55 {
        1.0 - (p + p) * ((1.0 + h) + q) / denominator
    } else {
        (((1.0 - p) - (1.0 + p) * h) + (1.0 - p) * q) / denominator
    };
    y.copysign(x)
}

/// `1 / (1 + e⁻ˣ)`, with a relative error below 2 ε. Below −709, where it is a subnormal number, it is 0.
///
/// By the [parts](exp_parts) of eˣ it is `p (1 + q + h) / ((1 + q − h) + p (1 + q + h))`, again with one division. The
/// denominator is rounded from the numerator and something positive, so the quotient never exceeds 1.
#[inline(always)]
fn sigmoid(x: f64) -> f64 {
    if x.abs() > 709.0 {
        cold_path();
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (p, q, h) = exp_parts(0.5 * x, x * LOG2_E);
    let numerator = (p + p * h) + p * q;
    numerator / (numerator + ((1.0 - h) + q))
}

/// p = 2ⁿ, q = h coth h − 1 and h of `eᵃ = p (1 + q + h) / (1 + q − h)` with a = n ln 2 + 2 h, for |a| ≤ 709. It is
/// given a / 2 and a / ln 2. 1 + q is even in h, and close to 1. For n = −1023 p is 0.
///
/// The gradient of an LSTM waits for these functions, each of which waits for the one before: the operations are in an
/// order in which few have to wait for each other.
#[inline(always)]
fn exp_parts(half: f64, exponent: f64) -> (f64, f64, f64) {
    /// The polynomial of least error in `q = h² Q(h²)` for |h| ≤ ¼ ln 2.
    const Q: [f64; 5] = [
        0.333_333_333_333_332_04,
        -0.022_222_222_221_610_227,
        0.002_116_402_022_622_165_3,
        -0.000_211_633_937_964_746_15,
        2.118_710_657_750_363_4e-5,
    ];
    /// ½ ln 2 with so few digits that its products with n are exact, and the rest of it.
    const HALF_LN_2: [f64; 2] = [0.346_573_590_280_058_85, -8.619_722_262_807_417e-14];
    /// What is added to this is rounded to an integer, which then stands in the last bits, with an exponent's bias.
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

/// Bernoulli numbers B₂, B₄, …, B₂₀.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
];

/// ψ⁽ⁿ⁾(x). At the poles 0, −1, −2, ... it is ∞ for odd n, and for even n NaN, since the two sides differ.
///
/// The recurrence ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! x⁻⁽ⁿ⁺¹⁾ moves a positive argument to where the asymptotic series
/// (Abramowitz and Stegun, 6.3.18 and 6.4.11) converges to the last digit. A negative one is reflected (6.4.7).
fn polygamma(n: u32, x: f64) -> f64 {
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x <= 0.0 {
        if x == x.round() {
            return if n.is_multiple_of(2) {
                f64::NAN
            } else {
                f64::INFINITY
            };
        }
        let reflected = polygamma(n, 1.0 - x);
        let reflected = if n.is_multiple_of(2) {
            reflected
        } else {
            -reflected
        };
        return reflected - cotangent_derivative(n, x);
    }
    let order = f64::from(n);
    let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
    let factorial: f64 = (1..=n).map(f64::from).product();

    let mut shifted = x;
    let mut steps = 0.0;
    while shifted < 15.0 + order {
        steps += factorial * shifted.powi(-(n as i32) - 1);
        shifted += 1.0;
    }

    // For n = 0 the series is −ln x + 1/(2x) + Σ B₂ₖ/(2k x²ᵏ), with the sign taken out.
    let leading = match n {
        0 => -shifted.ln(),
        _ => factorial / order * shifted.powi(-(n as i32)),
    };
    let mut series = leading + factorial / 2.0 * shifted.powi(-(n as i32) - 1);
    let mut coefficient = factorial; // (2k + n − 1)! / (2k)!, at k = 0 without the division by n
    for (k, bernoulli) in (1..).zip(BERNOULLI) {
        let twice = f64::from(2 * k);
        // From (2k−2+n−1)!/(2k−2)! to (2k+n−1)!/(2k)!.
        coefficient = if k == 1 {
            factorial * (order + 1.0) / 2.0
        } else {
            coefficient * (twice + order - 1.0) * (twice + order - 2.0) / (twice * (twice - 1.0))
        };
        series += bernoulli * coefficient * shifted.powi(-(2 * k + n as i32));
    }
    sign * (series + steps)
}

/// The derivative of order n of π cot(πx), which is πⁿ⁺¹ Pₙ(cot πx) with P₀(c) = c and Pₖ₊₁(c) = −(1 + c²) Pₖ′(c).
fn cotangent_derivative(n: u32, x: f64) -> f64 {
    use std::f64::consts::PI;
    // The coefficients of Pₖ, that of cⁱ at place i.
    let mut polynomial = vec![0.0, 1.0];
    for _ in 0..n {
        let mut next = vec![0.0; polynomial.len() + 1];
        for (i, coefficient) in polynomial.iter().enumerate().skip(1) {
            let slope = i as f64 * coefficient;
            next[i - 1] -= slope;
            next[i + 1] -= slope;
        }
        polynomial = next;
    }
    // The period is 1; the difference is exact.
    let cotangent = (PI * (x - x.round())).tan().recip();
    let value = polynomial
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| sum * cotangent + coefficient);
    PI.powi(n as i32 + 1) * value
}

#[cfg(test)]
mod tests {
    use super::{polygamma, sigmoid, tanh};

    #[test]
    fn tanh_is_that_of_the_standard_library_but_for_the_last_digits() {
        // From where x is tanh x to where 1 is, in steps that hit no rounding in particular.
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
    fn sigmoid_is_its_formula_but_for_the_last_digits() {
        let mut x = -708.0_f64;
        while x < 50.0 {
            let (ours, expected) = (sigmoid(x), 1.0 / (1.0 + (-x).exp()));
            assert!(
                (ours - expected).abs() <= 3.0 * f64::EPSILON * expected,
                "sigmoid {x}: {ours} and {expected}"
            );
            assert!((0.0..=1.0).contains(&ours), "sigmoid {x}: {ours}");
            x += 0.012_37;
        }
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!([-710.0, -1e300, f64::NEG_INFINITY].map(sigmoid), [0.0; 3]);
        assert_eq!([710.0, 1e300, f64::INFINITY].map(sigmoid), [1.0; 3]);
        assert!(sigmoid(f64::NAN).is_nan());
    }

    #[test]
    fn polygamma_has_its_known_values() {
        let euler = 0.577_215_664_901_532_9;
        let pi_squared = std::f64::consts::PI.powi(2);
        assert!((polygamma(0, 1.0) + euler).abs() < 1e-15);
        assert!((polygamma(0, 0.5) + euler + 2.0 * std::f64::consts::LN_2).abs() < 1e-14);
        assert!((polygamma(1, 1.0) - pi_squared / 6.0).abs() < 1e-14);
        assert!((polygamma(1, 0.5) - pi_squared / 2.0).abs() < 1e-14);
        // ψ⁽²⁾(1) = −2 ζ(3)
        assert!((polygamma(2, 1.0) + 2.0 * 1.202_056_903_159_594_2).abs() < 1e-14);
    }
}
