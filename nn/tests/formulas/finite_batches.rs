//! A batch that would leave a number that is not finite changes nothing, although the gradient is used panel by panel.

use crate::kinds::{Kind, all};
use crate::method::{Gradient, Method};
use autodiff::tensor::{Real, Targets, Tensor};
use nn::{
    Activation, Initializer, Mlp, Optimizer, OptimizerState, Parameters, Quantity, SettingError,
    Sgd, StandardLoss, StateError, StepError, Update,
};

/// Returns a network with layers that are large enough for threads to share them.
fn network() -> Mlp {
    Mlp::new(&[140, 60, 5], Activation::Tanh)
}

fn batch<T: Real>(samples: usize) -> (Tensor<T>, Targets<T>) {
    let x = Tensor::from_flat_fn([samples, 140], |i| T::from_f64((i as f64 * 0.37).sin()));
    let classes = Tensor::from_flat_fn([samples], |i| (i % 5) as u32);
    (x, classes.into())
}

/// Returns a batch with a given number in the inputs of one sample.
fn planted<T: Real>(samples: usize, sample: usize, value: f64) -> (Tensor<T>, Targets<T>) {
    let (mut x, targets) = batch::<T>(samples);
    x.data_mut()[140 * sample + 17] = T::from_f64(value);
    (x, targets)
}

#[test]
fn a_batch_whose_gradient_is_not_finite_changes_nothing() {
    fn check<T: Real>(kind: Kind, method: Method, samples: usize, threads: usize) {
        let network = network();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let good = batch::<T>(samples);
        let train = |bad: Option<f64>| {
            let mut parameters = network.init::<T>(Initializer::GlorotNormal, 1);
            let mut optimizer = kind.start::<T>().unwrap();
            let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), method);
            for step in 0..3 {
                if let (Some(value), 0 | 2) = (bad, step) {
                    let before = (parameters.clone(), optimizer.state());
                    let bad = planted::<T>(samples, samples - 1, value);
                    let error = gradient.step(&mut parameters, &bad, &mut *optimizer);
                    let error = error.unwrap_err();
                    assert_eq!(error.quantity, Quantity::Gradient);
                    let slice = error.slice.as_deref().unwrap();
                    let found = gradient.gradient().get(slice).unwrap();
                    assert!(!found.data()[error.element].to_f64().is_finite());
                    assert!((parameters.clone(), optimizer.state()) == before);
                }
                gradient
                    .step(&mut parameters, &good, &mut *optimizer)
                    .unwrap();
            }
            (parameters, optimizer.state())
        };
        pool.install(|| {
            let expected = train(None);
            for value in [f64::NAN, f64::INFINITY] {
                assert!(
                    train(Some(value)) == expected,
                    "{kind:?}, {method:?}, {samples} samples, {threads} threads"
                );
            }
        });
    }
    for kind in all() {
        for method in [Method::Tape, Method::Delta] {
            // One shard, shards of one chunk, and shards of several chunks.
            for samples in [1, 40, 2100] {
                check::<f32>(kind, method, samples, 2);
            }
            check::<f64>(kind, method, 40, 1);
        }
    }
}

#[test]
fn the_element_is_named() {
    // For one sample, ∂C/∂W = 2 (W x + b − y) x, which overflows for one of the weights only.
    let network = Mlp::new(&[2, 1], Activation::Identity);
    let loss = StandardLoss::squared_difference(Activation::Identity);
    let before = Parameters::<f32>::zeros(network.layout().clone());
    for method in [Method::Tape, Method::Delta] {
        let mut gradient = Gradient::new(&network, loss, method);
        let mut step = |x: [f32; 2], y: f32| {
            let mut parameters = before.clone();
            let batch = (Tensor::from([x]), Tensor::from([[y]]).into());
            let outcome = gradient.step(&mut parameters, &batch, &mut Sgd::new(1e-10));
            (outcome, parameters)
        };
        let (outcome, parameters) = step([1.0, -1e20], 1e20);
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "the gradient of `layers.0.weight`[1] is inf: the step was not taken"
        );
        assert_eq!(parameters, before);

        // This gradient is finite, but so large that the engine checks the whole gradient.
        let (outcome, parameters) = step([1.0, -1e20], 1e15);
        assert!(outcome.is_ok());
        let weight = [2e5_f32, -2e25].map(f64::from);
        for (found, expected) in parameters.tensor(0).data().iter().zip(weight) {
            assert!((f64::from(*found) / expected - 1.0).abs() < 1e-6);
        }
    }
}

