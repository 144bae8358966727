//! The options of the optimizer.

use clap::{Args, ValueEnum};
use mnist_core::Error;
use mnist_core::train::Settings;
use nn::{AdamSettings, OptimizerSettings, SgdSettings};

#[derive(Debug, Args)]
pub(crate) struct OptimizerArguments {
    /// Gradient descent, or Adam with weight decay in the gradient (adam) or decoupled from it (adamw)
    #[arg(long, value_enum, default_value = "sgd", allow_hyphen_values = true)]
    optimizer: OptimizerName,

    /// Learning rate α [default: 0.1; 0.001 for adam and adamw]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, value_parser = number)]
    learning_rate: Option<f64>,

    /// Momentum µ for sgd, in [0, 1) [default: 0]
    #[arg(long, value_name = "MOMENTUM", allow_hyphen_values = true, value_parser = number)]
    momentum: Option<f64>,

    /// Use Nesterov's form of the momentum (sgd)
    #[arg(long)]
    nesterov: bool,

    /// Weight decay λ [default: 0; 0.01 for adamw]
    #[arg(long, value_name = "DECAY", allow_hyphen_values = true, value_parser = number)]
    weight_decay: Option<f64>,

    /// Adam's β₁: how much of the mean gradient is kept at each step, in [0, 1) [default: 0.9]
    #[arg(long, value_name = "BETA", allow_hyphen_values = true, value_parser = number)]
    beta1: Option<f64>,

    /// Adam's β₂: how much of the mean squared gradient is kept at each step, in [0, 1) [default: 0.999]
    #[arg(long, value_name = "BETA", allow_hyphen_values = true, value_parser = number)]
    beta2: Option<f64>,

    /// Adam's ε, added to the root of the mean square [default: 1e-8]
    #[arg(long, value_name = "EPSILON", allow_hyphen_values = true, value_parser = number)]
    epsilon: Option<f64>,
}

/// Parses a number. A number that overflows or underflows in double precision is an error.
fn number(text: &str) -> Result<f64, &'static str> {
    let value: f64 = text.parse().map_err(|_| "a number is expected")?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    if value == 0.0 && mantissa.contains(|digit| matches!(digit, '1'..='9')) {
        return Err("it is too small for double precision");
    }
    if value.is_infinite() && mantissa.contains(|digit: char| digit.is_ascii_digit()) {
        return Err("it is too large for double precision");
    }
    Ok(value)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OptimizerName {
    Sgd,
    Adam,
    #[value(name = "adamw")]
    AdamW,
}

/// The paper's learning rate.
fn paper_rate() -> f64 {
    Settings::default().optimizer.learning_rate()
}

impl OptimizerArguments {
    /// The optimizer's settings, as given by the options.
    pub(crate) fn optimizer(&self) -> Result<OptimizerSettings, Error> {
        let of_sgd = [
            ("--momentum", self.momentum.is_some()),
            ("--nesterov", self.nesterov),
        ];
        let of_adam = [
            ("--beta1", self.beta1.is_some()),
            ("--beta2", self.beta2.is_some()),
            ("--epsilon", self.epsilon.is_some()),
        ];
        let (foreign, owner) = match self.optimizer {
            OptimizerName::Sgd => (&of_adam[..], "adam or adamw"),
            OptimizerName::Adam | OptimizerName::AdamW => (&of_sgd[..], "sgd"),
        };
        if let Some((option, _)) = foreign.iter().find(|(_, given)| *given) {
            let cause = format!("applies only to --optimizer {owner}");
            return Err(Error::setting(option, cause));
        }
        if self.nesterov && self.momentum.is_none() {
            return Err(Error::setting("--nesterov", "needs --momentum"));
        }
        let adam = |weight_decay: f64| {
            let usual = AdamSettings::default();
            AdamSettings {
                learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
                beta1: self.beta1.unwrap_or(usual.beta1),
                beta2: self.beta2.unwrap_or(usual.beta2),
                epsilon: self.epsilon.unwrap_or(usual.epsilon),
                weight_decay: self.weight_decay.unwrap_or(weight_decay),
            }
        };
        Ok(match self.optimizer {
            OptimizerName::Sgd => OptimizerSettings::Sgd(SgdSettings {
                learning_rate: self.learning_rate.unwrap_or_else(paper_rate),
                momentum: self.momentum.unwrap_or(0.0),
                nesterov: self.nesterov,
                weight_decay: self.weight_decay.unwrap_or(0.0),
            }),
            OptimizerName::Adam => OptimizerSettings::Adam(adam(0.0)),
            OptimizerName::AdamW => OptimizerSettings::AdamW(adam(0.01)),
        })
    }
}
