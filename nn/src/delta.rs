//! Back-propagation written out by hand, as in the paper, without a tape and without autodiff's table of slopes.
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
//! Samples are rows here and columns in the paper, so the matrices are transposed: `Δ W` stands for its `Wᵀ Δ`, and
//! `Δᵀ A` for its `Δ Aᵀ`.

use crate::{Activation, Loss, Mlp, Output, Parameters};
use autodiff::tensor::{
    Algebra, Factor, Real, Targets, Tensor, add_product_rows, add_products_rows, elementary, plain,
    transposed,
};
use smallvec::SmallVec;
use std::ops::Range;

/// The result of back-propagation on some samples: the activations that go into each layer, and the layer's δ, with a
/// row for each sample.
#[derive(Debug)]
pub struct Deltas<T: Real> {
    /// The sum of the samples' costs.
    pub cost: f64,
    /// a⁰, …, aᴸ⁻¹.
    pub activations: SmallVec<[Tensor<T>; 16]>,
    /// δ¹, …, δᴸ, multiplied by the weight of a sample.
    pub deltas: SmallVec<[Tensor<T>; 16]>,
}

/// Goes forward through all layers and back, with each sample weighted by `weight`.
///
/// # Panics
///
/// If the shapes do not fit.
#[must_use]
#[track_caller]
pub fn propagate<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
    weight: T,
) -> Deltas<T> {
    propagate_known(network, loss, parameters, x, None, targets, weight)
}

