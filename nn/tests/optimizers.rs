//! Each optimizer against its published formula, written once more as plain loops in double precision.

use autodiff::tensor::Real;
use nn::{
    Activation, Adam, AdamSettings, AdamW, BatchGradient, Initializer, Loss, Mlp, Optimizer,
    Parameters, Setting, SettingError, Sgd, SgdSettings, checkpoint,
};
use proptest::prelude::*;
use std::sync::Arc;

/// An optimizer, to be made in either precision.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Sgd(SgdSettings),
    Adam(AdamSettings),
    AdamW(AdamSettings),
}

impl Kind {
    fn make<T: Real>(self) -> Result<Box<dyn Optimizer<T>>, SettingError> {
        Ok(match self {
            Kind::Sgd(settings) => Box::new(Sgd::with(settings)?),
            Kind::Adam(settings) => Box::new(Adam::with(settings)?),
            Kind::AdamW(settings) => Box::new(AdamW::with(settings)?),
        })
    }

    /// A parameter after each of the gradients, by the formula as it is printed, with powers of β taken anew.
    fn formula(self, start: f64, gradients: &[f64]) -> f64 {
        let (mut theta, mut m, mut v) = (start, 0.0, 0.0);
        for (before, &gradient) in gradients.iter().enumerate() {
            let t = before as i32 + 1;
            match self {
                Kind::Sgd(s) => {
                    let g = gradient + s.weight_decay * theta;
                    v = s.momentum * v + g;
                    let direction = if s.nesterov { g + s.momentum * v } else { v };
                    theta -= s.learning_rate * direction;
                }
                Kind::Adam(s) | Kind::AdamW(s) => {
                    let decoupled = matches!(self, Kind::AdamW(_));
                    let decay = s.weight_decay * theta;
                    let g = if decoupled {
                        gradient
                    } else {
                        gradient + decay
                    };
                    m = s.beta1 * m + (1.0 - s.beta1) * g;
                    v = s.beta2 * v + (1.0 - s.beta2) * g.powi(2);
                    let m_hat = m / (1.0 - s.beta1.powi(t));
                    let v_hat = v / (1.0 - s.beta2.powi(t));
                    let decay = if decoupled { decay } else { 0.0 };
                    theta -= s.learning_rate * (m_hat / (v_hat.sqrt() + s.epsilon) + decay);
                }
            }
        }
        theta
    }
}

/// How far the optimizer is from the formula at most after each of the steps, in units of the rounding error of `T` at the
/// largest number on the way.
fn distance<T: Real>(kind: Kind, formula: Kind, start: &[f64], gradients: &[Vec<f64>]) -> f64 {
    let numbers = |numbers: &[f64]| -> Vec<T> { numbers.iter().map(|&x| T::from_f64(x)).collect() };
    let mut optimizer = kind.make::<T>().unwrap();
    let mut parameters = numbers(start);
    let mut farthest = 0.0_f64;
    for step in 0..gradients.len() {
        optimizer.step(&mut parameters, &numbers(&gradients[step]));
        for (i, &found) in parameters.iter().enumerate() {
            let history: Vec<f64> = gradients[..=step]
                .iter()
                .map(|g| T::from_f64(g[i]).to_f64())
                .collect();
            let start = T::from_f64(start[i]).to_f64();
            let wanted = formula.formula(start, &history);
            let largest = history
                .iter()
                .fold(start.abs().max(wanted.abs()), |a, b| a.max(b.abs()));
            let unit = T::EPSILON.to_f64() * largest.max(1.0);
            farthest = farthest.max((found.to_f64() - wanted).abs() / unit);
        }
    }
    farthest
}

/// Roundings that add up over 8 steps stay below so many; the mistakes below are thousands of times larger.
const BOUND: f64 = 100.0;

fn rates() -> impl Strategy<Value = (f64, f64)> {
    (0.0..0.3, prop_oneof![Just(0.0), 0.0..0.3])
}

fn adams() -> impl Strategy<Value = AdamSettings> {
    let kept = || prop_oneof![Just(0.0), 0.0..0.999];
    (rates(), kept(), kept(), 1e-4..1.0).prop_map(
        |((learning_rate, weight_decay), beta1, beta2, epsilon)| AdamSettings {
            learning_rate,
            beta1,
            beta2,
            epsilon,
            weight_decay,
        },
    )
}

