//! Samples, batches of samples, and how batches are drawn.

mod batches;
mod dataset;
mod rows;

pub use batches::Batches;
pub use dataset::{Dataset, DatasetError};
pub use rows::{Rows, Which};

use autodiff::tensor::{Targets, Tensor};
use std::ops::Range;

/// Samples of which any consecutive run can be loaded as a chunk for a [`Model`](crate::Model).
///
/// Tensors in memory are [`Rows`], which are batches already.
///
/// ```
/// use autodiff::Tensor;
/// use nn::Batch;
/// use std::ops::Range;
///
/// /// Points (x, x²) with x in [0, 1), computed when they are loaded.
/// struct Parabola {
///     points: usize,
/// }
///
/// impl Batch<[Tensor<f32>; 2]> for Parabola {
///     fn len(&self) -> usize {
///         self.points
///     }
///
///     fn load(&self, range: Range<usize>) -> [Tensor<f32>; 2] {
///         assert!(range.end <= self.points, "{range:?} lies outside of {} points", self.points);
///         let position = |i: usize| (range.start + i) as f32 / self.points as f32;
///         let x = Tensor::from_flat_fn([range.len(), 1], position);
///         [x.clone(), x.square()]
///     }
/// }
///
/// let [x, _] = Parabola { points: 10 }.load(3..5);
/// assert_eq!(x.data(), [0.3, 0.4]);
/// ```
pub trait Batch<C>: Sync {
    /// The number of samples. The engine calls this method once for each use of the batch.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the samples in a range. Several threads may call this method at the same time.
    ///
    /// # Panics
    ///
    /// If the range is not within the batch.
    #[track_caller]
    fn load(&self, range: Range<usize>) -> C;

    /// Returns all samples if they can share memory, so that the call is cheap. The engine then checks them against the
    /// model before it cuts the batch.
    fn whole(&self) -> Option<C> {
        None
    }

    /// Returns why the parts of the batch do not fit together, or `None` if they do. The engine panics with this text
    /// at the line that passed the batch.
    fn fault(&self) -> Option<String> {
        None
    }

    /// The divisor of the sum of the costs of all `samples`: by default their number. A batch of texts may return its
    /// number of words.
    fn weight(&self, samples: usize) -> f64 {
        samples as f64
    }
}

/// Samples that can be loaded by number, so that batches can be [drawn](Batches) from them.
pub trait Gather<C>: Batch<C> {
    /// Returns the samples with the given numbers, in that order. Several threads may call this method at the same
    /// time.
    ///
    /// # Panics
    ///
    /// If a number is not below the number of samples.
    #[track_caller]
    fn gather(&self, numbers: &[usize]) -> C;
}

/// Inputs with a row for each sample, and their targets.
pub type Labelled<T> = (Tensor<T>, Targets<T>);

/// A batch of the samples with given numbers, or of all samples.
#[derive(Debug)]
pub struct Selection<'a, D = Dataset> {
    data: &'a D,
    numbers: Option<&'a [usize]>,
}

impl<'a, D> Selection<'a, D> {
    /// Returns the samples of `data` with the given numbers, in that order, or all samples for `None`. A number may
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
