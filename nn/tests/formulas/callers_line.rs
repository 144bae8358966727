//! Shapes that do not fit are reported at the line that put them together.

use autodiff::tensor::{Tape, Targets, Tensor};
use nn::{Activation, Initializer, Loss, Mlp, delta};
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

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
    let report = report_of_panic(misuse);
    assert!(
        report.contains(expected) && report.contains(file!()),
        "{expected:?} is reported as {report:?}"
    );
}

/// Message and place of the panic in `misuse`. The hook is the whole process's: panics of other threads are left to the
/// hook that was there before.
#[track_caller]
fn report_of_panic(misuse: impl FnOnce()) -> String {
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
