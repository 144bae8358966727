//! Samples: batches of them, and how batches are drawn.

mod batches;
mod dataset;
mod rows;

pub use batches::Batches;
pub use dataset::{Dataset, DatasetError};
pub use rows::{Rows, Which};

use autodiff::tensor::{Targets, Tensor};
use std::ops::Range;

/// Samples, any run of which can be loaded as a chunk for a [`Model`](crate::Model).
pub trait Batch<C>: Sync {
    /// The number of samples. It is asked for once each time that the batch is used.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A run of samples. Several threads load at a time.
    ///
    /// # Panics
    ///
    /// If the range does not lie inside the batch.
    #[track_caller]
    fn load(&self, range: Range<usize>) -> C;

    /// All samples, if that takes no time because they share memory. They are then compared with the model before the
    /// batch is cut.
    fn whole(&self) -> Option<C> {
        None
    }

    /// Why this is no batch, if its parts do not fit together. It is reported at the line that passed it.
    fn fault(&self) -> Option<String> {
        None
    }

    /// What the sum of the costs of all `samples` is divided by: their number, or that of their words, say.
    fn weight(&self, samples: usize) -> f64 {
        samples as f64
    }
}

/// Samples of which any can be loaded by number, so that batches of them can be [drawn](Batches).
pub trait Gather<C>: Batch<C> {
    /// The samples with the given numbers, in that order. Several threads gather at a time.
    ///
    /// # Panics
    ///
    /// If a number is not below that of the samples.
    #[track_caller]
    fn gather(&self, numbers: &[usize]) -> C;
}

/// Inputs, a row for each sample, and their targets.
pub type Labelled<T> = (Tensor<T>, Targets<T>);

/// Some samples by number, or all of them, as a batch.
#[derive(Debug)]
pub struct Selection<'a, D = Dataset> {
    data: &'a D,
    numbers: Option<&'a [usize]>,
}

impl<'a, D> Selection<'a, D> {
    /// The samples of `data` with the given numbers, in that order, or all of them if there are no numbers. A number may
    /// occur several times.
    #[must_use]
    pub fn new(data: &'a D, numbers: Option<&'a [usize]>) -> Self {
        Selection { data, numbers }
    }
}

impl<C, D: Gather<C>> Batch<C> for Selection<'_, D> {
    fn len(&self) -> usize {
        self.numbers.map_or_else(|| self.data.len(), <[usize]>::len)
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> C {
        let Some(numbers) = self.numbers else {
            return self.data.load(range);
        };
        match numbers.get(range.clone()) {
            Some(numbers) => self.data.gather(numbers),
            None => panic!("load: {range:?} lies outside of {} samples", numbers.len()),
        }
    }

    fn whole(&self) -> Option<C> {
        match self.numbers {
            Some(_) => None,
            None => self.data.whole(),
        }
    }

    fn fault(&self) -> Option<String> {
        self.data.fault()
    }

    fn weight(&self, samples: usize) -> f64 {
        match self.numbers {
            Some(_) => samples as f64,
            None => self.data.weight(samples),
        }
    }
}
