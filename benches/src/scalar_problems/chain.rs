//! A long chain of neurons.

use super::{Number, Problem, random, uniform};
use rand::RngExt;

/// A chain of neurons, aᵢ₊₁ = tanh(wᵢ aᵢ + bᵢ), with the cost (a − y)² at its end.
///
/// The neurons can only be computed one after the other. The parameters are the weights, followed by the biases. They
/// are chosen to make each link's slope wᵢ (1 − aᵢ₊₁²) equal to ±1 up to rounding, so the adjoint keeps its magnitude
/// through the whole backward pass.
pub struct Chain {
    input: f64,
    target: f64,
    start: Vec<f64>,
}

impl Chain {
    /// Creates a chain of `neurons` neurons.
    pub fn new(neurons: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        let activations = uniform(random, neurons + 1, -0.7, 0.7);
        let links = activations.array_windows();
        let weights: Vec<f64> = links
            .clone()
            .map(|[_, next]| if random.random() { 1.0 } else { -1.0 } / (1.0 - next * next))
            .collect();
        let biases = links
            .zip(&weights)
            .map(|([activation, next], weight)| next.atanh() - weight * activation);
        let start = weights.iter().copied().chain(biases).collect();
        Chain {
            input: activations[0],
            target: 1.0,
            start,
        }
    }

    /// The number of neurons.
    fn neurons(&self) -> usize {
        self.start.len() / 2
    }
}

impl Problem for Chain {
    fn name(&self) -> String {
        format!("chain n={}", self.neurons())
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        let (weights, biases) = x.split_at(self.neurons());
        let mut activation = (weights[0] * self.input + biases[0]).tanh();
        for (&weight, &bias) in weights.iter().zip(biases).skip(1) {
            activation = (weight * activation + bias).tanh();
        }
        (activation - self.target).square()
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        let (weights, biases) = x.split_at(self.neurons());
        let mut activations = Vec::with_capacity(self.neurons() + 1);
        let mut activation = self.input;
        activations.push(activation);
        for (weight, bias) in weights.iter().zip(biases) {
            activation = (weight * activation + bias).tanh();
            activations.push(activation);
        }

        let error = activation - self.target;
        let (weights_bar, biases_bar) = out.split_at_mut(self.neurons());
        let mut activation_bar = 2.0 * error;
        for i in (0..self.neurons()).rev() {
            let next = activations[i + 1];
            let sum_bar = activation_bar * (1.0 - next * next);
            weights_bar[i] = sum_bar * activations[i];
            biases_bar[i] = sum_bar;
            activation_bar = sum_bar * weights[i];
        }
        error * error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&Chain::new(6, 1));
    }
}
