//! What an optimizer remembers, as a value that can be kept.

use super::{Moment, SettingError};
use autodiff::tensor::{Real, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// All that an optimizer's next steps depend on.
///
/// [`checkpoint::save_training`](crate::checkpoint::save_training) keeps it in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState<T: Real> {
    /// The kind of optimizer, such as `adam`.
    pub name: String,
    /// Its settings by name.
    pub settings: serde_json::Value,
    /// How many steps it has taken, where that matters to the next one.
    pub steps: u64,
    /// Its moments by name, each as large as the parameters. Before the first step there are none.
    pub moments: Vec<(String, Tensor<T>)>,
}

/// A state that an optimizer cannot go on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is that of another kind of optimizer.
    #[error("it is that of `{found}` and not of `{wanted}`")]
    Kind {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: &'static str,
    },
    /// The settings are not those of this kind.
    #[error("its settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    /// A setting makes no sense.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The moments are not those of this kind, or not of one size.
    #[error("its moments are {found:?} and not {wanted:?}, all of one size")]
    Moments {
        /// The names of those that there are.
        found: Vec<String>,
        /// The names of those that there should be, or none.
        wanted: &'static [&'static str],
    },
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
