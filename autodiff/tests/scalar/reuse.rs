//! Derivative functions on a tape that is reused, and of functions that differentiate inside.

use autodiff::scalar::general::{self, Mode};
use autodiff::scalar::{Dual, Scalar, Tape, Var, checkpoint, log_sum_exp};

const X: [f64; 3] = [0.5, -1.25, 2.0];

/// A function of three numbers with all kinds of nodes.
fn cost<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
    let many = x
        .iter()
        .map(|&x| x.sin())
        .cycle()
        .take(70)
        .sum::<Var<'_, T>>();
    let through = checkpoint(|[x]| vec![x[0] * x[1]], [&x[1..]]);
    log_sum_exp(x) * many + through[0] / x[0]
}

/// Outputs of two numbers.
fn outputs<'t, T: Scalar>(x: &[Var<'t, T>], count: usize) -> Vec<Var<'t, T>> {
    (0..count)
        .map(|i| x[0].powi(i as i32) * x[1] + x[i % 2].sin())
        .collect()
}

#[test]
fn a_reused_tape_gives_the_derivatives_of_a_new_one() {
    let mut tape = Tape::new();
    for scale in [1.0, 2.0, 0.5] {
        let x = X.map(|x| x * scale);
        let expected = general::value_and_gradient(cost, &x);
        assert_eq!(tape.value_and_gradient(cost, &x), expected);
        assert_eq!(tape.gradient(cost, &x), expected.1);
        let mut gradient = [0.0; 3];
        let value = tape.value_and_gradient_into(cost, &x, &mut gradient);
        assert_eq!((value, gradient.to_vec()), expected);
        // The tape holds the last recording.
        assert!(tape.len() > 3);

        let (x_dot, y_bar) = ([1.0, -2.0], [0.5, 3.0, -1.0]);
        let expected = general::jvp(|x| outputs(x, 3), &x[..2], &x_dot);
        assert_eq!(tape.jvp(|x| outputs(x, 3), &x[..2], &x_dot), expected);
        let expected = general::vjp(|x| outputs(x, 3), &x[..2], &y_bar);
        assert_eq!(tape.vjp(|x| outputs(x, 3), &x[..2], &y_bar), expected);
    }
}

#[test]
fn jacobians_of_every_shape_agree_in_every_mode() {
    let mut tape = Tape::new();
    for count in [0, 1, 2, 7, 8, 9, 20] {
        let reverse = general::jacobian_by(Mode::Reverse, |x| outputs(x, count), &X[..2]);
        let forward = tape.jacobian_by(Mode::Forward, |x| outputs(x, count), &X[..2]);
        let (values, by_shape) = tape.value_and_jacobian(|x| outputs(x, count), &X[..2]);
        assert_eq!(tape.jacobian(|x| outputs(x, count), &X[..2]), by_shape);
        let expected = general::value_and_jacobian(|x| outputs(x, count), &X[..2]);
        assert_eq!((&values, &by_shape), (&expected.0, &expected.1));
        let (mut y, mut flat) = (vec![9.0; count], vec![9.0; 2 * count]);
        tape.value_and_jacobian_into(|x| outputs(x, count), &X[..2], &mut y, &mut flat);
        assert_eq!((y, flat), (values, by_shape.concat()));
        assert_eq!((reverse.len(), by_shape.len()), (count, count));
        for ((a, b), c) in reverse.iter().zip(&forward).zip(&by_shape) {
            for i in 0..2 {
                let bound = 1e-14 * a[i].abs().max(1.0);
                assert!((a[i] - b[i]).abs() <= bound && (a[i] - c[i]).abs() <= bound);
            }
        }
    }
    // More inputs than lanes, one output, and a constant one.
    let x: Vec<f64> = (0..19).map(f64::from).collect();
    for mode in [Mode::Forward, Mode::Reverse, Mode::ByShape] {
        let jacobian = tape.jacobian_by(
            mode,
            |x| vec![x.iter().map(|x| x * x).sum(), Var::from(3.0)],
            &x,
        );
        assert_eq!(jacobian[0], x.iter().map(|x| 2.0 * x).collect::<Vec<_>>());
        assert_eq!(jacobian[1], [0.0; 19]);
    }
}

