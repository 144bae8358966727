//! A step of the engine equals a gradient followed by a step of the optimizer, for every optimizer, source and number
//! of threads.

use crate::method::{Gradient, Method};
use crate::tape_equals_delta::random_batch;
use autodiff::tensor::{Real, Tensor};
use nn::{
    Activation, Adam, AdamW, Initializer, Mlp, Optimizer, OptimizerState, SettingError, Sgd,
    SgdSettings, StandardLoss, StateError, StepError,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Returns optimizers that step panel by panel, with no moment, one and two.
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
    // The network is large enough for threads to share its parameters. The batches have one shard, shards of one chunk,
    // and shards of several chunks.
    let network = Mlp::new(&[300, 70, 7], Activation::Relu);
    for (samples, are_bytes) in [(20, false), (100, false), (100, true), (3000, true)] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut batch = random_batch::<f32>(&network, samples, &mut rng);
        if are_bytes {
            let bytes = batch.0.map(|x| (255.0 * (2.0 * x - 1.0)) as u8);
            batch.0 = Tensor::from_scaled_bytes(&bytes, 1.0 / 255.0);
        }
        for method in [Method::Tape, Method::Delta] {
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
fn a_step_equals_a_gradient_and_a_step_of_the_optimizer() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let network = Mlp::new(&[30, 12, 7], Activation::Tanh);
    for samples in [1, 20, 100, 1000] {
        let batch = random_batch::<f64>(&network, samples, &mut rng);
        let begin = network.init::<f64>(Initializer::GlorotUniform, 3);
        for method in [Method::Tape, Method::Delta] {
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

/// An optimizer that needs the whole gradient: gradient descent with steps of a given length.
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
fn a_custom_optimizer_is_saved_and_restored() {
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
    for method in [Method::Tape, Method::Delta] {
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
