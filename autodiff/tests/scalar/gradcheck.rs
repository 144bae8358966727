//! The gradient checker on functions of numbers: right slopes pass, and wrong ones are reported.

use crate::random_functions::{Expression, Mistake, Skewed, Slopes, survey};
use crate::refusals::refused;
use autodiff::elementwise::{Binary, Unary};
use autodiff::gradcheck::{self, Checked, Error, Gradcheck, Mismatch, Report};
use autodiff::scalar::{Dual, Scalar, Tape, Var, custom, general};
use autodiff::tensor::Real;
use std::ops::Range;

impl<T: Real + Scalar> Skewed for Var<'_, T> {
    fn skewed_unary(self, function: Unary, factor: f64) -> Self {
        self.custom(|x| {
            let y = x.unary(function);
            (y, function.slope(x, y) * x.constant(factor))
        })
    }

    fn skewed_binary(self, function: Binary, other: Self, factor: f64) -> Self {
        custom(&[self, other], |x| {
            let y = x[0].binary(function, x[1]);
            let (a, b) = function.slopes(x[0], x[1], y);
            (y, vec![a * a.constant(factor), b])
        })
    }
}

fn survey_of<T: Real + Scalar>(numbers: Range<u64>, mistake: Mistake) {
    let rounded = |x: &[Vec<f64>]| -> Vec<T> {
        let x = x.iter().flatten();
        x.map(|&x| <T as Scalar>::from_f64(x)).collect()
    };
    let check = |expression: &Expression, x: &[Vec<f64>], factor: f64| {
        gradcheck::scalar_first_order(|x| expression.value(x, factor), &rounded(x))
    };
    let evaluate = |expression: &Expression, x: &[Vec<f64>], factor: f64| {
        let x = rounded(x);
        let tape = Tape::default();
        let value = expression.value(&tape.vars(x.clone()), factor);
        let gradient = general::gradient(|x| expression.value(x, factor), &x);
        Slopes {
            value: vec![Scalar::to_f64(value.value())],
            slopes: gradient
                .into_iter()
                .map(|slope| vec![Scalar::to_f64(slope)])
                .collect(),
        }
    };
    survey(numbers, 1, mistake, check, evaluate);
}

#[test]
fn random_functions_pass_and_wrong_ones_do_not() {
    survey_of::<f64>(0..1000, Mistake::DOUBLE);
    survey_of::<f32>(0..1000, Mistake::SINGLE);
}

#[test]
#[ignore = "20,000 functions of each precision: 10 seconds in release"]
fn many_random_functions_pass_and_wrong_ones_do_not() {
    survey_of::<f64>(0..20_000, Mistake::DOUBLE);
    survey_of::<f32>(0..20_000, Mistake::SINGLE);
}

fn mismatch(checked: Result<Report, Error>) -> Mismatch {
    match checked {
        Err(Error::Mismatch(mismatch)) => *mismatch,
        other => panic!("not a mismatch: {other:?}"),
    }
}

#[test]
fn a_wrong_slope_of_a_function_of_one_variable_is_refused() {
    let skewed = |factor: f64| {
        let f = move |x: f64| (x.sin(), factor * x.cos());
        gradcheck::scalar_first_order(|x| x[0] * x[1].custom(f), &[2.0, 0.5])
    };
    assert!(skewed(1.0).unwrap().largest_error < 1e-9);
    let wrong = mismatch(skewed(1.001));
    assert_eq!((wrong.order, wrong.input), (1, 1));
    assert_eq!(
        (&wrong.of, &wrong.element),
        (&Checked::Output(vec![]), &vec![])
    );
    let right = 2.0 * 0.5_f64.cos();
    assert!((wrong.tape - 1.001 * right).abs() < 1e-14);
    assert!((wrong.difference - right).abs() <= wrong.uncertainty);
    assert!(wrong.uncertainty < 1e-8);
    // The function is smooth: the quotients differ by much less than the derivatives.
    assert!(
        wrong.gap() < 0.1 * (wrong.tape - wrong.difference).abs(),
        "{wrong}"
    );
    assert!(!wrong.is_at_kink());
    let text = wrong.to_string();
    assert!(
        text.starts_with(
            "wrong to first order: the derivative of the result with respect to input 1 is 1.75"
        ),
        "{text}"
    );
}

