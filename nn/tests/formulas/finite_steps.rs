//! A step that would leave a number that is not finite changes nothing, and its error names the parameter.

use crate::kinds::{ADAM, Kind, SGD, all};
use autodiff::tensor::Real;
use nn::{
    Adam, AdamSettings, AdamW, Optimizer, Quantity, Setting, SettingError, Sgd, SgdSettings,
    StateError,
};

fn numbers<T: Real>(numbers: impl IntoIterator<Item = f64>) -> Vec<T> {
    numbers.into_iter().map(T::from_f64).collect()
}

/// Returns some numbers, as parameters or a gradient.
fn some<T: Real>(size: usize, seed: usize) -> Vec<T> {
    numbers((0..size).map(|i| ((i * 7 + seed * 5) as f64).sin()))
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    fn check<T: Real>(kind: Kind, size: usize, index: usize, value: f64, steps: usize) {
        let (mut optimizer, mut untouched) =
            (kind.start::<T>().unwrap(), kind.start::<T>().unwrap());
        let mut parameters = some::<T>(size, 0);
        for step in 0..steps {
            optimizer.step(&mut parameters, &some(size, step)).unwrap();
        }
        if steps > 0 {
            untouched.restore(optimizer.state()).unwrap();
        }
        let before = (parameters.clone(), optimizer.state());

        let mut gradient = some::<T>(size, 100);
        gradient[index] = T::from_f64(value);
        let error = optimizer.step(&mut parameters, &gradient).unwrap_err();
        assert_eq!((error.quantity, error.element), (Quantity::Gradient, index));
        assert!(error.value == value || (error.value.is_nan() && value.is_nan()));
        assert!(error.slice.is_none());
        assert_eq!((&parameters, optimizer.state()), (&before.0, before.1));

        // The next step is the same as if the failed step had not been tried.
        let mut expected = parameters.clone();
        untouched.step(&mut expected, &some(size, 101)).unwrap();
        optimizer.step(&mut parameters, &some(size, 101)).unwrap();
        assert!(parameters == expected && parameters != before.0);
        assert_eq!(optimizer.state(), untouched.state());
    }
    for kind in all() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (size, index) in [(1, 0), (40, 39), (1000, 0), (1000, 256), (1000, 999)] {
                for steps in [0, 2] {
                    check::<f32>(kind, size, index, value, steps);
                    check::<f64>(kind, size, index, value, steps);
                }
            }
        }
    }
}

