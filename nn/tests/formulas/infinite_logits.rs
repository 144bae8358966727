//! Infinite pre-activations of the last layer: the tape, the formulas by hand and the plain loops agree.

use crate::method::{Gradient, Method};
use autodiff::tensor::{Real, Targets, Tensor};
use nn::reference::{self, Scaled};
use nn::{Activation, Initializer, Mlp, Output, Parameters, StandardLoss};

const INF: f64 = f64::INFINITY;

/// Patterns of logits. A row repeats a pattern, or continues it with finite numbers.
const PATTERNS: [&[f64]; 10] = [
    &[0.5, -INF, 1.0],
    &[INF, 0.5, -1.0, 2.0],
    &[INF, 0.0, -INF],
    &[-INF, INF],
    &[INF, INF, 0.0],
    &[-INF],
    &[-INF, -INF],
    &[INF],
    &[f64::NAN, 0.0, 1.0],
    &[-INF, f64::NAN, INF],
];

/// Whether the numbers are both NaN, the same infinity, or close.
fn agrees(found: f64, expected: f64, bound: f64) -> bool {
    found == expected
        || found.is_nan() && expected.is_nan()
        || expected.is_finite() && (found - expected).abs() <= bound * expected.abs().max(1.0)
}

/// Returns the mean cost of a batch and its gradient, by the plain loops.
fn reference<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    (x, targets): &(Tensor<T>, Targets<T>),
) -> (f64, Vec<Vec<f64>>) {
    let gradient = reference::gradient(network, loss, parameters, x, targets);
    let values = |sums: Vec<Scaled>| sums.iter().map(|sum| sum.value).collect();
    let derivatives = gradient.derivatives.into_iter().map(values).collect();
    (gradient.cost, derivatives)
}

/// Compares both sources with the reference. The logits are the biases of the last layer, whose weights are 0.
fn check<T: Real>(
    hidden: &[usize],
    logits: &[f64],
    loss: StandardLoss,
    targets: &dyn Fn(usize) -> Targets<T>,
) {
    let classes = logits.len();
    let widths = [&[2], hidden, &[classes]].concat();
    let network = Mlp::new(&widths, Activation::Relu);
    let mut parameters = network.init::<T>(Initializer::HeNormal, 1);
    let last = 2 * network.layers() - 1;
    parameters.slice_mut(last - 1).fill(T::default());
    for (bias, &logit) in parameters.slice_mut(last).iter_mut().zip(logits) {
        *bias = T::from_f64(logit);
    }
    for samples in [1, 3] {
        let x = Tensor::from_flat_fn([samples, 2], |i| T::from_f64(1.0 + i as f64));
        let batch = (x, targets(samples));
        let (cost, expected) = reference(&network, loss, &parameters, &batch);
        for method in [Method::Tape, Method::Delta] {
            let mut gradient = Gradient::new(&network, loss, method);
            let found = gradient.compute(&parameters, &batch);
            let case = format!(
                "{method:?}, {loss:?}, {widths:?}, {logits:?}, {:?}",
                batch.1
            );
            let bound = 100.0 * T::EPSILON.to_f64();
            assert!(
                agrees(found, cost, bound),
                "{case}: cost {found}, not {cost}"
            );
            for (found, expected) in gradient.gradient().tensors().iter().zip(&expected) {
                for (found, expected) in found.data().iter().zip(expected) {
                    let (found, expected) = (found.to_f64(), *expected);
                    assert!(
                        agrees(found, expected, bound),
                        "{case}: {found}, not {expected}"
                    );
                }
            }
        }
    }
}

fn check_all<T: Real>() {
    let losses = [
        StandardLoss::cross_entropy(),
        StandardLoss::CrossEntropy {
            label_smoothing: 0.1,
        },
        StandardLoss::SquaredDifference {
            output: Output::Softmax,
        },
    ];
    for pattern in PATTERNS {
        // Few classes, and more classes than a vector register holds.
        for classes in [1, 2, 3, 10, 19] {
            let all: Vec<f64> = pattern.iter().copied().cycle().take(classes).collect();
            let first: Vec<f64> = (0..classes)
                .map(|i| pattern.get(i).copied().unwrap_or(i as f64 * 0.1))
                .collect();
            for (logits, loss) in [all, first]
                .iter()
                .flat_map(|row| losses.map(|loss| (row, loss)))
            {
                for class in 0..classes.min(3) {
                    let classes_of =
                        |samples| Targets::Classes(Tensor::full([samples], class as u32));
                    check::<T>(&[], logits, loss, &classes_of);
                }
                let row = |i: usize| T::from_f64(if i.is_multiple_of(classes) { 1.5 } else { 0.0 });
                let rows =
                    |samples| Targets::Probabilities(Tensor::from_flat_fn([samples, classes], row));
                check::<T>(&[5], logits, loss, &rows);
                let nothing = |samples| Targets::Probabilities(Tensor::zeros([samples, classes]));
                check::<T>(&[], logits, loss, &nothing);
            }
        }
    }
}

#[test]
fn all_agree_at_infinite_logits_in_double_precision() {
    check_all::<f64>();
}

#[test]
fn all_agree_at_infinite_logits_in_single_precision() {
    check_all::<f32>();
}

#[test]
fn a_finite_gradient_where_the_formula_is_nan_is_caught() {
    assert!(!agrees(0.0, f64::NAN, 1e-10) && !agrees(f64::NAN, 0.0, 1e-10));
    assert!(!agrees(INF, -INF, 1e-10) && !agrees(1e300, INF, 1e-10));
    assert!(agrees(-INF, -INF, 1e-10) && agrees(1.0, 1.0 + 1e-11, 1e-10));
}
