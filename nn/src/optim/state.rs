//! The state of an optimizer, as a value that can be stored.

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
    /// How many steps it has taken, if the next one depends on that, and 0 otherwise.
    pub steps: u64,
    /// Its moments, by name, each of the size of the parameters. There are none before the first step.
    pub moments: Vec<(String, Tensor<T>)>,
}

/// Why an optimizer cannot be restored from a state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It belongs to another kind of optimizer.
    #[error("it belongs to `{found}`, not to `{wanted}`")]
    Kind {
        /// The kind it belongs to.
        found: String,
        /// The kind it should belong to.
        wanted: &'static str,
    },
    /// The settings are not those of this kind of optimizer.
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    /// A setting is out of its range.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The moments are not those of this kind of optimizer, or differ in size.
    #[error("its moments are {found:?}, not {wanted:?} of one size")]
    Moments {
        /// The names of the moments in the state.
        found: Vec<String>,
        /// The names that they should have, if there are any.
        wanted: &'static [&'static str],
    },
    /// A moment contains a number that no step in this precision leaves there.
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
