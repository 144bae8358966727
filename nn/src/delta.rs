//! The δ formulas: back-propagation written by hand, as in the paper, without a tape and without autodiff's table of
//! slopes. They are the closed form of the gradient.
//!
//! ```text
//! zˡ = Wˡ aˡ⁻¹ + bˡ,   aˡ = µ(zˡ)                          (Utilizing Matrix/Vector Notation)
//!
//! δᴸ = aᴸ − y                      for softmax and cross-entropy       (Worked Example, Backpropagation)
//! δᴸ = 2 (aᴸ − y) ⊙ µ′(zᴸ)         for the squared difference          (Utilizing Matrix/Vector Notation)
//! δᴸ = Jᵀ 2 (aᴸ − y)               for the squared difference after softmax, whose Jacobian is J
//!
//! δˡ⁻¹ = µ′(zˡ⁻¹) ⊙ (Wˡ)ᵀ δˡ
//! ∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ,   ∂C/∂bˡ = δˡ,   summed over the samples
//! ```
//!
//! Samples are rows here and columns in the paper, so the matrices are transposed: the code's `Δ W` is the paper's
//! `Wᵀ Δ`, and the code's `Δᵀ A` is the paper's `Δ Aᵀ`.

mod gradient;
mod last;

pub use gradient::DeltaGradient;

use crate::{Activation, Mlp, Parameters, StandardLoss, Supervised};
use autodiff::tensor::raw::{add_product_rows, elementary, magnitude_bound, plain, transposed};
use autodiff::tensor::{Real, Shape, Targets, Tensor};
use last::last_delta;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// The result of back-propagation on some samples: the input activations and the δ of each layer, with a row for each
/// sample.
#[derive(Debug)]
pub struct Deltas<T: Real> {
    /// The sum of the samples' costs.
    pub cost: f64,
    /// a⁰, …, aᴸ⁻¹.
    pub activations: SmallVec<[Tensor<T>; 16]>,
    /// δ¹, …, δᴸ, multiplied by the `weight` of a sample.
    pub deltas: SmallVec<[Tensor<T>; 16]>,
}

/// Goes forward and back through all layers. Returns the activations, and every δ multiplied by `weight`.
///
/// ```
/// use autodiff::tensor::{Targets, Tensor};
/// use nn::{Activation, Initializer, Mlp, Parameters, StandardLoss, delta};
///
/// let network = Mlp::new(&[2, 3, 2], Activation::Tanh);
/// let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
/// let x = Tensor::from([[0.5, -1.0], [2.0, 0.0]]);
/// let targets = Targets::Classes(Tensor::from([1_u32, 0]));
///
/// // The mean over two samples: each has the weight ½.
/// let loss = StandardLoss::cross_entropy();
/// let deltas = delta::propagate(&network, loss, &parameters, &x, &targets, 0.5);
/// assert_eq!(deltas.deltas[1].shape()[..], [2, 2]);
/// let mut gradient = Parameters::zeros(network.layout().clone());
/// deltas.add_to(1.0, &mut gradient);
/// assert!(gradient.norm() > 0.0);
/// ```
///
/// # Panics
///
/// If the samples do not fit the network, the parameters have another layout, or the label smoothing of the loss is not
/// in [0, 1].
#[must_use]
#[track_caller]
pub fn propagate<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
    weight: T,
) -> Deltas<T> {
    let samples = x.shape().first().copied().unwrap_or(0);
    let chunk = (x.clone(), targets.clone());
    Supervised::new(network, loss).check("propagate", parameters, &chunk, samples);
    propagate_fitting(network, loss, parameters, x, targets, weight)
}

/// Like [`propagate`], for samples and parameters that are known to fit.
fn propagate_fitting<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
    weight: T,
) -> Deltas<T> {
    let last = network.layers();
    let weights = |layer: usize| parameters.tensor(2 * layer - 2);
    let biases = |layer: usize| parameters.tensor(2 * layer - 1);

    let mut activations: SmallVec<[Tensor<T>; 16]> = SmallVec::new();
    activations.push(x.clone());
    for layer in 1..last {
        let mut a = activations[layer - 1].linear(weights(layer), biases(layer));
        activate(network.hidden(), a.data_mut());
        activations.push(a);
    }
    let z = activations[last - 1].linear(weights(last), biases(last));

    let (cost, mut delta) = last_delta(loss, &z, targets);
    for delta in delta.data_mut() {
        *delta = weight * *delta;
    }
    let mut deltas: SmallVec<[Tensor<T>; 16]> = SmallVec::new();
    deltas.push(delta);
    for layer in (1..last).rev() {
        let mut delta =
            Tensor::product(plain(&deltas[last - layer - 1]), plain(&weights(layer + 1)));
        times_slope(
            network.hidden(),
            activations[layer].data(),
            delta.data_mut(),
        );
        deltas.push(delta);
    }
    deltas.reverse();
    Deltas {
        cost,
        activations,
        deltas,
    }
}

/// Up to this number of samples, δ is added row by row: the rounding error of a short sum hardly grows.
const FEW_SAMPLES: usize = 32;

