//! Sums that carry along what rounding can spoil of them.

/// How much of its scale a number may be off by: several thousand roundings.
pub(super) const ROUNDING: f64 = 1.0 / (1_u64 << 40) as f64;

/// The least scale: any number below the smallest normal one may have been lost.
const LEAST_SCALE: f64 = f64::MIN_POSITIVE / ROUNDING;

/// A sum, and what rounding can spoil of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// The sum.
    pub value: f64,
    /// The sum of the absolute values of its terms, or more where a term is itself computed from a sum that rounding has
    /// spoilt; at least 2⁴⁰ times the smallest normal number.
    pub scale: f64,
}

impl Sum {
    /// A number, as a sum of one term.
    pub(super) fn of(value: f64) -> Sum {
        Sum::new(value, value.abs())
    }

    pub(super) fn new(value: f64, scale: f64) -> Sum {
        let scale = if scale < LEAST_SCALE {
            LEAST_SCALE
        } else {
            scale
        };
        Sum { value, scale }
    }

    /// Adds a multiple of another.
    pub(super) fn add(&mut self, factor: f64, other: Sum) {
        let term = Sum::new(factor * other.value, factor.abs() * other.scale);
        self.value += term.value;
        self.scale += term.scale;
    }

    /// What either may be off by, times the other, and times each other.
    pub(super) fn times(self, other: Sum) -> Sum {
        let scale = self.value.abs() * other.scale
            + self.scale * other.value.abs()
            + ROUNDING * self.scale * other.scale;
        Sum::new(self.value * other.value, scale)
    }

    /// The product with a slope, in which an exactly zero factor absorbs an infinite or NaN one.
    pub(super) fn times_slope(self, slope: Sum) -> Sum {
        let product = self.times(slope);
        if self.value == 0.0 || slope.value == 0.0 {
            Sum::new(0.0, product.scale)
        } else {
            product
        }
    }
}

/// a − y.
pub(super) fn difference(a: Sum, y: f64) -> Sum {
    Sum::new(a.value - y, a.scale + y.abs())
}

/// f(z), for an f that rises or falls all the way on either side of 0. Its scale is that of the value, or what f may be
/// off by because z may.
pub(super) fn mapped(z: Sum, f: impl Fn(f64) -> f64) -> Sum {
    let value = f(z.value);
    let reach = ROUNDING * z.scale;
    let (low, high) = (z.value - reach, z.value + reach);
    let off = [low, high, if low < 0.0 && high > 0.0 { 0.0 } else { low }]
        .map(|z| (f(z) - value).abs())
        .into_iter()
        .fold(0.0, f64::max);
    Sum::new(value, value.abs().max(off / ROUNDING))
}

/// The larger of a number and the scales of some sums.
pub(super) fn largest_scale(largest: f64, sums: &[Sum]) -> f64 {
    sums.iter().map(|sum| sum.scale).fold(largest, larger)
}

/// The larger of two; NaN is larger than any number.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a.total_cmp(&b).is_lt() { b } else { a }
}