#[test]
fn a_wrong_slope_of_a_function_of_many_variables_is_refused() {
    let skewed = |factor: f64| {
        let product = move |x: &[f64]| {
            (
                x[0] * x[1] * x[2],
                vec![x[1] * x[2], factor * x[0] * x[2], x[0] * x[1]],
            )
        };
        gradcheck::scalar_first_order(|x| custom(x, product).exp(), &[0.5, 0.7, 0.9])
    };
    assert!(skewed(1.0).is_ok());
    assert_eq!(mismatch(skewed(1.001)).input, 1);
}

/// `sin x · y`. The slope of the sine is multiplied by `first`, and the slope of this slope by `second`.
fn twice_skewed<'t>(x: &[Var<'t, Dual<f64>>], first: f64, second: f64) -> Var<'t, Dual<f64>> {
    let sine = x[0].custom(|x| {
        let slope = Dual::new(
            first * x.value.cos(),
            -first * second * x.value.sin() * x.tangent(),
        );
        (x.sin(), slope)
    });
    sine * x[1]
}

#[test]
fn a_slope_whose_own_slope_is_wrong_is_refused_to_second_order_only() {
    let x = [1.0, 2.0];
    let check = Gradcheck::new();
    assert!(
        check
            .scalar_second_order(|x| twice_skewed(x, 1.0, 1.0), &x)
            .is_ok()
    );
    let wrong = mismatch(check.scalar_second_order(|x| twice_skewed(x, 1.0, 1.001), &x));
    assert_eq!((wrong.order, wrong.input), (2, 0));
    let of = Checked::Derivative {
        input: 0,
        element: vec![],
    };
    assert_eq!(wrong.of, of);
    assert!(wrong.to_string().starts_with(
        "wrong to second order: the derivative of the derivative with respect to input 0"
    ));
}

#[test]
fn a_check_to_second_order_refuses_a_slope_that_is_wrong_to_first() {
    // The first slope is wrong, and the second derivative is the derivative of this wrong slope.
    let checked = gradcheck::scalar_second_order(|x| twice_skewed(x, 1.001, 1.0), &[1.0, 2.0]);
    assert_eq!(mismatch(checked).order, 1);
}

#[test]
fn a_function_that_is_nan_or_infinite_at_the_point_is_reported() {
    let nan = gradcheck::scalar_first_order(|x| x[0].ln() + x[1], &[-1.0, 1.0]).unwrap_err();
    assert!(matches!(&nan, Error::NotFinite { value, .. } if value.is_nan()));
    assert!(
        nan.to_string()
            .starts_with("the result is NaN at the point itself"),
        "{nan}"
    );
    let infinite = gradcheck::scalar_second_order(|x| x[0].ln(), &[0.0]).unwrap_err();
    assert!(
        infinite
            .to_string()
            .starts_with("the result is -inf at the point itself"),
        "{infinite}"
    );
}

#[test]
fn a_derivative_that_is_not_finite_is_refused() {
    for slope in [f64::NAN, f64::INFINITY] {
        let checked = gradcheck::scalar_first_order(|x| x[0].custom(|x| (2.0 * x, slope)), &[1.0]);
        let wrong = mismatch(checked);
        assert!(
            !wrong.tape.is_finite() && (wrong.difference - 2.0).abs() < 1e-9,
            "{wrong}"
        );
    }
    let at_the_edge = mismatch(gradcheck::scalar_first_order(|x| x[0].sqrt(), &[0.0]));
    assert!(at_the_edge.tape.is_infinite(), "{at_the_edge}");
}

#[test]
fn a_kink_is_reported_as_such() {
    let absolute = |slope: f64| {
        gradcheck::scalar_first_order(|x| x[0].custom(|x: f64| (x.abs(), slope)), &[0.0])
    };
    assert!(absolute(0.0).is_ok());
    let wrong = mismatch(absolute(1.0));
    assert!(wrong.is_at_kink());
    let text = wrong.to_string();
    let sides = "from the left they are -1e0, and from the right 1e0: the function has a kink or a jump there";
    assert!(text.ends_with(sides), "{text}");
}

