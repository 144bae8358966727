//! The engine's sums and products of adjoints: in place on tensors, as operations on variables.

use super::Algebra;
use crate::elementwise::{Binary, Unary};
use crate::tensor::engine::factor::{Factor, multiply, product_fits};
use crate::tensor::loops::{Loops, WhichOperand};
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use autodiff_kernels::Write;
use autodiff_kernels::broadcast::Walk;

/// Sums of adjoints, and products of adjoints with slopes. Only the engine calls these; the trait seals [`Algebra`].
pub trait Accumulate: Sized {
    /// Returns `f(shape)` without copying the shape.
    fn with_shape<R>(&self, f: impl FnOnce(&Shape) -> R) -> R;

    /// Whether both have the same shape.
    #[must_use]
    fn has_shape_of(&self, other: &Self) -> bool {
        self.with_shape(|own| other.with_shape(|other| own == other))
    }

    /// Returns `self + term`, both of the same shape, in place where possible.
    #[must_use]
    #[track_caller]
    fn plus_term(self, term: Self) -> Self;

    /// Returns `self + a · b`, both of the same shape, in place where possible.
    #[must_use]
    #[track_caller]
    fn plus_product(self, a: Factor<'_, Self>, b: Factor<'_, Self>) -> Self;

    /// Returns `self` plus `term` in the range of an axis that begins at `start`, in place where possible.
    #[must_use]
    #[track_caller]
    fn plus_range(self, axis: usize, start: usize, term: &Self) -> Self;

    /// Returns ȳ ⊙ f′(x), all of the same shape, in place where possible.
    #[must_use]
    #[track_caller]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, y_bar: Self) -> Self;

    /// Returns the term of operand 0, ȳ ⊙ ∂f/∂a, or of operand 1, ȳ ⊙ ∂f/∂b, in the shape of `y` and `y_bar`, to which
    /// the operands are broadcast.
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
}

impl<T: Real> Accumulate for Tensor<T> {
    #[inline(always)]
    fn with_shape<R>(&self, f: impl FnOnce(&Shape) -> R) -> R {
        f(self.shape())
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
        let rows = 0..self.shape()[0];
        let one = T::from_f64(1.0);
        multiply("plus_product", one, a, b, rows, self.data_mut(), Write::Add);
        self
    }

    #[track_caller]
    fn plus_range(mut self, axis: usize, start: usize, term: &Self) -> Self {
        let (_, extent, inner) = self.shape().split(axis, axis);
        let run = term.shape()[axis] * inner;
        let rows = self.data_mut().chunks_exact_mut((extent * inner).max(1));
        for (sum, term) in rows.zip(term.data().chunks_exact(run.max(1))) {
            for (sum, &x) in sum[start * inner..][..run].iter_mut().zip(term) {
                *sum = *sum + x;
            }
        }
        self
    }

    #[track_caller]
    fn unary_vjp(function: Unary, x: &Self, y: &Self, mut y_bar: Self) -> Self {
        for other in [x, y] {
            check_sizes("unary_vjp", &y_bar, other);
        }
        Loops::unary_vjp(function, x.data(), y.data(), y_bar.data_mut());
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
        // Where the slope is 1, the adjoint is the term, and nothing is copied.
        if function == Binary::Add || (function == Binary::Sub && operand == 0) {
            return y_bar.clone();
        }
        let which = if operand == 0 {
            WhichOperand::A
        } else {
            WhichOperand::B
        };
        let walk = Walk::new(a.shape(), b.shape(), y.shape());
        Tensor::made(y.shape().clone(), |term| {
            Loops::binary_vjp(
                function,
                which,
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

impl<T: Real> Accumulate for Var<'_, T> {
    fn with_shape<R>(&self, f: impl FnOnce(&Shape) -> R) -> R {
        f(self.tape.nodes()[self.index as usize].value.shape())
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
    fn plus_range(self, axis: usize, start: usize, term: &Self) -> Self {
        let after = Var::shape(self)[axis] - start - Var::shape(*term)[axis];
        self + (*term).pad(axis, start, after)
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

/// Checks that two operands have the same number of elements.
///
/// # Panics
///
/// If the numbers differ.
#[inline(always)]
#[track_caller]
fn check_sizes<T: Real>(operation: &str, a: &Tensor<T>, b: &Tensor<T>) {
    if a.size() != b.size() {
        differ(operation, a.shape(), b.shape());
    }
}

/// Checks that two operands have the same shape.
///
/// # Panics
///
/// If the shapes differ.
#[inline]
#[track_caller]
fn check_same<A: Algebra>(operation: &str, a: &A, b: &A) {
    if !a.has_shape_of(b) {
        differ(operation, &a.shape(), &b.shape());
    }
}

#[cold]
#[track_caller]
fn differ(operation: &str, a: &Shape, b: &Shape) -> ! {
    panic!("{operation}: shapes {a} and {b} differ")
}

/// Checks that the product of two matrices exists and has the shape of `sum`.
///
/// # Panics
///
/// If it does not.
#[inline]
#[track_caller]
fn check_product<A: Algebra>(sum: &A, a: Factor<'_, A>, b: Factor<'_, A>) {
    assert!(
        product_fits(sum, a, b),
        "plus_product: a sum of shape {} and a product of shapes {a} and {b}",
        sum.shape()
    );
}
