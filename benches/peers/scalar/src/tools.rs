//! The tools that are compared, each used as its documentation recommends for speed.

mod ad_trait;
mod by_hand;
mod echidna;
mod num_dual;
mod ours;
mod reverse;
mod xad;

pub(crate) use ad_trait::AdTrait;
pub(crate) use by_hand::ByHand;
pub(crate) use echidna::Echidna;
pub(crate) use num_dual::NumDual;
pub(crate) use ours::Ours;
pub(crate) use reverse::Reverse;
pub(crate) use xad::Xad;

use benches::scalar_problems::Problem;

/// A tool that computes gradients. It owns what it reuses between gradients, such as its tape.
pub(crate) trait Tool {
    /// The name and version in the table.
    const NAME: &'static str;

    /// Whether the tool is suitable for functions of this many parameters.
    fn suits(_parameters: usize) -> bool {
        true
    }

    /// Writes the gradient of `problem` at x to `out` and returns the value.
    fn gradient<P: Problem>(&mut self, problem: &P, x: &[f64], out: &mut [f64]) -> f64;
}

/// Wraps the number type of a tool and forwards its operators, because a foreign trait cannot be implemented for a
/// foreign type. `constant` converts an `f64` to the type of the operators' right-hand side.
macro_rules! wrap {
    ($(#[$documentation:meta])* $name:ident $(<$life:lifetime>)?, $inner:ty, $constant:expr) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, bytemuck::TransparentWrapper)]
        #[repr(transparent)]
        struct $name $(<$life>)? ($inner);

        impl $(<$life>)? std::ops::Neg for $name $(<$life>)? {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        $crate::tools::wrap!(@operator $name $(<$life>)?, Add, add, $constant);
        $crate::tools::wrap!(@operator $name $(<$life>)?, Sub, sub, $constant);
        $crate::tools::wrap!(@operator $name $(<$life>)?, Mul, mul, $constant);
    };
    (@operator $name:ident $(<$life:lifetime>)?, $operator:ident, $method:ident, $constant:expr) => {
        impl $(<$life>)? std::ops::$operator for $name $(<$life>)? {
            type Output = Self;
            #[inline(always)]
            fn $method(self, right: Self) -> Self {
                Self(std::ops::$operator::$method(self.0, right.0))
            }
        }

        impl $(<$life>)? std::ops::$operator<f64> for $name $(<$life>)? {
            type Output = Self;
            #[inline(always)]
            fn $method(self, right: f64) -> Self {
                Self(std::ops::$operator::$method(self.0, $constant(right)))
            }
        }
    };
}
use wrap;