#[test]
fn second_derivatives_on_a_reused_tape() {
    let mut tape = Tape::<Dual>::default();
    let v = [1.0, 0.5, -2.0];
    for _ in 0..2 {
        let expected = general::hvp(cost, &X, &v);
        assert_eq!(tape.hvp(cost, &X, &v), expected);
        let (mut gradient, mut product) = ([0.0; 3], [0.0; 3]);
        let value = tape.hvp_into(cost, &X, &v, &mut gradient, &mut product);
        assert_eq!((gradient.to_vec(), product.to_vec()), expected);
        let hessian = tape.hessian(cost, &X);
        assert_eq!(hessian, general::hessian(cost, &X));
        let all = tape.value_and_hessian(cost, &X);
        assert_eq!(all, (value, expected.0, hessian));
        assert_eq!(general::value_and_hessian(cost, &X), all);
        for (row, product) in all.2.iter().zip(product) {
            let along: f64 = row.iter().zip(v).map(|(h, v)| h * v).sum();
            assert!((along - product).abs() < 1e-12);
        }
    }
    let nothing = tape.value_and_hessian(|_| Var::from(7.0), &[]);
    assert_eq!(nothing, (7.0, vec![], vec![]));
    assert_eq!(
        autodiff::scalar::value_and_hessian(|[x, y]| x * x * y, [2.0, 3.0]),
        (12.0, [12.0, 4.0], [[6.0, 4.0], [4.0, 0.0]])
    );
}

#[test]
fn a_traced_tape_holds_the_trace_of_the_last_function() {
    let mut tape = Tape::traced();
    for _ in 0..2 {
        assert_eq!(
            tape.gradient(|x| x[0].sin() * x[1], &[0.0, 3.0]),
            [3.0, 0.0]
        );
        assert_eq!(tape.trace().unwrap().len(), 4);
    }
}

#[test]
fn an_outer_tape_can_be_reused_by_a_function_that_differentiates() {
    // x ↦ ∂(y₀² y₁)/∂y₀ · ∂/∂y₁ = 2 x₀ x₁ · x₀².
    fn product_of_slopes<'t>(x: &[Var<'t>]) -> Var<'t> {
        let slopes = general::gradient(|y| y[0] * y[0] * y[1], x);
        let again = general::gradient(|y| y[0] * y[0] * y[1], x);
        assert_eq!(slopes, again);
        slopes[0] * slopes[1]
    }
    let mut tape = Tape::new();
    for i in 0..20 {
        let x = [1.0 + f64::from(i), 0.5];
        let expected = [6.0 * x[0] * x[0] * x[1], 2.0 * x[0].powi(3)];
        assert_eq!(tape.gradient(product_of_slopes, &x), expected);
    }
}

#[test]
fn gradients_nest_to_any_order() {
    // d³/dx³ of x⁴ by three tapes, and by tapes inside a forward-mode number.
    fn fourth<'t, T: Scalar>(x: &[Var<'t, T>]) -> Var<'t, T> {
        x[0] * x[0] * x[0] * x[0]
    }
    let first = |x| general::gradient(fourth, &[x])[0];
    assert_eq!(first(2.0), 32.0);
    for _ in 0..3 {
        let third = general::gradient(
            |x| general::gradient(|x| general::gradient(fourth, x)[0], x)[0],
            &[2.0],
        );
        assert_eq!(third, [48.0]);
        let third = general::derivative(
            |x| general::gradient(|x| general::gradient(fourth, x)[0], &[x])[0],
            2.0_f64,
        );
        assert_eq!(third, 48.0);
    }
}

#[test]
fn a_panic_in_the_function_leaves_the_tape_usable() {
    let mut tape = Tape::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tape.gradient(
            |x| {
                if x[0] > 0.0 {
                    panic!("on purpose")
                } else {
                    x[0]
                }
            },
            &[1.0],
        )
    }));
    assert!(panicked.is_err());
    assert_eq!(tape.gradient(|x| x[0] * x[1], &[2.0, 3.0]), [3.0, 2.0]);
}

#[test]
#[should_panic(expected = "the leaves belong to another recording")]
fn the_result_of_another_tape_is_refused() {
    // No variable of a tape that is dropped could be returned.
    let other: &'static Tape = Box::leak(Box::new(Tape::new()));
    let foreign = other.var(2.0);
    let _ = Tape::new().gradient(|_| foreign, &[1.0]);
}
