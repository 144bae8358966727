//! A range along an axis, and padding with zeros: each is the other's rule.
//!
//! ```text
//! narrow   x̄ = ȳ, padded with zeros outside of the range
//! pad      x̄ = ȳ, without the padding
//! ```

use super::prelude::*;
use std::ops::Range;

/// A range along an axis.
#[derive(Clone, Debug)]
pub(crate) struct Narrow {
    axis: usize,
    range: Range<usize>,
}

impl<T: Real> Op<T> for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].narrow(self.axis, self.range.clone())
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        _at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add_range(0, self.axis, self.range.start, &y_bar);
    }

    built_in!(Narrow);
}

/// Padding with zeros before and after the elements along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pad {
    axis: usize,
    before: usize,
    after: usize,
}

impl<T: Real> Op<T> for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].pad(self.axis, self.before, self.after)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let end = self.before + at.x[0].shape()[self.axis];
        x_bar.add(0, || y_bar.narrow(self.axis, self.before..end));
    }

    built_in!(Pad);
}

methods! {
    /// Ranges and padding.
    pub trait NarrowMethods for any element;

    /// Returns the elements of a range along an axis. If the axis is the first, or all axes before it have extent 1,
    /// tensors share memory.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let y = x.narrow(1, 1..3);
    /// assert_eq!(y.value(), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    /// assert_eq!(y.sum().gradients().wrt(x), Tensor::from([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or the range is not inside it.
    #[doc(alias = "slice")]
    pub fn narrow(self, axis: impl Into<Axis>, range: Range<usize>) -> Self {
        let axis = axis.into().of(&self.shape(), "narrow");
        Self::apply(Narrow { axis, range }, &[self])
    } on tensors {
        let axis = axis.into().of(self.shape(), "narrow");
        let (outer, extent, inner) = self.shape().split(axis, axis);
        assert!(
            range.start <= range.end && range.end <= extent,
            "narrow: {range:?} lies outside of axis {axis} of shape {}",
            self.shape()
        );
        if range.len() == extent {
            return self.clone();
        }
        let mut shape = self.shape().clone();
        shape.set(axis, range.len());
        if outer == 1 {
            return self.piece(range.start * inner, &shape);
        }
        let (x, run) = (self.data(), range.len() * inner);
        Tensor::made(shape, |out| {
            for (row, out) in out.chunks_exact_mut(run.max(1)).enumerate() {
                out.copy_from_slice(&x[(row * extent + range.start) * inner..][..run]);
            }
        })
    }

    /// Pads an axis with zeros: `before` zeros before the elements, and `after` zeros after them.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(x.pad(1, 1, 2), Tensor::from([[0.0, 1.0, 2.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, its extent would overflow, or there is not enough memory.
    #[doc(alias = "constant_pad")]
    pub fn pad(self, axis: impl Into<Axis>, before: usize, after: usize) -> Self {
        let axis = axis.into().of(&self.shape(), "pad");
        Self::apply(Pad { axis, before, after }, &[self])
    } on tensors {
        let axis = axis.into().of(self.shape(), "pad");
        let (_, extent, inner) = self.shape().split(axis, axis);
        let padded = extent.checked_add(before).and_then(|n| n.checked_add(after));
        let Some(padded) = padded else {
            panic!(
                "pad: axis {axis} of shape {} cannot have {before} elements before and {after} after its own",
                self.shape()
            )
        };
        let mut shape = self.shape().clone();
        shape.set(axis, padded);
        let (x, run) = (self.data(), extent * inner);
        Tensor::made(shape, |out| {
            out.fill(T::default());
            for (row, x) in x.chunks_exact(run.max(1)).enumerate() {
                out[(row * padded + before) * inner..][..run].copy_from_slice(x);
            }
        })
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[usize], usize, Range<usize>); 12] = [
        (&[5], 0, 1..4),
        (&[1], 0, 0..1),
        (&[1], 0, 1..1),
        (&[0], 0, 0..0),
        (&[3, 4], 0, 1..2),
        (&[3, 4], 1, 0..3),
        (&[3, 4], 1, 4..4),
        (&[2, 3, 4], 1, 1..3),
        (&[2, 3, 2, 2], 2, 0..1),
        (&[0, 3], 1, 1..2),
        (&[1, 1], 1, 0..0),
        (&[1, 3, 2], 1, 2..3),
    ];
    let mut checks = Vec::new();
    for (shape, axis, range) in cases {
        let (before, after) = (range.start, shape[axis] - range.end);
        checks.push(CheckCase::new("narrow", &[shape], move |x| {
            x[0].narrow(axis, range.clone())
        }));
        checks.push(CheckCase::new("pad", &[shape], move |x| {
            x[0].pad(axis, before, after)
        }));
    }
    checks
}
