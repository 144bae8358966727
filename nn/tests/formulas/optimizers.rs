//! Optimizers minimize, keep padding at 0, give the same bits on any number of threads and after a snapshot, and refuse
//! invalid settings.

use crate::kinds::{ADAM, Kind, SGD, all};
use crate::method::{Gradient, Method};
use autodiff::tensor::Real;
use nn::{
    Activation, Adam, AdamSettings, AdamW, Initializer, Mlp, MlpModel, Optimizer, Parameters,
    Setting, Sgd, SgdSettings, StandardLoss, Supervised, snapshot,
};
use std::sync::Arc;

#[test]
fn parabolas_are_minimized() {
    for kind in all() {
        let mut optimizer = kind.start::<f64>().unwrap();
        let mut at = [1.0, -2.0, 0.5];
        for step in 0..3000 {
            optimizer
                .set_learning_rate(0.1 / (1.0 + 0.01 * f64::from(step)))
                .unwrap();
            let gradient = [at[0], 2.0 * at[1], 5.0 * at[2]];
            optimizer.step(&mut at, &gradient).unwrap();
        }
        assert!(at.iter().all(|x: &f64| x.abs() < 1e-4), "{kind:?}: {at:?}");
    }
}

/// Returns a network with padding between the slices of its buffer.
fn network() -> Mlp {
    Mlp::new(&[3, 5, 2], Activation::Tanh)
}

#[test]
fn padding_stays_zero_in_parameters_and_moments() {
    fn check<T: Real>(kind: Kind) {
        let network = network();
        let mut parameters = network.init::<T>(Initializer::Normal(1.0), 1);
        let mut optimizer = kind.start::<T>().unwrap();
        for seed in 0..5 {
            let gradient = network.init::<T>(Initializer::Normal(1.0), seed);
            optimizer
                .step(parameters.data_mut(), gradient.data())
                .unwrap();
        }
        // Returns a copy of the slices, with zeros as padding.
        let padding_apart = |flat: &[T]| {
            let mut slices = Parameters::zeros(Arc::clone(network.layout()));
            for (number, slice) in network.layout().slices().iter().enumerate() {
                let range = slice.offset..slice.offset + slice.shape.size();
                slices.slice_mut(number).copy_from_slice(&flat[range]);
            }
            slices
        };
        let mut buffers = vec![parameters.data().to_vec()];
        let moments = optimizer.state().moments;
        buffers.extend(moments.iter().map(|(_, moment)| moment.data().to_vec()));
        for buffer in buffers {
            assert_eq!(buffer, padding_apart(&buffer).data(), "{kind:?}");
            assert!(buffer.iter().any(|&x| x != T::default()));
        }
    }
    for kind in all() {
        check::<f32>(kind);
        check::<f64>(kind);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let size = 600_003;
    let number = |i: usize| (i * 7919 % 1009) as f32 / 504.0 - 1.0;
    let start: Vec<f32> = (0..size).map(number).collect();
    let gradient: Vec<f32> = (0..size).map(|i| number(i + 5) * 0.1).collect();
    for kind in all() {
        let after = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut optimizer = kind.start::<f32>().unwrap();
                let mut parameters = start.clone();
                (0..3).for_each(|_| optimizer.step(&mut parameters, &gradient).unwrap());
                (parameters, optimizer.state())
            })
        };
        let one = after(1);
        assert_ne!(one.0, start);
        assert!(
            [2, 3, 4].into_iter().all(|threads| after(threads) == one),
            "{kind:?}"
        );
    }
}

