//! Repetition along an axis, of the whole and of each element.
//!
//! ```text
//! repeat              yᵢ = x₍ᵢ mod ₙ₎    x̄ = the sum of ȳ over the copies
//! repeat_interleave   yᵢ = x₍ᵢ div ₖ₎    x̄ = the sum of ȳ over the copies
//! ```
//!
//! The copies are broadcast along an axis of their own, which is then merged with the repeated axis.

use super::prelude::*;

/// Repetition along an axis.
struct Repeated {
    /// The shape with an axis of extent 1 for the copies.
    single: Shape,
    /// The shape with the copies along that axis.
    copied: Shape,
    /// The shape in which that axis is merged with the repeated axis.
    merged: Shape,
}

impl Repeated {
    /// Repetition of `axis`, with the copies along a new axis number `copies`.
    ///
    /// # Panics
    ///
    /// If the copies have more elements than can be counted.
    #[track_caller]
    fn new(operation: &str, shape: &Shape, axis: usize, copies: usize, times: usize) -> Repeated {
        let with_copies =
            |extent: usize| Shape::joined([&shape[..copies], &[extent], &shape[copies..]]);
        let copied = with_copies(times);
        assert!(
            copied.checked_size().is_some(),
            "{operation}: {times} copies of shape {shape} along axis {axis} have more elements than can be counted"
        );
        let mut merged = shape.clone();
        merged.set(axis, shape[axis] * times);
        Repeated {
            single: with_copies(1),
            copied,
            merged,
        }
    }
}

methods! {
    /// Repetition.
    pub trait RepeatMethods for any element;

    /// Repeats the tensor along an axis, one copy after the other.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.repeat(1, 2), Tensor::from([[1, 2, 1, 2], [3, 4, 3, 4]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or there is not enough memory.
    #[doc(alias = "tile")]
    pub fn repeat(self, axis: impl Into<Axis>, times: usize) -> Self {
        let axis = axis.into().of(&self.shape(), "repeat");
        let repeated = Repeated::new("repeat", &self.shape(), axis, axis, times);
        self.reshape(repeated.single).broadcast_to(repeated.copied).reshape(repeated.merged)
    }

    /// Repeats each element `times` times along an axis; its copies are neighbours.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.repeat_interleave(1, 2), Tensor::from([[1, 1, 2, 2], [3, 3, 4, 4]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or there is not enough memory.
    #[doc(alias("repeat", "repeat_each"))]
    pub fn repeat_interleave(self, axis: impl Into<Axis>, times: usize) -> Self {
        let axis = axis.into().of(&self.shape(), "repeat_interleave");
        let repeated = Repeated::new("repeat_interleave", &self.shape(), axis, axis + 1, times);
        self.reshape(repeated.single).broadcast_to(repeated.copied).reshape(repeated.merged)
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], isize, usize); 10] = [
        (&[1], 0, 1),
        (&[1], -1, 3),
        (&[0], 0, 2),
        (&[2], 0, 0),
        (&[5], 0, 3),
        (&[3, 4], 0, 2),
        (&[4, 3], -1, 2),
        (&[2, 3, 2], 1, 2),
        (&[2, 2, 2], -1, 3),
        (&[2, 0, 2], 0, 2),
    ];
    let mut checks = Vec::new();
    for (shape, axis, times) in cases {
        checks.push(CheckCase::new("repeat", &[shape], move |x| {
            x[0].repeat(axis, times)
        }));
        checks.push(CheckCase::new("repeat_interleave", &[shape], move |x| {
            x[0].repeat_interleave(axis, times)
        }));
    }
    checks
}

#[cfg(test)]
mod tests {
    use crate::tensor::{Tape, Tensor};

    #[test]
    fn copies_follow_each_other_along_the_axis() {
        let x = Tensor::from([[1_u8, 2], [3, 4]]);
        let rows = Tensor::from([[1_u8, 2], [3, 4], [1, 2], [3, 4]]);
        assert_eq!(x.repeat(0, 2), rows);
        let rows = Tensor::from([[1_u8, 2], [1, 2], [3, 4], [3, 4]]);
        assert_eq!(x.repeat_interleave(-2, 2), rows);
        assert_eq!(x.repeat(0, 0).shape(), [0, 2]);
        assert_eq!(x.repeat(0, 1), x);
    }

    #[test]
    fn a_gradient_is_the_sum_over_the_copies() {
        let tape = Tape::new();
        let x = tape.var([1.0, 2.0]);
        let y_bar = Tensor::from([1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(x.repeat(0, 2).vjp(&y_bar).wrt(x).data(), [101.0, 1010.0]);
        let interleaved = x.repeat_interleave(0, 2);
        assert_eq!(interleaved.vjp(&y_bar).wrt(x).data(), [11.0, 1100.0]);
    }
}
