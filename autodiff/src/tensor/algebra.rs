//! The tensor algebra: what rules and models are written in, so that one text computes and records.

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

/// A tensor to calculate with: a [`Tensor`], which computes, or a variable [`Var`], which records.
///
/// A model, or a rule, that is written against this trait runs on plain tensors and records nothing, and runs on a tape,
/// where its result can be differentiated. Both implementors have inherent methods of the same names.
///
/// The trait lists no operation: [`apply`](Algebra::apply) takes any, built in or the user's own. The [`Operators`] work
/// on values and on references, with numbers on either side. The built-in operations are methods; each operation's file
/// declares its own, and they come with the bound `A: Algebra` (see [`methods`](crate::tensor::methods)).
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
/// The trait is sealed: it will have more methods.
pub trait Algebra: Clone + Debug + Operators + AllMethods + Accumulate {
    /// The precision, `f32` or `f64`.
    type Element: Real;

    /// The extent along each axis.
    #[must_use]
    fn shape(&self) -> Shape;

    /// The elements as a plain tensor, which holds no more of how they came about.
    #[must_use]
    fn value(&self) -> Tensor<Self::Element>;

    /// A constant, for use beside `self` (on the same tape).
    #[must_use]
    #[track_caller]
    fn constant(&self, value: impl Into<Tensor<Self::Element>>) -> Self;

    /// The result of `compute`, which the forward pass has kept as `saved`.
    ///
    /// Plain tensors take what was saved. Variables compute it anew, so that it is recorded how it depends on its inputs.
    #[must_use]
    fn recall(saved: &Tensor<Self::Element>, compute: impl FnOnce() -> Self) -> Cow<'_, Self>;

    /// The value of any operation: computed of tensors, recorded of variables.
    ///
    /// ```
    /// use autodiff::tensor::{Adjoints, Algebra, Float, Op, Point, Real, Tape, Tensor};
    ///
    /// /// The elements in the opposite order, along the first axis; a rule that is the operation itself.
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
    ///     (A::apply(Reverse, &[x]) * x.constant(Tensor::from_fn([3], |i| Float::from_f64(i as f64)))).sum()
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
    /// If the operation refuses the shapes of its inputs. Of variables also if there are none, or they are of different
    /// tapes.
    #[must_use]
    #[track_caller]
    fn apply<O: Op<Self::Element>>(op: O, inputs: &[&Self]) -> Self;

    /// Runs the text of a [`Dispatch`] that belongs to this reading and precision.
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
