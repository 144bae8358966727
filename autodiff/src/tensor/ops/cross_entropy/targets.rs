//! `Targets` of cross-entropy.

use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use std::ops::Range;

/// The expected output of a classifier.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets<T: Real> {
    /// The class number of each sample, of shape `[samples]`.
    Classes(Tensor<u32>),
    /// A row of probabilities for each sample, of shape `[samples, classes]`.
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
    /// Returns the class of each sample; for probabilities, the most probable class.
    ///
    /// # Panics
    ///
    /// If probabilities do not have the shape `[samples, classes]`, or there are samples but no classes.
    #[must_use]
    #[track_caller]
    pub fn classes(&self) -> Tensor<u32> {
        match self {
            Targets::Classes(numbers) => numbers.clone(),
            Targets::Probabilities(rows) => rows.arg_max(1),
        }
    }

    /// Returns the targets of a range of samples.
    ///
    /// # Panics
    ///
    /// If a sample does not exist.
    #[must_use]
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Targets<T> {
        match self {
            Targets::Classes(numbers) => Targets::Classes(numbers.rows(range)),
            Targets::Probabilities(rows) => Targets::Probabilities(rows.rows(range)),
        }
    }

    /// Returns the targets as rows of probabilities; a class becomes a one-hot row.
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
                Tensor::one_hot(numbers.reshape([numbers.size()]), classes)
            }
        }
    }
}