fn kinds() -> impl Strategy<Value = Kind> {
    let momentum = prop_oneof![Just(0.0), 0.01..0.99];
    let sgd = (rates(), momentum, any::<bool>()).prop_map(
        |((learning_rate, weight_decay), momentum, nesterov)| SgdSettings {
            learning_rate,
            momentum,
            nesterov: nesterov && momentum > 0.0,
            weight_decay,
        },
    );
    prop_oneof![
        sgd.prop_map(Kind::Sgd),
        adams().prop_map(Kind::Adam),
        adams().prop_map(Kind::AdamW)
    ]
}

/// Some parameters, and gradients for up to 8 steps; gradients of exactly 0 among them.
fn walks() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
    let number = || prop_oneof![Just(0.0), -3.0..3.0];
    (1_usize..40, 1_usize..9).prop_flat_map(move |(size, steps)| {
        let row = move || prop::collection::vec(number(), size);
        (row(), prop::collection::vec(row(), steps))
    })
}

proptest! {
    #[test]
    fn every_optimizer_is_its_formula(kind in kinds(), (start, gradients) in walks()) {
        let double = distance::<f64>(kind, kind, &start, &gradients);
        let single = distance::<f32>(kind, kind, &start, &gradients);
        prop_assert!(double < BOUND && single < BOUND, "f64 {double}, f32 {single}");
    }

    #[test]
    fn learning_rates_are_changed_from_the_next_step_on(rates in prop::collection::vec(0.0..1.0, 1..6)) {
        // With a constant gradient of 1 the moments' quotient is 1, and each step is as long as its learning rate.
        let mut adam = Adam::new(0.0);
        let mut x = [0.0_f64];
        for &rate in &rates {
            adam.set_learning_rate(rate).unwrap();
            prop_assert_eq!(adam.learning_rate(), rate);
            adam.step(&mut x, &[1.0]);
        }
        prop_assert!((x[0] + rates.iter().sum::<f64>()).abs() < 1e-6);
    }
}

const SGD: SgdSettings = SgdSettings {
    learning_rate: 0.1,
    momentum: 0.9,
    nesterov: false,
    weight_decay: 0.01,
};

const ADAM: AdamSettings = AdamSettings {
    learning_rate: 0.1,
    beta1: 0.8,
    beta2: 0.95,
    epsilon: 1e-3,
    weight_decay: 0.01,
};

/// All kinds, for tests that go through them.
fn all() -> [Kind; 6] {
    let plain = SgdSettings::new(0.1);
    let nesterov = SgdSettings {
        nesterov: true,
        ..SGD
    };
    let decaying = SgdSettings {
        weight_decay: 0.01,
        ..plain
    };
    [
        Kind::Sgd(plain),
        Kind::Sgd(decaying),
        Kind::Sgd(SGD),
        Kind::Sgd(nesterov),
        Kind::Adam(ADAM),
        Kind::AdamW(ADAM),
    ]
}

#[test]
fn a_wrong_formula_is_noticed() {
    let gradients = vec![vec![1.0, -0.5, 0.25], vec![0.5, 0.75, -2.0]];
    let start = [1.0, -2.0, 0.5];
    let kinds = all();
    let altered_sgd = |change: fn(&mut SgdSettings)| {
        let mut settings = SGD;
        change(&mut settings);
        (Kind::Sgd(SGD), Kind::Sgd(settings))
    };
    let altered_adam = |change: fn(&mut AdamSettings)| {
        let mut settings = ADAM;
        change(&mut settings);
        (Kind::Adam(ADAM), Kind::Adam(settings))
    };
    let mistakes = [
        (kinds[2], kinds[3]),
        (kinds[4], kinds[5]),
        altered_sgd(|s| s.weight_decay = 0.0),
        altered_sgd(|s| s.momentum = 0.91),
        altered_adam(|s| s.learning_rate = 0.1001),
        altered_adam(|s| s.beta1 = 0.81),
        altered_adam(|s| s.beta2 = 0.951),
        altered_adam(|s| s.epsilon = 2e-3),
        altered_adam(|s| s.weight_decay = 0.0),
    ];
    for (kind, mistaken) in mistakes {
        let [double, single] = [
            distance::<f64>(kind, mistaken, &start, &gradients),
            distance::<f32>(kind, mistaken, &start, &gradients),
        ];
        assert!(
            double > BOUND && single > BOUND,
            "{kind:?} taken for {mistaken:?}: f64 {double}, f32 {single}"
        );
    }
}

