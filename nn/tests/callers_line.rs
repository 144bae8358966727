//! Shapes that do not fit are reported at the line that put them together. This changes the hook of panics, which is the
//! whole process's, so it is alone in its file.

use autodiff::tensor::{Tape, Targets, Tensor};
use nn::{Activation, Initializer, Loss, Mlp, delta};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

#[test]
fn shapes_that_do_not_fit_are_reported_where_they_meet() {
    let network = Mlp::new(&[3, 4, 2], Activation::Relu);
    let parameters = network.init::<f64>(Initializer::HeNormal, 1);
    let loss = Loss::cross_entropy();
    let x = Tensor::zeros([5, 7]);
    let targets = Targets::Classes(Tensor::zeros([5]));
    let tape = Tape::new();

    let expected = "linear: input [5, 7], weight [4, 3] and bias [4]";
    refused(expected, || {
        let _ = delta::propagate(&network, loss, &parameters, &x, &targets, 1.0);
    });
    refused(expected, || {
        let _ = network.predict(&parameters, &x);
    });
    refused(expected, || {
        let variables = parameters.record(&tape);
        let _ = network.forward(&variables, &tape.constant(x.clone()));
    });
    refused("cross_entropy", || {
        let _ = loss.sum(&tape.var(Tensor::zeros([4, 2])), targets.clone());
    });
}

/// Checks that `misuse` panics with this in its message, and at a line of this file.
#[track_caller]
fn refused(expected: &str, misuse: impl FnOnce()) {
    static REPORT: Mutex<String> = Mutex::new(String::new());
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        *REPORT.lock().unwrap() = info.to_string();
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(misuse));
    panic::set_hook(earlier);
    assert!(outcome.is_err(), "it must be refused");
    let report = REPORT.lock().unwrap();
    assert!(
        report.contains(expected) && report.contains(file!()),
        "{expected:?} is reported as {report:?}"
    );
}
