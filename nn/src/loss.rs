//! Losses: softmax cross-entropy, the squared difference after any map, or one of your own.

use crate::Activation;
use autodiff::tensor::{Algebra, CrossEntropy, Real, Targets};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What the outputs of a network cost, compared with targets.
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
    /// What outputs are compared with.
    type Targets<T: Real>;

    /// The sum of the samples' costs, a scalar. The outputs have a row for each sample.
    #[track_caller]
    fn sum<A: Algebra>(&self, outputs: &A, targets: Self::Targets<A::Element>) -> A;

    /// Why targets, of the samples in this range of a batch, do not fit that many outputs, if they do not. The number of
    /// outputs may not be known.
    fn misfit<T: Real>(
        &self,
        targets: &Self::Targets<T>,
        samples: Range<usize>,
        outputs: Option<usize>,
    ) -> Option<String> {
        let _ = (targets, samples, outputs);
        None
    }

    /// What is wrong with the settings, if something is.
    fn fault(&self) -> Option<String> {
        None
    }
}

/// The map µᴸ applied to the last layer.
///
/// Exhaustive, as [`Activation`] is, for the same reason.
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
/// What softmax and cross-entropy are at infinite pre-activations, [`CrossEntropy`] says.
///
/// Exhaustive, as [`Activation`] is, for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandardLoss {
    /// `−Σᵢ yᵢ ln aᵢ` with a = softmax(z) (Worked Example, Backpropagation), with label smoothing.
    CrossEntropy {
        /// The ε of `y ← (1 − ε) y + ε / classes`; 0 for none.
        label_smoothing: f64,
    },
    /// `‖a − y‖²` with a = µᴸ(z) (Introducing Neural Networks).
    SquaredDifference {
        /// The map µᴸ.
        output: Output,
    },
}

impl StandardLoss {
    /// Softmax cross-entropy without label smoothing.
    #[must_use]
    pub fn cross_entropy() -> StandardLoss {
        StandardLoss::CrossEntropy {
            label_smoothing: 0.0,
        }
    }

    /// The squared difference after an elementwise activation.
    #[must_use]
    pub fn squared_difference(output: Activation) -> StandardLoss {
        StandardLoss::SquaredDifference {
            output: Output::Elementwise(output),
        }
    }

    /// The activations aᴸ of the last layer, computed from its pre-activations.
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

    /// The sum of the samples' costs, computed from the pre-activations of the last layer.
    ///
    /// # Panics
    ///
    /// If the targets do not fit the pre-activations, which are a matrix, or the label smoothing is not in [0, 1].
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
