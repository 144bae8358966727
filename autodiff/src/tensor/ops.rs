//! The list of operations: a file each, a line each.

use super::adjoints::Adjoints;
use super::array::Tensor;
use super::element::Real;
use super::op::{ErasedOp, Op, Point};
use super::sample::Sample;
use super::var::Var;
use std::sync::Arc;

/// Declares the operations. A file that is not listed is not compiled, and one without samples to check it with does
/// not compile, so an unchecked operation cannot exist.
macro_rules! operations {
    ($($module:ident: $($Op:ident $(<$T:ident>)?),+;)*) => {
        $(
            mod $module;
            pub(crate) use $module::{$($Op),+};
        )*

        /// What made a node.
        #[derive(Clone, Debug)]
        #[repr(u64)] // Which is told by a comparison, and not by looking into the payloads.
        pub(crate) enum Operation<T: Real> {
            /// A variable of the user's.
            Variable,
            /// A constant of the user's.
            Constant,
            $($($Op($Op $(<$T>)?),)+)*
            /// An operation of the user's.
            Custom(Arc<dyn ErasedOp<T>>),
        }

        $($(
            impl<T: Real> From<$Op $(<$T>)?> for Operation<T> {
                #[inline]
                fn from(op: $Op $(<$T>)?) -> Self {
                    Operation::$Op(op)
                }
            }
        )+)*

        impl<T: Real> Operation<T> {
            /// The name, as messages and pictures give it.
            pub(crate) fn name(&self) -> &'static str {
                match self {
                    Operation::Variable => "variable",
                    Operation::Constant => "constant",
                    $($(Operation::$Op(op) => Op::<T>::name(op),)+)*
                    Operation::Custom(op) => op.name(),
                }
            }

            /// The rule, run on plain tensors.
            pub(crate) fn vjp_computed(
                &self,
                at: &Point<'_, Tensor<T>>,
                y_bar: Tensor<T>,
                x_bar: &mut Adjoints<'_, Tensor<T>>,
            ) {
                match self {
                    Operation::Variable | Operation::Constant => {}
                    $($(Operation::$Op(op) => ErasedOp::vjp_computed(op, at, y_bar, x_bar),)+)*
                    Operation::Custom(op) => op.vjp_computed(at, y_bar, x_bar),
                }
            }

            /// The rule, recorded.
            pub(crate) fn vjp_recorded<'t>(
                &self,
                at: &Point<'_, Var<'t, T>>,
                y_bar: Var<'t, T>,
                x_bar: &mut Adjoints<'_, Var<'t, T>>,
            ) {
                match self {
                    Operation::Variable | Operation::Constant => {}
                    $($(Operation::$Op(op) => Op::<T>::vjp(op, at, y_bar, x_bar),)+)*
                    Operation::Custom(op) => op.vjp_recorded(at, y_bar, x_bar),
                }
            }

            /// Whether each element of its value is a function of the elements of its inputs at the same place.
            pub(crate) fn is_elementwise(&self) -> bool {
                matches!(self, Operation::Map(_) | Operation::Zip(_))
            }

            /// Whether it is a variable or a constant.
            pub(crate) fn is_leaf(&self) -> bool {
                matches!(self, Operation::Variable | Operation::Constant)
            }
        }

        /// Every operation of the crate, each with sample inputs of many shapes, for checks and measurements.
        ///
        /// ```
        /// let catalogue = autodiff::tensor::catalogue();
        /// assert!(catalogue.iter().any(|sample| sample.name() == "matmul"));
        /// ```
        #[must_use]
        pub fn catalogue() -> Vec<Sample> {
            let mut samples = Vec::new();
            $(samples.extend($module::samples());)*
            samples
        }
    };
}

operations! {
    elementwise: Map, Zip;
    select: Select;
    sum: Sum;
    max: Max;
    broadcast: Broadcast;
    reshape: Reshape;
    permute: Permute;
    matmul: MatMul;
    linear: Layer;
    softmax: Softmax, LogSoftmax;
    cross_entropy: CrossEntropyLoss<T>;
    squared_distance: SquaredDistance;
}

pub use cross_entropy::{CrossEntropy, Targets};
pub(crate) use elementwise::{map, zip};
