//! Functions of which only the slopes are recorded.

use autodiff::scalar::{Gradients, Scalar, Tape, Var, checkpoint, general, jvp, preaccumulate};

/// A function of three numbers with five outputs.
fn outputs<'t>(x: &[Var<'t>]) -> Vec<Var<'t>> {
    let y = x[0] * x[1] + x[2].sin();
    vec![y, y * x[2], x[1].exp(), (y / x[0]).tanh(), x[0] - x[2]]
}

const POINT: [f64; 3] = [0.4, 0.9, -1.3];

/// The Jacobian matrix of a function with five outputs.
fn jacobian<F>(f: F) -> [[f64; 5]; 3]
where
    F: for<'t> Fn(&[Var<'t>]) -> Vec<Var<'t>>,
{
    let tape = Tape::new();
    let x = tape.vars(POINT);
    let y: [_; 5] = f(&x).try_into().unwrap();
    x.map(|x| Gradients::of(y).each_wrt(x))
}

fn assert_close(found: [[f64; 5]; 3]) {
    let expected = jacobian(outputs);
    for (found, expected) in found.as_flattened().iter().zip(expected.as_flattened()) {
        assert!(
            (found - expected).abs() < 1e-14,
            "{found} and not {expected}"
        );
    }
}

#[test]
fn each_output_is_a_node_with_its_slopes() {
    assert_close(jacobian(|x| preaccumulate(outputs, x)));
    let tape = Tape::new();
    let x = tape.vars(POINT);
    let y = preaccumulate(outputs, &x);
    assert_eq!(tape.len(), 3 + 5);
    let values: Vec<_> = y.iter().map(|y| y.value()).collect();
    let expected: Vec<_> = outputs(&x).iter().map(|y| y.value()).collect();
    assert_eq!(values, expected);
    // The fifth output does not depend on the second input.
    let node = tape.nodes().nth(3 + 4).unwrap();
    assert_eq!(node.inputs, [(1, 1.0), (3, -1.0)]);
}

#[test]
fn preaccumulated_functions_nest_and_may_lie_in_a_checkpoint() {
    fn last<'t>(y: &[Var<'t>]) -> Vec<Var<'t>> {
        y.iter().map(|y| y.sin() * 2.0).collect()
    }
    let plain = jacobian(|x| last(&outputs(x)));
    let of_parts = jacobian(|x| preaccumulate(last, &preaccumulate(outputs, x)));
    let nested = jacobian(|x| preaccumulate(|x| last(&preaccumulate(outputs, x)), x));
    let recomputed = jacobian(|x| checkpoint(|[x]| last(&preaccumulate(outputs, x)), [x]));
    let of_checkpoint =
        jacobian(|x| preaccumulate(|x| last(&checkpoint(|[x]| outputs(x), [x])), x));
    for found in [of_parts, nested, recomputed, of_checkpoint] {
        for (found, plain) in found.as_flattened().iter().zip(plain.as_flattened()) {
            assert!((found - plain).abs() < 1e-14, "{found} and not {plain}");
        }
    }
    let (_, forward) = jvp(|x| [preaccumulate(outputs, &x)[1]], POINT, [1.0, 0.0, 0.0]);
    assert!((forward[0] - jacobian(outputs)[0][1]).abs() < 1e-14);
}

#[test]
fn a_preaccumulated_function_borrows_and_is_called_once() {
    let factors = [2.0, 3.0];
    let mut calls = 0;
    let tape = Tape::new();
    let x = tape.var(5.0);
    let y = preaccumulate(
        |x| {
            calls += 1;
            factors.iter().map(|&factor| x[0] * x[0] * factor).collect()
        },
        &[x],
    );
    assert_eq!(
        (y[0].gradients().wrt(x), y[1].gradients().wrt(x)),
        (20.0, 30.0)
    );
    assert_eq!(calls, 1);
}

#[test]
fn constants_and_an_input_that_is_given_twice_are_inputs_as_well() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let y = preaccumulate(
        |x| vec![x[0] * x[1] * x[2], x[2] * 2.0, x[0]],
        &[x, x * 2.0, Var::from(5.0)],
    );
    assert_eq!((y[0].value(), y[0].gradients().wrt(x)), (90.0, 60.0));
    assert_eq!((y[1].value(), y[1].tape().is_none()), (10.0, true));
    assert_eq!((y[2].value(), y[2].gradients().wrt(x)), (3.0, 1.0));
    let constant = preaccumulate(|x| vec![x[0] + 1.0], &[Var::<f64>::from(3.0)])[0];
    assert_eq!((constant.value(), constant.tape().is_none()), (4.0, true));
    assert!(preaccumulate(|_| vec![], &[x]).is_empty());
    assert_eq!(
        preaccumulate::<f64, _>(|_| vec![Var::from(1.0)], &[])[0].value(),
        1.0
    );
}

#[test]
fn slopes_carry_derivatives_of_their_own() {
    let x = [0.7_f64, 1.9];
    let of_parts = general::hessian(
        |x| preaccumulate(|x| vec![(x[0] * x[1]).sin() * x[0]], x)[0],
        &x,
    );
    let plain = general::hessian(|x| (x[0] * x[1]).sin() * x[0], &x);
    for (found, plain) in of_parts.concat().into_iter().zip(plain.concat()) {
        let error: f64 = found - plain;
        assert!(error.abs() < 1e-14, "{found} and not {plain}");
    }
}

#[test]
fn a_zero_absorbs_an_infinite_slope() {
    // The slope of the square root is infinite, and the one of the square is 0.
    let tape = Tape::new();
    let [x, y] = tape.vars([0.0, 2.0]);
    let root = preaccumulate(|x| vec![(x[0] * x[0]).sqrt() + x[1]], &[x, y])[0];
    let gradients = root.gradients();
    assert_eq!((gradients.wrt(x), gradients.wrt(y)), (0.0, 1.0));
}

#[test]
#[cfg_attr(miri, ignore = "leaks a tape")]
#[should_panic(expected = "preaccumulate: the inputs lie on different tapes")]
fn an_output_of_another_tape_is_refused() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let _ = preaccumulate(|_| vec![Box::leak(Box::<Tape>::default()).var(1.0)], &[x]);
}

#[test]
fn a_panic_in_the_function_leaves_the_tape_whole() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let panics = std::panic::AssertUnwindSafe(|| preaccumulate(|x| vec![x[1]], &[x]));
    assert!(std::panic::catch_unwind(panics).is_err());
    let y = preaccumulate(|x| vec![x[0] * x[0]], &[x])[0];
    assert_eq!((y.gradients().wrt(x), tape.len()), (6.0, 2));
}

#[test]
fn a_slope_that_is_zero_at_one_point_only_keeps_its_derivative() {
    // At 0 the slope of the square is 0, and its second derivative is not.
    assert_eq!(
        general::hessian(|x| square_of(x) + x[1], &[0.0, 1.0]),
        [[2.0, 0.0], [0.0, 0.0]]
    );
    let nested = general::gradient(|x| general::gradient(square_of, x)[0], &[0.0]);
    assert_eq!(nested, [2.0]);
}

fn square_of<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    preaccumulate(|x| vec![x[0] * x[0]], x)[0]
}
