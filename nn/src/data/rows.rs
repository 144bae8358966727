//! Samples in memory: tensors with a row for each sample.

use super::{Batch, Gather};
use autodiff::tensor::{Element, Real, Targets, Tensor};
use std::ops::Range;

/// Tensors with a row for each sample: a single tensor, or a tuple or array of several. A value of such a type is a
/// [`Batch`] that loads chunks of the same type.
pub trait Rows: Clone + Sync {
    /// The number of rows of the first tensor.
    fn count(&self) -> usize;

    /// Returns some of the rows.
    ///
    /// # Panics
    ///
    /// If a row does not exist.
    #[must_use]
    #[track_caller]
    fn some(&self, which: &Which<'_>) -> Self;

    /// Whether all tensors have `count` rows.
    fn all_have(&self, count: usize) -> bool {
        self.count() == count
    }
}

/// The rows that [`Rows::some`] returns.
#[derive(Clone, Debug)]
pub enum Which<'a> {
    /// Consecutive rows. The result shares memory.
    Range(Range<usize>),
    /// The rows with the given numbers, in that order. They are copied.
    Numbers(&'a [usize]),
}

impl<R: Rows> Batch<R> for R {
    fn len(&self) -> usize {
        self.count()
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> R {
        self.some(&Which::Range(range))
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
        self.some(&Which::Numbers(numbers))
    }
}

impl<E: Element> Rows for Tensor<E> {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }

    #[track_caller]
    fn some(&self, which: &Which<'_>) -> Self {
        match which {
            Which::Range(range) => self.rows(range.clone()),
            Which::Numbers(numbers) => self.gather_rows(numbers),
        }
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
    fn some(&self, which: &Which<'_>) -> Self {
        match self {
            Targets::Classes(numbers) => Targets::Classes(numbers.some(which)),
            Targets::Probabilities(rows) => Targets::Probabilities(rows.some(which)),
        }
    }
}

impl<R: Rows, const N: usize> Rows for [R; N] {
    fn count(&self) -> usize {
        self.first().map_or(0, R::count)
    }

    #[track_caller]
    fn some(&self, which: &Which<'_>) -> Self {
        self.each_ref().map(|rows| rows.some(which))
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
            fn some(&self, which: &Which<'_>) -> Self {
                ($(self.$i.some(which),)+)
            }

            fn all_have(&self, count: usize) -> bool {
                $(self.$i.all_have(count))&&+
            }
        }
    )* };
}
tuples!((R0 0, R1 1) (R0 0, R1 1, R2 2) (R0 0, R1 1, R2 2, R3 3));
