//! Which optimizer a network is trained with.

use std::fmt;

use autodiff::tensor::Real;
use nn::{Adam, AdamSettings, AdamW, Setting, SettingError, Sgd, SgdSettings};

use crate::Error;

/// An optimizer with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Gradient descent, with or without momentum.
    Sgd(SgdSettings),
    /// Adam, with weight decay in the gradient.
    Adam(AdamSettings),
    /// Adam, with weight decay beside the gradient.
    AdamW(AdamSettings),
}

impl Optimizer {
    /// The optimizer before its first step.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense; the option is named.
    pub fn start<T: Real>(&self) -> Result<Box<dyn nn::Optimizer<T>>, Error> {
        let started: Result<Box<dyn nn::Optimizer<T>>, SettingError> = match *self {
            Optimizer::Sgd(settings) => Sgd::with(settings).map(|sgd| Box::new(sgd) as _),
            Optimizer::Adam(settings) => Adam::with(settings).map(|adam| Box::new(adam) as _),
            Optimizer::AdamW(settings) => AdamW::with(settings).map(|adam| Box::new(adam) as _),
        };
        started.map_err(|error| {
            let option = match error.setting {
                Setting::LearningRate => "--learning-rate",
                Setting::Momentum => "--momentum",
                Setting::WeightDecay => "--weight-decay",
                Setting::Beta1 => "--beta1",
                Setting::Beta2 => "--beta2",
                Setting::Epsilon => "--epsilon",
                _ => "--optimizer",
            };
            Error::setting(option, error.cause())
        })
    }

    /// The learning rate α.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Optimizer::Sgd(settings) => settings.learning_rate,
            Optimizer::Adam(settings) | Optimizer::AdamW(settings) => settings.learning_rate,
        }
    }
}

/// A setting as short as it can be told, such as `0.001` or `1e30`.
fn short(value: f64) -> String {
    if value == 0.0 || (1e-7..1e7).contains(&value) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// The settings in words. Plain gradient descent, which is nothing but its learning rate, is not named.
impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let adam = |f: &mut fmt::Formatter<'_>, name: &str, settings: &AdamSettings| {
            let AdamSettings {
                learning_rate,
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } = settings;
            write!(
                f,
                "{name}, learning rate {}, β₁ {beta1}, β₂ {beta2}, ε {epsilon:e}, weight decay {}",
                short(*learning_rate),
                short(*weight_decay)
            )
        };
        match self {
            Optimizer::Sgd(settings) => {
                write!(f, "learning rate {}", short(settings.learning_rate))?;
                match (settings.momentum, settings.nesterov) {
                    (0.0, _) => {}
                    (momentum, false) => write!(f, ", momentum {momentum}")?,
                    (momentum, true) => write!(f, ", Nesterov's momentum {momentum}")?,
                }
                if settings.weight_decay != 0.0 {
                    write!(f, ", weight decay {}", short(settings.weight_decay))?;
                }
                Ok(())
            }
            Optimizer::Adam(settings) => adam(f, "Adam", settings),
            Optimizer::AdamW(settings) => adam(f, "AdamW", settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_in_words() {
        let sgd = SgdSettings::new(0.1);
        assert_eq!(Optimizer::Sgd(sgd).to_string(), "learning rate 0.1");
        let all = SgdSettings {
            momentum: 0.9,
            nesterov: true,
            weight_decay: 1e-4,
            ..sgd
        };
        let tiny = SgdSettings::new(1e-30);
        assert_eq!(Optimizer::Sgd(tiny).to_string(), "learning rate 1e-30");
        assert_eq!(
            Optimizer::Sgd(all).to_string(),
            "learning rate 0.1, Nesterov's momentum 0.9, weight decay 0.0001"
        );
        assert_eq!(
            Optimizer::AdamW(AdamSettings::default()).to_string(),
            "AdamW, learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-8, weight decay 0"
        );
    }

    #[test]
    fn settings_out_of_range_in_the_precision_are_refused_by_option() {
        let tiny = AdamSettings {
            epsilon: 1e-60,
            ..AdamSettings::default()
        };
        assert!(Optimizer::Adam(tiny).start::<f64>().is_ok());
        let error = Optimizer::Adam(tiny).start::<f32>().unwrap_err();
        assert!(error.to_string().starts_with("--epsilon: "), "{error}");
    }
}
