//! Back-propagation in plain loops and double precision, which the tape and the formulas are held against.
//!
//! It is written sample by sample, with indices as the paper's sums have them, and shares no kernel with the other two,
//! whose shared mistakes it would show. Beside each derivative stands the sum of the absolute values of its terms,
//! (|Δ| |A|ᵀ)ᵢⱼ: that is what rounding can spoil, and so the scale on which a difference is measured.

use crate::{Activation, Loss, Mlp, Output, Parameters};
use autodiff::tensor::{Real, Targets, Tensor};

/// A derivative, and the sum of the absolute values of its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Derivative {
    /// The derivative.
    pub value: f64,
    /// The sum of the absolute values of its terms.
    pub scale: f64,
}

/// The mean cost of the samples, and its derivative with respect to every parameter: a list for each slice.
///
/// # Panics
///
/// If the shapes do not fit.
#[must_use]
pub fn gradient<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
) -> (f64, Vec<Vec<Derivative>>) {
    let widths = network.widths();
    let layers = network.layers();
    let samples = x.shape()[0];
    let classes = widths[layers];
    let numbers = |tensor: Tensor<T>| {
        tensor
            .data()
            .iter()
            .map(|x| x.to_f64())
            .collect::<Vec<f64>>()
    };
    let slices: Vec<Vec<f64>> = parameters.tensors().into_iter().map(numbers).collect();
    let targets = numbers(targets.probabilities(classes));
    let x = numbers(x.clone());

    let mut cost = 0.0;
    let mut derivatives: Vec<Vec<Derivative>> = slices
        .iter()
        .map(|s| vec![Derivative::default(); s.len()])
        .collect();
    for sample in 0..samples {
        // z[ℓ] and a[ℓ] of this sample; a[0] is the input.
        let mut a = vec![x[sample * widths[0]..(sample + 1) * widths[0]].to_vec()];
        let mut z = vec![Vec::new()];
        for layer in 1..=layers {
            let (weight, bias) = (&slices[2 * layer - 2], &slices[2 * layer - 1]);
            let mut next = Vec::new();
            for i in 0..widths[layer] {
                let mut sum = bias[i];
                for j in 0..widths[layer - 1] {
                    sum += weight[i * widths[layer - 1] + j] * a[layer - 1][j];
                }
                next.push(sum);
            }
            a.push(next.iter().map(|&z| mu(network.hidden(), z)).collect());
            z.push(next);
        }
        let (sample_cost, mut delta) = last_delta(
            loss,
            &z[layers],
            &targets[sample * classes..(sample + 1) * classes],
        );
        cost += sample_cost / samples as f64;
        for layer in (1..=layers).rev() {
            let inputs = widths[layer - 1];
            for i in 0..widths[layer] {
                for j in 0..inputs {
                    let term = delta[i] * a[layer - 1][j] / samples as f64;
                    let derivative = &mut derivatives[2 * layer - 2][i * inputs + j];
                    derivative.value += term;
                    derivative.scale += term.abs();
                }
                let term = delta[i] / samples as f64;
                derivatives[2 * layer - 1][i].value += term;
                derivatives[2 * layer - 1][i].scale += term.abs();
            }
            if layer > 1 {
                let weight = &slices[2 * layer - 2];
                delta = (0..inputs)
                    .map(|j| {
                        let sum: f64 = (0..widths[layer])
                            .map(|i| weight[i * inputs + j] * delta[i])
                            .sum();
                        mu_slope(network.hidden(), z[layer - 1][j]) * sum
                    })
                    .collect();
            }
        }
    }
    (cost, derivatives)
}

fn mu(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => z.max(0.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
        Activation::Softplus => (1.0 + z.exp()).ln(),
        Activation::Identity => z,
    }
}

fn mu_slope(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => f64::from(u8::from(z > 0.0)),
        Activation::Sigmoid => 1.0 / (2.0 + z.exp() + (-z).exp()),
        Activation::Tanh => 1.0 / z.cosh().powi(2),
        Activation::Softplus => 1.0 / (1.0 + (-z).exp()),
        Activation::Identity => 1.0,
    }
}

fn last_delta(loss: Loss, z: &[f64], y: &[f64]) -> (f64, Vec<f64>) {
    let softmax = |z: &[f64]| -> Vec<f64> {
        let sum: f64 = z.iter().map(|z| z.exp()).sum();
        z.iter().map(|z| z.exp() / sum).collect()
    };
    match loss {
        Loss::CrossEntropy { label_smoothing } => {
            let a = softmax(z);
            let y: Vec<f64> = y
                .iter()
                .map(|y| (1.0 - label_smoothing) * y + label_smoothing / z.len() as f64)
                .collect();
            let cost = -a.iter().zip(&y).map(|(a, y)| y * a.ln()).sum::<f64>();
            (cost, a.iter().zip(&y).map(|(a, y)| a - y).collect())
        }
        Loss::SquaredDifference {
            output: Output::Elementwise(activation),
        } => {
            let a: Vec<f64> = z.iter().map(|&z| mu(activation, z)).collect();
            let cost = a.iter().zip(y).map(|(a, y)| (a - y).powi(2)).sum();
            let delta = a
                .iter()
                .zip(y)
                .zip(z)
                .map(|((a, y), &z)| 2.0 * (a - y) * mu_slope(activation, z))
                .collect();
            (cost, delta)
        }
        Loss::SquaredDifference {
            output: Output::Softmax,
        } => {
            let a = softmax(z);
            let cost = a.iter().zip(y).map(|(a, y)| (a - y).powi(2)).sum();
            let jacobian = |i: usize, j: usize| {
                if i == j {
                    a[i] * (1.0 - a[i])
                } else {
                    -a[i] * a[j]
                }
            };
            let delta = |j: usize| {
                (0..z.len())
                    .map(|i| 2.0 * (a[i] - y[i]) * jacobian(i, j))
                    .sum()
            };
            (cost, (0..z.len()).map(delta).collect())
        }
    }
}
