//! `Tape::first_non_finite` finds the operation that first produced a number that is not finite.

use autodiff::tensor::{NonFinite, Tape, Tensor};

const MINUS_INFINITY: f64 = f64::NEG_INFINITY;

/// The name of the operation that is found, and the index of the element.
fn found(tape: &Tape<f64>) -> Option<(&'static str, usize)> {
    let found = tape.first_non_finite()?;
    Some((found.operation, found.element))
}

#[test]
fn a_recording_of_finite_numbers_has_none() {
    let tape = Tape::new();
    let x = tape.var([1.0, 2.0]);
    let _ = (x * 2.0).ln().sum();
    assert_eq!(found(&tape), None);
}

#[test]
fn the_first_operation_that_leaves_the_finite_numbers_is_found() {
    let tape = Tape::new();
    let x = tape.var([4.0, -1.0]);
    let line = line!() + 1;
    let y = x.sqrt();
    let _ = (y * 2.0).sum();
    let found = tape.first_non_finite().unwrap();
    let NonFinite {
        operation,
        element,
        value,
        location,
        ..
    } = &found;
    assert_eq!((*operation, *element), ("sqrt", 1));
    assert!(value.is_nan());
    assert_eq!((location.file(), location.line()), (file!(), line));
    assert_eq!(found.inputs, ["[ 4, -1]"]);
    assert!(found.to_string().starts_with("sqrt (node 1, recorded at "));
}

/// Records attention with a mask of −∞, and then the operations of `after`, which may contain a fault.
fn attention(
    after: impl for<'t> FnOnce(autodiff::tensor::Var<'t, f64>),
) -> Option<(&'static str, usize)> {
    let tape = Tape::new();
    let mask = tape.constant([[0.0, MINUS_INFINITY], [0.0, 0.0]]);
    let x = tape.var([[0.5, 1.0], [-1.0, 2.0]]);
    let weights = (x + mask).softmax(1);
    after(weights.matmul(x));
    found(&tape)
}

#[test]
fn an_intended_infinity_does_not_hide_a_later_fault() {
    let fault = attention(|y| {
        let _ = (y * 0.0).recip().sum();
    });
    assert_eq!(fault, Some(("recip", 0)));
}

#[test]
fn an_intended_infinity_is_found_if_there_is_nothing_else() {
    let named = attention(|y| {
        let _ = y.sum();
    });
    assert_eq!(named, Some(("constant", 1)));
}

#[test]
fn an_infinity_computed_from_constants_counts_as_intended() {
    let tape = Tape::new();
    let mask = tape.constant([1.0, 0.0]).ln();
    let x = tape.var([0.5, 1.0]);
    let weights = (x + mask).softmax(0);
    assert_eq!(found(&tape), Some(("ln", 1)));
    let _ = (weights - 2.0).sqrt();
    assert_eq!(found(&tape), Some(("sqrt", 0)));
}

#[test]
fn an_operation_that_turns_an_infinity_into_nan_is_found() {
    let tape = Tape::new();
    let x = tape.var([0.5, 1.0]);
    let y = x + Tensor::from([0.0, MINUS_INFINITY]);
    let _ = (y - y).sum();
    assert_eq!(found(&tape), Some(("sub", 1)));
}

#[test]
fn a_function_is_judged_element_by_element() {
    let tape = Tape::new();
    let x = tape.var([[1000.0, 1.0]]);
    let masked = x + Tensor::from([[0.0, 0.0], [0.0, MINUS_INFINITY]]);
    let _ = masked.exp();
    assert_eq!(found(&tape), Some(("exp", 0)));
}

#[test]
fn a_variable_that_is_not_finite_is_found_last() {
    let tape = Tape::new();
    let c = tape.constant([1.0]);
    let x = tape.var([2.0, f64::NAN]);
    let y = (x * c).sum();
    assert_eq!(found(&tape), Some(("variable", 1)));
    let _ = c / 0.0 * y;
    assert_eq!(found(&tape), Some(("div", 0)));
}
