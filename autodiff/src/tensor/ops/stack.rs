//! Stacking along a new axis, and its inverse.
//!
//! ```text
//! stack     x̄ᵢ = part i of ȳ along the new axis
//! unstack   x̄ = the stack of the adjoints
//! ```
//!
//! A stack is a concatenation along an axis of extent 1, and a part is a range of one element without its axis.

use super::prelude::*;
use super::squeeze::new_axis;

/// The first tensor to stack.
///
/// # Panics
///
/// If there is none.
#[track_caller]
fn first_of<A>(parts: &[impl Borrow<A>]) -> &A {
    match parts.first() {
        Some(first) => first.borrow(),
        None => panic!("stack: there are no inputs"),
    }
}

/// # Panics
///
/// If a part has another shape than the first.
#[track_caller]
fn check_part(first: &Shape, part: &Shape) {
    assert!(first == part, "stack: shapes {first} and {part} differ");
}

/// # Panics
///
/// If a stack of parts of a shape has more elements than can be counted.
#[track_caller]
fn check_size(shape: &Shape, parts: usize) {
    assert!(
        Shape::joined([&[parts], &shape[..], &[]])
            .checked_size()
            .is_some(),
        "stack: {parts} tensors of shape {shape} have more elements than can be counted"
    );
}

methods! {
    /// Stacking.
    pub trait StackMethods for any element;

    /// Stacks tensors of the same shape along a new axis: number `axis` of the result, where −1 is the last.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 0), Tensor::from([[1, 2], [3, 4]]));
    /// assert_eq!(Tensor::stack(&[&a, &b], -1), Tensor::from([[1, 3], [2, 4]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there are no tensors, the result has no such axis, the shapes differ, the variables are on different tapes,
    /// or there is not enough memory.
    pub fn stack(parts: &[impl Borrow<Self>], axis: impl Into<Axis>) -> Self {
        let shape = first_of::<Self>(parts).shape();
        let axis = new_axis(&shape, axis.into(), "stack");
        check_size(&shape, parts.len());
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            let part: &Self = part.borrow();
            check_part(&shape, &part.shape());
            rows.push(part.unsqueeze(axis));
        }
        Self::concat(&rows, axis)
    }

    /// Returns the parts at each position along an axis, in order; the axis is removed. [`stack`](Tensor::stack) puts
    /// them together again.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.unstack(1), [Tensor::from([1, 3]), Tensor::from([2, 4])]);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis.
    #[doc(alias = "unbind")]
    pub fn unstack(self, axis: impl Into<Axis>) -> Vec<Self> {
        let axis = axis.into().of(&self.shape(), "unstack");
        let mut parts = Vec::new();
        for i in 0..self.shape()[axis] {
            parts.push(self.slice_axis(axis, i));
        }
        parts
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], usize, isize); 10] = [
        (&[], 1, 0),
        (&[], 3, -1),
        (&[1], 2, 0),
        (&[0], 2, 1),
        (&[3], 1, -2),
        (&[3], 3, -1),
        (&[2, 3], 2, 0),
        (&[2, 3], 2, 2),
        (&[3, 2], 2, -2),
        (&[2, 1, 2], 2, -1),
    ];
    let mut checks = Vec::new();
    for (shape, parts, axis) in cases {
        checks.push(CheckCase::new("stack", &vec![shape; parts], move |x| {
            Var::stack(x, axis)
        }));
    }
    let cases: [(&[usize], isize); 9] = [
        (&[1], 0),
        (&[4], -1),
        (&[1, 0], 0),
        (&[3, 2], 0),
        (&[2, 3], 1),
        (&[3, 1], -1),
        (&[2, 3, 2], 1),
        (&[2, 2, 3], -1),
        (&[3, 2, 2], -3),
    ];
    for (shape, axis) in cases {
        // In reverse order and along the first axis, so that no part keeps its place.
        checks.push(CheckCase::new("unstack", &[shape], move |x| {
            let parts: Vec<_> = x[0].unstack(axis).into_iter().rev().collect();
            Var::stack(&parts, 0)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor, Var};

    #[test]
    fn unstacking_undoes_stacking() {
        let parts = [0, 1, 2].map(|n| Tensor::from_flat_fn([2, 2], |i| 10 * n + i as i32));
        for axis in [0, 1, 2, -1, -2, -3] {
            let stack = Tensor::stack(&parts, axis);
            assert_eq!(stack.unstack(axis), parts, "{axis}");
        }
        assert_eq!(Tensor::stack(&parts, 1).at([1, 2, 0]), 22);
        assert!(Tensor::<f64>::zeros([0, 2]).unstack(0).is_empty());
    }

    #[test]
    fn a_variable_that_is_stacked_twice_gets_both_terms() {
        let tape = Tape::new();
        let x = tape.var([1.0, 2.0]);
        let y = Var::stack(&[x, x], 1);
        let gradient = y.vjp(Tensor::from([[1.0, 2.0], [3.0, 4.0]])).wrt(x);
        assert_eq!(gradient.data(), [3.0, 7.0]);
    }
}
