//! Labelled byte images, and batches of them.

use crate::{Batch, Labelled};
use autodiff::tensor::{Real, Tensor};
use rand::seq::SliceRandom;
use std::ops::Range;

/// Samples made of bytes, each with a class number, such as pictures of digits.
///
/// They stay bytes, which stand for numbers between 0 and 1, and take a quarter of the memory traffic of `f32`.
#[derive(Clone, Debug)]
pub struct Dataset {
    inputs: Tensor<u8>,
    classes: Tensor<u32>,
}

/// Why inputs and classes do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The number of bytes is not that of as many samples as there are class numbers.
    #[error("{bytes} bytes are not {samples} samples of {features} bytes")]
    Size {
        /// The number of bytes.
        bytes: usize,
        /// The number of class numbers.
        samples: usize,
        /// The bytes in a sample.
        features: usize,
    },
}

impl Dataset {
    /// Samples of `features` bytes each, stored one after the other, with a class number for each.
    ///
    /// # Errors
    ///
    /// If the number of bytes is not `features` times the number of classes.
    pub fn new(inputs: &[u8], features: usize, classes: &[u8]) -> Result<Dataset, DatasetError> {
        if classes.len().checked_mul(features) != Some(inputs.len()) {
            return Err(DatasetError::Size {
                bytes: inputs.len(),
                samples: classes.len(),
                features,
            });
        }
        Ok(Dataset {
            inputs: Tensor::new([classes.len(), features], inputs),
            classes: Tensor::from(classes).cast(),
        })
    }

    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes in a sample.
    #[must_use]
    pub fn features(&self) -> usize {
        self.inputs.shape()[1]
    }

    /// The class numbers.
    #[must_use]
    pub fn classes(&self) -> &[u32] {
        self.classes.data()
    }

    /// The samples in a range.
    ///
    /// # Panics
    ///
    /// If the range does not lie within the data.
    #[must_use]
    #[track_caller]
    pub fn range(&self, range: Range<usize>) -> Dataset {
        Dataset {
            inputs: self.inputs.rows(range.clone()),
            classes: self.classes.rows(range),
        }
    }

    /// The samples with the given numbers, in that order.
    ///
    /// A number may occur several times.
    ///
    /// # Panics
    ///
    /// If a number is not below [`len`](Dataset::len).
    #[must_use]
    #[track_caller]
    pub fn select<'a>(&'a self, numbers: &'a [usize]) -> Selection<'a> {
        if let Some(number) = numbers.iter().find(|&&number| number >= self.len()) {
            panic!(
                "select: there is no sample {number}: there are {}",
                self.len()
            );
        }
        Selection {
            data: self,
            numbers,
        }
    }

    /// The numbers of all samples in random order, for the batches of an epoch.
    #[must_use]
    pub fn shuffled(&self, rng: &mut impl rand::Rng) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..self.len()).collect();
        numbers.shuffle(rng);
        numbers
    }
}

/// Bytes that stand for numbers between 0 and 1.
fn pixels<T: Real>(bytes: &Tensor<u8>) -> Tensor<T> {
    Tensor::from_bytes(bytes, T::from_f64(1.0 / 255.0))
}

impl<T: Real> Batch<Labelled<T>> for Dataset {
    fn len(&self) -> usize {
        Dataset::len(self)
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> Labelled<T> {
        (
            pixels(&self.inputs.rows(range.clone())),
            self.classes.rows(range).into(),
        )
    }

    fn whole(&self) -> Option<Labelled<T>> {
        Some(self.load(0..self.len()))
    }
}

/// Some samples of a [`Dataset`], by number.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    data: &'a Dataset,
    numbers: &'a [usize],
}

impl Selection<'_> {
    /// The number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Real> Batch<Labelled<T>> for Selection<'_> {
    fn len(&self) -> usize {
        Selection::len(self)
    }

    #[track_caller]
    fn load(&self, range: Range<usize>) -> Labelled<T> {
        let Some(numbers) = self.numbers.get(range.clone()) else {
            panic!(
                "load: {range:?} lies outside of {} samples",
                self.numbers.len()
            );
        };
        (
            pixels(&self.data.inputs.gather_rows(numbers)),
            self.data.classes.gather_rows(numbers).into(),
        )
    }
}
