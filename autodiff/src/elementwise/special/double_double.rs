//! Double-double arithmetic: numbers of about 32 digits, for sums whose terms cancel.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number as the sum of the nearest `f64` and a remainder.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoubleDouble {
    high: f64,
    low: f64,
}

impl DoubleDouble {
    /// Returns the sum of a number and a remainder of at most half a unit in its last place.
    pub(super) const fn new(high: f64, low: f64) -> Self {
        DoubleDouble { high, low }
    }

    /// Returns the exact sum of two numbers.
    pub(super) fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let of_b = high - a;
        let low = (a - (high - of_b)) + (b - of_b);
        DoubleDouble { high, low }
    }

    /// Returns the exact product of two numbers of moderate size.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        let ([a1, a2], [b1, b2]) = (halves(a), halves(b));
        let low = ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2;
        DoubleDouble { high, low }
    }

    /// Returns the number `high + low` with parts that do not overlap.
    fn normal(high: f64, low: f64) -> Self {
        let sum = high + low;
        DoubleDouble {
            high: sum,
            low: low - (sum - high),
        }
    }

    /// Returns the natural logarithm of a positive number of moderate size, as ln m + k ln 2. Here m is close to 1, and
    /// `ln m = 2 (s + s³/3 + s⁵/5 + …)` with s = (m − 1) / (m + 1).
    pub(super) fn ln(self) -> Self {
        const LN_2: DoubleDouble = DoubleDouble {
            high: std::f64::consts::LN_2,
            low: 2.319_046_813_846_299_6e-17,
        };
        let exponent = self.high.log2().round();
        let scale = (-exponent).exp2();
        let m = DoubleDouble {
            high: self.high * scale,
            low: self.low * scale,
        };
        let one = DoubleDouble::from(1.0);
        let s = (m - one) / (m + one);
        let square = s * s;
        // |s| ≤ 0.172, so the terms from s⁴⁵ on are negligible.
        let series = (0..22).rev().fold(DoubleDouble::from(0.0), |sum, k| {
            sum * square + one / DoubleDouble::from(f64::from(2 * k + 1))
        });
        let two = DoubleDouble::from(2.0);
        two * s * series + DoubleDouble::from(exponent) * LN_2
    }

    /// Returns the nearest `f64` and the remainder.
    pub(super) fn parts(self) -> (f64, f64) {
        (self.high, self.low)
    }

    /// Returns the nearest `f64`.
    pub(super) fn rounded(self) -> f64 {
        self.high + self.low
    }
}

/// Splits a number into two parts with half of its digits each.
fn halves(a: f64) -> [f64; 2] {
    const SPLITTER: f64 = ((1_u64 << 27) + 1) as f64;
    let scaled = a * SPLITTER;
    let upper = scaled - (scaled - a);
    [upper, a - upper]
}

impl From<f64> for DoubleDouble {
    fn from(high: f64) -> Self {
        DoubleDouble { high, low: 0.0 }
    }
}

impl Add for DoubleDouble {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let high = DoubleDouble::sum(self.high, other.high);
        let low = DoubleDouble::sum(self.low, other.low);
        let sum = DoubleDouble::normal(high.high, high.low + low.high);
        DoubleDouble::normal(sum.high, sum.low + low.low)
    }
}

impl Neg for DoubleDouble {
    type Output = Self;

    fn neg(self) -> Self {
        DoubleDouble {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Sub for DoubleDouble {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for DoubleDouble {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let product = DoubleDouble::product(self.high, other.high);
        let low = product.low + (self.high * other.low + self.low * other.high);
        DoubleDouble::normal(product.high, low)
    }
}

impl Div for DoubleDouble {
    type Output = Self;

    /// Returns the quotient, by long division with three digits, each of which is an `f64`.
    fn div(self, other: Self) -> Self {
        let digit = |rest: Self| DoubleDouble::from(rest.high / other.high);
        let first = digit(self);
        let rest = self - first * other;
        let second = digit(rest);
        let third = digit(rest - second * other);
        first + second + third
    }
}

#[cfg(test)]
mod tests {
    use super::DoubleDouble;

    #[test]
    fn arithmetic_has_30_digits() {
        let third = DoubleDouble::from(1.0) / DoubleDouble::from(3.0);
        let close = |x: DoubleDouble, y: DoubleDouble| (x - y).rounded().abs() < 1e-30;
        assert!(close(third + third + third, 1.0.into()));
        assert!(close(third * DoubleDouble::from(3.0), 1.0.into()));
        // ln 3 + ln ⅓ = 0, and ln 3 has its known digits.
        let ln_3 = DoubleDouble::from(3.0).ln();
        assert!(close(ln_3 + third.ln(), 0.0.into()));
        let digits = DoubleDouble::sum(1.098_612_288_668_109_8, -9.071_297_235_001_53e-17);
        assert!(close(ln_3, digits));
        // The test notices an error of 1e-29.
        assert!(!close(third, third + DoubleDouble::from(1e-29)));
    }
}
