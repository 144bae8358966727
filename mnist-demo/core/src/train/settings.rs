//! The settings of a training, and the plan that they give for a data set.

use autodiff::tensor::Real;
use nn::snapshot::Notes;
use nn::{Mlp, OptimizerSettings, SgdSettings};

use crate::Error;
use crate::gradient::Method;
use crate::model::{ModelSettings, precision};
use crate::optimizer;
use crate::report::{counted, grouped};

/// The settings of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The network and its cost.
    pub model: ModelSettings,
    /// The number of samples in a step; `None` for all of them.
    pub batch: Option<usize>,
    /// The length of the training.
    pub length: Length,
    /// The optimizer.
    pub optimizer: OptimizerSettings,
    /// The seed of the initial weights and the batches.
    pub seed: u64,
    /// How gradients are computed.
    pub method: Method,
}

/// The length of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The number of steps.
    Steps(u64),
    /// The number of passes through all samples.
    Epochs(u64),
}

impl Default for Settings {
    /// The paper's settings: all images in each of 1,000 steps, with α = 0.1.
    fn default() -> Self {
        Settings {
            model: ModelSettings::default(),
            batch: None,
            length: Length::Steps(1_000),
            optimizer: OptimizerSettings::Sgd(SgdSettings::new(0.1)),
            seed: 1,
            method: Method::Tape,
        }
    }
}

/// The settings applied to a data set: a network, a batch size and a number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The network.
    pub network: Mlp,
    /// The number of samples in a step.
    pub batch: usize,
    /// The number of steps.
    pub steps: u64,
}

impl Settings {
    /// Returns the plan for `samples` samples of `pixels` pixels, trained in the precision of `T`.
    ///
    /// # Errors
    ///
    /// If a setting is invalid: in general, in this precision, or for this data.
    pub fn plan<T: Real>(&self, samples: usize, pixels: usize) -> Result<Plan, Error> {
        let network = self.model.network(pixels)?;
        optimizer::start::<T>(&self.optimizer)?;
        let batch = check_batch(self.batch.unwrap_or(samples), samples)?;
        let (option, number) = match self.length {
            Length::Steps(steps) => ("--steps", Some(steps)),
            Length::Epochs(epochs) => (
                "--epochs",
                epochs.checked_mul(samples.div_ceil(batch) as u64),
            ),
        };
        match number {
            Some(0) => Err(Error::setting(option, "must be at least 1")),
            None => Err(Error::setting(option, "too many steps to count")),
            Some(steps) => Ok(Plan {
                network,
                batch,
                steps,
            }),
        }
    }

    /// Returns what the bits of a training depend on besides its model and optimizer, which its checkpoints contain.
    pub(super) fn notes<T: Real>(&self, batch: usize, images: usize) -> Notes {
        let method = match self.method {
            Method::Tape => "tape",
            Method::Delta => "delta",
        };
        let notes = [
            ("seed", self.seed.to_string()),
            ("batch", batch.to_string()),
            ("precision", precision::<T>().to_owned()),
            ("method", method.to_owned()),
            ("number of images", images.to_string()),
        ];
        notes.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// Returns `batch`, or an error if batches of this size cannot be drawn from `samples` samples.
pub(crate) fn check_batch(batch: usize, samples: usize) -> Result<usize, Error> {
    match batch {
        0 => Err(Error::setting("--batch", "must be at least 1")),
        _ if batch > samples => Err(Error::setting(
            "--batch",
            format!(
                "a batch of {} is more than the {} there are to train on",
                counted(batch as u64, "image", "images"),
                grouped(samples as u64)
            ),
        )),
        _ => Ok(batch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::AdamSettings;

    fn plan(change: impl FnOnce(&mut Settings)) -> Result<Plan, Error> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.plan::<f32>(60_000, 784)
    }

    #[test]
    fn epochs_are_counted_in_steps() {
        assert_eq!(plan(|_| {}).unwrap().steps, 1_000);
        let epochs = |batch, number| {
            plan(|settings| {
                settings.batch = Some(batch);
                settings.length = Length::Epochs(number);
            })
        };
        assert_eq!(epochs(128, 2).unwrap().steps, 2 * 469);
        assert_eq!(epochs(60_000, 3).unwrap().steps, 3);
        let message = epochs(1, u64::MAX).unwrap_err().to_string();
        assert_eq!(message, "--epochs: too many steps to count");
    }

    #[test]
    fn invalid_settings_are_refused_by_name() {
        let refused = |option: &str, change: &dyn Fn(&mut Settings)| {
            let message = plan(change).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{option}: ")), "{message}");
        };
        let sgd = |rate| OptimizerSettings::Sgd(SgdSettings::new(rate));
        refused("--learning-rate", &|s| s.optimizer = sgd(-0.1));
        refused("--learning-rate", &|s| s.optimizer = sgd(f64::NAN));
        refused("--learning-rate", &|s| s.optimizer = sgd(f64::INFINITY));
        let tiny = AdamSettings {
            epsilon: 1e-60,
            ..AdamSettings::default()
        };
        refused("--epsilon", &|s| {
            s.optimizer = OptimizerSettings::Adam(tiny);
        });
        refused("--batch", &|s| s.batch = Some(0));
        refused("--batch", &|s| s.batch = Some(60_001));
        refused("--steps", &|s| s.length = Length::Steps(0));
        refused("--epochs", &|s| s.length = Length::Epochs(0));
        refused("--widths", &|s| s.model.hidden = vec![0]);
    }
}