#[test]
fn training_resumed_from_a_file_has_the_same_bits() {
    fn check<T: Real>(kind: Kind) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("training.safetensors");
        let (network, loss) = (network(), StandardLoss::cross_entropy());
        let x = network.init::<T>(Initializer::Normal(1.0), 9).tensor(0);
        let batch = (x, autodiff::Tensor::from([0_u32, 1, 1, 0, 1]).into());
        let mut gradient = Gradient::new(&network, loss, Method::Tape);
        let mut train =
            |parameters: &mut Parameters<T>, optimizer: &mut dyn Optimizer<T>, steps| {
                for _ in 0..steps {
                    gradient.compute(parameters, &batch);
                    optimizer
                        .step(parameters.data_mut(), gradient.gradient().data())
                        .unwrap();
                }
            };
        // Seven steps before the file is saved, and none.
        for before in [7, 0] {
            let mut parameters = network.init::<T>(Initializer::GlorotNormal, 1);
            let mut optimizer = kind.start::<T>().unwrap();
            optimizer
                .set_learning_rate(0.123_456_789_012_345_68)
                .unwrap();
            train(&mut parameters, &mut *optimizer, before);
            snapshot::save_training(
                &file,
                &Supervised::new(network.clone(), loss),
                &parameters,
                &*optimizer,
            )
            .unwrap();
            train(&mut parameters, &mut *optimizer, 7);

            let mut resumed = kind.start::<T>().unwrap();
            let mut saved = snapshot::load_training::<T, MlpModel>(&file, &mut *resumed).unwrap();
            train(&mut saved.parameters, &mut *resumed, 7);
            assert_eq!(saved.parameters, parameters, "{kind:?}");
            assert_eq!(resumed.state(), optimizer.state(), "{kind:?}");

            // The parameters alone are not enough: the moments or the changed learning rate matter.
            let mut forgetful = kind.start::<T>().unwrap();
            let mut saved = snapshot::load::<T, MlpModel>(&file).unwrap();
            train(&mut saved.parameters, &mut *forgetful, 7);
            assert_ne!(saved.parameters, parameters, "{kind:?}");
        }
    }
    for kind in all() {
        check::<f32>(kind);
        check::<f64>(kind);
    }
}

#[test]
fn invalid_settings_are_refused_by_name() {
    let refused = |kind: Kind| {
        let single = kind.start::<f32>().unwrap_err();
        assert_eq!(single.setting, kind.start::<f64>().unwrap_err().setting);
        single.setting
    };
    for value in [-0.1, f64::NAN, f64::INFINITY] {
        for (setting, kind) in [
            (Setting::LearningRate, Kind::Sgd(SgdSettings::new(value))),
            (
                Setting::Momentum,
                Kind::Sgd(SgdSettings {
                    momentum: value,
                    ..SGD
                }),
            ),
            (
                Setting::WeightDecay,
                Kind::Sgd(SgdSettings {
                    weight_decay: value,
                    ..SGD
                }),
            ),
            (
                Setting::LearningRate,
                Kind::Adam(AdamSettings {
                    learning_rate: value,
                    ..ADAM
                }),
            ),
            (
                Setting::Beta1,
                Kind::Adam(AdamSettings {
                    beta1: value,
                    ..ADAM
                }),
            ),
            (
                Setting::Beta2,
                Kind::AdamW(AdamSettings {
                    beta2: value,
                    ..ADAM
                }),
            ),
            (
                Setting::Epsilon,
                Kind::AdamW(AdamSettings {
                    epsilon: value,
                    ..ADAM
                }),
            ),
            (
                Setting::WeightDecay,
                Kind::AdamW(AdamSettings {
                    weight_decay: value,
                    ..ADAM
                }),
            ),
        ] {
            assert_eq!(refused(kind), setting, "{kind:?}");
        }
    }
    let one = Kind::Sgd(SgdSettings {
        momentum: 1.0,
        ..SGD
    });
    assert_eq!(refused(one), Setting::Momentum);
    let still = SgdSettings {
        nesterov: true,
        ..SgdSettings::new(0.1)
    };
    assert_eq!(
        Sgd::<f32>::by(still).unwrap_err().to_string(),
        "momentum: 0.0 is not above 0, which Nesterov's step needs"
    );
    let mut adam = Adam::<f32>::new(0.1);
    assert!(adam.set_learning_rate(-1.0).is_err());
    assert_eq!(adam.learning_rate(), 0.1);
}

#[test]
#[should_panic(expected = "learning rate: -1.0 is not a finite number of 0 or more")]
fn a_negative_learning_rate_panics() {
    let _ = Sgd::<f32>::new(-1.0);
}

#[test]
#[should_panic(expected = "parameters and gradient differ in size")]
fn a_gradient_of_another_size_panics() {
    let _ = AdamW::new(0.1).step(&mut [0.0; 3], &[0.0; 2]);
}

#[test]
#[should_panic(expected = "parameters and the optimizer's moments differ in size")]
fn parameters_of_another_size_than_before_panic() {
    let mut adam = Adam::new(0.1);
    adam.step(&mut [0.0; 3], &[0.0; 3]).unwrap();
    adam.step(&mut [0.0; 2], &[0.0; 2]).unwrap();
}
