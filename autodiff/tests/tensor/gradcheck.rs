//! The gradient checker on functions of tensors, and its reports on operations with a wrong rule.

use crate::random_functions::{Expression, Mistake, Skewed, Slopes, survey};
use autodiff::elementwise::{Binary, Unary};
use autodiff::gradcheck::{self, Checked, Error, Gradcheck, Mismatch, Report};
use autodiff::tensor::{Adjoints, Algebra, Op, Point, Real, Saved, Tape, Tensor, Var};
use std::ops::Range;

/// A function of the table, whose slope with respect to the first operand is wrong by a factor.
#[derive(Debug)]
enum Wrong {
    Unary(Unary, f64),
    Binary(Binary, f64),
}

impl<T: Real> Op<T> for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        match *self {
            Wrong::Unary(function, _) => x[0].unary(function),
            Wrong::Binary(function, _) => x[0].binary(function, x[1]),
        }
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let (x, y) = (at.x, at.y);
        match *self {
            Wrong::Unary(function, factor) => {
                x_bar.add(0, || A::unary_vjp(function, x[0], y, y_bar) * factor);
            }
            Wrong::Binary(function, factor) => {
                let term = |operand| A::binary_vjp(function, operand, x[0], x[1], y, &y_bar);
                x_bar.add(0, || term(0) * factor);
                x_bar.add(1, || term(1));
            }
        }
    }
}

impl<T: Real> Skewed for Var<'_, T> {
    fn skewed_unary(self, function: Unary, factor: f64) -> Self {
        self.tape().apply(Wrong::Unary(function, factor), &[self])
    }

    fn skewed_binary(self, function: Binary, other: Self, factor: f64) -> Self {
        self.tape()
            .apply(Wrong::Binary(function, factor), &[self, other])
    }
}

fn survey_of<T: Real>(numbers: Range<u64>, mistake: Mistake) {
    const SIZE: usize = 2;
    let rounded = |x: &[Vec<f64>]| -> Vec<Tensor<T>> {
        let tensor = |x: &Vec<f64>| Tensor::from_flat_fn([SIZE], |i| T::from_f64(x[i]));
        x.iter().map(tensor).collect()
    };
    let numbers_of = |x: Tensor<T>| -> Vec<f64> { x.data().iter().map(|x| x.to_f64()).collect() };
    let check = |expression: &Expression, x: &[Vec<f64>], factor: f64| {
        gradcheck::first_order(|x| expression.value(x, factor), &rounded(x))
    };
    let evaluate = |expression: &Expression, x: &[Vec<f64>], factor: f64| {
        let tape = Tape::new();
        let vars: Vec<_> = rounded(x).into_iter().map(|x| tape.var(x)).collect();
        let y = expression.value(&vars, factor);
        let gradients = y.sum().gradients();
        Slopes {
            value: numbers_of(y.value()),
            slopes: vars.iter().map(|&x| numbers_of(gradients.wrt(x))).collect(),
        }
    };
    survey(numbers, SIZE, mistake, check, evaluate);
}

#[test]
fn random_functions_pass_and_wrong_ones_do_not() {
    survey_of::<f64>(0..60, Mistake::DOUBLE);
    survey_of::<f32>(0..60, Mistake::SINGLE);
}

#[test]
#[ignore = "1,000 functions of each precision: 3 seconds in release"]
fn many_random_functions_pass_and_wrong_ones_do_not() {
    survey_of::<f64>(0..1000, Mistake::DOUBLE);
    survey_of::<f32>(0..1000, Mistake::SINGLE);
}

fn mismatch(checked: Result<Report, Error>) -> Mismatch {
    match checked {
        Err(Error::Mismatch(mismatch)) => *mismatch,
        other => panic!("not a mismatch: {other:?}"),
    }
}

fn inputs<T: Real>() -> [Tensor<T>; 2] {
    let tensor = |x: &[f64]| Tensor::from_flat_fn([2, x.len() / 2], |i| T::from_f64(x[i]));
    [tensor(&[0.3, 0.2, 1.1, 0.4]), tensor(&[5.0, 0.7, 3.0, 2.0])]
}

