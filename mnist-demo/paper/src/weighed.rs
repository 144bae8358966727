//! A number, and what rounding can spoil of it.

use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};

/// A number computed by hand, and beside it the sum of the absolute values of the terms that it was computed from.
///
/// That sum is the same formula with every number replaced by its absolute value and every minus by a plus. It is what
/// rounding can spoil, and so the scale on which a difference is measured: unlike the number itself, it does not vanish
/// where terms cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weighed {
    /// The number.
    pub value: f64,
    /// The sum of the absolute values of its terms.
    pub scale: f64,
}

impl Weighed {
    /// How far another number is from this one, relative to the scale; NaN is far from everything.
    #[must_use]
    pub fn apart(self, other: f64) -> f64 {
        if self.value == other {
            0.0
        } else {
            (self.value - other).abs() / self.scale
        }
    }
}

impl From<f64> for Weighed {
    fn from(value: f64) -> Self {
        Weighed {
            value,
            scale: value.abs(),
        }
    }
}

impl Add for Weighed {
    type Output = Weighed;

    fn add(self, other: Weighed) -> Weighed {
        Weighed {
            value: self.value + other.value,
            scale: self.scale + other.scale,
        }
    }
}

impl Sub for Weighed {
    type Output = Weighed;

    fn sub(self, other: Weighed) -> Weighed {
        Weighed {
            value: self.value - other.value,
            scale: self.scale + other.scale,
        }
    }
}

impl Mul for Weighed {
    type Output = Weighed;

    fn mul(self, other: Weighed) -> Weighed {
        Weighed {
            value: self.value * other.value,
            scale: self.scale * other.scale,
        }
    }
}

impl Mul<Weighed> for f64 {
    type Output = Weighed;

    fn mul(self, other: Weighed) -> Weighed {
        Weighed::from(self) * other
    }
}

impl Neg for Weighed {
    type Output = Weighed;

    fn neg(self) -> Weighed {
        -1.0 * self
    }
}

impl Sum for Weighed {
    fn sum<I: Iterator<Item = Weighed>>(terms: I) -> Weighed {
        terms.fold(Weighed::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_stays_where_terms_cancel() {
        let zero = 2.0 * (Weighed::from(3.0) - Weighed::from(3.0)) * Weighed::from(-5.0);
        assert_eq!((zero.value, zero.scale), (0.0, 60.0));
        assert_eq!(zero.apart(60e-13), 1e-13);
        assert!(zero.apart(f64::NAN).is_nan());
    }
}
