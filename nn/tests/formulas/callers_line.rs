//! Arguments that do not fit together are refused at the caller's line.

use crate::method::{Gradient, Method};
use autodiff::tensor::{Tape, Targets, Tensor};
use nn::{
    Activation, Adam, Batch, Initializer, Labelled, Loss, Mlp, Optimizer, Output, Parameters, Sgd,
    StandardLoss, Supervised, delta, evaluate, reference, snapshot,
};
use std::cell::RefCell;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe, Location};
use std::path::Path;
use std::sync::Once;

pub(crate) const LOSS: StandardLoss = StandardLoss::CrossEntropy {
    label_smoothing: 0.0,
};

pub(crate) fn network() -> Mlp {
    Mlp::new(&[3, 4, 2], Activation::Relu)
}

pub(crate) fn parameters(network: &Mlp) -> Parameters<f64> {
    network.init(Initializer::HeNormal, 1)
}

pub(crate) type Pair = (Tensor<f64>, Targets<f64>);

pub(crate) fn classes(samples: usize) -> Targets<f64> {
    Targets::Classes(Tensor::zeros([samples]))
}

pub(crate) fn batch(samples: usize) -> Pair {
    (Tensor::zeros([samples, 3]), classes(samples))
}

/// Checks that every function of a network, parameters and samples refuses the arguments.
fn refused_by_all(expected: &str, parameters: &Parameters<f64>, batch: &Pair) {
    let network = network();
    let (x, targets) = batch;
    for method in [Method::Tape, Method::Delta] {
        let mut gradient = Gradient::new(&network, LOSS, method);
        refused(expected, || {
            gradient.compute(parameters, batch);
        });
        let mut stepped = parameters.clone();
        let optimizers: [&mut dyn Optimizer<f64>; 2] = [&mut Sgd::new(0.1), &mut Adam::new(0.1)];
        for optimizer in optimizers {
            refused(expected, || {
                let _ = gradient.step(&mut stepped, batch, optimizer);
            });
        }
        assert!(stepped == *parameters);
    }
    refused(expected, || {
        let _ = evaluate(&Supervised::new(&network, LOSS), parameters, batch);
    });
    refused(expected, || {
        let _ = delta::propagate(&network, LOSS, parameters, x, targets, 1.0);
    });
    refused(expected, || {
        let _ = reference::gradient(&network, LOSS, parameters, x, targets);
    });
}