#[test]
fn a_rule_that_is_wrong_to_first_order_is_refused_to_either_order() {
    assert!(
        gradcheck::second_order(
            |x| x[1] * x[0].skewed_unary(Unary::Sin, 1.0),
            &inputs::<f64>()
        )
        .is_ok()
    );
    let first = gradcheck::first_order(
        |x| x[1] * x[0].skewed_unary(Unary::Sin, 1.001),
        &inputs::<f64>(),
    );
    let second = gradcheck::second_order(
        |x| x[1] * x[0].skewed_unary(Unary::Sin, 1.001),
        &inputs::<f64>(),
    );
    for wrong in [mismatch(first), mismatch(second)] {
        assert_eq!((wrong.order, wrong.input), (1, 0));
        assert_eq!(wrong.of, Checked::Output(wrong.element.clone()));
        assert!(
            (wrong.tape / wrong.difference - 1.001).abs() < 1e-7,
            "{wrong}"
        );
        assert!(wrong.uncertainty < 1e-7 && !wrong.is_at_kink(), "{wrong}");
    }
}

/// The sine, with a slope that is recorded as a constant.
#[derive(Debug)]
struct ConstantSlope;

impl<T: Real> Op<T> for ConstantSlope {
    fn name(&self) -> &'static str {
        "constant slope"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].sin()
    }

    fn value_and_saved(&self, x: &[&Tensor<T>]) -> (Tensor<T>, Saved) {
        (x[0].sin(), Saved::nothing().with(x[0].cos()))
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        x_bar.add(0, || &y_bar * y_bar.constant(at.saved::<T>(0).clone()));
    }
}

#[test]
fn a_rule_whose_recorded_derivative_is_wrong_is_refused_to_second_order_only() {
    assert!(
        gradcheck::first_order(
            |x| x[0].tape().apply(ConstantSlope, &[x[0]]),
            &inputs::<f64>()
        )
        .is_ok()
    );
    let checked = gradcheck::second_order(
        |x| x[0].tape().apply(ConstantSlope, &[x[0]]),
        &inputs::<f64>(),
    );
    let wrong = mismatch(checked);
    assert_eq!((wrong.order, wrong.input, wrong.tape), (2, 0, 0.0));
    let of = Checked::Derivative {
        input: 0,
        element: wrong.element.clone(),
    };
    assert_eq!(wrong.of, of);
}

#[test]
fn an_element_that_is_nan_is_named() {
    let error = gradcheck::second_order(|x| x[0].ln(), &[Tensor::from([[1.0, 2.0], [-1.0, 3.0]])])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("element [1, 0] of the result is NaN at the point itself"),
        "{error}"
    );
}

/// The identity, whose slope is wrong at one element.
#[derive(Debug)]
struct WrongElement {
    place: usize,
}

impl<T: Real> Op<T> for WrongElement {
    fn name(&self) -> &'static str {
        "wrong element"
    }

    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        x[0].clone()
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let slope = |i| T::from_f64(if i == self.place { 1.001 } else { 1.0 });
        let slopes = Tensor::from_flat_fn(at.x[0].shape(), slope);
        x_bar.add(0, || &y_bar * y_bar.constant(slopes));
    }
}

#[test]
fn a_wrong_element_among_many_is_named() {
    let x = Tensor::from_flat_fn([12, 20], |i| 0.5 + (0.37 * i as f64).sin().abs());
    let wrong = mismatch(gradcheck::first_order(
        |x| {
            x[0].tape()
                .apply(WrongElement { place: 167 }, &[x[0].square()])
        },
        std::slice::from_ref(&x),
    ));
    assert_eq!((wrong.input, wrong.element), (0, vec![8, 7]));
    assert_eq!(wrong.of, Checked::Output(vec![8, 7]));
    assert!((wrong.tape / wrong.difference - 1.001).abs() < 1e-7);

    let right = gradcheck::second_order(|x| x[0].square().sin(), &[x]).unwrap();
    assert_eq!((right.directions, right.uncertain), (8, 0));
}

#[test]
fn few_directions_cost_less_and_find_the_element_too() {
    let check = Gradcheck::new().directions(1);
    let report = check
        .first_order(|x| x[0] * x[1], &inputs::<f64>())
        .unwrap();
    assert_eq!(report.directions, 1);
    let wrong = mismatch(check.first_order(
        |x| x[1] * x[0].tape().apply(WrongElement { place: 2 }, &[x[0]]),
        &inputs::<f64>(),
    ));
    assert_eq!((wrong.input, wrong.element), (0, vec![1, 0]));
}

#[test]
fn functions_of_single_precision_are_checked() {
    assert!(
        gradcheck::second_order(
            |x| x[0].skewed_unary(Unary::Tanh, 1.0) * x[1],
            &inputs::<f32>()
        )
        .is_ok()
    );
    let wrong = mismatch(gradcheck::first_order(
        |x| x[0].skewed_unary(Unary::Tanh, 1.01) * x[1],
        &inputs::<f32>(),
    ));
    assert_eq!(wrong.input, 0);
}
