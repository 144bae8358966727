//! Every operation of the catalogue is the derivative of its value, to first and second order.

use autodiff::Tensor;
use autodiff::gradcheck;
use autodiff::tensor::{self, Adjoints, Algebra, Op, Point, Real, Sample, Var};
use std::collections::BTreeMap;

#[test]
fn every_operation_is_the_derivative_of_its_value() {
    let failures: Vec<String> = tensor::catalogue()
        .iter()
        .filter_map(first_order_failure)
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn first_order_failure(sample: &Sample) -> Option<String> {
    let checked = gradcheck::first_order(|x| sample.record(x), sample.inputs());
    checked
        .err()
        .map(|mismatch| format!("{sample:?}: {mismatch}"))
}

#[test]
fn every_recorded_gradient_can_be_differentiated_again() {
    let failure = |sample: &Sample| {
        let checked = gradcheck::second_order(|x| sample.record(x), sample.inputs());
        checked
            .err()
            .map(|mismatch| format!("{sample:?}: {mismatch}"))
    };
    let failures: Vec<String> = tensor::catalogue().iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_third_order_agrees_too() {
    // The gradient of the gradient, checked to first order: its rule is recorded twice.
    for sample in &tensor::catalogue() {
        if sample.inputs().iter().any(|input| input.size() > 6) {
            continue;
        }
        let checked = gradcheck::first_order(|x| squared_curvature(sample, x), sample.inputs());
        if let Err(mismatch) = checked {
            // Third derivatives are larger, and their differences less exact.
            let error =
                (mismatch.tape - mismatch.difference).abs() / mismatch.difference.abs().max(1.0);
            assert!(error < 1e-6, "{sample:?}: {mismatch}");
        }
    }
}

/// A function of the second derivatives with respect to the first input.
fn squared_curvature<'t>(sample: &Sample, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let slope = sample.record(x).sum().differentiate(&x[..1])[0];
    slope.square().sum().differentiate(&x[..1])[0]
}

#[test]
fn every_operation_is_checked_in_eight_shapes_or_more() {
    let mut shapes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sample in tensor::catalogue() {
        let inputs: Vec<String> = sample
            .inputs()
            .iter()
            .map(|input| input.shape().to_string())
            .collect();
        shapes
            .entry(sample.name().to_owned())
            .or_default()
            .push(inputs.join(" "));
    }
    for (name, mut inputs) in shapes {
        inputs.sort();
        inputs.dedup();
        assert!(
            inputs.len() >= 8,
            "{name} is checked in {} shapes only: {inputs:?}",
            inputs.len()
        );
    }
}

/// `sin x`, with a slope that is off by the given factor.
#[derive(Debug)]
struct Skewed {
    factor: f64,
}

impl<T: Real> Op<T> for Skewed {
    fn name(&self) -> &'static str {
        "skewed"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].sin()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || at.x[0].cos() * y_bar * self.factor);
    }
}

#[test]
fn a_slope_off_by_one_part_in_a_thousand_is_caught_and_named() {
    let x = Tensor::from([[0.3, 0.2], [0.1, 0.4]]);
    let inputs = [Tensor::from([1.0, 2.0]), x];
    let right = gradcheck::first_order(|x| skewed_product(1.0, x), &inputs);
    assert!(right.unwrap().largest_error < 1e-10);

    let wrong = gradcheck::first_order(|x| skewed_product(1.001, x), &inputs).unwrap_err();
    assert_eq!((wrong.input, wrong.order), (1, 1));
    assert!(
        (wrong.tape / wrong.difference - 1.001).abs() < 1e-6,
        "{wrong}"
    );
}

fn skewed_product<'t>(factor: f64, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    x[0].tape().apply(Skewed { factor }, &[x[1]]) * x[0]
}
