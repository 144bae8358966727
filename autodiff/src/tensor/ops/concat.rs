//! Concatenation along an axis, and splitting.
//!
//! ```text
//! concat   x̄ᵢ = the range of ȳ that xᵢ is copied to
//! ```
//!
//! A split consists of ranges, which have a rule of their own.

use super::prelude::*;
use crate::tensor::list::List;
use smallvec::SmallVec;
use std::ops::Range;

/// Concatenation along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concat {
    axis: usize,
}

impl<T: Real> Op<T> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        joined(x, self.axis)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let mut start = 0;
        for (input, x) in at.x.iter().enumerate() {
            let range = start..start + x.shape()[self.axis];
            start = range.end;
            x_bar.add(input, || y_bar.narrow(self.axis, range));
        }
    }

    built_in!(Concat);
}

#[track_caller]
fn joined<T: Element>(parts: &[&Tensor<T>], axis: usize) -> Tensor<T> {
    let first = parts[0];
    let mut total = Some(0_usize);
    let mut shape = first.shape().clone();
    for part in parts {
        let fits = part.shape().rank() == shape.rank()
            && (0..shape.rank()).all(|i| i == axis || part.shape()[i] == shape[i]);
        assert!(
            fits,
            "concat: shapes {} and {} cannot be put together along axis {axis}",
            first.shape(),
            part.shape()
        );
        total = total.and_then(|total| total.checked_add(part.shape()[axis]));
    }
    let Some(total) = total else {
        panic!("concat: the sum of the extents along axis {axis} overflows")
    };
    shape.set(axis, total);
    let (_, extent, inner) = shape.split(axis, axis);
    Tensor::made(shape, |out| {
        let mut start = 0;
        for part in parts {
            let run = part.shape()[axis] * inner;
            for (row, x) in part.data().chunks_exact(run.max(1)).enumerate() {
                out[row * extent * inner + start..][..run].copy_from_slice(x);
            }
            start += run;
        }
    })
}

/// Checks the extents of the pieces along an axis.
///
/// # Panics
///
/// If they do not add up to the extent of the axis.
#[track_caller]
fn check_extents(shape: &Shape, axis: usize, extents: &[usize]) {
    let total = extents
        .iter()
        .try_fold(0_usize, |sum, &n| sum.checked_add(n));
    assert!(
        total == Some(shape[axis]),
        "split: pieces of {extents:?} do not fill axis {axis} of shape {shape}"
    );
}

/// The range of the given extent that begins at `start`, which moves to its end.
fn next_range(start: &mut usize, extent: usize) -> Range<usize> {
    let begin = *start;
    *start += extent;
    begin..*start
}

/// The first tensor to concatenate.
///
/// # Panics
///
/// If there is none.
#[track_caller]
fn first_of<'a, A>(parts: &[&'a A]) -> &'a A {
    match parts.first() {
        Some(first) => first,
        None => panic!("concat: there are no inputs"),
    }
}

methods! {
    /// Concatenation and splitting.
    pub trait ConcatMethods for any element;

    /// Concatenates tensors along an axis. Along every other axis they have the same extent.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor, Var};
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0], [2.0]]);
    /// let b = tape.var([[3.0, 4.0], [5.0, 6.0]]);
    /// let y = Var::concat(&[a, b], 1);
    /// assert_eq!(y.value(), Tensor::from([[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]]));
    /// assert_eq!((y * y).sum().gradients().wrt(a), Tensor::from([[2.0], [4.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there are no tensors, there is no such axis, the shapes differ along another axis, or the sum
    /// of the extents overflows.
    #[doc(alias("cat", "concatenate", "hstack", "vstack"))]
    pub fn concat(parts: &[impl Borrow<Self>], axis: impl Into<Axis>) -> Self {
        let parts: SmallVec<[&Self; 4]> = parts.iter().map(Borrow::borrow).collect();
        let axis = axis.into().of(&first_of(&parts).shape(), "concat");
        Self::apply(Concat { axis }, &parts)
    } on tensors {
        let parts: SmallVec<[&Self; 4]> = parts.iter().map(Borrow::borrow).collect();
        joined(&parts, axis.into().of(first_of(&parts).shape(), "concat"))
    }

    /// Splits the tensor along an axis into pieces with the given extents: an array of pieces for an array of extents,
    /// and a `Vec` for a slice.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let [first, rest] = Tensor::from([[1, 2, 3], [4, 5, 6]]).split(1, &[1, 2]);
    /// assert_eq!(first, Tensor::from([[1], [4]]));
    /// assert_eq!(rest, Tensor::from([[2, 3], [5, 6]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such axis, or the extents do not add up to its extent.
    #[doc(alias("chunk", "array_split"))]
    pub fn split<L: List<usize>>(self, axis: impl Into<Axis>, extents: L) -> L::Results<Self> {
        let axis = axis.into().of(&self.shape(), "split");
        check_extents(&self.shape(), axis, extents.items());
        let mut start = 0;
        extents.results(|extent| self.narrow(axis, next_range(&mut start, *extent)))
    } on tensors {
        let axis = axis.into().of(self.shape(), "split");
        check_extents(self.shape(), axis, extents.items());
        let mut start = 0;
        extents.results(|extent| self.narrow(axis, next_range(&mut start, *extent)))
    }
}

pub(super) fn check_cases() -> Vec<CheckCase> {
    let cases: [(&[&[usize]], usize); 10] = [
        (&[&[2], &[3]], 0),
        (&[&[1]], 0),
        (&[&[0], &[2]], 0),
        (&[&[0], &[0]], 0),
        (&[&[2, 3], &[1, 3], &[2, 3]], 0),
        (&[&[2, 1], &[2, 2], &[2, 3]], 1),
        (&[&[2, 2, 2], &[2, 1, 2]], 1),
        (&[&[1, 1], &[1, 1], &[1, 1], &[1, 1]], 1),
        (&[&[2], &[1], &[1], &[2], &[3]], 0),
        (&[&[0, 2], &[0, 1]], 1),
    ];
    let mut checks = Vec::new();
    for (shapes, axis) in cases {
        checks.push(CheckCase::new("concat", shapes, move |x| {
            Var::concat(x, axis)
        }));
    }
    // A variable that is an input twice gets both terms.
    checks.push(CheckCase::new("concat", &[&[2, 2]], |x| {
        Var::concat(&[x[0], x[0]], 1)
    }));
    let cases: [(&[usize], usize, &[usize]); 9] = [
        (&[1], 0, &[1]),
        (&[0], 0, &[0]),
        (&[5], 0, &[2, 3]),
        (&[5], 0, &[0, 5]),
        (&[3, 4], 0, &[1, 2]),
        (&[3, 4], 1, &[1, 1, 2]),
        (&[2, 3, 2], 1, &[2, 1]),
        (&[0, 3], 1, &[1, 2]),
        (&[1, 1], 1, &[1, 0]),
    ];
    for (shape, axis, extents) in cases {
        // In reverse order, so that no piece keeps its place.
        checks.push(CheckCase::new("split", &[shape], move |x| {
            let pieces = x[0].split(axis, extents);
            let reversed: Vec<_> = pieces.into_iter().rev().collect();
            Var::concat(&reversed, axis)
        }));
    }
    checks.push(CheckCase::new("split", &[&[2, 2, 3]], |x| {
        x[0].split(2, &[1, 2])[1]
    }));
    checks
}