/// The same, where the pre-activations of the first layer may be known; if they are, it is not the last.
#[track_caller]
pub(crate) fn propagate_known<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    mut z: Option<Tensor<T>>,
    targets: &Targets<T>,
    weight: T,
) -> Deltas<T> {
    let last = network.layers();
    let weights = |layer: usize| parameters.tensor(2 * layer - 2);
    let biases = |layer: usize| parameters.tensor(2 * layer - 1);

    let mut activations: SmallVec<[Tensor<T>; 16]> = SmallVec::new();
    activations.push(x.clone());
    for layer in 1..last {
        let mut a = match z.take() {
            Some(z) => z,
            None => activations[layer - 1].linear(&weights(layer), &biases(layer)),
        };
        activate(network.hidden(), a.data_mut());
        activations.push(a);
    }
    let z = activations[last - 1].linear(&weights(last), &biases(last));

    let (cost, mut delta) = last_delta(loss, &z, targets);
    if weight != T::from_f64(1.0) {
        for delta in delta.data_mut() {
            *delta = weight * *delta;
        }
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

impl<T: Real> Deltas<T> {
    /// Adds `scale` times the gradient to `sum`: `∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ` and `∂C/∂bˡ = δˡ`, summed over the samples.
    ///
    /// # Panics
    ///
    /// If `sum` does not have the network's layout.
    #[track_caller]
    pub fn add_to(&self, scale: T, sum: &mut Parameters<T>) {
        for (layer, delta) in self.deltas.iter().enumerate() {
            let neurons = delta.shape()[1];
            for slice in [2 * layer, 2 * layer + 1] {
                self.add_rows_to(scale, slice, 0..neurons, sum.slice_mut(slice));
            }
        }
    }

    /// Adds to `sum` `scale` times some rows, one for each neuron in `rows`, of the gradient with respect to one slice of
    /// the parameters. Slices are numbered with weights and biases in turn.
    ///
    /// # Panics
    ///
    /// If there is no such slice, it has no such rows, or `sum` differs from them in size.
    #[track_caller]
    pub fn add_rows_to(&self, scale: T, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        if slice.is_multiple_of(2) {
            let [delta, a] = self.factors(slice / 2);
            return add_product_rows(scale, delta, a, rows, sum);
        }
        let delta = &self.deltas[slice / 2];
        for delta in delta.data().chunks_exact(delta.shape()[1]) {
            for (sum, &delta) in sum.iter_mut().zip(&delta[rows.clone()]) {
                *sum = *sum + scale * delta;
            }
        }
    }

    /// The same of the sum of several gradients, those of the parts of a batch.
    ///
    /// # Panics
    ///
    /// As [`add_rows_to`](Deltas::add_rows_to), for any of them.
    #[track_caller]
    pub fn add_rows_of_sum(
        parts: &[&Self],
        scale: T,
        slice: usize,
        rows: Range<usize>,
        sum: &mut [T],
    ) {
        if slice.is_multiple_of(2) {
            let products: SmallVec<[_; 8]> =
                parts.iter().map(|part| part.factors(slice / 2)).collect();
            return add_products_rows(scale, &products, rows, sum);
        }
        for part in parts {
            part.add_rows_to(scale, slice, rows.clone(), sum);
        }
    }

    /// The factors of the gradient of a layer's weights, δᵀ and a.
    fn factors(&self, layer: usize) -> [Factor<'_, Tensor<T>>; 2] {
        [
            transposed(&self.deltas[layer]),
            plain(&self.activations[layer]),
        ]
    }
}

/// µ(z), in place.
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

/// Multiplies by µ′(z), told from a = µ(z): every activation of ours lets it be.
fn times_slope<T: Real>(activation: Activation, a: &[T], delta: &mut [T]) {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let pairs = delta.iter_mut().zip(a);
    match activation {
        Activation::Relu => {
            pairs.for_each(|(delta, &a)| *delta = if a > zero { *delta } else { zero });
        }
        Activation::Sigmoid => pairs.for_each(|(delta, &a)| *delta = *delta * a * (one - a)),
        Activation::Tanh => pairs.for_each(|(delta, &a)| *delta = *delta * (one - a * a)),
        // 1 / (1 + e⁻ᶻ) with eᵃ = 1 + eᶻ is 1 − e⁻ᵃ.
        Activation::Softplus => pairs.for_each(|(delta, &a)| *delta = *delta * -(-a).exp_m1()),
        Activation::Identity => {}
    }
}

/// The sum of the samples' costs, and δᴸ = ∂C/∂zᴸ with a row for each sample.
fn last_delta<T: Real>(loss: Loss, z: &Tensor<T>, targets: &Targets<T>) -> (f64, Tensor<T>) {
    match loss {
        Loss::CrossEntropy { label_smoothing } => cross_entropy(z, targets, label_smoothing),
        Loss::SquaredDifference { output } => {
            let y = targets.probabilities(z.shape()[1]);
            let mut a = z.clone();
            match output {
                Output::Elementwise(activation) => activate(activation, a.data_mut()),
                Output::Softmax => softmax_rows(&mut a),
            }
            let mut delta = a.clone();
            let mut cost = 0.0;
            for (delta, &y) in delta.data_mut().iter_mut().zip(y.data()) {
                let difference = *delta - y;
                cost += difference.to_f64() * difference.to_f64();
                *delta = difference + difference;
            }
            match output {
                Output::Elementwise(activation) => {
                    times_slope(activation, a.data(), delta.data_mut());
                }
                Output::Softmax => times_softmax_jacobian(&a, &mut delta),
            }
            (cost, delta)
        }
    }
}

/// Cross-entropy: `C = −Σ yᵢ ln aᵢ` and `δ = a Σ yᵢ − y`, which is a − y for targets that sum to 1.
fn cross_entropy<T: Real>(
    z: &Tensor<T>,
    targets: &Targets<T>,
    label_smoothing: f64,
) -> (f64, Tensor<T>) {
    let classes = z.shape()[1];
    let mut cost = 0.0;
    let mut delta = z.clone();
    if let (Targets::Classes(numbers), 0.0) = (targets, label_smoothing) {
        exponentials(delta.data_mut(), classes);
        for ((row, z), &class) in delta
            .data_mut()
            .chunks_exact_mut(classes)
            .zip(z.data().chunks_exact(classes))
            .zip(numbers.data())
        {
            let class = class as usize;
            let log_sum_exp = largest(z) + normalize(row).ln();
            cost += (log_sum_exp - z[class]).to_f64();
            row[class] = row[class] - T::from_f64(1.0);
        }
        return (cost, delta);
    }
    let y = targets.probabilities(classes);
    let (keep, share) = (
        T::from_f64(1.0 - label_smoothing),
        T::from_f64(label_smoothing / classes as f64),
    );
    exponentials(delta.data_mut(), classes);
    let rows = delta.data_mut().chunks_exact_mut(classes);
    for ((row, z), y) in rows
        .zip(z.data().chunks_exact(classes))
        .zip(y.data().chunks_exact(classes))
    {
        let log_sum_exp = largest(z) + normalize(row).ln();
        let total = y
            .iter()
            .fold(T::default(), |total, &y| total + (keep * y + share));
        for ((delta, &z), &y) in row.iter_mut().zip(z).zip(y) {
            let y = keep * y + share;
            if y != T::default() {
                cost += (y * (log_sum_exp - z)).to_f64();
            }
            *delta = *delta * total - y;
        }
    }
    (cost, delta)
}

/// eᶻⁱ / Σⱼ eᶻʲ of each row, in place.
fn softmax_rows<T: Real>(z: &mut Tensor<T>) {
    let classes = z.shape()[1];
    exponentials(z.data_mut(), classes);
    for row in z.data_mut().chunks_exact_mut(classes) {
        normalize(row);
    }
}

/// eᶻⁱ⁻ᵐ with the largest z of a row as m, in place, of all rows together.
fn exponentials<T: Real>(z: &mut [T], classes: usize) {
    for row in z.chunks_exact_mut(classes) {
        let m = largest(row);
        for z in row {
            *z = *z - m;
        }
    }
    elementary::exp(z);
}

fn largest<T: Real>(row: &[T]) -> T {
    row.iter().fold(-T::INFINITY, |largest, &z| largest.max(z))
}

/// Divides a row by its sum, which it gives.
fn normalize<T: Real>(row: &mut [T]) -> T {
    let sum = row.iter().fold(T::default(), |sum, &x| sum + x);
    let share = sum.recip();
    for x in row {
        *x = *x * share;
    }
    sum
}

/// Multiplies each row of `delta` by the transposed softmax Jacobian, `Jᵢⱼ = aᵢ (1 − aᵢ)` for i = j and `−aᵢ aⱼ` else.
fn times_softmax_jacobian<T: Real>(a: &Tensor<T>, delta: &mut Tensor<T>) {
    let classes = a.shape()[1];
    let one = T::from_f64(1.0);
    for (a, delta) in a
        .data()
        .chunks_exact(classes)
        .zip(delta.data_mut().chunks_exact_mut(classes))
    {
        let upstream: SmallVec<[T; 16]> = SmallVec::from_slice(delta);
        for (j, delta) in delta.iter_mut().enumerate() {
            let jacobian = |i: usize| {
                if i == j {
                    a[i] * (one - a[i])
                } else {
                    -(a[i] * a[j])
                }
            };
            *delta = upstream
                .iter()
                .enumerate()
                .fold(T::default(), |sum, (i, &u)| sum + jacobian(i) * u);
        }
    }
}
