//! The state of an optimizer as a value, which can be saved.

use super::SettingError;
use autodiff::tensor::{Real, Tensor};

/// Everything that an optimizer's next steps depend on.
///
/// [`snapshot::save_training`](crate::snapshot::save_training) writes it to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState<T: Real> {
    /// The kind of optimizer, such as `adam`.
    pub name: String,
    /// Its settings, by name.
    pub settings: serde_json::Value,
    /// The number of steps taken, if the next step depends on it, and 0 otherwise.
    pub steps: u64,
    /// Its moments with their names, each of the size of the parameters. Empty before the first step.
    pub moments: Vec<(String, Tensor<T>)>,
}

/// The error for a state that an optimizer cannot be restored from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The state belongs to another kind of optimizer.
    #[error("it belongs to `{found}`, not to `{wanted}`")]
    Kind {
        /// The kind that the state belongs to.
        found: String,
        /// The kind of the optimizer.
        wanted: &'static str,
    },
    /// The settings cannot be read as settings of this kind of optimizer.
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    /// A setting is out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The names of the moments do not belong to this kind of optimizer, or the moments differ in size.
    #[error("its moments are {found:?}, not {wanted:?} of one size")]
    Moments {
        /// The names of the moments in the state.
        found: Vec<String>,
        /// The names of the optimizer's moments.
        wanted: &'static [&'static str],
    },
    /// A moment contains a number that no step in this precision produces.
    #[error("element {index} of its `{moment}` is {value}, which no step leaves there")]
    Value {
        /// The name of the moment.
        moment: &'static str,
        /// The index of the element in the flat buffer.
        index: usize,
        /// The element.
        value: f64,
    },
}
