//! Costs: softmax cross-entropy, and the squared difference after any map.

use crate::Activation;
use crate::batch::misfit_of_targets;
use autodiff::tensor::{Algebra, CrossEntropy, Targets};
use serde::{Deserialize, Serialize};

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
pub enum Loss {
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

impl Loss {
    /// Refuses a cost with a setting that makes no sense, before `operation` uses it on other threads.
    #[track_caller]
    pub(crate) fn check(&self, operation: &str) {
        if let Loss::CrossEntropy { label_smoothing } = self {
            assert!(
                (0.0..=1.0).contains(label_smoothing),
                "{operation}: a label smoothing of {label_smoothing} is not in [0, 1]"
            );
        }
    }

    /// Softmax cross-entropy without label smoothing.
    #[must_use]
    pub fn cross_entropy() -> Loss {
        Loss::CrossEntropy {
            label_smoothing: 0.0,
        }
    }

    /// The squared difference after an elementwise activation.
    #[must_use]
    pub fn squared_difference(output: Activation) -> Loss {
        Loss::SquaredDifference {
            output: Output::Elementwise(output),
        }
    }

    /// The activations aᴸ of the last layer, computed from its pre-activations.
    #[must_use]
    pub fn activations<A: Algebra>(&self, z: &A) -> A {
        match self {
            Loss::CrossEntropy { .. }
            | Loss::SquaredDifference {
                output: Output::Softmax,
            } => z.softmax(1),
            Loss::SquaredDifference {
                output: Output::Elementwise(activation),
            } => activation.apply(z),
        }
    }

    /// The sum of the samples' costs, a scalar, computed from the pre-activations of the last layer.
    ///
    /// # Panics
    ///
    /// If the targets do not fit the pre-activations, which are a matrix, or the label smoothing is not in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn sum<A: Algebra>(&self, z: &A, targets: impl Into<Targets<A::Element>>) -> A {
        self.weighted(z, targets, 1.0)
    }

    /// The [sum](Loss::sum) of the samples' costs times `weight`: their mean, if that is one over their number.
    ///
    /// # Panics
    ///
    /// If the targets do not fit the pre-activations, which are a matrix, or the label smoothing is not in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn weighted<A: Algebra>(
        &self,
        z: &A,
        targets: impl Into<Targets<A::Element>>,
        weight: f64,
    ) -> A {
        match self {
            Loss::CrossEntropy { label_smoothing } => z.cross_entropy(
                CrossEntropy::new(targets)
                    .label_smoothing(*label_smoothing)
                    .weighted(weight),
            ),
            Loss::SquaredDifference { .. } => {
                let (extents, targets) = (z.shape(), targets.into());
                let &[samples, classes] = &extents[..] else {
                    panic!("squared_difference: outputs of shape {extents} are not a row a sample")
                };
                if let Some(misfit) = misfit_of_targets(&targets, 0..samples, classes) {
                    panic!("squared_difference: {misfit}");
                }
                let y = z.constant(targets.probabilities(classes));
                let sum = self.activations(z).squared_distance(&y);
                if weight == 1.0 { sum } else { sum * weight }
            }
        }
    }
}
