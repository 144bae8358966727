//! What a backward pass gives: the gradient with respect to each variable.

use super::adjoints::{Slot, Term, last};
use super::algebra::Algebra;
use super::array::Tensor;
use super::element::Real;
use super::factor::{add_product, add_product_rows};
use super::kernels::simd::{FEW, vectorized};
use super::kernels::{Write, reduce};
use super::tape::Tape;
use super::var::Var;
use std::mem;
use std::ops::Range;

/// The adjoints of the variables of a recording, from one backward pass.
///
/// It stands apart from the tape's values, so one recording can be walked back many times.
#[derive(Debug)]
pub struct Gradients<'t, T: Real> {
    pub(super) tape: &'t Tape<T>,
    pub(super) slots: Vec<Slot<Tensor<T>>>,
}

impl<'t, T: Real> Gradients<'t, T> {
    /// The gradient with respect to `x`, in the shape of `x`: zeros if the result does not depend on it.
    ///
    /// # Panics
    ///
    /// If `x` is neither a variable nor [anchored](Var::anchor) before the backward pass, or is of another tape.
    #[must_use]
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Tensor<T> {
        self.check(x);
        let slot = self.slots.get(x.index as usize);
        match slot.and_then(Slot::evaluated) {
            Some(gradient) => gradient,
            None => self.zeros(x),
        }
    }

    /// The gradient with respect to `x` by itself, apart from these: [`wrt`](Gradients::wrt) gives zeros afterwards.
    ///
    /// It outlives the recording. The gradient of a weight matrix is not formed yet, but a product that waits to be
    /// added to where it is wanted.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0]]);
    /// let weight = tape.var([[0.5, -0.5]]);
    /// let y = x.linear(weight, tape.var([0.0])).sum();
    /// let gradient = y.gradients().take(weight);
    /// tape.reset();
    /// let mut descended = [0.5, -0.5];
    /// gradient.add_to(-0.1, &mut descended);
    /// assert_eq!(descended, [0.4, -0.7]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`wrt`](Gradients::wrt).
    #[must_use]
    #[track_caller]
    pub fn take(&mut self, x: Var<'t, T>) -> Gradient<T> {
        self.check(x);
        let slot = self.slots.get_mut(x.index as usize);
        Gradient(match slot.and_then(Slot::take) {
            Some(term) => term,
            None => Term::Sum(self.zeros(x)),
        })
    }

    #[inline]
    #[track_caller]
    fn check(&self, x: Var<'t, T>) {
        assert!(
            std::ptr::eq(self.tape, x.tape),
            "gradient: with respect to a variable of another tape"
        );
    }

    /// The gradient of a variable that nothing was added up for. Of others, only those are told that were kept.
    #[cold]
    #[track_caller]
    fn zeros(&self, x: Var<'t, T>) -> Tensor<T> {
        let node = &self.tape.nodes()[x.index as usize];
        assert!(
            node.anchored,
            "gradient: with respect to the result of `{}`, whose adjoint was not kept: anchor it before the backward pass",
            node.operation.name()
        );
        Tensor::zeros(node.value.shape())
    }
}

impl<T: Real> Drop for Gradients<'_, T> {
    fn drop(&mut self) {
        self.tape.return_slots(mem::take(&mut self.slots));
    }
}

/// The gradient with respect to one variable; [`Gradients::take`] gives it.
#[derive(Debug)]
pub struct Gradient<T: Real>(Term<Tensor<T>>);

impl<T: Real> Gradient<T> {
    /// The gradient, in the shape of the variable.
    #[must_use]
    pub fn tensor(&self) -> Tensor<T> {
        self.0.evaluated()
    }

    /// Adds `scale` times the gradient to `sum`, row by row.
    ///
    /// The gradient of a weight matrix is then never formed by itself: its last product is added to `sum` at once.
    ///
    /// # Panics
    ///
    /// If `sum` has not as many elements as the variable.
    #[track_caller]
    pub fn add_to(&self, scale: T, sum: &mut [T]) {
        let check = |size: usize| {
            assert!(
                sum.len() == size,
                "add_to: a gradient of {size} elements and a sum of {}",
                sum.len()
            );
        };
        match &self.0 {
            Term::Sum(gradient) => {
                check(gradient.size());
                add_scaled(scale, gradient.data(), sum);
            }
            Term::Product(a, b) => add_product(scale, a.as_factor(), b.as_factor(), sum),
            Term::Stretched(rows, rank) => {
                let shape = rows.shape();
                let (before, own) = shape.split_at(shape.rank() - rank);
                check(own.iter().product());
                let rows_before: usize = before.iter().product();
                if rows_before <= FEW_ROWS {
                    // So few are added one by one; their sum is not made by itself.
                    for row in 0..rows_before {
                        add_scaled(scale, &rows.data()[row * sum.len()..][..sum.len()], sum);
                    }
                } else if scale == T::from_f64(1.0) {
                    reduce::sum(rows.data(), rows_before, sum.len(), sum, Write::Add);
                } else {
                    add_scaled(scale, rows.sum_to(&last(shape, *rank)).data(), sum);
                }
            }
        }
    }

    /// Adds `scale` times some rows of the gradient, a run along its first axis, to `sum`; so several threads can
    /// share a gradient, or one form it piece by piece.
    ///
    /// # Panics
    ///
    /// If there are no such rows, or `sum` has not as many elements as they have.
    #[track_caller]
    pub fn add_rows_to(&self, scale: T, rows: Range<usize>, sum: &mut [T]) {
        let all = match &self.0 {
            Term::Product(a, b) => {
                return add_product_rows(scale, a.as_factor(), b.as_factor(), rows, sum);
            }
            Term::Sum(gradient) => gradient.shape().first(),
            Term::Stretched(rows, rank) => rows.shape()[rows.shape().rank() - rank..].first(),
        };
        if rows.start == 0 && all == Some(&rows.end) {
            return self.add_to(scale, sum);
        }
        let rows = self.tensor().rows(rows);
        assert!(
            sum.len() == rows.size(),
            "add_rows_to: rows of shape {} and {} elements",
            rows.shape(),
            sum.len()
        );
        add_scaled(scale, rows.data(), sum);
    }
}

/// Up to so many rows are added one after the other: the error of so short a sum hardly grows.
const FEW_ROWS: usize = 32;

fn add_scaled<T: Real>(scale: T, term: &[T], sum: &mut [T]) {
    if sum.len() < FEW {
        for (sum, &x) in sum.iter_mut().zip(term) {
            *sum = *sum + scale * x;
        }
        return;
    }
    vectorized(
        #[inline(always)]
        move || {
            for (sum, &x) in sum.iter_mut().zip(term) {
                *sum = *sum + scale * x;
            }
        },
    );
}
