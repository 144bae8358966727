//! The sums of the absolute values of the terms of derivatives, to which rounding errors are relative.

use super::function::Operand;
use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::Dual;

/// A value with the sums of the absolute values of the terms of the derivatives along
/// a, along b, and along both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) value: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) both: f64,
}

impl Operand for Terms {}

impl Number for Terms {
    type Mask = bool;

    fn constant(self, value: f64) -> Self {
        Terms {
            value,
            a: 0.0,
            b: 0.0,
            both: 0.0,
        }
    }

    fn less(self, other: Self) -> bool {
        self.value < other.value
    }

    fn equal(self, other: Self) -> bool {
        self.value == other.value
    }

    fn select(mask: &bool, a: Self, b: Self) -> Self {
        if *mask { a } else { b }
    }

    fn unary(self, function: Unary) -> Self {
        let x = Dual::var(self.value);
        let slope = function.slope(x, x.unary(function));
        let [slope, curvature] = [slope.value, slope.tangent()].map(f64::abs);
        Terms {
            value: self.value.unary(function),
            a: slope * self.a,
            b: slope * self.b,
            both: slope * self.both + curvature * self.a * self.b,
        }
    }

    fn binary(self, function: Binary, other: Self) -> Self {
        let slopes = |along: [f64; 2]| {
            let numbers = [(self.value, along[0]), (other.value, along[1])];
            let [x, y] = numbers.map(|(value, tangent)| Dual::new(value, tangent));
            let (x, y) = function.slopes(x, y, x.binary(function, y));
            [x.value, y.value, x.tangent(), y.tangent()].map(f64::abs)
        };
        let [x, y, xx, xy] = slopes([1.0, 0.0]);
        let [.., yy] = slopes([0.0, 1.0]);
        Terms {
            value: self.value.binary(function, other.value),
            a: x * self.a + y * other.a,
            b: x * self.b + y * other.b,
            both: x * self.both
                + y * other.both
                + xx * self.a * self.b
                + xy * (self.a * other.b + self.b * other.a)
                + yy * other.a * other.b,
        }
    }
}

macro_rules! operators {
    ($($Op:ident $op:ident)*) => { $(
        impl std::ops::$Op for Terms {
            type Output = Self;

            fn $op(self, other: Self) -> Self {
                self.binary(Binary::$Op, other)
            }
        }
    )* };
}
operators!(Add add Sub sub Mul mul Div div);

impl std::ops::Neg for Terms {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}
