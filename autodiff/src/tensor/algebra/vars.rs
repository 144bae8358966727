//! The reading that records: the algebra of variables.

use super::super::array::Tensor;
use super::super::element::Real;
use super::super::factor::Factor;
use super::super::ops::{self, CrossEntropy};
use super::super::shape::Shape;
use super::super::var::Var;
use super::{Algebra, check_product, check_same, private};
use crate::elementwise::{Binary, Unary};
use std::borrow::Cow;

impl<T: Real> private::Sealed for Var<'_, T> {}

impl<'t, T: Real> Algebra for Var<'t, T> {
    type Element = T;

    fn extents(&self) -> Shape {
        self.shape()
    }

    fn with_extents<R>(&self, f: impl FnOnce(&[usize]) -> R) -> R {
        f(self.tape.nodes()[self.index as usize].value.shape())
    }

    #[track_caller]
    fn constant_beside(&self, value: Tensor<T>) -> Self {
        self.tape.constant(value)
    }

    fn recall(_saved: &Tensor<T>, compute: impl FnOnce() -> Self) -> Cow<'_, Self> {
        Cow::Owned(compute())
    }

    #[track_caller]
    fn unary(&self, function: Unary) -> Self {
        ops::map(function, *self)
    }

    #[track_caller]
    fn binary(&self, function: Binary, other: &Self) -> Self {
        ops::zip(function, *self, *other)
    }

    #[track_caller]
    fn select(mask: &Tensor<u8>, a: &Self, b: &Self) -> Self {
        Var::select(mask, *a, *b)
    }

    #[track_caller]
    fn sum_over_keepdims(&self, axes: &[usize]) -> Self {
        Var::sum_over_keepdims(*self, axes)
    }

    #[track_caller]
    fn broadcast_to(&self, shape: &Shape) -> Self {
        Var::broadcast_to(*self, shape)
    }

    #[track_caller]
    fn reshape(&self, shape: &Shape) -> Self {
        Var::reshape(*self, shape)
    }

    #[track_caller]
    fn permute(&self, order: &[usize]) -> Self {
        Var::permute(*self, order)
    }

    #[track_caller]
    fn product(a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        let product = ops::MatMul {
            a_transposed: a.transposed,
            b_transposed: b.transposed,
        };
        a.array.tape.record(product, [*a.array, *b.array])
    }

    #[track_caller]
    fn linear(&self, weight: &Self, bias: &Self) -> Self {
        Var::linear(*self, *weight, *bias)
    }

    #[track_caller]
    fn layer(&self, weight: &Self, bias: &Self, function: Unary) -> Self {
        Var::layer(*self, *weight, *bias, function)
    }

    #[track_caller]
    fn softmax(&self, axis: usize) -> Self {
        Var::softmax(*self, axis)
    }

    #[track_caller]
    fn cross_entropy(&self, how: CrossEntropy<T>) -> Self {
        Var::cross_entropy(*self, how)
    }

    #[track_caller]
    fn squared_distance(&self, other: &Self) -> Self {
        Var::squared_distance(*self, *other)
    }

    #[track_caller]
    fn plus_term(self, term: Self) -> Self {
        check_same("plus_term", &self, &term);
        self + term
    }

    #[track_caller]
    fn plus_product(self, a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self {
        check_product(&self, a, b);
        self + Self::product(a, b)
    }

    #[track_caller]
    fn plus_unary_vjp(self, function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self {
        self + Self::unary_vjp(function, x, y, y_bar)
    }

    #[track_caller]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self {
        check_same("unary_vjp", x, &y_bar);
        y_bar.absorbing_mul(function.slope_on_tensors(*x, *y))
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
        check_same("binary_vjp", y, y_bar);
        let (slope_a, slope_b) = function.slopes(*a, *b, *y);
        let slope = if operand == 0 { slope_a } else { slope_b };
        (*y_bar).absorbing_mul(slope)
    }
}
