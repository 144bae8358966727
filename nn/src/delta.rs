//! Back-propagation written out by hand, as the paper does it. There is no tape here, and no table of slopes.
//!
//! ```text
//! zˡ = Wˡ aˡ⁻¹ + bˡ,   aˡ = µ(zˡ)                          (Utilizing Matrix/Vector Notation)
//!
//! δᴸ = aᴸ − y                      for cross-entropy behind softmax    (Worked Example, Backpropagation)
//! δᴸ = 2 (aᴸ − y) ⊙ µ′(zᴸ)         for the squared difference          (Utilizing Matrix/Vector Notation)
//! δᴸ = Jᵀ 2 (aᴸ − y)               for the squared difference behind softmax, with its Jacobian J
//!
//! δˡ⁻¹ = µ′(zˡ⁻¹) ⊙ (Wˡ)ᵀ δˡ
//! ∂C/∂Wˡ = δˡ (aˡ⁻¹)ᵀ,   ∂C/∂bˡ = δˡ,   summed over the samples
//! ```
//!
//! A sample is a row here, so the matrices are the transposes of the paper's: `Δ W` stands for `Wᵀ Δ`, and `Δᵀ A` for
//! `Δ Aᵀ`.

use crate::{Activation, Loss, Mlp, Output, Parameters};
use autodiff::tensor::{Algebra, Real, Targets, Tensor, add_product, plain, transposed};
use smallvec::SmallVec;

/// Adds `weight` times the gradient of the samples' summed costs to `gradient`, and gives the sum of the costs.
///
/// # Panics
///
/// If the shapes do not fit.
#[track_caller]
pub fn add_gradient<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
    targets: &Targets<T>,
    weight: T,
    gradient: &mut Parameters<T>,
) -> f64 {
    let last = network.layers();

    // Forward: a[ℓ] are the activations of layer ℓ, and z the pre-activations of the last one.
    let mut a: SmallVec<[Tensor<T>; 16]> = SmallVec::new();
    a.push(x.clone());
    let mut z = Tensor::scalar(T::default());
    for layer in 1..=last {
        z = a[layer - 1].linear(
            &parameters.tensor(2 * layer - 2),
            &parameters.tensor(2 * layer - 1),
        );
        if layer < last {
            let mut activations = z;
            activate(network.hidden(), activations.data_mut());
            a.push(activations);
            z = Tensor::scalar(T::default());
        }
    }

    // Backward: δ is that of layer ℓ, times the weight.
    let (cost, mut delta) = last_delta(loss, &z, targets);
    if weight != T::from_f64(1.0) {
        for delta in delta.data_mut() {
            *delta = weight * *delta;
        }
    }
    for layer in (1..=last).rev() {
        let one = T::from_f64(1.0);
        add_product(
            one,
            transposed(&delta),
            plain(&a[layer - 1]),
            gradient.slice_mut(2 * layer - 2),
        );
        let bias = gradient.slice_mut(2 * layer - 1);
        for delta in delta.data().chunks_exact(bias.len()) {
            for (sum, &delta) in bias.iter_mut().zip(delta) {
                *sum = *sum + delta;
            }
        }
        if layer > 1 {
            let mut previous =
                Tensor::product(plain(&delta), plain(&parameters.tensor(2 * layer - 2)));
            times_slope(network.hidden(), a[layer - 1].data(), previous.data_mut());
            delta = previous;
        }
    }
    cost
}

/// µ(z), in place.
fn activate<T: Real>(activation: Activation, z: &mut [T]) {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    match activation {
        Activation::Relu => z
            .iter_mut()
            .for_each(|z| *z = if *z <= zero { zero } else { *z }),
        Activation::Sigmoid => z.iter_mut().for_each(|z| *z = one / (one + (-*z).exp())),
        Activation::Tanh => z.iter_mut().for_each(|z| *z = z.tanh()),
        Activation::Softplus => z.iter_mut().for_each(|z| *z = softplus(*z)),
        Activation::Identity => {}
    }
}

/// ln(1 + eᶻ), with the larger of 1 and eᶻ taken out of the logarithm.
fn softplus<T: Real>(z: T) -> T {
    let zero = T::from_f64(0.0);
    if z > zero {
        z + (-z).exp().ln_1p()
    } else {
        z.exp().ln_1p()
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
        for ((row, z), &class) in delta
            .data_mut()
            .chunks_exact_mut(classes)
            .zip(z.data().chunks_exact(classes))
            .zip(numbers.data())
        {
            let class = class as usize;
            cost += (softmax_row(row) - z[class]).to_f64();
            row[class] = row[class] - T::from_f64(1.0);
        }
        return (cost, delta);
    }
    let y = targets.probabilities(classes);
    let (keep, share) = (
        T::from_f64(1.0 - label_smoothing),
        T::from_f64(label_smoothing / classes as f64),
    );
    let rows = delta.data_mut().chunks_exact_mut(classes);
    for ((row, z), y) in rows
        .zip(z.data().chunks_exact(classes))
        .zip(y.data().chunks_exact(classes))
    {
        let log_sum_exp = softmax_row(row);
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

fn softmax_rows<T: Real>(z: &mut Tensor<T>) {
    let classes = z.shape()[1];
    for row in z.data_mut().chunks_exact_mut(classes) {
        softmax_row(row);
    }
}

/// eᶻⁱ / Σⱼ eᶻʲ in place, shifted by the largest z; gives ln Σⱼ eᶻʲ.
fn softmax_row<T: Real>(row: &mut [T]) -> T {
    let largest = row.iter().fold(-T::INFINITY, |largest, &z| largest.max(z));
    let mut sum = T::default();
    for z in row.iter_mut() {
        *z = (*z - largest).exp();
        sum = sum + *z;
    }
    let share = sum.recip();
    for z in row {
        *z = *z * share;
    }
    largest + sum.ln()
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
