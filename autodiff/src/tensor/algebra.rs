//! The tensor algebra: what rules and networks are written in, so that one text computes and records.

mod tensors;
mod vars;

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
///
/// The trait is sealed: it will have more methods.
pub trait Algebra: Clone + Debug + private::Sealed {
    /// The precision, `f32` or `f64`.
    type Element: Real;

    /// The extent along each axis.
    #[must_use]
    fn extents(&self) -> Shape;

    /// What `f` makes of the extents, which are not copied for it.
    fn with_extents<R>(&self, f: impl FnOnce(&[usize]) -> R) -> R;

    /// Whether both have the same extents.
    #[must_use]
    fn has_extents_of(&self, other: &Self) -> bool {
        self.with_extents(|own| other.with_extents(|other| own.iter().eq(other)))
    }

    /// A constant, for use beside `self` (on the same tape).
    #[must_use]
    #[track_caller]
    fn constant_beside(&self, value: Tensor<Self::Element>) -> Self;

    /// The result of `compute`, which the forward pass has kept as `saved`.
    ///
    /// Plain tensors take what was saved. Variables compute it anew, so that it is recorded how it depends on its inputs.
    #[must_use]
    fn recall(saved: &Tensor<Self::Element>, compute: impl FnOnce() -> Self) -> Cow<'_, Self>;

    /// A function of one variable from the table, elementwise.
    #[must_use]
    #[track_caller]
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

    /// The matrix product of two factors, in which 0 · ∞ is NaN.
    ///
    /// # Panics
    ///
    /// If they are not matrices, or do not fit together.
    #[must_use]
    #[track_caller]
    fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self;

    /// `self · weightᵀ + bias`, the affine layer, in which 0 · ∞ is NaN.
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

    /// This sum with another term of the same extents, in place where that is possible.
    #[must_use]
    #[track_caller]
    fn plus_term(self, term: Self) -> Self;

    /// This sum with a matrix product of the same extents, in place where that is possible.
    #[must_use]
    #[track_caller]
    fn plus_product(self, a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self;

    /// This sum with ȳ ⊙ f′(x), all of the same extents, in place where that is possible.
    #[must_use]
    #[track_caller]
    fn plus_unary_vjp(self, function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self;

    /// ȳ ⊙ f′(x), all of the same extents, in place where that is possible.
    #[must_use]
    #[track_caller]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self;

    /// ȳ ⊙ ∂f/∂a or ȳ ⊙ ∂f/∂b, in the common shape of the operands, which `y` and `y_bar` have: the term that the operand
    /// of that number gets.
    #[must_use]
    #[track_caller]
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

    /// `self · other`, elementwise and broadcasting, where an exactly zero factor absorbs an infinite or NaN one.
    ///
    /// A rule multiplies adjoints with slopes in this way.
    #[must_use]
    #[track_caller]
    fn absorbing_mul(&self, other: &Self) -> Self {
        self.binary(Binary::AbsorbingMul, other)
    }

    /// `c · self`.
    #[must_use]
    #[track_caller]
    fn scaled(&self, c: f64) -> Self {
        self.times(&self.constant_beside(Tensor::scalar(Real::from_f64(c))))
    }

    /// The sum over the axes along which `shape` was stretched to the shape of `self`: what undoes broadcasting.
    ///
    /// # Panics
    ///
    /// If it cannot be stretched to that.
    #[must_use]
    #[track_caller]
    fn sum_to(&self, shape: &Shape) -> Self {
        let axes = stretched_axes(&self.extents(), shape);
        self.sum_over_keepdims(&axes).reshape(shape)
    }
}

/// The axes along which `shape` was stretched to become `extents`.
///
/// # Panics
///
/// If it cannot be.
#[track_caller]
fn stretched_axes(extents: &Shape, shape: &Shape) -> SmallVec<[usize; 4]> {
    assert!(
        shape.stretches_to(extents),
        "sum_to: shape {shape} cannot be stretched to {extents}"
    );
    let added = extents.rank() - shape.rank();
    let stretched =
        |&axis: &usize| axis < added || (shape[axis - added] == 1 && extents[axis] != 1);
    (0..extents.rank()).filter(stretched).collect()
}

/// Whether a matrix product can be formed and has the extents of `x`.
#[inline]
pub(super) fn product_fits<A: Algebra>(x: &A, a: Factor<'_, A>, b: Factor<'_, A>) -> bool {
    let matrix = |array: &A| {
        array.with_extents(|extents| match *extents {
            [rows, columns] => Some((rows, columns)),
            _ => None,
        })
    };
    let factor = |factor: Factor<'_, A>| {
        let (rows, columns) = matrix(factor.array)?;
        Some(if factor.transposed {
            (columns, rows)
        } else {
            (rows, columns)
        })
    };
    let (Some((rows, inner)), Some((inner_of_b, columns))) = (factor(a), factor(b)) else {
        return false;
    };
    inner == inner_of_b && matrix(x) == Some((rows, columns))
}

/// Checks that two operands have the same extents.
///
/// # Panics
///
/// If they differ.
#[inline]
#[track_caller]
fn check_same<A: Algebra>(operation: &str, sum: &A, term: &A) {
    assert!(
        sum.has_extents_of(term),
        "{operation}: shapes {} and {} differ",
        sum.extents(),
        term.extents()
    );
}

/// Checks that a sum has the extents of a matrix product.
///
/// # Panics
///
/// If it has not, or the factors do not fit together.
#[inline]
#[track_caller]
fn check_product<A: Algebra>(sum: &A, a: Factor<'_, A>, b: Factor<'_, A>) {
    assert!(
        product_fits(sum, a, b),
        "plus_product: a sum of shape {} and a product of shapes {a} and {b}",
        sum.extents()
    );
}

mod private {
    pub trait Sealed {}
}
