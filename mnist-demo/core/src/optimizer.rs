//! Optimizers: their errors, by command-line option, and their settings in words.

use autodiff::tensor::Real;
use nn::{AdamSettings, Optimizer, OptimizerSettings, Setting};

use crate::Error;

/// Creates the optimizer.
///
/// # Errors
///
/// If a setting is invalid; the error names the option.
pub fn start<T: Real>(settings: &OptimizerSettings) -> Result<Box<dyn Optimizer<T>>, Error> {
    settings.start().map_err(|error| {
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

/// Formats a setting in its shortest form, such as `0.001` or `1e30`.
fn short(value: f64) -> String {
    if value == 0.0 || (1e-7..1e7).contains(&value) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// The settings in words. Plain gradient descent is not named; only its learning rate is.
pub fn in_words(settings: &OptimizerSettings) -> String {
    let adam = |name: &str, settings: &AdamSettings| {
        let AdamSettings {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } = settings;
        format!(
            "{name}, learning rate {}, β₁ {beta1}, β₂ {beta2}, ε {epsilon:e}, weight decay {}",
            short(*learning_rate),
            short(*weight_decay)
        )
    };
    match settings {
        OptimizerSettings::Sgd(settings) => {
            let mut words = format!("learning rate {}", short(settings.learning_rate));
            match (settings.momentum, settings.nesterov) {
                (0.0, _) => {}
                (momentum, false) => words += &format!(", momentum {momentum}"),
                (momentum, true) => words += &format!(", Nesterov's momentum {momentum}"),
            }
            if settings.weight_decay != 0.0 {
                words += &format!(", weight decay {}", short(settings.weight_decay));
            }
            words
        }
        OptimizerSettings::Adam(settings) => adam("Adam", settings),
        OptimizerSettings::AdamW(settings) => adam("AdamW", settings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::SgdSettings;

    #[test]
    fn settings_are_described_in_words() {
        let sgd = SgdSettings::new(0.1);
        assert_eq!(in_words(&OptimizerSettings::Sgd(sgd)), "learning rate 0.1");
        let all = SgdSettings {
            momentum: 0.9,
            nesterov: true,
            weight_decay: 1e-4,
            ..sgd
        };
        let tiny = SgdSettings::new(1e-30);
        assert_eq!(
            in_words(&OptimizerSettings::Sgd(tiny)),
            "learning rate 1e-30"
        );
        assert_eq!(
            in_words(&OptimizerSettings::Sgd(all)),
            "learning rate 0.1, Nesterov's momentum 0.9, weight decay 0.0001"
        );
        assert_eq!(
            in_words(&OptimizerSettings::AdamW(AdamSettings::default())),
            "AdamW, learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-8, weight decay 0"
        );
    }

    #[test]
    fn settings_out_of_range_in_the_precision_are_refused_by_option() {
        let tiny = AdamSettings {
            epsilon: 1e-60,
            ..AdamSettings::default()
        };
        assert!(start::<f64>(&OptimizerSettings::Adam(tiny)).is_ok());
        let error = start::<f32>(&OptimizerSettings::Adam(tiny)).unwrap_err();
        assert!(error.to_string().starts_with("--epsilon: "), "{error}");
    }
}
