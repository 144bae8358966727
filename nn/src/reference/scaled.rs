//! Numbers that carry a scale for their rounding errors.

use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};

/// The relative error, in units of the scale, that a number may have: several thousand roundings.
pub(super) const ROUNDING: f64 = 1.0 / (1_u64 << 40) as f64;

/// The smallest scale. A number below the smallest normal number may have been lost.
const LEAST_SCALE: f64 = f64::MIN_POSITIVE / ROUNDING;

/// A number, and the scale of its rounding error.
///
/// The scale of a sum is the sum of the scales of its terms, which does not vanish where terms cancel. The error of a
/// product is the error of either factor times the other factor. A difference between two ways of computing a number is
/// measured relative to its scale.
///
/// ```
/// use nn::reference::Scaled;
///
/// let [a, b] = [1e9, 1e9 + 1.0].map(Scaled::from);
/// let difference = 3.0 * (b - a);
/// assert_eq!((difference.value, difference.scale), (3.0, 6e9 + 3.0));
/// assert!(difference.apart(3.000_003) < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scaled {
    /// The number.
    pub value: f64,
    /// The sum of the absolute values of the terms. It is larger if a term is itself computed from a sum with a
    /// rounding error. It is at least 2⁴⁰ times the smallest normal number.
    pub scale: f64,
}

impl Scaled {
    pub(super) fn new(value: f64, scale: f64) -> Scaled {
        let scale = if scale < LEAST_SCALE {
            LEAST_SCALE
        } else {
            scale
        };
        Scaled { value, scale }
    }

    /// Returns the distance to another number, relative to the scale; NaN if either number is NaN.
    #[must_use]
    pub fn apart(self, other: f64) -> f64 {
        if self.value == other {
            0.0
        } else {
            (self.value - other).abs() / self.scale
        }
    }

    /// Returns the product with a slope. A factor that is exactly zero absorbs an infinite or NaN factor.
    pub(super) fn times_slope(self, slope: Scaled) -> Scaled {
        let product = self * slope;
        if self.value == 0.0 || slope.value == 0.0 {
            Scaled::new(0.0, product.scale)
        } else {
            product
        }
    }
}

/// An exact number: a sum of one term.
impl From<f64> for Scaled {
    fn from(value: f64) -> Self {
        Scaled::new(value, value.abs())
    }
}

impl Add for Scaled {
    type Output = Scaled;

    fn add(self, other: Scaled) -> Scaled {
        Scaled::new(self.value + other.value, self.scale + other.scale)
    }
}

impl Sub for Scaled {
    type Output = Scaled;

    fn sub(self, other: Scaled) -> Scaled {
        self + -other
    }
}

impl Neg for Scaled {
    type Output = Scaled;

    fn neg(self) -> Scaled {
        -1.0 * self
    }
}

/// The scale is the error of either factor times the other factor, and the product of both errors.
impl Mul for Scaled {
    type Output = Scaled;

    fn mul(self, other: Scaled) -> Scaled {
        let scale = self.value.abs() * other.scale
            + self.scale * other.value.abs()
            + ROUNDING * self.scale * other.scale;
        Scaled::new(self.value * other.value, scale)
    }
}

/// The product with an exact number.
impl Mul<Scaled> for f64 {
    type Output = Scaled;

    fn mul(self, other: Scaled) -> Scaled {
        Scaled::new(self * other.value, self.abs() * other.scale)
    }
}

impl Sum for Scaled {
    fn sum<I: Iterator<Item = Scaled>>(terms: I) -> Scaled {
        terms.fold(Scaled::default(), Add::add)
    }
}

/// Returns f(z), for an f that is monotonic on either side of 0. The scale is |f(z)|, or the change of f within the
/// error of z if that is larger.
pub(super) fn mapped(z: Scaled, f: impl Fn(f64) -> f64) -> Scaled {
    let value = f(z.value);
    let reach = ROUNDING * z.scale;
    let (low, high) = (z.value - reach, z.value + reach);
    let off = [low, high, if low < 0.0 && high > 0.0 { 0.0 } else { low }]
        .map(|z| (f(z) - value).abs())
        .into_iter()
        .fold(0.0, f64::max);
    Scaled::new(value, value.abs().max(off / ROUNDING))
}

/// Returns the largest of `largest` and the scales of `numbers`.
pub(super) fn largest_scale(largest: f64, numbers: &[Scaled]) -> f64 {
    numbers.iter().map(|x| x.scale).fold(largest, larger)
}

/// Returns the larger of two numbers; NaN counts as larger than any number.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a.total_cmp(&b).is_lt() { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_stays_where_terms_cancel() {
        let zero = 2.0 * (Scaled::from(3.0) - Scaled::from(3.0)) * Scaled::from(-5.0);
        assert_eq!(zero.value, 0.0);
        assert!((zero.scale - 60.0).abs() < 1e-9, "{}", zero.scale);
        assert!((zero.apart(60e-13) - 1e-13).abs() < 1e-22);
        assert!(zero.apart(f64::NAN).is_nan());
    }

    #[test]
    fn a_difference_is_carried_through_a_product() {
        let uncertain = Scaled::new(1.0, 1e6);
        let product = uncertain * Scaled::from(3.0);
        assert!((product.scale - 3e6).abs() < 10.0, "{}", product.scale);
    }
}