/// AdaGrad, with or without a declared safe gradient.
#[derive(Debug)]
struct AdaGrad {
    squares: Vec<f64>,
    safe_up_to: Option<f64>,
    pieces: usize,
}

impl AdaGrad {
    fn update(&mut self, size: usize, apply: &mut dyn FnMut(Update<'_, f64>) -> bool) -> bool {
        self.squares.resize(size, 0.0);
        let rule = |parameters: &mut [f64], gradient: &[f64], moments: &mut [&mut [f64]]| {
            let squares = &mut *moments[0];
            for ((x, g), sum) in parameters.iter_mut().zip(gradient).zip(squares) {
                *sum += g * g;
                *x -= 0.1 * g / (sum.sqrt() + 1e-10);
            }
        };
        let update = Update::new([&mut self.squares[..]], &rule);
        apply(match self.safe_up_to {
            Some(gradient) => update.safe_up_to(gradient),
            None => update,
        })
    }
}

impl Optimizer<f64> for AdaGrad {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) -> Result<(), StepError> {
        let mut outcome = Ok(());
        self.update(gradient.len(), &mut |update| {
            outcome = update.apply(parameters, gradient);
            outcome.is_ok()
        });
        outcome
    }

    fn step_by_panels(
        &mut self,
        parameter_count: usize,
        apply: &mut dyn FnMut(Update<'_, f64>) -> bool,
    ) -> bool {
        let is_taken = self.update(parameter_count, apply);
        self.pieces += usize::from(is_taken);
        is_taken
    }

    fn learning_rate(&self) -> f64 {
        0.1
    }

    fn set_learning_rate(&mut self, _: f64) -> Result<(), SettingError> {
        Ok(())
    }

    fn state(&self) -> OptimizerState<f64> {
        OptimizerState {
            name: "adagrad".to_owned(),
            settings: ().into(),
            steps: 0,
            moments: vec![("squares".to_owned(), Tensor::from(&self.squares[..]))],
        }
    }

    fn restore(&mut self, state: OptimizerState<f64>) -> Result<(), StateError> {
        self.squares = state.moments[0].1.data().to_vec();
        Ok(())
    }
}

#[test]
fn a_custom_update_is_tried_on_copies_unless_it_is_declared_safe() {
    let network = network();
    let (good, bad) = (batch::<f64>(40), planted(40, 3, f64::NAN));
    let run = |safe_up_to| {
        let mut optimizer = AdaGrad {
            squares: Vec::new(),
            safe_up_to,
            pieces: 0,
        };
        let mut parameters = network.init::<f64>(Initializer::GlorotNormal, 1);
        let mut gradient = Gradient::new(&network, StandardLoss::cross_entropy(), Method::Tape);
        for _ in 0..3 {
            gradient
                .step(&mut parameters, &good, &mut optimizer)
                .unwrap();
            let before = (parameters.clone(), optimizer.squares.clone());
            let error = gradient.step(&mut parameters, &bad, &mut optimizer);
            assert_eq!(error.unwrap_err().quantity, Quantity::Gradient);
            assert!((parameters.clone(), optimizer.squares.clone()) == before);
        }
        // The square of this derivative overflows, because the rule does not clamp it.
        let before = optimizer.squares.clone();
        let mut gradient = vec![1.0; parameters.data().len()];
        gradient[700] = 1e200;
        let error = optimizer
            .step(parameters.data_mut(), &gradient)
            .unwrap_err();
        assert_eq!((error.quantity, error.element), (Quantity::Moment, 700));
        assert_eq!(optimizer.squares, before);
        (parameters, optimizer.squares, optimizer.pieces)
    };
    let (by_pieces, on_copies) = (run(Some(1e150)), run(None));
    assert_eq!((by_pieces.2, on_copies.2), (3, 0));
    assert!((by_pieces.0, by_pieces.1) == (on_copies.0, on_copies.1));
}