#[test]
fn the_quotients_tell_a_rough_function_from_a_wrong_slope() {
    // The function oscillates faster than any step resolves.
    let rough = |x: f64| (x + 1e-3 * (1e16 * x).sin(), 1.5);
    let checked = gradcheck::scalar_first_order(|x| x[0].custom(rough), &[1.0]);
    let wrong = mismatch(checked);
    assert!(wrong.gap() > 1e-4, "{wrong}");
    // The slope at the scale of the steps is within the estimated error.
    let coarse = |x: f64| (rough(x).0, 1.0);
    let report = gradcheck::scalar_first_order(|x| x[0].custom(coarse), &[1.0]).unwrap();
    assert_eq!(report.uncertain, 1);
}

#[test]
fn steps_are_relative_to_the_point() {
    let squares = gradcheck::scalar_first_order(|x| x[0] * x[0] + x[1] * x[1], &[1e8, 3.0]);
    // Next to 1e16, rounding hides a change of 3².
    assert_eq!(squares.unwrap().uncertain, 1);
    let check = Gradcheck::new().step(1e5);
    let skewed = |factor: f64| {
        let square = move |x: f64| (x * x, 2.0 * factor * x);
        check.scalar_first_order(|x| x[0] * x[0] + x[1].custom(square), &[1e8, 3.0])
    };
    assert!(skewed(1.0).is_ok());
    assert_eq!(mismatch(skewed(1.001)).input, 1);
    for scale in [1e-300, 1e-6, 1e300] {
        let report = gradcheck::scalar_first_order(|x| x[0].ln(), &[scale]).unwrap();
        assert!(
            report.largest_error < 1e-9 && report.uncertain == 0,
            "{scale}: {report:?}"
        );
    }
    assert!(gradcheck::scalar_second_order(|x| x[0].ln() * x[1].square(), &[1e-6, 1e8]).is_ok());
}

#[test]
fn functions_of_single_precision_are_checked() {
    let skewed = |factor: f32| {
        let f = move |x: f32| (x.sin(), factor * x.cos());
        gradcheck::scalar_first_order(|x| x[0].custom(f) * x[1], &[0.5_f32, 1e6])
    };
    assert!(skewed(1.0).unwrap().largest_error < 3e-4);
    assert_eq!(mismatch(skewed(1.01)).input, 0);
    assert!(gradcheck::scalar_second_order(|x| x[0].sin() * x[1], &[0.5_f32, 1e6]).is_ok());
}

#[test]
fn a_function_is_not_evaluated_outside_of_its_domain() {
    let root = |x: f64, factor: f64| {
        assert!((0.0..=2.0).contains(&x), "evaluated at {x}");
        ((1.0 + x).sqrt(), 0.5 * factor / (1.0 + x).sqrt())
    };
    let check = Gradcheck::new().domain(1, 0.0..=2.0);
    for x in [0.0, 0.01, 1.9, 2.0] {
        let skewed = |factor: f64| {
            check.scalar_first_order(|v| v[0] * v[1].custom(|x| root(x, factor)), &[3.0, x])
        };
        assert!(skewed(1.0).unwrap().largest_error < 1e-8);
        assert_eq!(mismatch(skewed(1.001)).input, 1);
    }
    // A function that is NaN outside its domain needs no option.
    let report = gradcheck::scalar_first_order(|x| x[0].powf(1.5), &[0.0]);
    assert!(report.is_ok(), "{report:?}");
}

#[test]
fn the_bound_and_the_step_can_be_chosen() {
    let skewed = |check: &Gradcheck| {
        check.scalar_first_order(|x| x[0].custom(|x: f64| (x.sin(), 1.001 * x.cos())), &[1.0])
    };
    assert!(skewed(&Gradcheck::new().bound(0.01)).is_ok());
    let wrong = mismatch(skewed(&Gradcheck::new().step(1e-3)));
    assert!(wrong.quotients.iter().all(|quotient| quotient.step <= 1e-3));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    refused("gradcheck: the step is 0", || Gradcheck::new().step(0.0));
    refused("gradcheck: the bound is NaN", || {
        Gradcheck::new().bound(f64::NAN)
    });
    refused("gradcheck: a check along no direction", || {
        Gradcheck::new().directions(0)
    });
    let check = Gradcheck::new().domain(1, 0.0..);
    refused("gradcheck: a domain for input 1 of a function of 1", || {
        check.scalar_first_order(|x| x[0], &[1.0])
    });
    refused(
        "gradcheck: element [] of input 1 is -1, outside of its domain from 0 to inf",
        || check.scalar_first_order(|x| x[0] + x[1], &[1.0, -1.0]),
    );
}
