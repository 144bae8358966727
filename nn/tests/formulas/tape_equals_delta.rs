//! The tape, the formulas by hand, and a plain loop in double precision: all three agree on every parameter.
//!
//! The plain loop is written sample by sample, with indices as the paper's sums have them, and shares no kernel with the
//! other two, whose shared mistakes it would show. What is close is told relative to the sum of the absolute values of
//! a derivative's terms, (|Δ| |A|ᵀ)ᵢⱼ with the terms of Δ and A one by one: that is what rounding can spoil.

use crate::method::{Gradient, Method};
use autodiff::tensor::{Real, Targets, Tensor};
use nn::delta::propagate;
use nn::reference::{self, Sum};
use nn::{
    Activation, Adam, AdamW, Batch, Initializer, Mlp, Optimizer, OptimizerState, Output,
    Parameters, SettingError, Sgd, SgdSettings, StandardLoss, StateError, StepError,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The largest difference of any derivative, relative to the sum of its absolute terms.
fn largest_error<T: Real>(gradient: &Parameters<T>, expected: &[Vec<Sum>]) -> f64 {
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

fn random_batch<T: Real>(
    network: &Mlp,
    samples: usize,
    rng: &mut ChaCha8Rng,
) -> (Tensor<T>, Targets<T>) {
    let (inputs, outputs) = (network.widths()[0], network.widths()[network.layers()]);
    let x = Tensor::from_fn([samples, inputs], |_| {
        T::from_f64(rng.random_range(0.0..1.0))
    });
    let classes = Tensor::from_fn([samples], |_| rng.random_range(0..outputs as u32));
    (x, classes.into())
}

const LOSSES: [StandardLoss; 8] = [
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

/// The largest errors of tape and closed form, over 100 random batches: 1 to 5 layers, every activation and cost.
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
        // Every third batch has rows of numbers as targets, which need not sum to 1.
        if number % 3 == 0 {
            let rows = Tensor::from_fn([samples, widths[layers]], |_| {
                T::from_f64(rng.random_range(0.0..1.0))
            });
            batch.1 = Targets::Probabilities(rows);
        }
        let reference::Gradient {
            cost,
            derivatives: expected,
            ..
        } = reference::gradient(&network, loss, &parameters, &batch.0, &batch.1);
        for (largest, method) in largest.iter_mut().zip([Method::Tape, Method::ClosedForm]) {
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
    let [tape, closed_form] = errors::<f64>();
    println!(
        "largest error relative to the sum of absolute terms, f64: tape {tape:e}, closed form {closed_form:e}"
    );
    assert!(
        tape <= 1e-12 && closed_form <= 1e-12,
        "tape {tape:e}, closed form {closed_form:e}"
    );
}

#[test]
fn all_agree_in_single_precision() {
    let [tape, closed_form] = errors::<f32>();
    println!(
        "largest error relative to the sum of absolute terms, f32: tape {tape:e}, closed form {closed_form:e}"
    );
    assert!(
        tape <= 1e-5 && closed_form <= 1e-5,
        "tape {tape:e}, closed form {closed_form:e}"
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
        let bytes = Tensor::from_fn([samples, 160], |_| {
            let byte = rng.random_range(0..=255);
            if rng.random() { byte } else { 0 }
        });
        for x in [x, Tensor::from_bytes(&bytes, 1.0 / 255.0)] {
            let reference::Gradient {
                cost,
                derivatives: expected,
                ..
            } = reference::gradient(&network, loss, &parameters, &x, &targets);
            let batch = (x, targets.clone());
            for method in [Method::Tape, Method::ClosedForm] {
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
    for method in [Method::Tape, Method::ClosedForm] {
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
    for method in [Method::Tape, Method::ClosedForm] {
        let mut gradient = Gradient::new(&network, loss, method);
        // Batches of shards of several chunks, of one shard, and of shards of one chunk.
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

/// Optimizers of every kind that steps by pieces: with no moment, one and two.
fn optimizers<T: Real>() -> [Box<dyn Optimizer<T>>; 5] {
    let plain = SgdSettings::new(0.1);
    let decay = SgdSettings {
        weight_decay: 0.1,
        ..plain
    };
    let momentum = SgdSettings {
        momentum: 0.9,
        ..plain
    };
    [
        Box::new(Sgd::by(plain).unwrap()),
        Box::new(Sgd::by(decay).unwrap()),
        Box::new(Sgd::by(momentum).unwrap()),
        Box::new(Adam::new(0.01)),
        Box::new(AdamW::new(0.01)),
    ]
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    // Enough parameters to be shared among threads, and batches of one shard, of shards of one chunk, and of several.
    let network = Mlp::new(&[300, 70, 7], Activation::Relu);
    for (samples, are_bytes) in [(20, false), (100, false), (100, true), (3000, true)] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut batch = random_batch::<f32>(&network, samples, &mut rng);
        if are_bytes {
            let bytes = batch.0.map(|x| (255.0 * (2.0 * x - 1.0)) as u8);
            batch.0 = Tensor::from_bytes(&bytes, 1.0 / 255.0);
        }
        for method in [Method::Tape, Method::ClosedForm] {
            let train = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
                    let mut gradient =
                        Gradient::new(&network, StandardLoss::cross_entropy(), method);
                    for mut optimizer in optimizers() {
                        for _ in 0..3 {
                            gradient
                                .step(&mut parameters, &batch, &mut *optimizer)
                                .unwrap();
                        }
                    }
                    let cost = gradient.compute(&parameters, &batch);
                    (cost, parameters, gradient.gradient().clone())
                })
            };
            let one = train(1);
            for threads in [2, 3, 4] {
                assert!(
                    one == train(threads),
                    "{threads} threads, {samples} samples, {method:?}"
                );
            }
        }
    }
}

#[test]
fn a_step_is_that_against_the_gradient() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let network = Mlp::new(&[30, 12, 7], Activation::Tanh);
    for samples in [1, 20, 100, 1000] {
        let batch = random_batch::<f64>(&network, samples, &mut rng);
        let begin = network.init::<f64>(Initializer::GlorotUniform, 3);
        for method in [Method::Tape, Method::ClosedForm] {
            let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), method);
            for (mut fused, mut apart) in optimizers().into_iter().zip(optimizers()) {
                let (mut parameters, mut expected) = (begin.clone(), begin.clone());
                for _ in 0..2 {
                    let cost = gradient.compute(&expected, &batch);
                    apart
                        .step(expected.data_mut(), gradient.gradient().data())
                        .unwrap();
                    let found = gradient.step(&mut parameters, &batch, &mut *fused).unwrap();
                    assert!((found - cost).abs() <= 1e-14 * cost);
                }
                let differ = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-14;
                assert!(!parameters.data().iter().zip(expected.data()).any(differ));
                assert!(parameters != begin);
                assert!(parameters == expected, "{method:?}, {samples} samples");
                assert_eq!(fused.state(), apart.state());
            }
        }
    }
}

/// An optimizer that needs the whole gradient: descent by a step of a given length.
#[derive(Debug)]
struct Normalized {
    length: f64,
}

impl Optimizer<f64> for Normalized {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        for (parameter, g) in parameters.iter_mut().zip(gradient) {
            *parameter -= self.length * g / norm;
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.length
    }

    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), SettingError> {
        self.length = learning_rate;
        Ok(())
    }

    fn state(&self) -> OptimizerState<f64> {
        OptimizerState {
            name: "normalized".to_owned(),
            settings: self.length.into(),
            steps: 0,
            moments: Vec::new(),
        }
    }

    fn restore(&mut self, state: OptimizerState<f64>) -> Result<(), StateError> {
        if state.name != "normalized" {
            return Err(StateError::Kind {
                found: state.name,
                wanted: "normalized",
            });
        }
        self.length = serde_json::from_value(state.settings)?;
        Ok(())
    }
}

#[test]
fn an_optimizer_of_ones_own_is_kept_and_restored() {
    let kept = Normalized { length: 0.25 }.state();
    let mut restored = Normalized { length: 1.0 };
    restored.restore(kept).unwrap();
    assert_eq!(restored.length, 0.25);
    let other = Sgd::<f64>::new(0.1).state();
    assert!(restored.restore(other).is_err() && restored.length == 0.25);
}

#[test]
fn an_optimizer_may_ask_for_the_whole_gradient() {
    let network = Mlp::new(&[30, 12, 7], Activation::Tanh);
    let begin = network.init::<f64>(Initializer::GlorotUniform, 3);
    for samples in [1, 100, 1000] {
        let batch = random_batch(&network, samples, &mut ChaCha8Rng::seed_from_u64(5));
        let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), Method::Tape);
        let (mut parameters, mut expected) = (begin.clone(), begin.clone());
        gradient
            .step(&mut parameters, &batch, &mut Normalized { length: 0.5 })
            .unwrap();
        let length = parameters.data().iter().zip(begin.data());
        let length = length.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        assert!((length - 0.5).abs() < 1e-12);

        gradient.compute(&expected, &batch);
        Normalized { length: 0.5 }
            .step(expected.data_mut(), gradient.gradient().data())
            .unwrap();
        assert_eq!(parameters, expected);
    }
}

#[test]
fn a_step_against_no_samples_changes_nothing() {
    let network = Mlp::new(&[30, 12, 7], Activation::Tanh);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let [some, none] = [40, 0].map(|samples| random_batch::<f64>(&network, samples, &mut rng));
    for method in [Method::Tape, Method::ClosedForm] {
        for mut optimizer in optimizers() {
            let mut parameters = network.init::<f64>(Initializer::GlorotUniform, 3);
            let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), method);
            gradient
                .step(&mut parameters, &some, &mut *optimizer)
                .unwrap();
            let (before, state) = (parameters.clone(), optimizer.state());
            let cost = gradient
                .step(&mut parameters, &none, &mut *optimizer)
                .unwrap();
            assert!(cost.is_nan());
            assert!(parameters == before && optimizer.state() == state);

            assert!(gradient.compute(&parameters, &none).is_nan());
            assert!(gradient.gradient().data().iter().all(|&g| g == 0.0));
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
