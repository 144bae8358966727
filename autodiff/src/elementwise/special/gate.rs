//! Products of x and a smooth step from 0 to 1, with their first and second derivatives: `x Φ(x)`, where Φ is the
//! cumulative normal distribution, and `x σ(v)`, where σ is the logistic function and v is x or a polynomial.
//!
//! The slopes have a zero where x is negative. Close to it the terms cancel, so a series around the zero takes their
//! place. Where a result may be a subnormal number, the two square roots of the small factor are multiplied last, one
//! after the other, so that no subnormal number is multiplied by a large one.

use super::double_double::DoubleDouble;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

/// `x Φ(x)`.
pub(super) fn gelu(x: f64) -> f64 {
    // From here on the result is 0, also at −∞.
    let x = if x < -LARGE { -LARGE } else { x };
    x * normal_cdf(x)
}

/// `Φ(x) + x φ(x)`, with the normal density φ.
pub(super) fn gelu_slope(x: f64) -> f64 {
    let x = x.clamp(-LARGE, LARGE);
    GELU_SLOPE
        .series(x)
        .unwrap_or_else(|| normal_cdf(x) + times_normal_density(x, x))
}

/// `(2 − x²) φ(x)`, with the normal density φ.
pub(super) fn gelu_curvature(x: f64) -> f64 {
    let x = x.clamp(-LARGE, LARGE);
    times_normal_density(2.0 - x * x, x)
}

/// `x σ(v)` for `v = √(8/π) (x + 0.044715 x³)`.
pub(super) fn gelu_tanh(x: f64) -> f64 {
    let x = if x < -LARGE { -LARGE } else { x };
    Gate::new(cubic(x)).value(x)
}

/// The slope of [`gelu_tanh`].
pub(super) fn gelu_tanh_slope(x: f64) -> f64 {
    let x = x.clamp(-LARGE, LARGE);
    GELU_TANH_SLOPE.series(x).unwrap_or_else(|| {
        let slope = LINEAR.rounded() + 3.0 * CUBIC.rounded() * x * x;
        Gate::new(cubic(x)).slope(x * slope)
    })
}

/// The second derivative of [`gelu_tanh`].
pub(super) fn gelu_tanh_curvature(x: f64) -> f64 {
    let x = x.clamp(-LARGE, LARGE);
    let (linear, cubic_term) = (LINEAR.rounded(), 3.0 * CUBIC.rounded() * x * x);
    let slope = linear + cubic_term;
    Gate::new(cubic(x)).curvature(2.0 * (slope + cubic_term), x * slope * slope)
}

/// `x σ(x)`.
pub(super) fn silu(x: f64) -> f64 {
    let x = if x < -VERY_LARGE { -VERY_LARGE } else { x };
    Gate::new(x.into()).value(x)
}

/// `σ(x) (1 + x σ(−x))`.
pub(super) fn silu_slope(x: f64) -> f64 {
    let x = x.clamp(-VERY_LARGE, VERY_LARGE);
    SILU_SLOPE
        .series(x)
        .unwrap_or_else(|| Gate::new(x.into()).slope(x))
}

/// `σ′(x) (2 − x tanh ½x)`.
pub(super) fn silu_curvature(x: f64) -> f64 {
    let x = x.clamp(-VERY_LARGE, VERY_LARGE);
    Gate::new(x.into()).curvature(2.0, x)
}

/// From this number on, the normal density and the logistic function of the cubic polynomial round to 0 at −x.
const LARGE: f64 = 40.0;

/// From this number on, `x² σ(−x)` rounds to 0.
const VERY_LARGE: f64 = 1500.0;

/// √½.
const SQRT_HALF: DoubleDouble = DoubleDouble::new(FRAC_1_SQRT_2, -4.833_646_656_726_457e-17);

/// √(8/π).
const LINEAR: DoubleDouble = DoubleDouble::new(1.595_769_121_605_730_8, -9.969_308_809_110_92e-17);

/// 0.044715 √(8/π).
const CUBIC: DoubleDouble = DoubleDouble::new(0.071_354_816_272_600_25, -6.175_149_918_155_315e-19);

/// `√(8/π) (x + 0.044715 x³)`.
fn cubic(x: f64) -> DoubleDouble {
    if x.abs() < 3.0 {
        return (x * (LINEAR.rounded() + CUBIC.rounded() * x * x)).into();
    }
    // The absolute error of v becomes a relative error of σ(v).
    let x = DoubleDouble::from(x.clamp(-LARGE, LARGE));
    x * (LINEAR + CUBIC * (x * x))
}

/// Φ(x), the cumulative normal distribution, `½ erfc(−x/√2)`.
fn normal_cdf(x: f64) -> f64 {
    if x > -1.0 {
        return 0.5 * libm::erfc(-x * FRAC_1_SQRT_2);
    }
    // The rounding error of z changes erfc z by a larger relative error. It is corrected by the logarithmic derivative
    // of erfc, which is −z − √(z² + 4/π) to a few per cent.
    let (z, rest) = (DoubleDouble::from(-x) * SQRT_HALF).parts();
    0.5 * libm::erfc(z) * (1.0 - rest * (z + (z * z + 2.0 * FRAC_2_PI).sqrt()))
}

