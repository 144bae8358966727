//! Samples in memory, a row for each.

use super::{Batch, Gather};
use autodiff::tensor::{Element, Real, Targets, Tensor};
use std::ops::Range;

/// Tensors with a row for each sample: one, or a tuple or array of several. Such a value is a [`Batch`] of itself.
pub trait Rows: Clone + Sync {
    /// The number of rows. Of several tensors, that of the first.
    fn count(&self) -> usize;

    /// Some of the rows, sharing memory.
    ///
    /// # Panics
    ///
    /// If there are no such rows.
    #[must_use]
    #[track_caller]
    fn part(&self, range: Range<usize>) -> Self;

    /// The rows with the given numbers, in that order.
    ///
    /// # Panics
    ///
    /// If a number is not below that of the rows.
    #[must_use]
    #[track_caller]
    fn picked(&self, numbers: &[usize]) -> Self;

    /// Whether all tensors have that many rows.
    fn all_have(&self, count: usize) -> bool {
        self.count() == count
    }
}

impl<R: Rows> Batch<R> for R {
    fn len(&self) -> usize {
        self.count()
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> R {
        self.part(range)
    }

    fn whole(&self) -> Option<R> {
        Some(self.clone())
    }

    fn fault(&self) -> Option<String> {
        let count = self.count();
        (!self.all_have(count)).then(|| format!("not all tensors of the batch have {count} rows"))
    }
}

impl<R: Rows> Gather<R> for R {
    #[track_caller]
    fn gather(&self, numbers: &[usize]) -> R {
        self.picked(numbers)
    }
}

impl<E: Element> Rows for Tensor<E> {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    #[track_caller]
    fn part(&self, range: Range<usize>) -> Self {
        self.rows(range)
    }

    #[track_caller]
    fn picked(&self, numbers: &[usize]) -> Self {
        self.gather_rows(numbers)
    }
}

impl<T: Real> Rows for Targets<T> {
    fn count(&self) -> usize {
        match self {
            Targets::Classes(numbers) => numbers.count(),
            Targets::Probabilities(rows) => rows.count(),
        }
    }

    #[track_caller]
    fn part(&self, range: Range<usize>) -> Self {
        self.rows(range)
    }

    #[track_caller]
    fn picked(&self, numbers: &[usize]) -> Self {
        match self {
            Targets::Classes(classes) => Targets::Classes(classes.picked(numbers)),
            Targets::Probabilities(rows) => Targets::Probabilities(rows.picked(numbers)),
        }
    }
}

impl<R: Rows, const N: usize> Rows for [R; N] {
    fn count(&self) -> usize {
        self.first().map_or(0, R::count)
    }

    #[track_caller]
    fn part(&self, range: Range<usize>) -> Self {
        self.each_ref().map(|rows| rows.part(range.clone()))
    }

    #[track_caller]
    fn picked(&self, numbers: &[usize]) -> Self {
        self.each_ref().map(|rows| rows.picked(numbers))
    }

    fn all_have(&self, count: usize) -> bool {
        self.iter().all(|rows| rows.all_have(count))
    }
}

macro_rules! tuples {
    ($(($($R:ident $i:tt),+))*) => { $(
        impl<$($R: Rows),+> Rows for ($($R,)+) {
            fn count(&self) -> usize {
                self.0.count()
            }

            #[track_caller]
            fn part(&self, range: Range<usize>) -> Self {
                ($(self.$i.part(range.clone()),)+)
            }

            #[track_caller]
            fn picked(&self, numbers: &[usize]) -> Self {
                ($(self.$i.picked(numbers),)+)
            }

            fn all_have(&self, count: usize) -> bool {
                $(self.$i.all_have(count))&&+
            }
        }
    )* };
}
tuples!((R0 0, R1 1) (R0 0, R1 1, R2 2) (R0 0, R1 1, R2 2, R3 3));
