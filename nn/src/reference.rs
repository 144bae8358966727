//! Back-propagation in plain loops and double precision, to check the tape and the formulas.
//!
//! The code goes sample by sample, with the indices of the paper's sums. It shares no kernel with the tape or the
//! [formulas](crate::delta), so that it reveals a mistake that both share.
//!
//! Each derivative has a scale: the sum of the absolute values of its terms, (|Δ| |A|ᵀ)ᵢⱼ. Rounding errors are
//! proportional to the scale, so a difference between two computations is measured relative to it. The terms of δ and a
//! count separately: |a| + |y| for a − y, |W|ᵀ |δ| for Wᵀ δ, and |W| |a| + |b| for z. A scale is needed because terms
//! cancel: a − y for a sample that the network is sure of, or a rectifier that is barely on. Little but rounding errors
//! is then left, and relative to the value, any two orders of addition would differ.
//!
//! The error of a product is the error of either factor times the other factor. The error of a function of z follows
//! from its values at the ends of the interval in which z lies. The scale therefore stays meaningful where z is a small
//! difference of large terms, where µ is saturated, and at the kink of a rectifier. The values are computed in forms
//! that neither overflow nor lose small numbers in these cases.

mod functions;
mod scaled;

use crate::{Activation, Mlp, Output, Parameters, StandardLoss, Supervised};
use autodiff::tensor::{Real, Targets, Tensor};
use functions::{log_odds, mu, mu_slope, softmax};
pub use scaled::Scaled;
use scaled::{larger, largest_scale, mapped};

/// The result of [`gradient`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gradient {
    /// The mean cost of the samples.
    pub cost: f64,
    /// The derivatives of the cost with respect to every parameter, a list for each slice.
    pub derivatives: Vec<Vec<Scaled>>,
    /// δ¹, …, δᴸ: the derivatives of a sample's cost with respect to each pre-activation, with a row for each sample.
    pub deltas: Vec<Vec<Scaled>>,
    /// The largest scale of any intermediate number. In a precision in which this number overflows, a computation may
    /// return infinities and NaNs although the result here is finite. If this number is not finite, the result here may
    /// be infinite or NaN too.
    pub largest: f64,
}

/// Returns the mean cost of the samples, and its derivative with respect to every parameter.
///
/// ```
/// use autodiff::tensor::{Targets, Tensor};
/// use nn::{Activation, BatchGradient, Initializer, Mlp, StandardLoss, Supervised, reference};
///
/// let (network, loss) = (Mlp::new(&[2, 3, 2], Activation::Tanh), StandardLoss::cross_entropy());
/// let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
/// let x = Tensor::from([[0.5, -1.0], [2.0, 0.0]]);
/// let targets = Targets::Classes(Tensor::from([1_u32, 0]));
/// let expected = reference::gradient(&network, loss, &parameters, &x, &targets);
///
/// let mut gradient = BatchGradient::tape(Supervised::new(&network, loss));
/// let (cost, gradient) = gradient.compute(&parameters, &(x, targets));
/// assert!((cost - expected.cost).abs() < 1e-14);
/// for (slice, expected) in gradient.tensors().iter().zip(&expected.derivatives) {
///     for (&found, expected) in slice.data().iter().zip(expected) {
///         assert!(expected.apart(found) < 1e-14);
///     }
/// }
/// ```
///
/// # Panics
///
/// If the samples do not fit the network, the parameters have another layout, or the label smoothing of the loss is not
/// in [0, 1].
#[must_use]
#[track_caller]
pub fn gradient<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
) -> Gradient {
    let samples = x.shape().first().copied().unwrap_or(0);
    let chunk = (x.clone(), targets.clone());
    Supervised::new(network, loss).check("gradient", parameters, &chunk, samples);
    let widths = network.widths();
    let layers = network.layers();
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
    let mut derivatives: Vec<Vec<Scaled>> = slices
        .iter()
        .map(|s| vec![Scaled::default(); s.len()])
        .collect();
    let mut deltas = vec![Vec::new(); layers];
    let share = 1.0 / samples as f64;
    // A parameter may overflow in another precision even if it is only multiplied by 0.
    let parameters = slices.iter().flatten();
    let mut largest = parameters.fold(0.0, |largest: f64, p| larger(largest, p.abs()));
    for sample in 0..samples {
        // z[l] and a[l] belong to layer l of this sample; a[0] is the input.
        let inputs = &x[sample * widths[0]..(sample + 1) * widths[0]];
        let mut a = vec![inputs.iter().copied().map(Scaled::from).collect::<Vec<_>>()];
        let mut z = vec![Vec::new()];
        for layer in 1..=layers {
            let (weight, bias) = (&slices[2 * layer - 2], &slices[2 * layer - 1]);
            let weights = weight.chunks_exact(widths[layer - 1]);
            let next: Vec<Scaled> = weights
                .zip(bias)
                .map(|(weights, &bias)| pre_activation(weights, &a[layer - 1], bias))
                .collect();
            largest = largest_scale(largest, &next);
            a.push(
                next.iter()
                    .map(|&z| mapped(z, |z| mu(network.hidden(), z)))
                    .collect(),
            );
            z.push(next);
        }
        let (sample_cost, mut delta) = last_delta(
            loss,
            &z[layers],
            &targets[sample * classes..(sample + 1) * classes],
        );
        cost += sample_cost / samples as f64;
        for layer in (1..=layers).rev() {
            largest = largest_scale(largest, &delta);
            deltas[layer - 1].extend_from_slice(&delta);
            let inputs = widths[layer - 1];
            for i in 0..widths[layer] {
                for j in 0..inputs {
                    let sum = &mut derivatives[2 * layer - 2][i * inputs + j];
                    *sum = *sum + share * (delta[i] * a[layer - 1][j]);
                }
                let sum = &mut derivatives[2 * layer - 1][i];
                *sum = *sum + share * delta[i];
            }
            if layer > 1 {
                let weight = &slices[2 * layer - 2];
                let terms = |j: usize| {
                    let rows = delta.iter().enumerate();
                    rows.map(move |(i, &delta)| weight[i * inputs + j] * delta)
                };
                let back: Vec<Scaled> = (0..inputs).map(|j| terms(j).sum()).collect();
                largest = largest_scale(largest, &back);
                delta = back
                    .iter()
                    .zip(&z[layer - 1])
                    .map(|(sum, &z)| sum.times_slope(mu_slope(network.hidden(), z)))
                    .collect();
            }
        }
    }
    // Other computations may sum over the samples before they divide by the number of samples.
    for slice in &derivatives {
        largest = larger(largest, samples as f64 * largest_scale(0.0, slice));
    }
    Gradient {
        cost,
        derivatives,
        deltas,
        largest,
    }
}