#[test]
fn a_parameter_that_is_or_would_become_infinite_is_refused() {
    fn check<T: Real>() {
        let largest = T::MAX.to_f64();
        let sgd = SgdSettings::new(0.75);
        let decaying = SgdSettings {
            weight_decay: 0.01,
            ..sgd
        };
        for (kind, parameter, derivative) in [
            // The change is finite, but the parameter after the step is not.
            (Kind::Sgd(sgd), largest, -largest),
            (Kind::Sgd(decaying), -largest, largest),
            // A parameter that is not finite before the step stays so.
            (Kind::Sgd(sgd), f64::INFINITY, 1.0),
            (Kind::Sgd(SGD), f64::NEG_INFINITY, 1.0),
            (Kind::Adam(ADAM), f64::NAN, 1.0),
            (Kind::AdamW(ADAM), f64::INFINITY, 1.0),
        ] {
            let mut optimizer = kind.start::<T>().unwrap();
            let before: Vec<T> = numbers([1.0, 2.0, parameter, 3.0]);
            let mut parameters = before.clone();
            let gradient = numbers([1.0, 1.0, derivative, 1.0]);
            let error = optimizer.step(&mut parameters, &gradient).unwrap_err();
            assert_eq!(error.element, 2, "{kind:?}, {parameter}: {error}");
            assert!(!error.value.is_finite() && error.quantity != Quantity::Gradient);
            let same = |(a, b): (&T, &T)| a.to_f64().to_bits() == b.to_f64().to_bits();
            assert!(parameters.iter().zip(&before).all(same));
            assert_eq!(optimizer.state(), kind.start().unwrap().state());
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn steps_from_the_largest_numbers_stay_finite() {
    fn check<T: Real>() {
        for kind in all() {
            let mut optimizer = kind.start::<T>().unwrap();
            let mut parameters = [T::MAX, -T::MAX, T::default()];
            let begin = parameters;
            for derivative in [-1.0, 0.0, 1.0] {
                let gradient: Vec<T> = numbers([derivative; 3]);
                optimizer.step(&mut parameters, &gradient).unwrap();
            }
            let finite = |x: &T| x.to_f64().abs() <= begin[0].to_f64();
            assert!(parameters.iter().all(finite), "{kind:?}: {parameters:?}");
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Returns a parameter after each step along the gradients. Checks that the moments are finite after the last step.
fn walk<T: Real>(kind: Kind, gradients: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut optimizer = kind.start::<T>().unwrap();
    let mut x = [T::default()];
    let mut path = Vec::new();
    for gradient in gradients {
        optimizer.step(&mut x, &[T::from_f64(gradient)]).unwrap();
        path.push(x[0].to_f64());
    }
    for (name, moment) in optimizer.state().moments {
        let value = moment.item().to_f64();
        assert!(value.is_finite(), "{name} is {value}");
    }
    path
}

#[test]
fn a_parameter_moves_again_after_a_gradient_whose_square_overflows() {
    fn check<T: Real>(spike: f64, steps: usize) {
        let settings = AdamSettings {
            weight_decay: 0.0,
            ..AdamSettings::default()
        };
        for kind in [Kind::Adam(settings), Kind::AdamW(settings)] {
            let gradients = [spike].into_iter().chain(std::iter::repeat_n(1.0, steps));
            let path = walk::<T>(kind, gradients);
            // The first step has the usual length, and no later step is more than ten times as long.
            assert!((path[0].abs() - 0.001).abs() < 1e-9, "{}", path[0]);
            let longest = path.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            assert!(longest.fold(0.0, f64::max) < 0.01);
            // At the end, the length of a step is the learning rate.
            let end = path.len() - 1;
            let pace = (path[end - 1000] - path[end]) / 1000.0;
            assert!((pace / 0.001 - 1.0).abs() < 0.01, "{kind:?}: {pace}");
        }
    }
    check::<f32>(1e25, 200_000);
    check::<f32>(-1e38, 200_000);
    check::<f64>(1e25, 200_000);
    check::<f64>(1e200, 800_000);
}

#[test]
fn moments_stay_finite_under_the_largest_gradients() {
    fn check<T: Real>() {
        let largest = T::MAX.to_f64();
        for kind in [
            Kind::Sgd(SgdSettings {
                weight_decay: 0.0,
                ..SGD
            }),
            Kind::Adam(ADAM),
            Kind::AdamW(ADAM),
            // The moments decay very slowly.
            Kind::Adam(AdamSettings {
                beta1: 0.999_999,
                beta2: 0.999_999,
                ..ADAM
            }),
        ] {
            let gradients = (0..1000).map(|step| match step % 3 {
                0 => largest / 4.0,
                1 => -largest / 4.0,
                _ => largest.sqrt(),
            });
            walk::<T>(kind, gradients);
            walk::<T>(kind, [largest / 64.0; 50]);
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_state_that_no_step_produces_is_refused() {
    fn check<T: Real>() {
        for kind in [Kind::Sgd(SGD), Kind::Adam(ADAM), Kind::AdamW(ADAM)] {
            let mut optimizer = kind.start::<T>().unwrap();
            optimizer.step(&mut some::<T>(40, 0), &some(40, 1)).unwrap();
            let sound = optimizer.state();
            for moment in 0..sound.moments.len() {
                let mut values = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
                let name = sound.moments[moment].0.as_str();
                match name {
                    "first_moment" => values.push(T::MAX.to_f64()),
                    "second_moment" => values.push(-1.0),
                    _ => {}
                }
                for value in values {
                    let mut state = sound.clone();
                    state.moments[moment].1.data_mut()[7] = T::from_f64(value);
                    let error = optimizer.restore(state).unwrap_err();
                    assert!(
                        matches!(&error, StateError::Value { moment, index: 7, .. } if *moment == name),
                        "{error}"
                    );
                    assert_eq!(optimizer.state(), sound);
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn a_decay_that_changes_signs_is_refused() {
    let sgd = SgdSettings {
        weight_decay: 1e30,
        ..SgdSettings::new(0.1)
    };
    let adam = AdamSettings {
        weight_decay: 1e30,
        ..AdamSettings::default()
    };
    for kind in [Kind::Sgd(sgd), Kind::AdamW(adam)] {
        let error = kind.start::<f64>().unwrap_err();
        assert_eq!((error.setting, error.value), (Setting::WeightDecay, 1e30));
    }
    // Adam's moments remove the scale of the decay, so any decay is valid.
    assert!(Kind::Adam(adam).start::<f64>().is_ok());
    // A schedule cannot set such a rate either, or a rate that is not finite.
    let mut adam = AdamW::<f64>::new(0.1);
    let mut sgd = Sgd::<f32>::by(SGD).unwrap();
    let optimizers: [&mut dyn FnMut(f64) -> Result<(), SettingError>; 2] =
        [&mut |rate| adam.set_learning_rate(rate), &mut |rate| {
            sgd.set_learning_rate(rate)
        }];
    for set in optimizers {
        assert!(set(100.0).is_ok());
        for rate in [101.0, f64::NAN, f64::INFINITY, -0.1] {
            assert_eq!(set(rate).unwrap_err().setting, Setting::LearningRate);
        }
    }
    assert_eq!((adam.learning_rate(), sgd.learning_rate()), (100.0, 100.0));
}

#[test]
fn steps_with_extreme_settings_are_tried_on_copies() {
    // The rate is so large that one step could overflow, and the smaller ε so small that the quotient of the moments
    // could overflow alone.
    fn check<T: Real>(epsilon: f64) {
        let settings = AdamSettings {
            learning_rate: T::MAX.to_f64() / 3.5,
            epsilon,
            beta1: 0.0,
            ..AdamSettings::default()
        };
        let mut adam = Adam::<T>::by(settings).unwrap();
        let mut x = [T::default()];
        let mut taken = 0;
        let error = loop {
            let before = x;
            match adam.step(&mut x, &[T::from_f64(1.0)]) {
                Ok(()) => taken += 1,
                Err(error) => {
                    assert!(x == before && adam.state().steps == taken);
                    break error;
                }
            }
        };
        assert_eq!((taken, error.quantity), (3, Quantity::Parameter));
    }
    for epsilon in [1e-8, 1e-38] {
        check::<f32>(epsilon);
    }
    for epsilon in [1e-8, 1e-300] {
        check::<f64>(epsilon);
    }
}