/// `factor · φ(x)`, with the normal density `φ(x) = e^(−x²/2) / √(2π)`. To keep the digits of x², it is split into the
/// square of x rounded to sixteenths, which is exact, and a small rest.
fn times_normal_density(factor: f64, x: f64) -> f64 {
    const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;
    let rounded = (x * 16.0).round() / 16.0;
    let rest = (x - rounded) * (x + rounded);
    let root = (-0.25 * rounded * rounded).exp();
    factor * FRAC_1_SQRT_2_PI * (-0.5 * rest).exp() * root * root
}

/// The logistic function σ at a number v, with the parts of which σ(v), σ(−v) and their product σ′(v) consist.
struct Gate {
    is_negative: bool,
    /// e^(−|v|/2).
    root: f64,
    /// σ(|v|).
    upper: f64,
}

impl Gate {
    fn new(v: DoubleDouble) -> Self {
        let (high, low) = v.parts();
        let is_negative = high < 0.0;
        let rest = if is_negative { low } else { -low };
        let root = (-0.5 * high.abs()).exp() * (1.0 + 0.5 * rest);
        let upper = 1.0 / (1.0 + root * root);
        Gate {
            is_negative,
            root,
            upper,
        }
    }

    /// `x σ(v)`.
    fn value(&self, x: f64) -> f64 {
        if self.is_negative {
            x * self.upper * self.root * self.root
        } else {
            x * self.upper
        }
    }

    /// `σ(v) + p σ′(v)`, the slope of `x σ(v)` for `p = x v′`.
    fn slope(&self, p: f64) -> f64 {
        if self.is_negative {
            self.upper * (1.0 + p * self.upper) * self.root * self.root
        } else {
            self.upper * (1.0 + p * self.upper * self.root * self.root)
        }
    }

    /// `p σ′(v) + q σ″(v)`, the second derivative of `x σ(v)` for `p = 2 v′ + x v″` and `q = x v′²`, which has the sign
    /// of v.
    fn curvature(&self, p: f64, q: f64) -> f64 {
        let tanh = (1.0 - self.root * self.root) * self.upper;
        let factor = (p - q.abs() * tanh) * self.upper * self.upper;
        factor * self.root * self.root
    }
}

/// The series of a slope around its zero.
struct Zero {
    /// The zero, in two parts.
    at: [f64; 2],
    /// The derivatives of order k + 1 at the zero, divided by (k + 1)!.
    coefficients: [f64; 9],
}

impl Zero {
    /// The slope at a number close to the zero; `None` at other numbers.
    fn series(&self, x: f64) -> Option<f64> {
        let distance = (x - self.at[0]) - self.at[1];
        (distance.abs() < 1.0 / 32.0).then(|| {
            let horner = |sum: f64, c: &f64| sum * distance + c;
            distance * self.coefficients.iter().rev().fold(0.0, horner)
        })
    }
}

const GELU_SLOPE: Zero = Zero {
    at: [-0.751_791_524_693_564_5, 1.495_675_917_700_988_3e-17],
    coefficients: [
        0.431_493_992_314_046_9,
        0.388_284_982_990_552,
        -0.018_199_676_398_671_087,
        -0.114_008_233_297_221_7,
        -0.014_771_522_148_244_337,
        0.019_421_679_838_189_067,
        0.004_539_228_379_125_415,
        -0.002_239_538_068_073_497,
        -0.000_744_826_838_674_681_7,
    ],
};

const GELU_TANH_SLOPE: Zero = Zero {
    at: [-0.752_461_422_071_016_3, 3.635_560_509_207_687e-17],
    coefficients: [
        0.430_400_091_024_858_5,
        0.387_518_446_135_788_95,
        -0.015_782_853_521_848_03,
        -0.113_944_483_080_958_99,
        -0.016_619_328_343_052_56,
        0.019_682_309_459_833_118,
        0.005_261_059_254_921_912,
        -0.002_422_731_845_874_509_4,
        -0.000_927_442_023_020_544_5,
    ],
};

const SILU_SLOPE: Zero = Zero {
    at: [-1.278_464_542_761_073_7, -1.094_699_418_309_343_7e-16],
    coefficients: [
        0.217_811_705_719_800_1,
        0.146_648_796_996_946_9,
        0.018_874_814_223_782_312,
        -0.015_222_655_223_188_032,
        -0.006_606_589_138_356_696,
        0.000_126_627_410_081_122,
        0.000_798_521_881_839_799_8,
        0.000_185_707_243_611_864_96,
        -4.090_534_237_428_612e-5,
    ],
};