impl<T: Real> Deltas<T> {
    /// Adds `scale` times the gradient to `sum`: `∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ` and `∂C/∂bˡ = δˡ`, summed over the samples.
    ///
    /// # Panics
    ///
    /// If `sum` does not have the network's layout.
    #[track_caller]
    pub fn add_to(&self, scale: T, sum: &mut Parameters<T>) {
        let layout = Arc::clone(sum.layout());
        let slices = layout.slices();
        assert!(
            slices.len() == 2 * self.deltas.len(),
            "add_to: the gradient of {} layers and a sum of {} slices",
            self.deltas.len(),
            slices.len()
        );
        for (number, slice) in slices.iter().enumerate() {
            let [delta, a] = self.layer(number);
            let (neurons, inputs) = (delta.shape()[1], a.shape()[1]);
            let shape = match number % 2 {
                0 => Shape::from([neurons, inputs]),
                _ => Shape::from([neurons]),
            };
            assert!(
                slice.shape == shape,
                "add_to: a gradient of shape {shape} for `{}` of shape {}",
                slice.name,
                slice.shape
            );
        }
        for (number, slice) in slices.iter().enumerate() {
            self.add_rows_to(scale, number, 0..slice.shape[0], sum.slice_mut(number));
        }
    }

    /// Adds `scale` times some rows of the gradient with respect to one slice of the parameters to `sum`. A slice has a
    /// row for each neuron. The slices are weights and biases alternately.
    ///
    /// # Panics
    ///
    /// If the slice or the rows do not exist, or the size of `sum` is not the size of the rows.
    #[track_caller]
    pub fn add_rows_to(&self, scale: T, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        let [delta, a] = self.rows(slice, &rows, sum);
        if slice.is_multiple_of(2) {
            return add_product_rows(scale, transposed(delta), plain(a), rows, sum);
        }
        let summed;
        let delta = if delta.shape()[0] > FEW_SAMPLES {
            summed = delta.sum_over_keepdims([0]);
            &summed
        } else {
            delta
        };
        for delta in delta.data().chunks_exact(delta.shape()[1]) {
            for (sum, &delta) in sum.iter_mut().zip(&delta[rows.clone()]) {
                *sum = *sum + scale * delta;
            }
        }
    }

    /// Returns an upper bound of the magnitudes of the gradient's elements, without forming the gradient. The bound is
    /// not finite if any δ or activation is not finite.
    #[must_use]
    pub fn magnitude_bound(&self) -> f64 {
        let layers = self.deltas.iter().zip(&self.activations);
        layers
            .map(|(delta, a)| {
                let samples = delta.shape()[0] as f64;
                // A bias has an activation of 1.
                samples * magnitude_bound(delta) * (1.0 + magnitude_bound(a))
            })
            .sum()
    }

    /// Returns δ and the activations of the layer that a slice belongs to. Checks that the rows exist and that `sum`
    /// has their size.
    #[track_caller]
    fn rows(&self, slice: usize, rows: &Range<usize>, sum: &[T]) -> [&Tensor<T>; 2] {
        let [delta, a] = self.layer(slice);
        let neurons = delta.shape()[1];
        let row = match slice % 2 {
            0 => a.shape()[1],
            _ => 1,
        };
        assert!(
            rows.start <= rows.end && rows.end <= neurons && sum.len() == rows.len() * row,
            "add_rows: rows {rows:?} of {neurons} × {row} elements of slice {slice}, and a sum of {}",
            sum.len()
        );
        [delta, a]
    }

    /// Returns δ and the activations of the layer that a slice belongs to.
    #[track_caller]
    fn layer(&self, slice: usize) -> [&Tensor<T>; 2] {
        match (self.deltas.get(slice / 2), self.activations.get(slice / 2)) {
            (Some(delta), Some(a)) => [delta, a],
            _ => panic!(
                "add_rows: there is no slice {slice}: there are {}",
                2 * self.deltas.len()
            ),
        }
    }
}

/// Replaces z by µ(z).
fn activate<T: Real>(activation: Activation, z: &mut [T]) {
    let zero = T::default();
    match activation {
        Activation::Relu => z
            .iter_mut()
            .for_each(|z| *z = if *z <= zero { zero } else { *z }),
        Activation::Sigmoid => elementary::sigmoid(z),
        Activation::Tanh => elementary::tanh(z),
        Activation::Softplus => elementary::softplus(z),
        Activation::Identity => {}
    }
}

/// Multiplies δ by µ′(z), computed from a = µ(z). A zero factor absorbs an infinite or NaN factor.
fn times_slope<T: Real>(activation: Activation, a: &[T], delta: &mut [T]) {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let pairs = delta.iter_mut().zip(a);
    match activation {
        Activation::Relu => {
            pairs.for_each(|(delta, &a)| *delta = if a > zero { *delta } else { zero });
        }
        Activation::Sigmoid => {
            pairs.for_each(|(delta, &a)| *delta = delta.absorbing_mul(a * (one - a)));
        }
        Activation::Tanh => {
            pairs.for_each(|(delta, &a)| *delta = delta.absorbing_mul(one - a * a));
        }
        // The slope 1 / (1 + e⁻ᶻ) is 1 − e⁻ᵃ, because eᵃ = 1 + eᶻ.
        Activation::Softplus => {
            pairs.for_each(|(delta, &a)| *delta = delta.absorbing_mul(-(-a).exp_m1()));
        }
        Activation::Identity => {}
    }
}
