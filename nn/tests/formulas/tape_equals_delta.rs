//! The tape, the formulas by hand, and plain loops in double precision agree on every derivative.
//!
//! The plain loops go sample by sample, with the indices of the paper's sums. They share no kernel with the tape and
//! the formulas, so that they reveal a mistake that both share. A difference is measured relative to the sum of the
//! absolute values of a derivative's terms, (|Δ| |A|ᵀ)ᵢⱼ, with the terms of Δ and A counted separately, because
//! rounding errors are proportional to it.

use crate::method::{Gradient, Method};
use autodiff::tensor::{Real, Targets, Tensor};
use nn::delta::propagate;
use nn::reference::{self, Scaled};
use nn::{Activation, Batch, Initializer, Mlp, Output, Parameters, StandardLoss};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Returns the largest difference of any derivative, relative to the sum of the absolute values of its terms.
fn largest_error<T: Real>(gradient: &Parameters<T>, expected: &[Vec<Scaled>]) -> f64 {
    let mut largest = 0.0_f64;
    for (tensor, expected) in gradient.tensors().iter().zip(expected) {
        for (found, expected) in tensor.data().iter().zip(expected) {
            let difference = (found.to_f64() - expected.value).abs();
            if difference != 0.0 {
                largest = largest.max(difference / expected.scale);
            }
        }
    }
    largest
}

pub(crate) fn random_batch<T: Real>(
    network: &Mlp,
    samples: usize,
    rng: &mut ChaCha8Rng,
) -> (Tensor<T>, Targets<T>) {
    let (inputs, outputs) = (network.widths()[0], network.widths()[network.layers()]);
    let x = Tensor::from_flat_fn([samples, inputs], |_| {
        T::from_f64(rng.random_range(0.0..1.0))
    });
    let classes = Tensor::from_flat_fn([samples], |_| rng.random_range(0..outputs as u32));
    (x, classes.into())
}

pub(crate) const LOSSES: [StandardLoss; 8] = [
    StandardLoss::CrossEntropy {
        label_smoothing: 0.0,
    },
    StandardLoss::CrossEntropy {
        label_smoothing: 0.1,
    },
    StandardLoss::SquaredDifference {
        output: Output::Softmax,
    },
    StandardLoss::SquaredDifference {
        output: Output::Elementwise(Activation::Relu),
    },
    StandardLoss::SquaredDifference {
        output: Output::Elementwise(Activation::Sigmoid),
    },
    StandardLoss::SquaredDifference {
        output: Output::Elementwise(Activation::Tanh),
    },
    StandardLoss::SquaredDifference {
        output: Output::Elementwise(Activation::Softplus),
    },
    StandardLoss::SquaredDifference {
        output: Output::Elementwise(Activation::Identity),
    },
];

/// Returns the largest errors of the tape and the δ formulas over 100 random batches, with 1 to 5 layers and every
/// activation and loss.
fn errors<T: Real>() -> [f64; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut largest = [0.0_f64; 2];
    for number in 0..100 {
        let hidden = Activation::ALL[number % Activation::ALL.len()];
        let loss = LOSSES[number / 5 % LOSSES.len()];
        let layers = 1 + number % 7 % 5;
        let widths: Vec<usize> = (0..=layers).map(|_| rng.random_range(1..20)).collect();
        let network = Mlp::new(&widths, hidden);
        let parameters = network.init::<T>(Initializer::GlorotNormal, number as u64);
        let samples = rng.random_range(1..150);
        let mut batch = random_batch(&network, samples, &mut rng);
        // Every third batch has rows of numbers as targets, which do not sum to 1.
        if number % 3 == 0 {
            let rows = Tensor::from_flat_fn([samples, widths[layers]], |_| {
                T::from_f64(rng.random_range(0.0..1.0))
            });
            batch.1 = Targets::Probabilities(rows);
        }
        let reference::Gradient {
            cost,
            derivatives: expected,
            ..
        } = reference::gradient(&network, loss, &parameters, &batch.0, &batch.1);
        for (largest, method) in largest.iter_mut().zip([Method::Tape, Method::Delta]) {
            let mut gradient = Gradient::new(&network, loss, method);
            let found = gradient.compute(&parameters, &batch);
            let bound = 1e6 * T::EPSILON.to_f64();
            assert!(
                (found - cost).abs() <= bound * cost.abs().max(1e-3),
                "{method:?}: cost {found}, not {cost}"
            );
            *largest = largest.max(largest_error(gradient.gradient(), &expected));
        }
    }
    largest
}

#[test]
fn all_agree_in_double_precision() {
    let [tape, delta] = errors::<f64>();
    println!(
        "largest error relative to the sum of absolute terms, f64: tape {tape:e}, δ formulas {delta:e}"
    );
    assert!(
        tape <= 1e-12 && delta <= 1e-12,
        "tape {tape:e}, δ formulas {delta:e}"
    );
}

#[test]
fn all_agree_in_single_precision() {
    let [tape, delta] = errors::<f32>();
    println!(
        "largest error relative to the sum of absolute terms, f32: tape {tape:e}, δ formulas {delta:e}"
    );
    assert!(
        tape <= 1e-5 && delta <= 1e-5,
        "tape {tape:e}, δ formulas {delta:e}"
    );
}