#[test]
fn parameters_of_another_layout_are_refused() {
    let network = network();
    for (other, difference) in [
        (
            &[3, 5, 2][..],
            "slice 0 is `layers.0.weight` of shape [5, 3], not `layers.0.weight` of shape [4, 3]",
        ),
        // The buffers have the same size.
        (
            &[3, 4, 1],
            "slice 2 is `layers.1.weight` of shape [1, 4], not `layers.1.weight` of shape [2, 4]",
        ),
        (
            &[3, 4],
            "there is no slice 2, `layers.1.weight` of shape [2, 4]",
        ),
        (
            &[3, 4, 2, 7],
            "slice 4, `layers.2.weight` of shape [7, 2], is one too many",
        ),
    ] {
        let other = parameters(&Mlp::new(other, Activation::Relu));
        let expected = format!("parameters of another layout: {difference}");
        for samples in [5, 100] {
            refused_by_all(&expected, &other, &batch(samples));
        }
        refused(&expected, || {
            let _ = network.predict(&other, &Tensor::zeros([5, 3]));
        });
        let never = Path::new("/never/written");
        refused(&expected, || {
            let _ = snapshot::save(never, &Supervised::new(network.clone(), LOSS), &other);
        });
        refused(&expected, || {
            let sgd = Sgd::new(0.1);
            let _ = snapshot::save_training(
                never,
                &Supervised::new(network.clone(), LOSS),
                &other,
                &sgd,
            );
        });
    }
    let other = parameters(&Mlp::new(&[3, 5, 2], Activation::Relu));
    refused(
        "forward: a parameter of shape [5, 3] for `layers.0.weight` of shape [4, 3]",
        || {
            let _ = network.forward(&other.tensors(), &Tensor::zeros([5, 3]));
        },
    );
    refused("forward: 3 parameters for a network of 4", || {
        let _ = network.forward(&other.tensors()[..3], &Tensor::zeros([5, 3]));
    });
    // The layout of another network with the same shapes is accepted.
    let same = parameters(&Mlp::new(&[3, 4, 2], Activation::Tanh));
    let _ = evaluate(&Supervised::new(&network, LOSS), &same, &batch(5));
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let network = network();
    let parameters = parameters(&network);
    let x = |samples| Tensor::zeros([samples, 3]);
    for samples in [5, 100] {
        for (batch, expected) in [
            (
                (Tensor::zeros([samples, 7]), classes(samples)),
                format!("inputs of shape [{samples}, 7] are not {samples} samples of 3 numbers"),
            ),
            (
                (Tensor::zeros([samples]), classes(samples)),
                format!("inputs of shape [{samples}] are not {samples} samples of 3 numbers"),
            ),
            (
                (x(samples), classes(samples - 1)),
                format!(
                    "class numbers of shape [{}] are not those of {samples} samples",
                    samples - 1
                ),
            ),
            (
                (x(samples), classes(samples + 1)),
                format!(
                    "class numbers of shape [{}] are not those of {samples} samples",
                    samples + 1
                ),
            ),
            (
                (
                    x(samples),
                    Targets::Classes(Tensor::from_flat_fn([samples], |i| 2 * u32::from(i == 4))),
                ),
                "sample 4 is of class 2, and there are 2 outputs".to_owned(),
            ),
            (
                (
                    x(samples),
                    Targets::Probabilities(Tensor::zeros([samples, 3])),
                ),
                format!("targets of shape [{samples}, 3] are not {samples} rows of 2 numbers"),
            ),
            (
                (x(samples), Targets::Probabilities(Tensor::zeros([1, 2]))),
                format!("targets of shape [1, 2] are not {samples} rows of 2 numbers"),
            ),
        ] {
            refused_by_all(&expected, &parameters, &batch);
        }
    }
    refused_by_all(
        "inputs of shape [] are not 0 samples of 3 numbers",
        &parameters,
        &(Tensor::scalar(1.0), classes(0)),
    );
    let expected = "inputs of shape [5, 7] are not 5 samples of 3 numbers";
    refused(expected, || {
        let _ = network.predict(&parameters, &Tensor::zeros([5, 7]));
    });
    refused(expected, || {
        let tape = Tape::new();
        let variables = parameters.record(&tape);
        let _ = network.forward(&variables, &tape.constant(Tensor::zeros([5, 7])));
    });
}

/// A batch whose error is found only when a chunk is loaded, on any thread.
struct Deceptive {
    samples: usize,
    wrong: usize,
}

impl Batch<Labelled<f64>> for Deceptive {
    fn len(&self) -> usize {
        self.samples
    }

    fn load(&self, range: Range<usize>) -> Pair {
        let class = |i| 9 * u32::from(range.start + i == self.wrong);
        let classes = Tensor::from_flat_fn([range.len()], class);
        (Tensor::zeros([range.len(), 3]), classes.into())
    }
}

#[test]
fn errors_on_other_threads_are_reported_at_the_callers_line() {
    // The second network is large enough for threads to share its parameters.
    for network in [network(), Mlp::new(&[3, 3000, 2], Activation::Relu)] {
        let parameters = parameters(&network);
        for samples in [20, 40, 3000] {
            for wrong in [0, samples / 2, samples - 1] {
                let batch = Deceptive { samples, wrong };
                let expected = format!("sample {wrong} is of class 9, and there are 2 outputs");
                let mut gradient = Gradient::new(&network, LOSS, Method::Delta);
                refused(&expected, || {
                    gradient.compute(&parameters, &batch);
                });
                refused(&expected, || {
                    let _ = evaluate(&Supervised::new(&network, LOSS), &parameters, &batch);
                });
                // The error does not affect the next batch.
                let good = (Tensor::zeros([samples, 3]), classes(samples));
                assert!(gradient.compute(&parameters, &good).is_finite());
            }
        }
    }
}