/// Returns z = Σⱼ wⱼ aⱼ + b. Its scale is the sum of the absolute values of the terms, plus the root of the summed
/// squares of the errors that the aⱼ carry, because these errors are independent.
fn pre_activation(weights: &[f64], a: &[Scaled], bias: f64) -> Scaled {
    let mut z = Scaled::from(bias);
    let mut carried = 0.0;
    for (&weight, a) in weights.iter().zip(a) {
        z = z + weight * Scaled::from(a.value);
        carried += (weight * a.scale).powi(2);
    }
    z.scale += carried.sqrt();
    z
}

/// Returns the cost of a sample, and δᴸ.
fn last_delta(loss: StandardLoss, z: &[Scaled], y: &[f64]) -> (f64, Vec<Scaled>) {
    match loss {
        StandardLoss::CrossEntropy { label_smoothing } => {
            let a = softmax(z);
            let y: Vec<f64> = y
                .iter()
                .map(|y| (1.0 - label_smoothing) * y + label_smoothing / z.len() as f64)
                .collect();
            // With the log-odds l, −ln a = ln(1 + e⁻ˡ). A class whose target is 0 costs nothing.
            let odds = log_odds(z);
            let terms = odds.iter().zip(&y).filter(|(_, y)| **y != 0.0);
            let cost = terms
                .map(|(l, y)| y * mu(Activation::Softplus, -l.value))
                .sum();
            // If the targets are probabilities, their sum is 1.
            let total = Scaled::from(y.iter().sum::<f64>());
            let delta = a
                .iter()
                .zip(&y)
                .map(|(a, &y)| a.times_slope(total) - y.into());
            (cost, delta.collect())
        }
        StandardLoss::SquaredDifference {
            output: Output::Elementwise(activation),
        } => {
            let a: Vec<Scaled> = z
                .iter()
                .map(|&z| mapped(z, |z| mu(activation, z)))
                .collect();
            let delta = |i: usize| {
                let twice = 2.0 * (a[i] - y[i].into());
                twice.times_slope(mu_slope(activation, z[i]))
            };
            (squared(&a, y), (0..z.len()).map(delta).collect())
        }
        StandardLoss::SquaredDifference {
            output: Output::Softmax,
        } => {
            let a = softmax(z);
            // ∂aᵢ/∂zⱼ = aᵢ (1 − aⱼ) for i = j, and −aᵢ aⱼ elsewhere.
            let slope = |i: usize, j: usize| a[i] * (Scaled::from(f64::from(i == j)) - a[j]);
            let delta = |j: usize| {
                (0..z.len())
                    .map(|i| 2.0 * ((a[i] - y[i].into()) * slope(i, j)))
                    .sum()
            };
            (squared(&a, y), (0..z.len()).map(delta).collect())
        }
    }
}

/// Σᵢ (aᵢ − yᵢ)².
fn squared(a: &[Scaled], y: &[f64]) -> f64 {
    let terms = a.iter().zip(y).map(|(a, y)| (a.value - y).powi(2));
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_logits_far_apart_are_finite() {
        let z = [0.0, 1e4, -1e300].map(Scaled::from);
        let (cost, delta) = last_delta(StandardLoss::cross_entropy(), &z, &[1.0, 0.0, 0.0]);
        assert_eq!(cost, 1e4);
        assert_eq!(
            delta.iter().map(|d| d.value).collect::<Vec<_>>(),
            [-1.0, 1.0, 0.0]
        );
    }
}
