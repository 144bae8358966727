//! The logarithm of |Γ| and its derivatives, the polygamma functions.
//!
//! Near a zero the terms of a sum cancel. The sum is then computed again with [twice as many digits](DoubleDouble), by
//! the same generic code. This is done for arguments above [`FAR`]; below it, near a zero, the error is relative to the
//! terms.

use super::double_double::DoubleDouble;
use std::f64::consts::PI;
use std::ops::{Add, Div, Mul, Sub};

/// Below this argument, a sum whose terms cancel is not computed again with more digits.
const FAR: f64 = -30.0;

/// Bernoulli numbers B₂, B₄, …, B₃₄ as fractions.
const BERNOULLI: [(f64, f64); 17] = [
    (1.0, 6.0),
    (-1.0, 30.0),
    (1.0, 42.0),
    (-1.0, 30.0),
    (5.0, 66.0),
    (-691.0, 2730.0),
    (7.0, 6.0),
    (-3617.0, 510.0),
    (43867.0, 798.0),
    (-174611.0, 330.0),
    (854_513.0, 138.0),
    (-236_364_091.0, 2730.0),
    (8_553_103.0, 6.0),
    (-23_749_461_029.0, 870.0),
    (8_615_841_276_005.0, 14322.0),
    (-7_709_321_041_217.0, 510.0),
    (2_577_687_858_367.0, 6.0),
];

/// The number type of the sums: `f64` or [`DoubleDouble`].
trait Digits:
    Copy + From<f64> + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// From this argument plus the order of the derivative on, the asymptotic series are accurate to all digits.
    const ASYMPTOTIC: f64;

    /// Returns the sum of two numbers.
    fn sum(a: f64, b: f64) -> Self;

    /// Returns the natural logarithm.
    fn ln(self) -> Self;

    /// Returns the nearest `f64`.
    fn rounded(self) -> f64;
}

impl Digits for f64 {
    const ASYMPTOTIC: f64 = 15.0;

    fn sum(a: f64, b: f64) -> Self {
        a + b
    }

    fn ln(self) -> Self {
        f64::ln(self)
    }

    fn rounded(self) -> f64 {
        self
    }
}

impl Digits for DoubleDouble {
    const ASYMPTOTIC: f64 = 16.0;

    fn sum(a: f64, b: f64) -> Self {
        DoubleDouble::sum(a, b)
    }

    fn ln(self) -> Self {
        DoubleDouble::ln(self)
    }

    fn rounded(self) -> f64 {
        DoubleDouble::rounded(self)
    }
}

/// ln |Γ(x)|.
pub(super) fn lgamma(x: f64) -> f64 {
    let y = libm::lgamma(x);
    if x < 0.0 && x > FAR && y.abs() < 2.0 {
        return lgamma_of_sum(x);
    }
    y
}

/// ln |Γ(x)| = ln Γ(x + m) − ln |x (x + 1) … (x + m − 1)|, with Stirling's series for ln Γ(x + m).
fn lgamma_of_sum(x: f64) -> f64 {
    const HALF_LN_2_PI: (f64, f64) = (0.918_938_533_204_672_8, -3.878_294_158_067_241_4e-17);
    let number = |x: f64| DoubleDouble::from(x);
    let mut product = number(1.0);
    let mut shift = 0.0;
    while x + shift < DoubleDouble::ASYMPTOTIC {
        product = product * DoubleDouble::sum(x, shift);
        shift += 1.0;
    }
    if product.rounded() < 0.0 {
        product = -product;
    }
    let z = DoubleDouble::sum(x, shift);
    let mut power = number(1.0) / z;
    let mut stirling = (z - number(0.5)) * z.ln() - z;
    stirling = stirling + DoubleDouble::sum(HALF_LN_2_PI.0, HALF_LN_2_PI.1);
    for (twice, (numerator, denominator)) in even_numbers().zip(BERNOULLI) {
        let divisor = number(denominator * twice * (twice - 1.0));
        stirling = stirling + number(numerator) / divisor * power;
        power = power / (z * z);
    }
    (stirling - product.ln()).rounded()
}

/// ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ.
///
/// For even n the limits from the two sides of a pole differ: the value is NaN at −1, −2, …, and at ±0 the sign of the
/// zero chooses the side. For odd n the value at every pole is ∞. Above n = 1000 the error grows to about 10⁻¹².
pub(super) fn polygamma(x: f64, n: u32) -> f64 {
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    let is_odd = !n.is_multiple_of(2);
    if x == 0.0 {
        return if is_odd {
            f64::INFINITY
        } else {
            -f64::INFINITY.copysign(x)
        };
    }
    if x > 0.0 {
        let y = polygamma_of_sum::<f64>(n, x);
        return if n == 0 && y.abs() < SMALL_DIGAMMA {
            polygamma_of_sum::<DoubleDouble>(n, x).rounded()
        } else {
            y
        };
    }
    if x == x.round() {
        return if is_odd { f64::INFINITY } else { f64::NAN };
    }
    // Abramowitz and Stegun, 6.4.7.
    let reflected = polygamma_of_sum::<f64>(n, 1.0 - x);
    let reflected = if is_odd { -reflected } else { reflected };
    let cotangent = cotangent_derivative(n, x);
    let y = reflected - cotangent;
    let terms_cancel = y.abs() < (reflected.abs() + cotangent.abs()) / 16.0;
    if x > FAR && n < LARGE && (terms_cancel || n == 0 && y.abs() < SMALL_DIGAMMA) {
        return polygamma_of_sum::<DoubleDouble>(n, x).rounded();
    }
    y
}

/// The terms of the sum for the digamma function are of the order of 1. Below this absolute value they have cancelled.
const SMALL_DIGAMMA: f64 = 0.25;

/// Above this order, factorials and powers are computed from their logarithms.
const LARGE: u32 = 1000;

/// ψ⁽ⁿ⁾(x) by the recurrence ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! x⁻⁽ⁿ⁺¹⁾, up to an argument for which the asymptotic
/// series (Abramowitz and Stegun, 6.3.18 and 6.4.11) is accurate to all digits.
fn polygamma_of_sum<T: Digits>(n: u32, x: f64) -> T {
    let number = |x: f64| T::from(x);
    let order = f64::from(n);
    let mut sum = number(0.0);
    let mut shift = 0.0;
    while x + shift < T::ASYMPTOTIC + order {
        let term = factorial_over_power::<T>(n, T::sum(x, shift));
        sum = sum + term;
        shift += 1.0;
        // For a high order, later terms soon become negligible.
        let is_complete = term.rounded() < 1e-35 * sum.rounded() || sum.rounded() == f64::INFINITY;
        if n > 0 && x + shift > 1.0 && is_complete {
            return with_sign_of_order(n, sum);
        }
    }
    let z = T::sum(x, shift);
    let term = factorial_over_power::<T>(n, z);
    let leading = if n == 0 {
        number(0.0) - z.ln()
    } else {
        factorial_over_power(n - 1, z)
    };
    sum = sum + leading + term / number(2.0);
    // (2k + n − 1)! / ((2k)! z²ᵏ⁺ⁿ)
    let mut coefficient = term * number(order + 1.0) / (number(2.0) * z);
    for (twice, (numerator, denominator)) in even_numbers().zip(BERNOULLI) {
        sum = sum + number(numerator) / number(denominator) * coefficient;
        let (next, of_order) = (twice + 2.0, twice + order);
        coefficient = coefficient * number(of_order * (of_order + 1.0))
            / (number(next * (next - 1.0)) * z * z);
    }
    with_sign_of_order(n, sum)
}

/// Returns −x for even n, and x for odd n.
fn with_sign_of_order<T: Digits>(n: u32, x: T) -> T {
    if n.is_multiple_of(2) {
        T::from(0.0) - x
    } else {
        x
    }
}

/// n! / xⁿ⁺¹, without computing the factorial, which overflows early.
fn factorial_over_power<T: Digits>(n: u32, x: T) -> T {
    if n > LARGE {
        let exponent = libm::lgamma(f64::from(n) + 1.0) - (f64::from(n) + 1.0) * x.rounded().ln();
        return T::from(exponent.exp());
    }
    (1..=n).fold(T::from(1.0) / x, |product, k| {
        product * (T::from(f64::from(k)) / x)
    })
}

