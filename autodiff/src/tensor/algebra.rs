//! `Algebra`: the operations that tensors and variables share, so that rules and models are written once.

mod accumulate;
mod dispatch;
mod operand;
mod operators;

use super::op::Op;
use super::ops::methods::AllMethods;
use super::var::Var;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use accumulate::Accumulate;
pub use dispatch::Dispatch;
use dispatch::{OnTensors, OnVariables};
pub use operand::Operand;
pub use operators::Operators;
use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

/// A tensor to compute with: a [`Tensor`], which only computes, or a [`Var`], which also records.
///
/// A model or a rule that is generic over this trait runs on tensors, where nothing is recorded, and on variables,
/// where its result can be differentiated. Both types also have inherent methods of the same names.
///
/// The trait does not list the operations: [`apply`](Algebra::apply) takes any operation, built in or user-defined. The
/// [`Operators`] take values and references, and numbers on either side. The built-in operations are methods of the
/// traits in [`methods`](crate::tensor::methods), which come with the bound `A: Algebra`.
///
/// ```
/// use autodiff::tensor::{Algebra, Tape, Tensor};
///
/// fn model<A: Algebra>(weight: &A, bias: &A, x: &A) -> A {
///     let hidden = (x.matmul(weight) + bias).tanh();
///     (0.5 * &hidden.narrow(1, 0..2) - 1.0).softmax(1).ln().mean()
/// }
///
/// let weight = Tensor::from([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]);
/// let bias = Tensor::from([0.0, 0.1, 0.2]);
/// let x = Tensor::from([[1.0, 2.0]]);
/// let plain = model(&weight, &bias, &x);
///
/// let tape = Tape::new();
/// let [weight, bias, x] = [weight, bias, x].map(|tensor| tape.var(tensor));
/// let recorded = model(&weight, &bias, &x);
/// assert_eq!(recorded.value(), plain);
/// assert_eq!(recorded.gradients().wrt(weight).shape()[..], [2, 3]);
/// ```
///
/// The trait is sealed, since later versions will add methods.
pub trait Algebra: Clone + Debug + Operators + AllMethods + Accumulate {
    /// The precision, `f32` or `f64`.
    type Element: Real;

    /// The extent along each axis.
    #[must_use]
    fn shape(&self) -> Shape;

    /// The elements as a plain tensor, without the recording.
    #[must_use]
    fn value(&self) -> Tensor<Self::Element>;

    /// Returns `value` as a constant, on the tape of `self` if that is a variable.
    #[must_use]
    #[track_caller]
    fn constant(&self, value: impl Into<Tensor<Self::Element>>) -> Self;

    /// Returns the result of `compute`, which the forward pass has kept as `saved`.
    ///
    /// On tensors, this is `saved`. On variables, `compute` runs again, so that its operations are recorded.
    #[must_use]
    fn recall(saved: &Tensor<Self::Element>, compute: impl FnOnce() -> Self) -> Cow<'_, Self>;

    /// Applies any operation: computes its value on tensors, and records it on variables.
    ///
    /// ```
    /// use autodiff::tensor::{Adjoints, Algebra, Float, Op, Point, Real, Tape, Tensor};
    ///
    /// /// Reverses the order of the elements along the first axis. The rule is the operation itself.
    /// #[derive(Debug)]
    /// struct Reverse;
    ///
    /// impl<T: Real> Op<T> for Reverse {
    ///     fn name(&self) -> &'static str {
    ///         "reverse"
    ///     }
    ///     fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
    ///         let rows: Vec<usize> = (0..x[0].shape()[0]).rev().collect();
    ///         x[0].gather_rows(&rows)
    ///     }
    ///     fn vjp<A: Algebra<Element = T>>(&self, _: &Point<'_, A>, y_bar: A, x_bar: &mut Adjoints<'_, A>) {
    ///         x_bar.add(0, || A::apply(Reverse, &[&y_bar]));
    ///     }
    /// }
    ///
    /// fn model<A: Algebra>(x: &A) -> A {
    ///     (A::apply(Reverse, &[x]) * x.constant(Tensor::from_flat_fn([3], |i| Float::from_f64(i as f64)))).sum()
    /// }
    ///
    /// let tape = Tape::new();
    /// let x = tape.var([1.0, 2.0, 3.0]);
    /// assert_eq!(model(&x).gradients().wrt(x).data(), [2.0, 1.0, 0.0]);
    /// assert_eq!(model(&x.value()).item(), 4.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If the shapes of the inputs do not fit the operation. On variables, also if there are no inputs, or they are on
    /// different tapes.
    #[must_use]
    #[track_caller]
    fn apply<O: Op<Self::Element>>(op: O, inputs: &[&Self]) -> Self;

    /// Calls the method of a [`Dispatch`] for this type and precision.
    fn dispatch<'i, D: Dispatch>(dispatch: D, input: D::Input<'i, Self>) -> D::Output<Self>
    where
        Self: 'i;
}

impl<T: Real> Algebra for Tensor<T> {
    type Element = T;

    fn shape(&self) -> Shape {
        Tensor::shape(self).clone()
    }

    fn value(&self) -> Tensor<T> {
        self.clone()
    }

    fn constant(&self, value: impl Into<Tensor<T>>) -> Self {
        value.into()
    }

    fn recall(saved: &Tensor<T>, _compute: impl FnOnce() -> Self) -> Cow<'_, Self> {
        Cow::Borrowed(saved)
    }

    #[inline(always)]
    #[track_caller]
    fn apply<O: Op<T>>(op: O, inputs: &[&Self]) -> Self {
        op.value(inputs)
    }

    fn dispatch<'i, D: Dispatch>(dispatch: D, input: D::Input<'i, Self>) -> D::Output<Self>
    where
        Self: 'i,
    {
        T::choose(OnTensors(dispatch, PhantomData), input)
    }
}

impl<'t, T: Real> Algebra for Var<'t, T> {
    type Element = T;

    fn shape(&self) -> Shape {
        Var::shape(*self)
    }

    fn value(&self) -> Tensor<T> {
        Var::value(*self)
    }

    #[track_caller]
    fn constant(&self, value: impl Into<Tensor<T>>) -> Self {
        self.tape.constant(value)
    }

    fn recall(_saved: &Tensor<T>, compute: impl FnOnce() -> Self) -> Cow<'_, Self> {
        Cow::Owned(compute())
    }

    #[inline(always)]
    #[track_caller]
    fn apply<O: Op<T>>(op: O, inputs: &[&Self]) -> Self {
        match inputs {
            [first, ..] => first.tape.record(op, inputs),
            [] => panic!("{}: there are no inputs", op.name()),
        }
    }

    fn dispatch<'i, D: Dispatch>(dispatch: D, input: D::Input<'i, Self>) -> D::Output<Self>
    where
        Self: 'i,
    {
        T::choose(OnVariables(dispatch, PhantomData), input)
    }
}