#[test]
fn label_smoothing_out_of_range_is_refused() {
    let network = network();
    let parameters = parameters(&network);
    let (x, targets) = batch(5);
    for label_smoothing in [-0.1, 1.5, f64::NAN, f64::INFINITY] {
        let loss = StandardLoss::CrossEntropy { label_smoothing };
        let expected = "a label smoothing of";
        refused(expected, || {
            drop(Gradient::<f64>::new(&network, loss, Method::Tape));
        });
        refused(expected, || {
            drop(Gradient::<f64>::new(&network, loss, Method::Delta));
        });
        refused(expected, || {
            let _ = evaluate(&Supervised::new(&network, loss), &parameters, &batch(5));
        });
        refused(expected, || {
            let _ = delta::propagate(&network, loss, &parameters, &x, &targets, 1.0);
        });
        refused(expected, || {
            let _ = reference::gradient(&network, loss, &parameters, &x, &targets);
        });
        refused(expected, || {
            let _ = loss.sum(&Tensor::<f64>::zeros([5, 2]), targets.clone());
        });
        refused(expected, || {
            let _ = snapshot::save(
                "/never/written",
                &Supervised::new(network.clone(), loss),
                &parameters,
            );
        });
    }
}

#[test]
fn costs_refuse_targets_that_do_not_fit() {
    let tape = Tape::new();
    refused("cross_entropy", || {
        let _ = LOSS.sum(&tape.var(Tensor::zeros([4, 2])), classes(5));
    });
    for output in [Output::Softmax, Output::Elementwise(Activation::Tanh)] {
        let loss = StandardLoss::SquaredDifference { output };
        refused(
            "class numbers of shape [5] are not those of 4 samples",
            || {
                let _ = loss.sum(&tape.var(Tensor::zeros([4, 2])), classes(5));
            },
        );
        refused("sample 1 is of class 2, and there are 2 outputs", || {
            let targets = Targets::Classes(Tensor::from([0, 2]));
            let _ = loss.sum(&tape.var(Tensor::zeros([2, 2])), targets);
        });
        refused(
            "targets of shape [1, 2] are not 4 rows of 2 numbers",
            || {
                let targets = Targets::Probabilities(Tensor::zeros([1, 2]));
                let _ = loss.sum(&Tensor::<f64>::zeros([4, 2]), targets);
            },
        );
        refused("outputs of shape [2] are not a row a sample", || {
            let _ = loss.sum(&Tensor::<f64>::zeros([2]), classes(1));
        });
    }
}

/// Returns the functions with a `# Panics` section that lack `#[track_caller]`.
fn panics_that_point_into_the_library(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = source.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "/// # Panics" {
            continue;
        }
        let mut item = lines.by_ref().skip_while(|line| line.starts_with("///"));
        let mut tracks = false;
        let function = item.find(|line| {
            tracks |= *line == "#[track_caller]";
            line.split(' ').any(|word| word == "fn")
        });
        if !tracks {
            found.extend(function.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_documented_panic_points_to_the_caller() {
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(panics_that_point_into_the_library(&text));
            }
        }
    }
    let mut found = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.is_empty(), "without #[track_caller]: {found:#?}");
}

#[test]
fn a_panic_that_points_into_the_library_is_noticed() {
    let text =
        "/// # Panics\n///\n/// If it must.\n#[must_use]\npub fn hides() {\n    #[track_caller]\n";
    assert_eq!(
        panics_that_point_into_the_library(text),
        ["pub fn hides() {"]
    );
    let text = text.replace("#[must_use]", "#[track_caller]");
    assert!(panics_that_point_into_the_library(&text).is_empty());
}

/// Checks that `misuse` panics at a line of the caller's file with a message that contains `expected`.
#[track_caller]
pub(crate) fn refused(expected: &str, misuse: impl FnOnce()) {
    let mut misuse = Some(misuse);
    let report = report_of_panic(&mut || misuse.take().unwrap()());
    assert!(
        report.contains(expected) && report.contains(Location::caller().file()),
        "{expected:?} is reported as {report:?}"
    );
}

/// Returns the message and the location of the panic in `misuse`. The panic hook is global to the process: it passes
/// the panics of other threads to the previous hook.
#[track_caller]
fn report_of_panic(misuse: &mut dyn FnMut()) -> String {
    thread_local! {
        static REPORT: RefCell<Option<String>> = const { RefCell::new(None) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let taken = REPORT.with_borrow_mut(|report| {
                report
                    .as_mut()
                    .map(|report| *report = info.to_string())
                    .is_some()
            });
            if !taken {
                earlier(info);
            }
        }));
    });
    REPORT.set(Some(String::new()));
    let outcome = panic::catch_unwind(AssertUnwindSafe(misuse));
    let report = REPORT.take().unwrap_or_default();
    assert!(outcome.is_err(), "it must be refused");
    report
}
