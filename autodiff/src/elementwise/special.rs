//! Special functions that the standard library lacks.

/// Special functions on plain numbers.
pub(super) trait Special: Copy {
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

/// ψ⁽ⁿ⁾(x) for x > 0, and NaN at the poles and for a negative argument.
///
/// The recurrence ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! x⁻⁽ⁿ⁺¹⁾ moves the argument to where the asymptotic series
/// (Abramowitz and Stegun, 6.3.18 and 6.4.11) converges to the last digit.
fn polygamma(n: u32, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
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

#[cfg(test)]
mod tests {
    use super::polygamma;

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