/// What PyTorch 2.15 makes of three parameters in five steps in double precision, with
/// `SGD(p, lr=0.1, momentum=…, weight_decay=0.01, nesterov=…)` and
/// `Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.01)`, and `AdamW` likewise.
#[test]
fn the_numbers_are_those_of_pytorch() {
    let gradients = [
        [1.0, -0.5, 0.25],
        [0.5, 0.75, -2.0],
        [-1.5, 0.125, 1.0],
        [0.25, -0.25, 0.0],
        [2.0, 1.0, -0.5],
    ];
    let [_, decaying, momentum, nesterov, adam, adamw] = all();
    for (kind, wanted) in [
        (
            decaying,
            [
                0.770_284_390_454_898_9,
                -2.102_494_917_634_948,
                0.622_205_344_902_474_4,
            ],
        ),
        (
            momentum,
            [
                0.566_048_950_158_499,
                -2.113_477_303_002_148,
                0.856_869_906_164_274_6,
            ],
        ),
        (
            nesterov,
            [
                0.381_002_615_728_603_83,
                -2.204_706_906_553_57,
                0.942_405_172_484_909_4,
            ],
        ),
        (
            adam,
            [
                0.782_088_603_213_948_1,
                -2.005_011_987_397_327,
                0.515_702_990_167_669_2,
            ],
        ),
        (
            adamw,
            [
                0.780_163_670_247_285_3,
                -2.008_374_886_282_024,
                0.514_763_089_992_004_4,
            ],
        ),
    ] {
        let mut optimizer = kind.make::<f64>().unwrap();
        let mut parameters = [1.0, -2.0, 0.5];
        for gradient in &gradients {
            optimizer.step(&mut parameters, gradient);
        }
        for (found, wanted) in parameters.iter().zip(wanted) {
            assert!(
                (found - wanted).abs() < 1e-13,
                "{kind:?}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn a_few_steps_by_hand() {
    // A gradient of 1 at each step makes the velocity 1, 1.9, 2.71, and Nesterov's direction 1 + 0.9 of that.
    let momentum = |nesterov| {
        let settings = SgdSettings {
            nesterov,
            weight_decay: 0.0,
            ..SGD
        };
        let mut descent = Sgd::with(settings).unwrap();
        let mut x = [0.0_f64];
        (0..3).for_each(|_| descent.step(&mut x, &[1.0]));
        x[0]
    };
    assert!((momentum(false) + 0.1 * (1.0 + 1.9 + 2.71)).abs() < 1e-15);
    assert!((momentum(true) + 0.1 * (1.9 + 2.71 + 3.439)).abs() < 1e-15);

    // Gradients 1 and −0.5 with Kingma and Ba's betas: m̂ is 1 and then 0.04/0.19, v̂ is 1 and then 0.001249/0.001999.
    let mut adam = Adam::new(0.1);
    let mut x = [0.0_f64];
    adam.step(&mut x, &[1.0]);
    assert!((x[0] + 0.1 / (1.0 + 1e-8)).abs() < 1e-15);
    adam.step(&mut x, &[-0.5]);
    let second = 0.1 * (0.04 / 0.19) / ((0.001249_f64 / 0.001999).sqrt() + 1e-8);
    assert!((x[0] + 0.1 / (1.0 + 1e-8) + second).abs() < 1e-14);
}

#[test]
fn parabolas_are_descended() {
    for kind in all() {
        let mut optimizer = kind.make::<f64>().unwrap();
        let mut at = [1.0, -2.0, 0.5];
        for step in 0..3000 {
            optimizer
                .set_learning_rate(0.1 / (1.0 + 0.01 * f64::from(step)))
                .unwrap();
            let gradient = [at[0], 2.0 * at[1], 5.0 * at[2]];
            optimizer.step(&mut at, &gradient);
        }
        assert!(at.iter().all(|x: &f64| x.abs() < 1e-4), "{kind:?}: {at:?}");
    }
}

/// A network, of whose buffer the parts between the slices are padding.
fn network() -> Mlp {
    Mlp::new(&[3, 5, 2], Activation::Tanh)
}

#[test]
fn padding_stays_zero_in_parameters_and_moments() {
    fn check<T: Real>(kind: Kind) {
        let network = network();
        let mut parameters = network.init::<T>(Initializer::Normal(1.0), 1);
        let mut optimizer = kind.make::<T>().unwrap();
        for seed in 0..5 {
            let gradient = network.init::<T>(Initializer::Normal(1.0), seed);
            optimizer.step(parameters.data_mut(), gradient.data());
        }
        // A copy of the slices alone has zeros between them.
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
                let mut optimizer = kind.make::<f32>().unwrap();
                let mut parameters = start.clone();
                (0..3).for_each(|_| optimizer.step(&mut parameters, &gradient));
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
fn training_goes_on_from_a_file_with_the_same_bits() {
    fn check<T: Real>(kind: Kind) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("training.safetensors");
        let (network, loss) = (network(), Loss::cross_entropy());
        let x = network.init::<T>(Initializer::Normal(1.0), 9).tensor(0);
        let batch = (x, autodiff::Tensor::from([0_u32, 1, 1, 0, 1]).into());
        let mut gradient = BatchGradient::tape(&network, loss);
        let mut train =
            |parameters: &mut Parameters<T>, optimizer: &mut dyn Optimizer<T>, steps| {
                for _ in 0..steps {
                    gradient.compute(parameters, &batch);
                    optimizer.step(parameters.data_mut(), gradient.gradient().data());
                }
            };
        // As many steps before as after, and none at all before.
        for before in [7, 0] {
            let mut parameters = network.init::<T>(Initializer::GlorotNormal, 1);
            let mut optimizer = kind.make::<T>().unwrap();
            optimizer
                .set_learning_rate(0.123_456_789_012_345_68)
                .unwrap();
            train(&mut parameters, &mut *optimizer, before);
            checkpoint::save_training(&file, &network, loss, &parameters, &*optimizer).unwrap();
            train(&mut parameters, &mut *optimizer, 7);

            let mut resumed = kind.make::<T>().unwrap();
            let mut saved = checkpoint::load_training(&file, &mut *resumed).unwrap();
            train(&mut saved.parameters, &mut *resumed, 7);
            assert_eq!(saved.parameters, parameters, "{kind:?}");
            assert_eq!(resumed.state(), optimizer.state(), "{kind:?}");

            // Who goes on with the weights alone ends elsewhere, where there are moments or a change of rate.
            let mut forgetful = kind.make::<T>().unwrap();
            let mut saved = checkpoint::load::<T>(&file).unwrap();
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
fn senseless_settings_are_refused_by_name() {
    let refused = |kind: Kind| {
        let single = kind.make::<f32>().unwrap_err();
        assert_eq!(single.setting, kind.make::<f64>().unwrap_err().setting);
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
        Sgd::<f32>::with(still).unwrap_err().to_string(),
        "momentum: 0 is not above 0, which Nesterov's step needs"
    );
    let mut adam = Adam::<f32>::new(0.1);
    assert!(adam.set_learning_rate(-1.0).is_err());
    assert_eq!(adam.learning_rate(), 0.1);
}

#[test]
#[should_panic(expected = "learning rate: -1 is not a finite number of 0 or more")]
fn a_negative_learning_rate_panics() {
    let _ = Sgd::<f32>::new(-1.0);
}

#[test]
#[should_panic(expected = "parameters and gradient differ in size")]
fn a_gradient_of_another_size_panics() {
    AdamW::new(0.1).step(&mut [0.0; 3], &[0.0; 2]);
}

#[test]
#[should_panic(expected = "parameters and the optimizer's moments differ in size")]
fn parameters_of_another_size_than_before_panic() {
    let mut adam = Adam::new(0.1);
    adam.step(&mut [0.0; 3], &[0.0; 3]);
    adam.step(&mut [0.0; 2], &[0.0; 2]);
}
