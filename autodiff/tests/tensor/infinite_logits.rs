//! Softmax, its logarithm, cross-entropy and `log_sum_exp` share one definition at infinite logits.

use autodiff::scalar::{self, Dual, Scalar, log_sum_exp};
use autodiff::tensor::{CrossEntropy, Float, Real, Tape, Targets, Tensor, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A row of logits, and the expected results.
struct Row {
    x: Vec<f64>,
    /// The probabilities.
    p: Vec<f64>,
    /// The logarithms of the probabilities.
    ln_p: Vec<f64>,
    log_sum_exp: f64,
}

impl Row {
    /// The results by the definition: limits, distinguished by the infinities in the row.
    fn new(x: Vec<f64>) -> Row {
        let count = |value: f64| x.iter().filter(|&&x| x == value).count();
        let all = |value: f64| vec![value; x.len()];
        let has_nan = x.iter().any(|x| x.is_nan());
        let (p, ln_p, log_sum_exp) = if has_nan || count(INF) > 1 || count(-INF) == x.len() {
            let log_sum_exp = match count(INF) {
                _ if has_nan => NAN,
                0 => -INF,
                _ => INF,
            };
            (all(NAN), all(NAN), log_sum_exp)
        } else if count(INF) == 1 {
            let one_hot = |one: f64, zero: f64| {
                let element = |&x: &f64| if x == INF { one } else { zero };
                x.iter().map(element).collect()
            };
            (one_hot(1.0, 0.0), one_hot(0.0, -INF), INF)
        } else {
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            let p = x.iter().map(|x| x.exp() / sum).collect();
            (p, x.iter().map(|x| x - sum.ln()).collect(), sum.ln())
        };
        Row {
            x,
            p,
            ln_p,
            log_sum_exp,
        }
    }
}

/// Rows of several lengths: one number, few numbers, a row that is loaded as two vectors, more numbers, and many.
fn rows() -> Vec<Row> {
    let patterns: [&[f64]; 12] = [
        &[0.5, 1.0, -0.25],
        &[0.5, -INF, 1.0],
        &[INF],
        &[INF, 0.5, -1.0],
        &[INF, 0.0, -INF],
        &[-INF, INF],
        &[INF, INF],
        &[INF, INF, -INF],
        &[-INF],
        &[-INF, -INF, -INF],
        &[NAN],
        &[-INF, NAN, INF],
    ];
    let mut rows = Vec::new();
    for length in [1, 2, 3, 7, 8, 10, 16, 17, 40, 1500] {
        for pattern in patterns {
            let all = pattern.iter().copied().cycle().take(length).collect();
            let finite = (0..length).map(|i| (i % 5) as f64 * 0.3);
            let mut last: Vec<f64> = finite.collect();
            for (x, &y) in last.iter_mut().rev().zip(pattern) {
                *x = y;
            }
            rows.extend([all, last].map(Row::new));
        }
    }
    rows
}

/// Whether both numbers are NaN, or the same infinity, or close.
fn agrees(found: f64, expected: f64, bound: f64) -> bool {
    found == expected
        || found.is_nan() && expected.is_nan()
        || expected.is_finite() && (found - expected).abs() <= bound * expected.abs().max(1.0)
}

#[track_caller]
fn assert_agree<T: Real>(found: &[T], expected: &[f64], row: &Row, what: &str) {
    assert_eq!(found.len(), expected.len());
    // The expected values are summed sequentially.
    let bound = (100 + row.x.len()) as f64 * T::EPSILON.to_f64();
    for (i, (found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            agrees(found.to_f64(), expected, bound),
            "element {i} of {what} of {} numbers {:?}…: {found} and not {expected}",
            row.x.len(),
            &row.x[..row.x.len().min(10)]
        );
    }
}

/// A row along the given axis of a matrix with other rows, and a function that extracts its elements.
fn among_others<T: Real>(row: &[f64], axis: usize) -> (Tensor<T>, impl Fn(&Tensor<T>) -> Vec<T>) {
    const OTHERS: usize = 4;
    const PLACE: usize = 2;
    let length = row.len();
    let place = move |i: usize| match axis {
        0 => (i % OTHERS, i / OTHERS),
        _ => (i / length, i % length),
    };
    let shape = if axis == 0 {
        [length, OTHERS]
    } else {
        [OTHERS, length]
    };
    let x = Tensor::from_flat_fn(shape, |i| {
        let (line, at) = place(i);
        T::from_f64(if line == PLACE {
            row[at]
        } else {
            0.1 * at as f64
        })
    });
    let own = move |x: &Tensor<T>| {
        let own = x
            .data()
            .iter()
            .enumerate()
            .filter(|(i, _)| place(*i).0 == PLACE);
        own.map(|(_, &x)| x).collect()
    };
    (x, own)
}

/// The value of f(x), and the gradients of ⟨weights, f(x)⟩ by a computed and by a recorded backward pass.
fn value_and_gradients<T: Real>(
    x: &Tensor<T>,
    weights: &Tensor<T>,
    f: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>,
) -> (Tensor<T>, [Tensor<T>; 2]) {
    let tape = Tape::new();
    let x = tape.var(x.clone());
    let y = f(x);
    let computed = y.vjp(weights.clone()).wrt(x);
    // `absorbing_mul`: in a plain weighted sum, a weight of 0 would turn an infinite value into NaN.
    let sum = y.absorbing_mul(weights).sum();
    (
        y.value(),
        [computed, sum.recorded_gradients(&[x])[0].value()],
    )
}

fn softmax_and_its_logarithm<T: Real>() {
    for row in rows() {
        for axis in [0, 1] {
            let (x, own) = among_others::<T>(&row.x, axis);
            // Weights that differ, weights that cancel, a single weight, and zeros.
            let weights: [fn(usize) -> f64; 4] = [
                |i| 0.5 + (i % 3) as f64,
                |i| [1.0, -1.0, 0.0, 0.0][i % 4],
                |i| f64::from(u8::from(i == 0)),
                |_| 0.0,
            ];
            for weight in weights {
                let w: Vec<f64> = (0..row.x.len()).map(weight).collect();
                let (weights, own_weights) = among_others::<T>(&w, axis);
                assert_eq!(own_weights(&weights).len(), w.len());
                let any = w.iter().any(|&w| w != 0.0);

                let (p, gradients) = value_and_gradients(&x, &weights, |x| x.softmax(axis));
                assert_agree(&own(&p), &row.p, &row, "softmax");
                assert_eq!(own(&x.softmax(axis)).len(), row.x.len());
                let mean: f64 = row.p.iter().zip(&w).map(|(p, w)| p * w).sum();
                let slope = |(p, w): (&f64, &f64)| if any { p * (w - mean) } else { 0.0 };
                let expected: Vec<f64> = row.p.iter().zip(&w).map(slope).collect();
                for gradient in gradients {
                    assert_agree(&own(&gradient), &expected, &row, "gradient of softmax");
                }

                let (ln_p, gradients) = value_and_gradients(&x, &weights, |x| x.log_softmax(axis));
                assert_agree(&own(&ln_p), &row.ln_p, &row, "log_softmax");
                let total: f64 = w.iter().sum();
                let slope = |(p, w): (&f64, &f64)| if any { w - p * total } else { 0.0 };
                let expected: Vec<f64> = row.p.iter().zip(&w).map(slope).collect();
                for gradient in gradients {
                    assert_agree(&own(&gradient), &expected, &row, "gradient of log_softmax");
                }
            }
        }
    }
}

#[test]
fn softmax_and_its_logarithm_are_as_defined_in_double_precision() {
    softmax_and_its_logarithm::<f64>();
}

#[test]
fn softmax_and_its_logarithm_are_as_defined_in_single_precision() {
    softmax_and_its_logarithm::<f32>();
}

/// Targets for one row, and the probabilities that they stand for.
fn targets<T: Real>(classes: usize) -> Vec<(CrossEntropy<T>, Vec<f64>)> {
    let one_hot = |class: usize| {
        (0..classes)
            .map(|i| f64::from(u8::from(i == class)))
            .collect()
    };
    let of_class = |class: usize| CrossEntropy::new(Tensor::from([class as u32]));
    let rows = |t: &[f64]| {
        let t = Tensor::from_flat_fn([1, classes], |i| T::from_f64(t[i]));
        CrossEntropy::new(Targets::Probabilities(t))
    };
    let smoothed = |t: Vec<f64>, epsilon: f64| -> Vec<f64> {
        let smooth = |t| t * (1.0 - epsilon) + epsilon / classes as f64;
        t.into_iter().map(smooth).collect()
    };
    let last = classes - 1;
    let some: Vec<f64> = (0..classes).map(|i| [0.25, 0.0, 0.75][i % 3]).collect();
    vec![
        (of_class(0), one_hot(0)),
        (of_class(last), one_hot(last)),
        (rows(&one_hot(0)), one_hot(0)),
        (rows(&some), some.clone()),
        (
            of_class(last).label_smoothing(0.25),
            smoothed(one_hot(last), 0.25),
        ),
        (rows(&some).label_smoothing(0.25), smoothed(some, 0.25)),
        (rows(&vec![0.0; classes]), vec![0.0; classes]),
    ]
}

fn cross_entropy<T: Real>() {
    for row in rows() {
        let classes = row.x.len();
        let x = Tensor::from_flat_fn([1, classes], |i| T::from_f64(row.x[i]));
        for (how, t) in targets::<T>(classes) {
            let pairs = row.ln_p.iter().zip(&t).filter(|(_, t)| **t != 0.0);
            let cost = -pairs.map(|(ln_p, t)| t * ln_p).sum::<f64>();
            let total: f64 = t.iter().sum();
            let delta = |(p, t): (&f64, &f64)| if total == 0.0 { 0.0 } else { p * total - t };
            let delta: Vec<f64> = row.p.iter().zip(&t).map(delta).collect();

            assert_agree(
                x.cross_entropy(how.clone()).data(),
                &[cost],
                &row,
                "cross_entropy",
            );
            let one = Tensor::scalar(T::from_f64(1.0));
            let (found, gradients) =
                value_and_gradients(&x, &one, |x| x.cross_entropy(how.clone()));
            assert_agree(found.data(), &[cost], &row, "cross_entropy");
            for gradient in gradients {
                assert_agree(gradient.data(), &delta, &row, "gradient of cross_entropy");
            }
            let none = how.clone().weighted(0.0);
            let (found, gradients) =
                value_and_gradients(&x, &one, |x| x.cross_entropy(none.clone()));
            let nothing = vec![0.0; classes];
            assert_agree(found.data(), &[0.0], &row, "cross_entropy of weight 0");
            for gradient in gradients {
                assert_agree(
                    gradient.data(),
                    &nothing,
                    &row,
                    "gradient of that of weight 0",
                );
            }
        }
    }
}

#[test]
fn cross_entropy_is_as_defined_in_double_precision() {
    cross_entropy::<f64>();
}

#[test]
fn cross_entropy_is_as_defined_in_single_precision() {
    cross_entropy::<f32>();
}

/// In a batch of many samples, each sample has the cost and the gradient that it has alone.
#[test]
fn a_sample_has_the_same_gradient_among_others() {
    for classes in [3, 10, 40] {
        let of_length = |row: &Row| row.x.len() == classes;
        let rows: Vec<Row> = rows().into_iter().filter(of_length).collect();
        let x = Tensor::from_fn([rows.len(), classes], |[i, j]| rows[i].x[j]);
        let all = Tensor::from_flat_fn([rows.len()], |i| (i % classes) as u32);
        let how = CrossEntropy::new(all).summed();
        let (_, gradients) =
            value_and_gradients(&x, &Tensor::scalar(1.0), |x| x.cross_entropy(how.clone()));
        for gradient in gradients {
            for (i, row) in rows.iter().enumerate() {
                let delta = |(j, p): (usize, &f64)| p - f64::from(u8::from(j == i % classes));
                let delta: Vec<f64> = row.p.iter().enumerate().map(delta).collect();
                let found = &gradient.data()[i * classes..][..classes];
                assert_agree(found, &delta, row, "gradient of cross_entropy");
            }
        }
    }
}

fn log_sum_exp_of<T: Real + Scalar>() {
    for row in rows() {
        for tape in [scalar::Tape::default(), scalar::Tape::default().tracing()] {
            let x: Vec<T> = row.x.iter().map(|&x| Float::from_f64(x)).collect();
            let x = tape.vars(&x[..]);
            let y = log_sum_exp(&x);
            assert_agree(&[y.value()], &[row.log_sum_exp], &row, "log_sum_exp");
            let gradient = y.gradients().wrt_all(&x);
            assert_agree(&gradient, &row.p, &row, "gradient of log_sum_exp");
        }
    }
}

#[test]
fn log_sum_exp_is_as_defined() {
    log_sum_exp_of::<f64>();
    log_sum_exp_of::<f32>();
}

fn log_sum_exp_of_tensors<T: Real>() {
    for row in rows() {
        for axis in [0, 1] {
            let (x, own) = among_others::<T>(&row.x, axis);
            for weight in [0.0, 0.5] {
                // The weight of each line; the row among the others is the third line.
                let weights = Tensor::full([4], T::from_f64(weight));
                let (y, gradients) =
                    value_and_gradients(&x, &weights, |x| x.log_sum_exp_over(axis));
                assert_agree(&y.data()[2..3], &[row.log_sum_exp], &row, "log_sum_exp");
                let slope = |p: &f64| if weight == 0.0 { 0.0 } else { p * weight };
                let expected: Vec<f64> = row.p.iter().map(slope).collect();
                for gradient in gradients {
                    assert_agree(&own(&gradient), &expected, &row, "gradient of log_sum_exp");
                }
            }
        }
    }
}

#[test]
fn log_sum_exp_of_tensors_is_as_defined() {
    log_sum_exp_of_tensors::<f64>();
    log_sum_exp_of_tensors::<f32>();
}

/// Where everything is allowed, a mask changes nothing, also at infinite logits.
#[test]
fn a_mask_that_allows_everything_changes_nothing() {
    let same = |a: &Tensor<f64>, b: &Tensor<f64>| {
        a.shape() == b.shape()
            && a.data()
                .iter()
                .zip(b.data())
                .all(|(a, b)| a == b || a.is_nan() && b.is_nan())
    };
    for row in rows() {
        let x = Tensor::new([row.x.len()], &row.x);
        let mask = Tensor::full(x.shape(), 1);
        assert!(same(&x.masked_softmax(&mask, 0), &x.softmax(0)));
        assert!(same(&x.masked_log_softmax(&mask, 0), &x.log_softmax(0)));
    }
}

#[test]
fn log_sum_exp_of_a_single_infinite_logit_has_its_derivative() {
    let tape = scalar::Tape::default();
    let y = log_sum_exp(&tape.vars([INF, 0.0].map(Dual::var)));
    assert_eq!((y.value().value, y.value().tangent()), (INF, 1.0));
}

#[test]
fn a_wrong_result_is_caught() {
    let row = Row::new(vec![-INF, -INF]);
    let caught = |found: [f64; 2]| {
        std::panic::catch_unwind(|| assert_agree(&found, &row.p, &row, "softmax")).is_err()
    };
    assert!(caught([0.5, 0.5]) && caught([NAN, 0.0]) && !caught([NAN, NAN]));
    let row = Row::new(vec![INF, 0.0]);
    let caught = |found: [f64; 2]| {
        std::panic::catch_unwind(|| assert_agree(&found, &row.ln_p, &row, "log_softmax")).is_err()
    };
    assert!(caught([0.0, -1e300]) && caught([1e-10, -INF]) && !caught([0.0, -INF]));
}
