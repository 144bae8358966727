//! The kinds of optimizers with their settings, as values.

use super::{AdamSettings, Decoupled, ElementwiseOptimizer, Optimizer, SettingError, SgdSettings};
use autodiff::tensor::Real;
use serde::{Deserialize, Serialize};

/// One of the built-in optimizers with its settings, before its first step.
///
/// ```
/// use nn::{AdamSettings, OptimizerSettings};
///
/// let settings: OptimizerSettings = AdamSettings::default().into();
/// let mut optimizer = settings.start::<f32>()?;
/// optimizer.step(&mut [0.5], &[1.0])?;
/// assert_eq!(settings.learning_rate(), 0.001);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum OptimizerSettings {
    /// [`Sgd`](crate::Sgd): gradient descent, with or without momentum.
    Sgd(SgdSettings),
    /// [`Adam`](crate::Adam), with weight decay in the gradient.
    Adam(AdamSettings),
    /// [`AdamW`](crate::AdamW), with weight decay decoupled from the gradient.
    AdamW(AdamSettings),
}

impl OptimizerSettings {
    /// Returns the optimizer before its first step.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, exactly or rounded to `T`.
    pub fn start<T: Real>(&self) -> Result<Box<dyn Optimizer<T>>, SettingError> {
        Ok(match *self {
            OptimizerSettings::Sgd(settings) => Box::new(ElementwiseOptimizer::by(settings)?),
            OptimizerSettings::Adam(settings) => Box::new(ElementwiseOptimizer::by(settings)?),
            OptimizerSettings::AdamW(settings) => {
                Box::new(ElementwiseOptimizer::by(Decoupled(settings))?)
            }
        })
    }

    /// The learning rate α.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        match self {
            OptimizerSettings::Sgd(settings) => settings.learning_rate,
            OptimizerSettings::Adam(settings) | OptimizerSettings::AdamW(settings) => {
                settings.learning_rate
            }
        }
    }
}

impl From<SgdSettings> for OptimizerSettings {
    fn from(settings: SgdSettings) -> Self {
        OptimizerSettings::Sgd(settings)
    }
}

impl From<AdamSettings> for OptimizerSettings {
    fn from(settings: AdamSettings) -> Self {
        OptimizerSettings::Adam(settings)
    }
}
