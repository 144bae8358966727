//! Labelled byte images.

use super::{Batch, Gather, Labelled, Selection};
use autodiff::tensor::{Real, Shape, Tensor};
use std::ops::Range;

/// Samples made of bytes, each with a class number, such as pictures of digits.
///
/// They stay bytes, which stand for numbers between 0 and 1, and take a quarter of the memory traffic of `f32`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    inputs: Tensor<u8>,
    classes: Tensor<u32>,
    shape: Shape,
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
    /// Samples of the given shape, such as rows and columns, stored one after the other, with a class number for each.
    ///
    /// # Errors
    ///
    /// If the number of bytes is not that of a sample times the number of classes.
    pub fn new(
        inputs: &[u8],
        shape: impl Into<Shape>,
        classes: &[u8],
    ) -> Result<Dataset, DatasetError> {
        let shape = shape.into();
        let features = shape.size();
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
            shape,
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

    /// The shape of a sample.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The bytes in a sample.
    #[must_use]
    pub fn features(&self) -> usize {
        self.inputs.shape()[1]
    }

    /// The bytes of all samples, one sample after the other.
    #[must_use]
    pub fn inputs(&self) -> &[u8] {
        self.inputs.data()
    }

    /// The bytes of one sample.
    ///
    /// # Panics
    ///
    /// If there is no sample of this number.
    #[must_use]
    #[track_caller]
    pub fn sample(&self, number: usize) -> &[u8] {
        self.check("sample", number);
        &self.inputs()[number * self.features()..][..self.features()]
    }

    /// The class numbers.
    #[must_use]
    pub fn classes(&self) -> &[u32] {
        self.classes.data()
    }

    /// The samples in a range, sharing memory.
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
            shape: self.shape.clone(),
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
        if let Some(&largest) = numbers.iter().max() {
            self.check("select", largest);
        }
        Selection::new(self, Some(numbers))
    }

    #[track_caller]
    fn check(&self, operation: &str, number: usize) {
        assert!(
            number < self.len(),
            "{operation}: there is no sample {number}: there are {}",
            self.len()
        );
    }
}

/// Bytes that stand for numbers between 0 and 1.
fn pixels<T: Real>(bytes: &Tensor<u8>) -> Tensor<T> {
    Tensor::from_scaled_bytes(bytes, T::from_f64(1.0 / 255.0))
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

impl<T: Real> Gather<Labelled<T>> for Dataset {
    #[track_caller]
    fn gather(&self, numbers: &[usize]) -> Labelled<T> {
        (
            pixels(&self.inputs.gather_rows(numbers)),
            self.classes.gather_rows(numbers).into(),
        )
    }
}
