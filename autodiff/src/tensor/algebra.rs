//! The tensor algebra: what rules and networks are written in, so that one text computes and records.

use super::array::Tensor;
use super::element::Real;
use super::kernels::elementwise::{self, Side};
use super::kernels::{Write, broadcast::Walk, matmul, reduce};
use super::ops::CrossEntropy;
use super::shape::Shape;
use crate::elementwise::{Binary, Unary};
use smallvec::SmallVec;
use std::fmt::Debug;
use std::ops::Range;

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
    fn recall(saved: &Tensor<Self::Element>, compute: impl FnOnce() -> Self) -> Self;

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

    /// Adds a term to a sum that may be empty, in place where that is possible.
    fn add_to(sum: &mut Option<Self>, term: Self);

    /// Adds a matrix product to a sum that may be empty, in place where that is possible.
    fn add_product_to(sum: &mut Option<Self>, a: Factor<'_, Self>, b: Factor<'_, Self>);

    /// Adds ȳ ⊙ f′(x) to a sum that may be empty, in place where that is possible.
    fn add_unary_vjp_to(sum: &mut Option<Self>, function: Unary, x: &Self, y: &Self, y_bar: Self);

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

/// A factor of a matrix product, read as it lies or transposed; made by [`plain`] and [`transposed`].
#[derive(Debug)]
pub struct Factor<'a, A> {
    pub(crate) array: &'a A,
    pub(crate) transposed: bool,
}

impl<A> Clone for Factor<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Factor<'_, A> {}

/// Adds the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, or `sum` has not as many elements as the product.
#[track_caller]
pub fn add_product<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    sum: &mut [T],
) {
    let (a, b) = (a.matrix("add_product"), b.matrix("add_product"));
    matmul::matmul(scale, a, b, sum, Write::Add);
}

/// Adds some rows of the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, there are no such rows, or `sum` has not as many elements as
/// they have.
#[track_caller]
pub fn add_product_rows<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    sum: &mut [T],
) {
    let (a, b) = (a.matrix("add_product"), b.matrix("add_product"));
    matmul::matmul(scale, a.some_rows(rows), b, sum, Write::Add);
}

impl<A> Factor<'_, A> {
    /// The transpose of the factor.
    #[must_use]
    pub fn flipped(self) -> Self {
        Factor {
            transposed: !self.transposed,
            ..self
        }
    }
}

/// A factor as it lies.
#[must_use]
pub fn plain<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: false,
    }
}

/// A factor transposed, without moving its data.
#[must_use]
pub fn transposed<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: true,
    }
}

impl<'a, T: Real> Factor<'a, Tensor<T>> {
    /// The factor as the matrix kernel takes it.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[track_caller]
    pub(crate) fn matrix(self, operation: &str) -> matmul::Matrix<'a, T> {
        let &[rows, columns] = &self.array.shape()[..] else {
            panic!(
                "{operation}: a matrix is wanted, and the shape is {}",
                self.array.shape()
            );
        };
        let matrix = matmul::Matrix::new(self.array.data(), rows, columns);
        if self.transposed {
            matrix.transposed()
        } else {
            matrix
        }
    }
}

impl<T: Real> Algebra for Tensor<T> {
    type Element = T;

    fn extents(&self) -> Shape {
        self.shape().clone()
    }

    fn has_extents_of(&self, other: &Self) -> bool {
        self.shape() == other.shape()
    }

    fn constant_beside(&self, value: Tensor<T>) -> Self {
        value
    }

    fn recall(saved: &Tensor<T>, _compute: impl FnOnce() -> Self) -> Self {
        saved.clone()
    }

    fn unary(&self, function: Unary) -> Self {
        Tensor::made(self.shape().clone(), |y| {
            elementwise::unary(function, self.data(), y);
        })
    }

    #[track_caller]
    fn binary(&self, function: Binary, other: &Self) -> Self {
        // A backward pass begins with an adjoint of 1, and the product with it need not be formed.
        if function == Binary::Mul && other.shape().is_scalar() && *other.data() == [one()] {
            return self.clone();
        }
        let Some(shape) = self.shape().broadcast(other.shape()) else {
            panic!(
                "{}: shapes {} and {} cannot be broadcast together",
                function.name(),
                self.shape(),
                other.shape()
            );
        };
        let walk = Walk::new(self.shape(), other.shape(), &shape);
        Tensor::made(shape, |y| {
            elementwise::binary(function, &walk, self.data(), other.data(), y);
        })
    }

