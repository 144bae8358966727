//! Each optimizer compared with its published formula, written as plain loops in double precision.

use crate::kinds::{ADAM, Kind, SGD, all};
use autodiff::tensor::Real;
use nn::{Adam, AdamSettings, Optimizer, Sgd, SgdSettings};
use proptest::prelude::*;

/// Returns a parameter after steps along the gradients, by the published formula.
fn formula(kind: Kind, start: f64, gradients: &[f64]) -> f64 {
    let (mut theta, mut m, mut v) = (start, 0.0, 0.0);
    for (before, &gradient) in gradients.iter().enumerate() {
        let t = before as i32 + 1;
        match kind {
            Kind::Sgd(s) => {
                let g = gradient + s.weight_decay * theta;
                v = s.momentum * v + g;
                let direction = if s.nesterov { g + s.momentum * v } else { v };
                theta -= s.learning_rate * direction;
            }
            Kind::Adam(s) | Kind::AdamW(s) => {
                let decoupled = matches!(kind, Kind::AdamW(_));
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

/// Returns the largest distance of the optimizer from the formula after any step, in units of the rounding error of `T`
/// at the largest number of the computation.
fn distance<T: Real>(kind: Kind, by: Kind, start: &[f64], gradients: &[Vec<f64>]) -> f64 {
    let numbers = |numbers: &[f64]| -> Vec<T> { numbers.iter().map(|&x| T::from_f64(x)).collect() };
    let mut optimizer = kind.start::<T>().unwrap();
    let mut parameters = numbers(start);
    let mut farthest = 0.0_f64;
    for step in 0..gradients.len() {
        optimizer
            .step(&mut parameters, &numbers(&gradients[step]))
            .unwrap();
        for (i, &found) in parameters.iter().enumerate() {
            let history: Vec<f64> = gradients[..=step]
                .iter()
                .map(|g| T::from_f64(g[i]).to_f64())
                .collect();
            let start = T::from_f64(start[i]).to_f64();
            let wanted = formula(by, start, &history);
            let largest = history
                .iter()
                .fold(start.abs().max(wanted.abs()), |a, b| a.max(b.abs()));
            let unit = T::EPSILON.to_f64() * largest.max(1.0);
            farthest = farthest.max((found.to_f64() - wanted).abs() / unit);
        }
    }
    farthest
}

/// A bound of the rounding error of 8 steps. The planted mistakes are thousands of times larger.
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

fn any_kind() -> impl Strategy<Value = Kind> {
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

/// Parameters, and gradients for up to 8 steps, some of which are exactly 0.
fn walks() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
    let number = || prop_oneof![Just(0.0), -3.0..3.0];
    (1_usize..40, 1_usize..9).prop_flat_map(move |(size, steps)| {
        let row = move || prop::collection::vec(number(), size);
        (row(), prop::collection::vec(row(), steps))
    })
}

proptest! {
    #[test]
    fn every_optimizer_is_its_formula(kind in any_kind(), (start, gradients) in walks()) {
        let double = distance::<f64>(kind, kind, &start, &gradients);
        let single = distance::<f32>(kind, kind, &start, &gradients);
        prop_assert!(double < BOUND && single < BOUND, "f64 {double}, f32 {single}");
    }

    #[test]
    fn learning_rates_are_changed_from_the_next_step_on(rates in prop::collection::vec(0.0..1.0, 1..6)) {
        // With a constant gradient of 1, the quotient of the moments is 1, and the length of a step is the learning
        // rate.
        let mut adam = Adam::new(0.0);
        let mut x = [0.0_f64];
        for &rate in &rates {
            adam.set_learning_rate(rate).unwrap();
            prop_assert_eq!(adam.learning_rate(), rate);
            adam.step(&mut x, &[1.0]).unwrap();
        }
        prop_assert!((x[0] + rates.iter().sum::<f64>()).abs() < 1e-6);
    }
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

/// The results of PyTorch 2.15 for three parameters after five steps in double precision, with
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
        let mut optimizer = kind.start::<f64>().unwrap();
        let mut parameters = [1.0, -2.0, 0.5];
        for gradient in &gradients {
            optimizer.step(&mut parameters, gradient).unwrap();
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
    // With a gradient of 1 at each step, the velocity v is 1, 1.9, 2.71, and Nesterov's direction is 1 + 0.9 v.
    let momentum = |nesterov| {
        let settings = SgdSettings {
            nesterov,
            weight_decay: 0.0,
            ..SGD
        };
        let mut descent = Sgd::by(settings).unwrap();
        let mut x = [0.0_f64];
        (0..3).for_each(|_| descent.step(&mut x, &[1.0]).unwrap());
        x[0]
    };
    assert!((momentum(false) + 0.1 * (1.0 + 1.9 + 2.71)).abs() < 1e-15);
    assert!((momentum(true) + 0.1 * (1.9 + 2.71 + 3.439)).abs() < 1e-15);

    // With gradients 1 and −0.5 and the betas of Kingma and Ba, m̂ is 1 and then 0.04/0.19, and v̂ is 1 and then
    // 0.001249/0.001999.
    let mut adam = Adam::new(0.1);
    let mut x = [0.0_f64];
    adam.step(&mut x, &[1.0]).unwrap();
    assert!((x[0] + 0.1 / (1.0 + 1e-8)).abs() < 1e-15);
    adam.step(&mut x, &[-0.5]).unwrap();
    let second = 0.1 * (0.04 / 0.19) / ((0.001249_f64 / 0.001999).sqrt() + 1e-8);
    assert!((x[0] + 0.1 / (1.0 + 1e-8) + second).abs() < 1e-14);
}
