//! What cross-entropy compares logits with.

use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use std::ops::Range;

/// What a classifier should have answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<T: Real> {
    /// The number of the right class of each sample, of shape `[samples]`.
    Classes(Tensor<u32>),
    /// For each sample a row of probabilities, of shape `[samples, classes]`.
    Probabilities(Tensor<T>),
}

impl<T: Real> From<Tensor<u32>> for Targets<T> {
    fn from(classes: Tensor<u32>) -> Self {
        Targets::Classes(classes)
    }
}

impl<T: Real> From<Tensor<T>> for Targets<T> {
    fn from(probabilities: Tensor<T>) -> Self {
        Targets::Probabilities(probabilities)
    }
}

impl<T: Real> Targets<T> {
    /// The class of each sample: of probabilities, the most probable one.
    ///
    /// # Panics
    ///
    /// If probabilities are not `[samples, classes]`, or there are samples and no classes.
    #[must_use]
    #[track_caller]
    pub fn classes(&self) -> Tensor<u32> {
        match self {
            Targets::Classes(numbers) => numbers.clone(),
            Targets::Probabilities(rows) => rows.arg_max(1),
        }
    }

    /// The targets of a run of samples.
    ///
    /// # Panics
    ///
    /// If there are no such samples.
    #[must_use]
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Targets<T> {
        match self {
            Targets::Classes(numbers) => Targets::Classes(numbers.rows(range)),
            Targets::Probabilities(rows) => Targets::Probabilities(rows.rows(range)),
        }
    }

    /// The targets as rows of probabilities: a class becomes a one-hot row.
    ///
    /// # Panics
    ///
    /// If a class number is not below `classes`.
    #[must_use]
    #[track_caller]
    pub fn probabilities(&self, classes: usize) -> Tensor<T> {
        match self {
            Targets::Probabilities(rows) => rows.clone(),
            Targets::Classes(numbers) => {
                if let Some(class) = numbers
                    .data()
                    .iter()
                    .find(|&&class| class as usize >= classes)
                {
                    panic!("probabilities: there is no class {class} among {classes}");
                }
                let mut rows = Tensor::zeros([numbers.size(), classes]);
                for (row, &class) in rows
                    .data_mut()
                    .chunks_exact_mut(classes.max(1))
                    .zip(numbers.data())
                {
                    row[class as usize] = T::from_f64(1.0);
                }
                rows
            }
        }
    }
}
