//! Losses: softmax cross-entropy, the squared difference after any map, or a loss of your own.

use crate::Activation;
use autodiff::tensor::{Algebra, CrossEntropy, Real, Targets};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A loss: the cost of a network's outputs, compared with targets.
///
/// ```
/// use autodiff::tensor::{Algebra, Real, Tensor};
/// use nn::Loss;
///
/// /// The sum of the absolute differences, smoothed at 0: √((z − y)² + ε²).
/// struct Absolute {
///     epsilon: f64,
/// }
///
/// impl Loss for Absolute {
///     type Targets<T: Real> = Tensor<T>;
///
///     fn sum<A: Algebra>(&self, outputs: &A, targets: Tensor<A::Element>) -> A {
///         let difference = outputs - outputs.constant(targets);
///         (difference.square() + self.epsilon * self.epsilon).sqrt().sum()
///     }
/// }
/// ```
pub trait Loss: Sync {
    /// The targets of a chunk of samples.
    type Targets<T: Real>;

    /// Returns the sum of the samples' costs, a scalar. `outputs` has a row for each sample.
    #[track_caller]
    fn sum<A: Algebra>(&self, outputs: &A, targets: Self::Targets<A::Element>) -> A;

    /// Returns why targets do not fit, or `None` if they fit.
    ///
    /// `samples` is the range of the batch that the targets belong to. `outputs` is the number of outputs of a sample,
    /// if it is known.
    fn misfit<T: Real>(
        &self,
        targets: &Self::Targets<T>,
        samples: Range<usize>,
        outputs: Option<usize>,
    ) -> Option<String> {
        let _ = (targets, samples, outputs);
        None
    }

    /// Returns what is wrong with the settings, or `None` if they are valid.
    fn fault(&self) -> Option<String> {
        None
    }
}

/// The map µᴸ applied to the last layer.
///
/// The enum is exhaustive, for the same reason as [`Activation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// An elementwise activation.
    Elementwise(Activation),
    /// Softmax over the classes.
    Softmax,
}

/// The cost C, together with the map on the last layer that precedes it.
///
/// [`CrossEntropy`] defines softmax and cross-entropy at infinite pre-activations.
///
/// The enum is exhaustive, for the same reason as [`Activation`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardLoss {
    /// Cross-entropy, `−Σᵢ yᵢ ln aᵢ` with a = softmax(z) (Worked Example, Backpropagation), with label smoothing.
    CrossEntropy {
        /// The ε in `y ← (1 − ε) y + ε / classes`, in [0, 1]; 0 for no smoothing.
        label_smoothing: f64,
    },
    /// The squared difference, `‖a − y‖²` with a = µᴸ(z) (Introducing Neural Networks).
    SquaredDifference {
        /// The map µᴸ.
        output: Output,
    },
}

impl StandardLoss {
    /// Returns softmax cross-entropy without label smoothing.
    #[must_use]
    pub fn cross_entropy() -> StandardLoss {
        StandardLoss::CrossEntropy {
            label_smoothing: 0.0,
        }
    }

    /// Returns the squared difference after an elementwise activation.
    #[must_use]
    pub fn squared_difference(output: Activation) -> StandardLoss {
        StandardLoss::SquaredDifference {
            output: Output::Elementwise(output),
        }
    }

    /// Returns the activations aᴸ of the last layer for its pre-activations `z`.
    #[must_use]
    pub fn activations<A: Algebra>(&self, z: &A) -> A {
        match self {
            StandardLoss::CrossEntropy { .. }
            | StandardLoss::SquaredDifference {
                output: Output::Softmax,
            } => z.softmax(1),
            StandardLoss::SquaredDifference {
                output: Output::Elementwise(activation),
            } => activation.apply(z),
        }
    }
}

impl Loss for StandardLoss {
    type Targets<T: Real> = Targets<T>;

    /// Returns the sum of the samples' costs for the pre-activations `z` of the last layer.
    ///
    /// # Panics
    ///
    /// If `z` is not a matrix, the targets do not fit it, or the label smoothing is not in [0, 1].
    #[track_caller]
    fn sum<A: Algebra>(&self, z: &A, targets: Targets<A::Element>) -> A {
        match self {
            StandardLoss::CrossEntropy { label_smoothing } => z.cross_entropy(
                CrossEntropy::new(targets)
                    .label_smoothing(*label_smoothing)
                    .summed(),
            ),
            StandardLoss::SquaredDifference { .. } => {
                let extents = z.shape();
                let &[samples, classes] = &extents[..] else {
                    panic!("squared_difference: outputs of shape {extents} are not a row a sample")
                };
                if let Some(misfit) = self.misfit(&targets, 0..samples, Some(classes)) {
                    panic!("squared_difference: {misfit}");
                }
                let y = z.constant(targets.probabilities(classes));
                self.activations(z).squared_distance(&y)
            }
        }
    }

    fn misfit<T: Real>(
        &self,
        targets: &Targets<T>,
        samples: Range<usize>,
        outputs: Option<usize>,
    ) -> Option<String> {
        let count = samples.len();
        match targets {
            Targets::Classes(numbers) if numbers.shape()[..] != [count] => Some(format!(
                "class numbers of shape {} are not those of {count} samples",
                numbers.shape()
            )),
            Targets::Classes(numbers) => {
                let outputs = outputs?;
                let outside = |&class: &u32| class as usize >= outputs;
                let index = numbers.data().iter().position(outside)?;
                Some(format!(
                    "sample {} is of class {}, and there are {outputs} outputs",
                    samples.start + index,
                    numbers.data()[index]
                ))
            }
            Targets::Probabilities(rows) => {
                let outputs = outputs.or(rows.shape().get(1).copied()).unwrap_or(0);
                (rows.shape()[..] != [count, outputs]).then(|| {
                    format!(
                        "targets of shape {} are not {count} rows of {outputs} numbers",
                        rows.shape()
                    )
                })
            }
        }
    }

    fn fault(&self) -> Option<String> {
        match self {
            StandardLoss::CrossEntropy { label_smoothing }
                if !(0.0..=1.0).contains(label_smoothing) =>
            {
                Some(format!(
                    "a label smoothing of {label_smoothing} is not in [0, 1]"
                ))
            }
            _ => None,
        }
    }
}
