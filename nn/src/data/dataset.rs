//! Labelled samples of bytes, such as images.

use super::{Batch, Gather, Labelled, Selection};
use autodiff::tensor::{Real, Shape, Tensor};
use std::ops::Range;

/// Samples of bytes, each with a class number, such as images of digits.
///
/// The samples are stored as bytes, which need a quarter of the memory traffic of `f32`. A chunk contains the bytes
/// multiplied by 1/255, as numbers between 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    inputs: Tensor<u8>,
    classes: Tensor<u32>,
    shape: Shape,
}

/// The error for inputs and classes that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The number of bytes is not the size of a sample times the number of class numbers.
    #[error("{bytes} bytes are not {samples} samples of {features} bytes")]
    Size {
        /// The number of bytes.
        bytes: usize,
        /// The number of class numbers.
        samples: usize,
        /// The number of bytes in a sample.
        features: usize,
    },
}

impl Dataset {
    /// Returns samples of the given shape, such as `[rows, columns]`. `inputs` contains the samples one after the
    /// other, and `classes` a class number for each.
    ///
    /// ```
    /// use nn::Dataset;
    ///
    /// // Two images of 2 × 2 pixels.
    /// let data = Dataset::new(&[0, 255, 255, 0, 9, 9, 9, 9], [2, 2], &[0, 1])?;
    /// assert_eq!((data.len(), data.features()), (2, 4));
    /// assert_eq!(data.sample(1), [9; 4]);
    /// # Ok::<(), nn::DatasetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the number of bytes is not the size of a sample times the number of class numbers.
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

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of a sample.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The number of bytes in a sample.
    #[must_use]
    pub fn features(&self) -> usize {
        self.inputs.shape()[1]
    }

    /// The bytes of all samples, one sample after the other.
    #[must_use]
    pub fn inputs(&self) -> &[u8] {
        self.inputs.data()
    }

    /// Returns the bytes of one sample.
    ///
    /// # Panics
    ///
    /// If `number` is not below [`len`](Dataset::len).
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

    /// Returns the samples in a range. They share the memory of `self`.
    ///
    /// # Panics
    ///
    /// If the range is not within the data.
    #[must_use]
    #[track_caller]
    pub fn range(&self, range: Range<usize>) -> Dataset {
        Dataset {
            inputs: self.inputs.rows(range.clone()),
            classes: self.classes.rows(range),
            shape: self.shape.clone(),
        }
    }

    /// Returns the samples with the given numbers, in that order. A number may occur several times.
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

/// Returns the bytes multiplied by 1/255.
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
