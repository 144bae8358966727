//! Back-propagation in plain loops and double precision, to check the tape and the formulas.
//!
//! It is written sample by sample, with the indices of the paper's sums, and shares no kernel with the other two, so it
//! would reveal a mistake that they share.
//!
//! Along with each derivative it computes the sum of the absolute values of its terms, (|Δ| |A|ᵀ)ᵢⱼ. Rounding errors are
//! proportional to it, so it is the scale on which a difference is measured. The terms of δ and a count one by one:
//! |a| + |y| for a − y, |W|ᵀ |δ| for Wᵀ δ, |W| |a| + |b| for z. Where terms cancel, little but their rounding errors is
//! left; relative to that, any two ways of adding them up would differ: a − y for a sample that the network is sure of,
//! or a rectifier that is barely on.

use crate::{Activation, Loss, Mlp, Output, Parameters};
use autodiff::tensor::{Real, Targets, Tensor};

/// A sum, and the sum of the absolute values of its terms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// The sum.
    pub value: f64,
    /// The sum of the absolute values of its terms.
    pub scale: f64,
}

/// The mean cost of the samples, and its derivative with respect to every parameter, as a list for each slice.
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
) -> (f64, Vec<Vec<Sum>>) {
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
    let mut derivatives: Vec<Vec<Sum>> = slices
        .iter()
        .map(|s| vec![Sum::default(); s.len()])
        .collect();
    for sample in 0..samples {
        // z[ℓ] and a[ℓ] of this sample; a[0] is the input.
        let inputs = &x[sample * widths[0]..(sample + 1) * widths[0]];
        let mut a = vec![inputs.iter().copied().map(Sum::of).collect::<Vec<Sum>>()];
        let mut z = vec![Vec::new()];
        for layer in 1..=layers {
            let (weight, bias) = (&slices[2 * layer - 2], &slices[2 * layer - 1]);
            let mut next = Vec::new();
            for i in 0..widths[layer] {
                let mut sum = Sum::of(bias[i]);
                for j in 0..widths[layer - 1] {
                    sum.add(
                        weight[i * widths[layer - 1] + j],
                        Sum::of(a[layer - 1][j].value),
                    );
                }
                next.push(sum);
            }
            a.push(
                next.iter()
                    .map(|&z| activate(network.hidden(), z))
                    .collect(),
            );
            z.push(next.iter().map(|z| z.value).collect());
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
                    let term = delta[i].times(a[layer - 1][j]);
                    derivatives[2 * layer - 2][i * inputs + j].add(1.0 / samples as f64, term);
                }
                derivatives[2 * layer - 1][i].add(1.0 / samples as f64, delta[i]);
            }
            if layer > 1 {
                let weight = &slices[2 * layer - 2];
                delta = (0..inputs)
                    .map(|j| {
                        let mut sum = Sum::default();
                        for i in 0..widths[layer] {
                            sum.add(weight[i * inputs + j], delta[i]);
                        }
                        sum.times(mu_slope(network.hidden(), z[layer - 1][j]))
                    })
                    .collect();
            }
        }
    }
    (cost, derivatives)
}

impl Sum {
    /// A number, as a sum of one term.
    fn of(value: f64) -> Sum {
        Sum {
            value,
            scale: value.abs(),
        }
    }

    /// Adds a multiple of another.
    fn add(&mut self, factor: f64, other: Sum) {
        self.value += factor * other.value;
        self.scale += factor.abs() * other.scale;
    }

    fn times(self, other: Sum) -> Sum {
        Sum {
            value: self.value * other.value,
            scale: self.scale * other.scale,
        }
    }
}

/// a − b.
fn difference(a: f64, b: f64) -> Sum {
    Sum {
        value: a - b,
        scale: a.abs() + b.abs(),
    }
}

/// a = µ(z). To the scale of a itself comes what is left of that of z.
fn activate(activation: Activation, z: Sum) -> Sum {
    let a = Sum::of(mu(activation, z.value));
    Sum {
        value: a.value,
        scale: a.scale + mu_slope(activation, z.value).value * z.scale,
    }
}

fn mu(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => z.max(0.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
        Activation::Softplus => z.max(0.0) + (-z.abs()).exp().ln_1p(),
        Activation::Identity => z,
    }
}

/// µ′(z). Others compute it from a as a (1 − a) or 1 − a², whose terms are its scale.
fn mu_slope(activation: Activation, z: f64) -> Sum {
    let a = mu(activation, z);
    let (value, scale) = match activation {
        Activation::Relu if z > 0.0 => (1.0, 1.0),
        Activation::Relu => (0.0, 0.0),
        Activation::Sigmoid => (1.0 / (2.0 + z.exp() + (-z).exp()), a * (1.0 + a)),
        Activation::Tanh => (1.0 / z.cosh().powi(2), 1.0 + a * a),
        Activation::Softplus => {
            let slope = 1.0 / (1.0 + (-z).exp());
            (slope, slope)
        }
        Activation::Identity => (1.0, 1.0),
    };
    Sum { value, scale }
}

fn softmax(z: &[f64]) -> Vec<f64> {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
    z.iter().map(|z| (z - largest).exp() / sum).collect()
}

/// The cost of a sample, and δᴸ.
fn last_delta(loss: Loss, z: &[f64], y: &[f64]) -> (f64, Vec<Sum>) {
    match loss {
        Loss::CrossEntropy { label_smoothing } => {
            let a = softmax(z);
            let y: Vec<f64> = y
                .iter()
                .map(|y| (1.0 - label_smoothing) * y + label_smoothing / z.len() as f64)
                .collect();
            let cost = -a.iter().zip(&y).map(|(a, y)| y * a.ln()).sum::<f64>();
            // The sum of the targets is 1, if they are probabilities.
            let total: f64 = y.iter().sum();
            let delta = a.iter().zip(&y).map(|(a, &y)| difference(a * total, y));
            (cost, delta.collect())
        }
        Loss::SquaredDifference {
            output: Output::Elementwise(activation),
        } => {
            let a: Vec<f64> = z.iter().map(|&z| mu(activation, z)).collect();
            let cost = a.iter().zip(y).map(|(a, y)| (a - y).powi(2)).sum();
            let delta = |i: usize| {
                let mut twice = Sum::default();
                twice.add(2.0, difference(a[i], y[i]));
                twice.times(mu_slope(activation, z[i]))
            };
            (cost, (0..z.len()).map(delta).collect())
        }
        Loss::SquaredDifference {
            output: Output::Softmax,
        } => {
            let a = softmax(z);
            let cost = a.iter().zip(y).map(|(a, y)| (a - y).powi(2)).sum();
            let delta = |j: usize| {
                let mut sum = Sum::default();
                for i in 0..z.len() {
                    // ∂aᵢ/∂zⱼ = aᵢ (1 − aⱼ) for i = j, and −aᵢ aⱼ elsewhere.
                    let one = if i == j { 1.0 } else { 0.0 };
                    let slope = difference(one, a[j]);
                    sum.add(2.0 * a[i], difference(a[i], y[i]).times(slope));
                }
                sum
            };
            (cost, (0..z.len()).map(delta).collect())
        }
    }
}
