//! The tensor algebra: what rules and networks are written in, so that one text computes and records.

mod tensors;

use super::array::Tensor;
use super::element::Real;
use super::factor::Factor;
use super::ops::CrossEntropy;
use super::shape::Shape;
use crate::elementwise::{Binary, Unary};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt::Debug;

/// A tensor to calculate with: a [`Tensor`], which computes, or a variable [`Var`](super::Var), which records.
///
/// A rule, or a network, that is written against this trait runs on plain numbers at full speed, and runs on a tape
/// where its result can be differentiated. Both implementors have inherent methods of the same names; see there.
pub trait Algebra: Clone + Debug {
    /// The precision, `f32` or `f64`.
    type Element: Real;

    /// The extent along each axis.
    #[must_use]
    fn extents(&self) -> Shape;

    /// Whether both have the same extents.
    #[must_use]
    fn has_extents_of(&self, other: &Self) -> bool {
        self.extents() == other.extents()
    }

    /// A constant, for use beside `self` (on the same tape).
    #[must_use]
    fn constant_beside(&self, value: Tensor<Self::Element>) -> Self;

    /// The result of `compute`, which the forward pass has kept as `saved`.
    ///
    /// Plain tensors take what was saved. Variables compute it anew, so that it is recorded how it depends on its inputs.
    #[must_use]
    fn recall(saved: &Tensor<Self::Element>, compute: impl FnOnce() -> Self) -> Cow<'_, Self>;

    /// A function of one variable from the table, elementwise.
    #[must_use]
    fn unary(&self, function: Unary) -> Self;

    /// A function of two variables from the table, elementwise and broadcasting.
    #[must_use]
    #[track_caller]
    fn binary(&self, function: Binary, other: &Self) -> Self;

    /// `a` where the mask is not 0 and `b` where it is, all three broadcast to one shape.
    #[must_use]
    #[track_caller]
    fn select(mask: &Tensor<u8>, a: &Self, b: &Self) -> Self;

    /// The sum over the given axes, which stay with extent 1.
    #[must_use]
    #[track_caller]
    fn sum_over_keepdims(&self, axes: &[usize]) -> Self;

    /// The tensor stretched to a larger shape.
    #[must_use]
    #[track_caller]
    fn broadcast_to(&self, shape: &Shape) -> Self;

    /// The same elements in another shape.
    #[must_use]
    #[track_caller]
    fn reshape(&self, shape: &Shape) -> Self;

    /// The axes in another order: axis `i` of the result is axis `order[i]`.
    #[must_use]
    #[track_caller]
    fn permute(&self, order: &[usize]) -> Self;

    /// The matrix product of two factors.
    #[must_use]
    #[track_caller]
    fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self;

    /// `self · weightᵀ + bias`, the affine layer.
    #[must_use]
    #[track_caller]
    fn linear(&self, weight: &Self, bias: &Self) -> Self;

    /// `f(self · weightᵀ + bias)`, a layer of neurons.
    #[must_use]
    #[track_caller]
    fn layer(&self, weight: &Self, bias: &Self, function: Unary) -> Self;

    /// Softmax along an axis.
    #[must_use]
    #[track_caller]
    fn softmax(&self, axis: usize) -> Self;

    /// The cross-entropy between targets and the softmax of these logits, a scalar.
    #[must_use]
    #[track_caller]
    fn cross_entropy(&self, how: CrossEntropy<Self::Element>) -> Self;

    /// The squared distance Σ (self − other)², a scalar.
    #[must_use]
    #[track_caller]
    fn squared_distance(&self, other: &Self) -> Self;

    /// This sum with another term, in place where that is possible.
    #[must_use]
    fn plus_term(self, term: Self) -> Self;

    /// This sum with a matrix product, in place where that is possible.
    #[must_use]
    fn plus_product(self, a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self;

    /// This sum with ȳ ⊙ f′(x), in place where that is possible.
    #[must_use]
    fn plus_unary_vjp(self, function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self;

    /// ȳ ⊙ f′(x), in place where that is possible.
    #[must_use]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self;

    /// ȳ ⊙ ∂f/∂a or ȳ ⊙ ∂f/∂b, in the common shape of the operands: the term that the operand of that number gets.
    #[must_use]
    fn binary_vjp(
        function: Binary,
        operand: usize,
        a: &Self,
        b: &Self,
        y: &Self,
        y_bar: &Self,
    ) -> Self;

    /// `self + other`, elementwise and broadcasting.
    #[must_use]
    #[track_caller]
    fn plus(&self, other: &Self) -> Self {
        self.binary(Binary::Add, other)
    }

    /// `self − other`, elementwise and broadcasting.
    #[must_use]
    #[track_caller]
    fn minus(&self, other: &Self) -> Self {
        self.binary(Binary::Sub, other)
    }

    /// `self · other`, elementwise and broadcasting.
    #[must_use]
    #[track_caller]
    fn times(&self, other: &Self) -> Self {
        self.binary(Binary::Mul, other)
    }

    /// `c · self`.
    #[must_use]
    fn scaled(&self, c: f64) -> Self {
        self.times(&self.constant_beside(Tensor::scalar(Real::from_f64(c))))
    }

    /// The sum over the axes along which `shape` was stretched to the shape of `self`: what undoes broadcasting.
    #[must_use]
    fn sum_to(&self, shape: &Shape) -> Self {
        let axes = stretched_axes(&self.extents(), shape);
        self.sum_over_keepdims(&axes).reshape(shape)
    }
}

/// The axes along which `shape` was stretched to become `extents`.
fn stretched_axes(extents: &Shape, shape: &Shape) -> SmallVec<[usize; 4]> {
    let added = extents.rank() - shape.rank();
    let stretched =
        |&axis: &usize| axis < added || (shape[axis - added] == 1 && extents[axis] != 1);
    (0..extents.rank()).filter(stretched).collect()
}