/// 2, 4, 6, …
fn even_numbers() -> impl Iterator<Item = f64> {
    (1..).map(|k: u32| f64::from(2 * k))
}

/// The derivative of order n of π cot(πx), which is πⁿ⁺¹ Pₙ(cot πx) with P₀(c) = c and Pₖ₊₁(c) = −(1 + c²) Pₖ′(c).
fn cotangent_derivative(n: u32, x: f64) -> f64 {
    /// From this order on, the derivative overflows wherever it is not zero.
    const OVERFLOW: usize = 160;

    // The function has period 1. Both differences are exact, so the cotangent is exactly 0 at ½.
    let r = x - x.round();
    let cotangent = if r.abs() > 0.25 {
        (PI * (0.5 - r.abs())).tan().copysign(r)
    } else {
        (PI * r).tan().recip()
    };
    let is_odd = !n.is_multiple_of(2);
    let n = n as usize;
    if n >= OVERFLOW {
        let sign = if is_odd { -1.0 } else { cotangent };
        return if sign == 0.0 {
            0.0
        } else {
            f64::INFINITY.copysign(sign)
        };
    }
    // The coefficients of Pₖ: `polynomial[i]` belongs to cⁱ.
    let mut polynomial = [0.0; OVERFLOW + 2];
    polynomial[1] = 1.0;
    for k in 0..n {
        let mut below = 0.0;
        for i in 0..=k + 2 {
            let above = (i + 1) as f64 * polynomial[i + 1];
            let next = -(above + below);
            below = i as f64 * polynomial[i];
            polynomial[i] = next;
        }
    }
    let (leading, rest) = (polynomial[n + 1], &polynomial[..=n]);
    let value = rest
        .iter()
        .rev()
        .fold(leading, |sum, coefficient| sum * cotangent + coefficient);
    PI.powi(n as i32 + 1) * value
}

#[cfg(test)]
mod tests {
    use super::{cotangent_derivative, polygamma};
    use std::f64::consts::{LN_2, PI};

    #[test]
    fn polygamma_has_its_known_values() {
        let euler = 0.577_215_664_901_532_9;
        assert!((polygamma(1.0, 0) + euler).abs() < 1e-15);
        assert!((polygamma(0.5, 0) + euler + 2.0 * LN_2).abs() < 1e-14);
        assert!((polygamma(1.0, 1) - PI * PI / 6.0).abs() < 1e-14);
        assert!((polygamma(0.5, 1) - PI * PI / 2.0).abs() < 1e-14);
        // ψ⁽²⁾(1) = −2 ζ(3)
        assert!((polygamma(1.0, 2) + 2.0 * 1.202_056_903_159_594_2).abs() < 1e-14);
    }

    #[test]
    fn derivatives_of_the_cotangent_agree_with_sums_of_powers() {
        // π cot πx = Σ 1 / (x + k) over all integers k. Its derivative of order n is (−1)ⁿ n! Σ 1 / (x + k)ⁿ⁺¹.
        for n in [3, 4, 9, 20] {
            let factorial: f64 = (1..=n).map(f64::from).product();
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            for x in [0.1, 0.3, 0.7, -0.2, -3.4] {
                let sum: f64 = (-20_000..20_000)
                    .map(|k| (x + f64::from(k)).powi(-n - 1))
                    .sum();
                let (computed, expected) =
                    (cotangent_derivative(n as u32, x), sign * factorial * sum);
                assert!(
                    (computed / expected - 1.0).abs() < 1e-9,
                    "{n} {x}: {computed} {expected}"
                );
            }
        }
        assert_eq!(cotangent_derivative(20, -1.5), 0.0);
        assert_eq!(cotangent_derivative(500, 2.5), 0.0);
        assert_eq!(cotangent_derivative(500, 2.4), f64::INFINITY);
        assert_eq!(cotangent_derivative(501, 2.6), -f64::INFINITY);
    }

    #[test]
    fn orders_have_no_bound() {
        assert_eq!(polygamma(2.0, u32::MAX), f64::INFINITY);
        assert!(polygamma(1e10, 2000).abs() < f64::MIN_POSITIVE);
    }
}
