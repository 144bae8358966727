//! The reading that computes: the algebra of plain tensors.

use super::super::array::Tensor;
use super::super::element::Real;
use super::super::factor::{Factor, multiply};
use super::super::kernels::elementwise::{self, Side};
use super::super::kernels::{Write, broadcast::Walk, reduce};
use super::super::ops::CrossEntropy;
use super::super::shape::Shape;
use super::{Algebra, check_product, private, stretched_axes};
use crate::elementwise::{Binary, Unary};
use std::borrow::Cow;

impl<T: Real> private::Sealed for Tensor<T> {}

impl<T: Real> Algebra for Tensor<T> {
    type Element = T;

    fn extents(&self) -> Shape {
        self.shape().clone()
    }

    fn has_extents_of(&self, other: &Self) -> bool {
        self.shape() == other.shape()
    }

    #[inline(always)]
    fn with_extents<R>(&self, f: impl FnOnce(&[usize]) -> R) -> R {
        f(self.shape())
    }

    fn constant_beside(&self, value: Tensor<T>) -> Self {
        value
    }

    fn recall(saved: &Tensor<T>, _compute: impl FnOnce() -> Self) -> Cow<'_, Self> {
        Cow::Borrowed(saved)
    }

    fn unary(&self, function: Unary) -> Self {
        Tensor::made(self.shape().clone(), |y| {
            elementwise::unary(function, self.data(), y);
        })
    }

    #[track_caller]
    fn binary(&self, function: Binary, other: &Self) -> Self {
        // A backward pass begins with an adjoint of 1, and the product with it need not be formed.
        let is_product = matches!(function, Binary::Mul | Binary::AbsorbingMul);
        if is_product && other.shape().is_scalar() && *other.data() == [one()] {
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

    #[track_caller]
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
        let ([rows, inner], [inner_of_b, columns]) = (a.extents("matmul"), b.extents("matmul"));
        assert!(inner == inner_of_b, "matmul: shapes {a} and {b} do not fit");
        Tensor::made(Shape::from([rows, columns]), |y| {
            multiply("matmul", one(), a, b, 0..rows, y, Write::Set);
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

    #[track_caller]
    fn plus_term(mut self, term: Self) -> Self {
        check_sizes("plus_term", &self, &term);
        self.accumulate(term);
        self
    }

    #[track_caller]
    fn plus_product(mut self, a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        check_product(&self, a, b);
        let [rows, _] = a.extents("vjp");
        multiply("vjp", one(), a, b, 0..rows, self.data_mut(), Write::Add);
        self
    }

    #[track_caller]
    fn plus_unary_vjp(mut self, function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self {
        for other in [x, y, &y_bar] {
            check_sizes("plus_unary_vjp", &self, other);
        }
        let (x, y, y_bar) = (x.data(), y.data(), y_bar.data());
        elementwise::add_unary_vjp(function, x, y, y_bar, self.data_mut());
        self
    }

    #[track_caller]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, mut y_bar: Self) -> Self {
        for other in [x, y] {
            check_sizes("unary_vjp", &y_bar, other);
        }
        elementwise::unary_vjp(function, x.data(), y.data(), y_bar.data_mut());
        y_bar
    }

    #[track_caller]
    fn binary_vjp(
        function: Binary,
        operand: usize,
        a: &Self,
        b: &Self,
        y: &Self,
        y_bar: &Self,
    ) -> Self {
        check_sizes("binary_vjp", y, y_bar);
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

/// Checks that two operands, whose elements are taken pairwise, have equally many.
///
/// # Panics
///
/// If they have not.
#[inline(always)]
#[track_caller]
fn check_sizes<T: Real>(operation: &str, a: &Tensor<T>, b: &Tensor<T>) {
    if a.size() != b.size() {
        differ(operation, a.shape(), b.shape());
    }
}

#[cold]
#[track_caller]
fn differ(operation: &str, a: &Shape, b: &Shape) -> ! {
    panic!("{operation}: shapes {a} and {b} differ")
}
