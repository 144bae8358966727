//! The network to train, and its cost.

use autodiff::tensor::Real;
use nn::{Activation, Initializer, Mlp, Output, Parameters, StandardLoss};

use crate::Error;
use crate::data::CLASSES;
use crate::report::grouped;

/// The largest number of parameters of a network. With more, the gradients of all shards would take gigabytes.
pub const MAX_PARAMETERS: usize = 1 << 25;

/// The largest number of hidden layers of a network.
pub const MAX_LAYERS: usize = 1_000;

/// The settings of a network from images to classes, and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// The widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The cost, together with the output map of the last layer.
    pub loss: StandardLoss,
}

impl Default for ModelSettings {
    /// The paper's network: ten hidden neurons with rectifier, and softmax cross-entropy.
    fn default() -> Self {
        ModelSettings {
            hidden: vec![10],
            activation: Activation::Relu,
            loss: StandardLoss::cross_entropy(),
        }
    }
}

impl ModelSettings {
    /// Returns the network for images of `pixels` pixels.
    ///
    /// # Errors
    ///
    /// If a width is 0, or the network would be too large.
    pub fn network(&self, pixels: usize) -> Result<Mlp, Error> {
        let widths: Vec<usize> = [&[pixels], &self.hidden[..], &[CLASSES]].concat();
        check_widths(&widths, MAX_PARAMETERS)?;
        Ok(Mlp::new(&widths, self.activation))
    }

    /// Returns initial parameters: He's initialization if the hidden layers are rectifiers, Glorot's otherwise.
    pub fn initial<T: Real>(&self, network: &Mlp, seed: u64) -> Parameters<T> {
        let initializer = match self.activation {
            Activation::Relu => Initializer::HeNormal,
            Activation::Sigmoid
            | Activation::Tanh
            | Activation::Softplus
            | Activation::Identity => Initializer::GlorotNormal,
        };
        network.init(initializer, seed)
    }
}

/// Checks the widths of a network, from inputs to outputs.
///
/// # Errors
///
/// If a width is 0, or there would be more than [`MAX_LAYERS`] hidden layers or more than `most` parameters.
pub fn check_widths(widths: &[usize], most: usize) -> Result<(), Error> {
    let parameters = widths.windows(2).try_fold(0_usize, |sum, pair| {
        let weights = pair[0].checked_mul(pair[1])?;
        sum.checked_add(weights)?.checked_add(pair[1])
    });
    let cause = if widths.contains(&0) {
        "every layer needs at least one neuron".to_owned()
    } else if widths.len() > MAX_LAYERS + 2 {
        let hidden = grouped(widths.len() as u64 - 2);
        format!(
            "{hidden} hidden layers are more than {}",
            grouped(MAX_LAYERS as u64)
        )
    } else if parameters.is_none_or(|count| count > most) {
        format!(
            "the network would have more than {} parameters",
            grouped(most as u64)
        )
    } else {
        return Ok(());
    };
    Err(Error::setting("--widths", cause))
}

/// Converts parameters to another precision.
pub fn cast<T: Real, U: Real>(parameters: &Parameters<T>) -> Parameters<U> {
    let mut result = Parameters::zeros(parameters.layout().clone());
    for (to, &from) in result.data_mut().iter_mut().zip(parameters.data()) {
        *to = U::from_f64(from.to_f64());
    }
    result
}

/// The name of a precision: `f32` or `f64`.
pub fn precision<T: Real>() -> &'static str {
    if size_of::<T>() == 4 { "f32" } else { "f64" }
}

/// The name of a cost, such as `squared difference after sigmoid`.
pub fn loss_name(loss: StandardLoss) -> String {
    match loss {
        StandardLoss::CrossEntropy { .. } => "softmax cross-entropy".to_owned(),
        StandardLoss::SquaredDifference {
            output: Output::Elementwise(activation),
        } => format!("squared difference after {activation}"),
        StandardLoss::SquaredDifference {
            output: Output::Softmax,
        } => "squared difference after softmax".to_owned(),
    }
}

/// The widths of a network, such as `784-10-10`.
pub fn shape_name(network: &Mlp) -> String {
    let widths: Vec<String> = network.widths().iter().map(ToString::to_string).collect();
    widths.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_networks_are_refused_before_anything_is_allocated() {
        let network = |hidden: &[usize]| {
            let model = ModelSettings {
                hidden: hidden.to_vec(),
                ..ModelSettings::default()
            };
            model.network(784)
        };
        assert_eq!(network(&[]).unwrap().widths(), [784, 10]);
        assert_eq!(network(&[128, 64]).unwrap().widths(), [784, 128, 64, 10]);
        for hidden in [
            &[0][..],
            &[10, 0],
            &[usize::MAX],
            &[1 << 40, 1 << 40],
            &[1; MAX_LAYERS + 1],
        ] {
            let message = network(hidden).unwrap_err().to_string();
            assert!(message.starts_with("--widths: "), "{message}");
        }
    }
}
