//! The options of the network and its cost.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use mnist_core::Error;
use mnist_core::model::ModelSettings;
use nn::{Activation, Output, StandardLoss};

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Widths of the hidden layers, such as 128,64, or `none`
    #[arg(
        long,
        default_value = "10",
        value_name = "WIDTHS",
        allow_hyphen_values = true
    )]
    widths: Widths,

    /// Activation of the hidden layers
    #[arg(long, default_value = "relu", value_parser = activation(), allow_hyphen_values = true)]
    activation: Activation,

    /// Cost to minimise; cross-entropy is that of softmax
    #[arg(
        long,
        value_enum,
        default_value = "cross-entropy",
        allow_hyphen_values = true
    )]
    loss: LossKind,

    /// Map applied to the last layer before the squared difference: softmax or an activation [default: sigmoid]
    #[arg(long, value_name = "MAP", value_parser = output(), allow_hyphen_values = true)]
    output_map: Option<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LossKind {
    CrossEntropy,
    SquaredDifference,
}

/// The widths of the hidden layers, separated by commas, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Widths(pub(crate) Vec<usize>);

impl FromStr for Widths {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Widths(Vec::new()));
        }
        let widths: Result<_, _> = text.split(',').map(|width| width.trim().parse()).collect();
        widths
            .map(Widths)
            .map_err(|_| "whole numbers with commas between them, or `none`, are expected")
    }
}

fn activation() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name))
        .try_map(|name| name.parse::<Activation>())
}

fn output() -> impl TypedValueParser<Value = Output> {
    let names = Activation::ALL.map(Activation::name);
    PossibleValuesParser::new(["softmax"].into_iter().chain(names)).try_map(|name| {
        match name.as_str() {
            "softmax" => Ok(Output::Softmax),
            name => name.parse().map(Output::Elementwise),
        }
    })
}

impl ModelArguments {
    /// The network and its cost, as given by the options.
    pub(crate) fn model(&self) -> Result<ModelSettings, Error> {
        let loss = match (self.loss, self.output_map) {
            (LossKind::CrossEntropy, None) => StandardLoss::cross_entropy(),
            (LossKind::CrossEntropy, Some(_)) => {
                return Err(Error::setting(
                    "--output-map",
                    "cross-entropy is that of softmax and takes no other map",
                ));
            }
            (LossKind::SquaredDifference, map) => StandardLoss::SquaredDifference {
                output: map.unwrap_or(Output::Elementwise(Activation::Sigmoid)),
            },
        };
        Ok(ModelSettings {
            hidden: self.widths.0.clone(),
            activation: self.activation,
            loss,
        })
    }
}
