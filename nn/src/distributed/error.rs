//! The errors of a training on several ranks, before its first step.

use crate::StateError;

/// The error for a training that cannot be done on several ranks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// The samples of the model depend on each other, so a batch cannot be divided.
    #[error("`{model}` cannot be trained on several ranks: the cost of a sample depends on the other samples{}",
        .statistic.as_ref().map(|name| format!(", whose statistic is `{name}`")).unwrap_or_default())]
    CoupledSamples {
        /// The type of the model.
        model: &'static str,
        /// The name of its first statistic, if it has statistics.
        statistic: Option<String>,
    },
    /// The optimizer needs the whole gradient, and a rank has only its range of it.
    #[error(
        "the optimizer `{optimizer}` cannot be used on several ranks: it needs the whole gradient"
    )]
    WholeGradient {
        /// The name of the optimizer, as its state has it.
        optimizer: String,
    },
    /// The moments of the optimizer are not those of the whole model.
    #[error("the moments of the optimizer have {found} elements, not the {wanted} of the model")]
    Moments {
        /// The size of the moments.
        found: usize,
        /// The size of the model's parameters.
        wanted: usize,
    },
    /// The optimizer cannot be restored from its range of the moments.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The error for a rank that was started differently than rank 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rank {rank} was started with other {property} than rank 0")]
pub struct Disagreement {
    /// The first rank that differs.
    pub rank: usize,
    /// What differs, such as `settings`.
    pub property: &'static str,
}
