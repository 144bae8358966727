//! The state of an optimizer, as a value that can be stored.

use super::{Moment, SettingError};
use autodiff::tensor::{Real, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;

/// Everything that an optimizer's next steps depend on.
///
/// [`checkpoint::save_training`](crate::checkpoint::save_training) writes it to a file.
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

/// Refuses a moment with an element outside of the range that steps leave them in.
pub(super) fn check_moment<T: Real>(
    name: &'static str,
    moment: &Moment<T>,
    range: RangeInclusive<T>,
) -> Result<(), StateError> {
    let mut elements = moment.iter().flat_map(Tensor::data).enumerate();
    match elements.find(|(_, element)| !range.contains(element)) {
        Some((index, element)) => Err(StateError::Value {
            moment: name,
            index,
            value: element.to_f64(),
        }),
        None => Ok(()),
    }
}

impl<T: Real> OptimizerState<T> {
    /// The state of an optimizer whose moments, if it has any yet, are given with their names.
    pub(super) fn new<'a>(
        name: &str,
        settings: &impl Serialize,
        steps: u64,
        moments: impl IntoIterator<Item = (&'static str, &'a Moment<T>)>,
    ) -> Self {
        OptimizerState {
            name: name.to_owned(),
            // Numbers and truth values by name always have a JSON form.
            settings: serde_json::to_value(settings).unwrap_or_default(),
            steps,
            moments: moments
                .into_iter()
                .filter_map(|(name, moment)| Some((name.to_owned(), moment.clone()?)))
                .collect(),
        }
    }

    /// The settings and moments, if this is the state of the optimizer of the given name with moments of those names.
    pub(super) fn open<S: DeserializeOwned, const N: usize>(
        self,
        name: &'static str,
        wanted: &'static [&'static str; N],
    ) -> Result<(S, [Moment<T>; N]), StateError> {
        if self.name != name {
            return Err(StateError::Kind {
                found: self.name,
                wanted: name,
            });
        }
        let settings = serde_json::from_value(self.settings)?;
        let (found, moments): (Vec<String>, Vec<Tensor<T>>) = self.moments.into_iter().unzip();
        if moments.is_empty() {
            return Ok((settings, [const { None }; N]));
        }
        let same_size = moments
            .windows(2)
            .all(|pair| pair[0].size() == pair[1].size());
        let moments = <[Tensor<T>; N]>::try_from(moments).ok();
        match moments.filter(|_| same_size && found == wanted) {
            Some(moments) => Ok((settings, moments.map(Some))),
            None => Err(StateError::Moments { found, wanted }),
        }
    }
}
