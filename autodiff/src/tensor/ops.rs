//! The list of operations, with one file for each.

mod arg_max;
mod broadcast;
mod check_case;
mod compare;
mod concat;
mod cross_entropy;
mod cumulative;
mod diagonal;
mod elementwise;
mod flip;
mod gather;
mod linear;
mod log_sum_exp;
mod masked_softmax;
mod masks;
mod matmul;
mod max;
mod methods_macro;
mod narrow;
mod norm;
mod one_hot;
mod pad_with;
mod permute;
mod prod;
mod reductions_macro;
mod repeat;
mod reshape;
mod select;
mod slice;
mod softmax;
mod sort;
mod squared_distance;
mod squeeze;
mod stack;
mod sum;
mod take_along;
mod variance;

use super::algebra::Algebra;
use super::op::{ErasedOp, Op};
use super::var::Var;
use crate::tensor::storage::element::Real;
pub use check_case::CheckCase;
pub use cross_entropy::{CrossEntropy, Targets};
pub use pad_with::Padding;
use std::sync::Arc;

/// Imports that most operation files share.
mod prelude {
    pub(super) use crate::tensor::algebra::{Algebra, Operand};
    pub(super) use crate::tensor::engine::adjoints::Adjoints;
    pub(super) use crate::tensor::op::{Op, Point, Saved};
    pub(super) use crate::tensor::ops::built_in;
    pub(super) use crate::tensor::ops::check_case::CheckCase;
    pub(super) use crate::tensor::ops::methods_macro::methods;
    pub(super) use crate::tensor::ops::reductions_macro::{kept_or_removed, reductions};
    pub(super) use crate::tensor::storage::array::Tensor;
    pub(super) use crate::tensor::storage::axes::{Axes, Axis, AxisSet};
    pub(super) use crate::tensor::storage::element::{Element, Real};
    pub(super) use crate::tensor::storage::shape::Shape;
    pub(super) use crate::tensor::var::Var;
    pub(super) use std::borrow::Borrow;
}

/// An operation in the precision that is wanted: itself, unless it holds numbers.
macro_rules! in_precision {
    ($op:ident) => {
        Clone::clone($op)
    };
    ($op:ident $T:ident) => {
        $op.cast()
    };
}

/// Declares the operations: for each file, its method traits and its operations.
///
/// An operation that is not listed does not compile, and neither does a file without `check_cases`. Every operation is
/// therefore checked.
macro_rules! operations {
    ($($module:ident: $($Methods:ident)+ => $($Op:ident $(<$T:ident>)?),*;)*) => {
        $($(use $module::$Op;)*)*

        /// The methods of the operations on generic tensors, with one or two traits for each operation file.
        ///
        /// They are supertraits of [`Algebra`](crate::tensor::Algebra) and come with the bound `A: Algebra`; no import
        /// is needed. [`Tensor`](crate::tensor::Tensor) and [`Var`](crate::tensor::Var) have the same methods as
        /// inherent methods.
        pub mod methods {
            $($(pub use super::$module::$Methods;)+)*

            /// The methods of all operations.
            pub trait AllMethods: $($($Methods +)+)* {}

            impl<A: $($($Methods +)+)*> AllMethods for A {}
        }

        /// The operation that a node results from.
        #[derive(Clone, Debug)]
        #[repr(u64)] // The variant is read from a tag, and not from the niches of a payload.
        pub(crate) enum StoredOp<T: Real> {
            /// A variable.
            Variable,
            /// A constant.
            Constant,
            $($($Op($Op $(<$T>)?),)*)*
            /// A user-defined operation.
            Custom(Arc<dyn ErasedOp<T>>),
        }

        impl<T: Real> StoredOp<T> {
            /// The operation; `None` for a variable or a constant.
            pub(crate) fn op(&self) -> Option<&dyn ErasedOp<T>> {
                match self {
                    StoredOp::Variable | StoredOp::Constant => None,
                    $($(StoredOp::$Op(op) => Some(op),)*)*
                    StoredOp::Custom(op) => Some(&**op),
                }
            }

            /// The name in messages and pictures.
            pub(crate) fn name(&self) -> &'static str {
                match (self, self.op()) {
                    (_, Some(op)) => op.name(),
                    (StoredOp::Variable, None) => "variable",
                    (_, None) => "constant",
                }
            }

            /// Records the operation in another precision. `None` if it is a leaf or user-defined.
            #[track_caller]
            pub(crate) fn record_in<'t, U: Real>(&self, x: &[&Var<'t, U>]) -> Option<Var<'t, U>> {
                match self {
                    StoredOp::Variable | StoredOp::Constant | StoredOp::Custom(_) => None,
                    $($(StoredOp::$Op(op) => Some(Var::apply(in_precision!(op $($T)?), x)),)*)*
                }
            }

            /// Whether the node is a variable or a constant.
            pub(crate) fn is_leaf(&self) -> bool {
                matches!(self, StoredOp::Variable | StoredOp::Constant)
            }
        }

        /// Returns every built-in operation with inputs of many shapes, for checks and measurements.
        ///
        /// ```
        /// let catalogue = autodiff::tensor::catalogue();
        /// assert!(catalogue.iter().any(|case| case.name() == "matmul"));
        /// ```
        #[must_use]
        pub fn catalogue() -> Vec<CheckCase> {
            let mut checks = Vec::new();
            $(checks.extend($module::check_cases());)*
            checks
        }
    };
}

/// An operation as a tape stores it: inline if it is built in, and otherwise behind a pointer.
#[derive(Debug)]
pub struct Stored<T: Real>(pub(super) StoredOp<T>);

impl<T: Real> Stored<T> {
    /// Stores a user-defined operation.
    pub(super) fn custom(op: impl Op<T>) -> Self {
        Stored(StoredOp::Custom(Arc::new(op)))
    }
}

/// Completes the implementation of [`Op`] for a built-in operation, which is stored inline.
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
    compare: CompareMethods =>;
    select: SelectMethods => Select;
    sum: SumMethods => Sum;
    max: MaxMethods => Max;
    arg_max: ArgMaxMethods =>;
    sort: SortMethods =>;
    prod: ProdMethods =>;
    log_sum_exp: LogSumExpMethods => LogSumExp;
    cumulative: CumulativeMethods => CumulativeSum;
    broadcast: BroadcastMethods SumToMethods => Broadcast, SumTo;
    reshape: ReshapeMethods => Reshape;
    squeeze: SqueezeMethods =>;
    permute: PermuteMethods => Permute;
    narrow: NarrowMethods => Narrow, Pad;
    slice: SliceMethods => Slice, Spread;
    flip: FlipMethods =>;
    concat: ConcatMethods => Concat;
    stack: StackMethods =>;
    repeat: RepeatMethods =>;
    gather: GatherMethods ScatterMethods => Gather, ScatterAdd;
    pad_with: PadWithMethods =>;
    diagonal: DiagonalMethods =>;
    take_along: TakeAlongMethods AddAlongMethods => TakeAlong, AddAlong;
    matmul: MatMulMethods => MatMul;
    linear: LinearMethods => Dense;
    softmax: SoftmaxMethods => Softmax, LogSoftmax;
    masked_softmax: MaskedSoftmaxMethods =>;
    cross_entropy: CrossEntropyMethods => CrossEntropyLoss<T>;
    squared_distance: SquaredDistanceMethods => SquaredDistance;
    norm: NormMethods => Norm;
    variance: VarianceMethods =>;
}
