//! The list of operations: a file each.

mod broadcast;
mod concat;
mod cross_entropy;
mod elementwise;
mod gather;
mod linear;
mod matmul;
mod max;
mod methods_macro;
mod narrow;
mod norm;
mod permute;
mod reshape;
mod sample;
mod select;
mod softmax;
mod squared_distance;
mod sum;

use super::op::{ErasedOp, Op};
use crate::tensor::storage::element::Real;
pub use cross_entropy::{CrossEntropy, Targets};
pub use sample::Sample;
use std::sync::Arc;

/// What most files of operations use.
mod prelude {
    pub(super) use crate::tensor::algebra::{Algebra, Operand};
    pub(super) use crate::tensor::engine::adjoints::Adjoints;
    pub(super) use crate::tensor::op::{Op, Point, Saved};
    pub(super) use crate::tensor::ops::built_in;
    pub(super) use crate::tensor::ops::methods_macro::methods;
    pub(super) use crate::tensor::ops::sample::Sample;
    pub(super) use crate::tensor::storage::array::Tensor;
    pub(super) use crate::tensor::storage::axes::Axes;
    pub(super) use crate::tensor::storage::element::{Element, Real};
    pub(super) use crate::tensor::storage::shape::Shape;
    pub(super) use crate::tensor::var::Var;
    pub(super) use std::borrow::Borrow;
}

/// Declares the operations: of each file the traits of its methods, and its operations.
///
/// An operation that is not listed does not compile, and neither does a file without samples to check it with, so an
/// unchecked operation cannot exist.
macro_rules! operations {
    ($($module:ident: $($Methods:ident)+ => $($Op:ident $(<$T:ident>)?),*;)*) => {
        $(use $module::{$($Op),*};)*

        /// The methods of the operations on generic tensors, a trait for each operation's file.
        ///
        /// They are supertraits of [`Algebra`](crate::tensor::Algebra), and come with the bound `A: Algebra`: there is nothing to
        /// import. [`Tensor`](crate::tensor::Tensor) and [`Var`](crate::tensor::Var) have them as inherent methods.
        pub mod methods {
            $($(pub use super::$module::$Methods;)+)*

            /// The methods of all operations.
            pub trait AllMethods: $($($Methods +)+)* {}

            impl<A: $($($Methods +)+)*> AllMethods for A {}
        }

        /// What made a node.
        #[derive(Clone, Debug)]
        #[repr(u64)] // Which is told by a comparison, and not by looking into the payloads.
        pub(crate) enum StoredOp<T: Real> {
            /// A variable of the user's.
            Variable,
            /// A constant of the user's.
            Constant,
            $($($Op($Op $(<$T>)?),)*)*
            /// An operation of the user's.
            Custom(Arc<dyn ErasedOp<T>>),
        }

        impl<T: Real> StoredOp<T> {
            /// The operation, unless it is a variable or a constant.
            pub(crate) fn op(&self) -> Option<&dyn ErasedOp<T>> {
                match self {
                    StoredOp::Variable | StoredOp::Constant => None,
                    $($(StoredOp::$Op(op) => Some(op),)*)*
                    StoredOp::Custom(op) => Some(&**op),
                }
            }

            /// The name, as messages and pictures give it.
            pub(crate) fn name(&self) -> &'static str {
                match (self, self.op()) {
                    (_, Some(op)) => op.name(),
                    (StoredOp::Variable, None) => "variable",
                    (_, None) => "constant",
                }
            }

            /// Whether it is a variable or a constant.
            pub(crate) fn is_leaf(&self) -> bool {
                matches!(self, StoredOp::Variable | StoredOp::Constant)
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

/// An operation as a tape stores it: one of the list in line, any other behind a pointer.
#[derive(Debug)]
pub struct Stored<T: Real>(pub(super) StoredOp<T>);

impl<T: Real> Stored<T> {
    /// An operation that is not on the list.
    pub(super) fn custom(op: impl Op<T>) -> Self {
        Stored(StoredOp::Custom(Arc::new(op)))
    }
}

/// Completes the implementation of [`Op`] for an operation of the list: it is stored in line.
macro_rules! built_in {
    ($Op:ident) => {
        const BUILT_IN: bool = true;

        #[inline(always)]
        fn stored(self) -> $crate::tensor::ops::Stored<T> {
            $crate::tensor::ops::Stored($crate::tensor::ops::StoredOp::$Op(self))
        }
    };
}

use built_in;

operations! {
    elementwise: ElementwiseMethods => Map, Zip;
    select: SelectMethods => Select;
    sum: SumMethods => Sum;
    max: MaxMethods => Max;
    broadcast: BroadcastMethods SumToMethods => Broadcast, SumTo;
    reshape: ReshapeMethods => Reshape;
    permute: PermuteMethods => Permute;
    narrow: NarrowMethods => Narrow, Pad;
    concat: ConcatMethods => Concat;
    gather: GatherMethods ScatterMethods => Gather, ScatterAdd;
    matmul: MatMulMethods => MatMul;
    linear: LinearMethods => Dense;
    softmax: SoftmaxMethods => Softmax, LogSoftmax;
    cross_entropy: CrossEntropyMethods => CrossEntropyLoss<T>;
    squared_distance: SquaredDistanceMethods => SquaredDistance;
    norm: NormMethods => Norm;
}