    #[track_caller]
    fn select(mask: &Tensor<u8>, a: &Self, b: &Self) -> Self {
        Tensor::select(mask, a, b)
    }

    #[track_caller]
    fn sum_over_keepdims(&self, axes: &[usize]) -> Self {
        Tensor::sum_over_keepdims(self, axes)
    }

    #[track_caller]
    fn broadcast_to(&self, shape: &Shape) -> Self {
        Tensor::broadcast_to(self, shape)
    }

    #[track_caller]
    fn reshape(&self, shape: &Shape) -> Self {
        Tensor::reshape(self, shape)
    }

    #[track_caller]
    fn permute(&self, order: &[usize]) -> Self {
        Tensor::permute(self, order)
    }

    fn sum_to(&self, shape: &Shape) -> Self {
        // A bias is stretched over the samples alone: the rows are added up, and no axis needs to be looked for.
        if self.shape().ends_with(shape) {
            let rows: usize = self.shape()[..self.shape().rank() - shape.rank()]
                .iter()
                .product();
            let sum = |out: &mut [T]| reduce::sum(self.data(), rows, out.len(), out, Write::Set);
            return if rows == 1 {
                self.reshape(shape)
            } else {
                Tensor::made(shape.clone(), sum)
            };
        }
        let axes = stretched_axes(self.shape(), shape);
        self.sum_over_keepdims(&axes).reshape(shape)
    }

    #[track_caller]
    fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        let (a, b) = (a.matrix("matmul"), b.matrix("matmul"));
        Tensor::made(Shape::from([a.rows(), b.columns()]), |y| {
            matmul::matmul(one(), a, b, y, Write::Set);
        })
    }

    #[track_caller]
    fn linear(&self, weight: &Self, bias: &Self) -> Self {
        Tensor::linear(self, weight, bias)
    }

    #[track_caller]
    fn layer(&self, weight: &Self, bias: &Self, function: Unary) -> Self {
        Tensor::layer(self, weight, bias, function)
    }

    #[track_caller]
    fn softmax(&self, axis: usize) -> Self {
        Tensor::softmax(self, axis)
    }

    #[track_caller]
    fn cross_entropy(&self, how: CrossEntropy<T>) -> Self {
        Tensor::cross_entropy(self, how)
    }

    #[track_caller]
    fn squared_distance(&self, other: &Self) -> Self {
        Tensor::squared_distance(self, other)
    }

    fn add_to(sum: &mut Option<Self>, term: Self) {
        match sum {
            Some(sum) => sum.accumulate(term),
            None => *sum = Some(term),
        }
    }

    fn add_product_to(sum: &mut Option<Self>, a: Factor<'_, Self>, b: Factor<'_, Self>) {
        match sum {
            Some(sum) => matmul::matmul(
                one(),
                a.matrix("vjp"),
                b.matrix("vjp"),
                sum.data_mut(),
                Write::Add,
            ),
            None => *sum = Some(Self::product(a, b)),
        }
    }

    fn add_unary_vjp_to(
        sum: &mut Option<Self>,
        function: Unary,
        x: &Self,
        y: &Self,
        mut y_bar: Self,
    ) {
        match sum {
            Some(sum) => elementwise::add_unary_vjp(
                function,
                x.data(),
                y.data(),
                y_bar.data(),
                sum.data_mut(),
            ),
            None => {
                elementwise::unary_vjp(function, x.data(), y.data(), y_bar.data_mut());
                *sum = Some(y_bar);
            }
        }
    }

    fn binary_vjp(
        function: Binary,
        operand: usize,
        a: &Self,
        b: &Self,
        y: &Self,
        y_bar: &Self,
    ) -> Self {
        // Where the slope is 1, the adjoint itself is the term, and nothing is copied.
        if function == Binary::Add || (function == Binary::Sub && operand == 0) {
            return y_bar.clone();
        }
        let side = if operand == 0 { Side::A } else { Side::B };
        let walk = Walk::new(a.shape(), b.shape(), y.shape());
        Tensor::made(y.shape().clone(), |term| {
            elementwise::binary_vjp(
                function,
                side,
                &walk,
                a.data(),
                b.data(),
                y.data(),
                y_bar.data(),
                term,
            );
        })
    }
}

fn one<T: Real>() -> T {
    T::from_f64(1.0)
}