#[test]
fn a_large_first_layer_agrees_too() {
    let loss = StandardLoss::cross_entropy();
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for (hidden, samples) in Activation::ALL.into_iter().zip([32, 45, 64, 100, 127]) {
        let network = Mlp::new(&[160, 60, 6], hidden);
        let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
        let (x, targets) = random_batch::<f64>(&network, samples, &mut rng);
        let bytes = Tensor::from_flat_fn([samples, 160], |_| {
            let byte = rng.random_range(0..=255);
            if rng.random() { byte } else { 0 }
        });
        for x in [x, Tensor::from_scaled_bytes(&bytes, 1.0 / 255.0)] {
            let reference::Gradient {
                cost,
                derivatives: expected,
                ..
            } = reference::gradient(&network, loss, &parameters, &x, &targets);
            let batch = (x, targets.clone());
            for method in [Method::Tape, Method::Delta] {
                let mut gradient = Gradient::new(&network, loss, method);
                let found = gradient.compute(&parameters, &batch);
                assert!(
                    (found - cost).abs() <= 1e-12 * cost,
                    "{hidden}, {method:?}: {found}, not {cost}"
                );
                assert!(
                    largest_error(gradient.gradient(), &expected) <= 1e-12,
                    "{hidden}, {method:?}"
                );
            }
        }
    }
}

#[test]
fn a_planted_error_in_one_derivative_is_caught() {
    let network = Mlp::new(&[6, 5, 4], Activation::Relu);
    let parameters = network.init::<f64>(Initializer::HeNormal, 1);
    let batch = random_batch(&network, 10, &mut ChaCha8Rng::seed_from_u64(3));
    let expected = reference::gradient(
        &network,
        StandardLoss::cross_entropy(),
        &parameters,
        &batch.0,
        &batch.1,
    )
    .derivatives;
    for method in [Method::Tape, Method::Delta] {
        let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), method);
        gradient.compute(&parameters, &batch);
        let mut planted = gradient.gradient().clone();
        assert!(largest_error(&planted, &expected) <= 1e-12);
        for derivative in planted.slice_mut(2) {
            *derivative *= 1.0 + 1e-9;
        }
        assert!(largest_error(&planted, &expected) > 1e-12);
    }
}

#[test]
fn the_gradient_of_a_batch_is_the_mean_of_its_samples() {
    let network = Mlp::new(&[6, 5, 4], Activation::Tanh);
    let parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
    let batch = random_batch::<f64>(&network, 40, &mut ChaCha8Rng::seed_from_u64(3));
    let mut whole = Gradient::new(&network, StandardLoss::cross_entropy(), Method::Tape);
    whole.compute(&parameters, &batch);
    let mut sum = vec![0.0; whole.gradient().data().len()];
    for sample in 0..40 {
        let mut single = Gradient::new(&network, StandardLoss::cross_entropy(), Method::Tape);
        single.compute(&parameters, &batch.load(sample..sample + 1));
        for (sum, term) in sum.iter_mut().zip(single.gradient().data()) {
            *sum += term / 40.0;
        }
    }
    for (found, expected) in whole.gradient().data().iter().zip(sum) {
        assert!((found - expected).abs() < 1e-14);
    }
}

#[test]
fn nothing_is_left_of_an_earlier_batch() {
    let network = Mlp::new(&[140, 60, 5], Activation::Relu);
    let parameters = network.init::<f64>(Initializer::HeNormal, 1);
    let loss = StandardLoss::cross_entropy();
    for method in [Method::Tape, Method::Delta] {
        let mut gradient = Gradient::new(&network, loss, method);
        // The batches have shards of several chunks, one shard, and shards of one chunk.
        for samples in [3000, 3000, 20, 100, 3000] {
            let (x, targets) = random_batch(&network, samples, &mut ChaCha8Rng::seed_from_u64(3));
            let reference::Gradient {
                cost,
                derivatives: expected,
                ..
            } = reference::gradient(&network, loss, &parameters, &x, &targets);
            let found = gradient.compute(&parameters, &(x, targets));
            assert!((found - cost).abs() <= 1e-12 * cost, "{found}, not {cost}");
            assert!(largest_error(gradient.gradient(), &expected) <= 1e-12);
        }
    }
}

#[test]
fn sums_over_many_samples_keep_their_digits() {
    let samples = 1 << 18;
    let network = Mlp::new(&[1, 1], Activation::Identity);
    let mut sum = network.init::<f32>(Initializer::HeNormal, 1);
    sum.data_mut().fill(0.0);
    let x = Tensor::full([samples, 1], 0.1_f32);
    let targets = Targets::Probabilities(Tensor::full([samples, 1], -0.05));
    let loss = StandardLoss::squared_difference(Activation::Identity);
    // Every δ is 0.1.
    let deltas = propagate(&network, loss, &sum, &x, &targets, 1.0);
    deltas.add_to(1.0, &mut sum);
    let tenth = f64::from(0.1_f32);
    for (slice, term) in [(0, tenth * tenth), (1, tenth)] {
        let found = f64::from(sum.slice_mut(slice)[0]);
        let error = (found / (term * samples as f64) - 1.0).abs();
        assert!(
            error <= 64.0 * f64::from(f32::EPSILON),
            "{slice}: {error:e}"
        );
    }
}
