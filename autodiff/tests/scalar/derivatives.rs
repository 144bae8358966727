//! The functions that return derivatives: compared with known values and with each other, and nested.

use autodiff::Number;
use autodiff::scalar::{
    self, Dual, Gradients, Mode, Tape, Var, checkpoint, dot, general, jacobian_by,
};

const MODES: [Mode; 3] = [Mode::ByShape, Mode::Forward, Mode::Reverse];

/// The matrix of a linear function of `columns` numbers with `rows` outputs.
fn matrix(rows: usize, columns: usize) -> Vec<Vec<f64>> {
    let entry = |i, j| (3 * i + 5 * j % 7) as f64 - 4.0;
    (0..rows)
        .map(|i| (0..columns).map(|j| entry(i, j)).collect())
        .collect()
}

fn times<'t>(matrix: &[Vec<f64>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let row = |row: &Vec<f64>| row.iter().zip(x).map(|(&a, &x)| a * x).sum();
    matrix.iter().map(row).collect()
}

#[test]
fn a_jacobian_of_any_shape_is_the_same_in_every_mode() {
    // More and fewer rows and columns than one pass computes.
    for (rows, columns) in [(1, 1), (3, 20), (20, 3), (8, 8), (9, 17)] {
        let matrix = matrix(rows, columns);
        let x: Vec<_> = (0..columns).map(|j| 0.5 + j as f64).collect();
        for mode in MODES {
            let jacobian = general::jacobian_by(mode, |x| times(&matrix, x), &x);
            assert_eq!(jacobian, matrix, "{mode:?}");
        }
    }
    assert_eq!(
        general::jacobian(|x| times(&matrix(3, 2), x), &[1.0, 2.0]),
        matrix(3, 2)
    );
}

#[test]
fn outputs_may_be_inputs_constants_or_functions_of_a_node() {
    for mode in MODES {
        let j = jacobian_by(
            mode,
            |[x, y]| [x, Var::from(7.0), (3.0 * x).sin(), x * y, x * x, x * y],
            [0.5, 2.0],
        );
        let cosine = 3.0 * 1.5_f64.cos();
        let expected = [
            [1.0, 0.0],
            [0.0, 0.0],
            [cosine, 0.0],
            [2.0, 0.5],
            [1.0, 0.0],
            [2.0, 0.5],
        ];
        assert_eq!(j, expected, "{mode:?}");
    }
}

/// Three functions of three numbers with every kind of node: with one, two and many inputs, and recomputed. Some
/// outputs are nodes, and some are functions of a node.
fn curved<'t>([x, y, z]: [Var<'t>; 3]) -> [Var<'t>; 3] {
    let all = [x, y, z * y];
    let part = checkpoint(
        |[x]| vec![x[0] * x[1], x[1].exp() / x[2] * 2.0],
        [&[x, y, z]],
    );
    [
        dot(&all, &[y, z, x]) + part[0].sin(),
        all.iter().copied().product::<Var<'_>>() * part[1],
        (x.atan2(y) + z).tanh(),
    ]
}

#[test]
fn products_with_the_jacobian_agree_with_it() {
    let x = [0.3, 0.8, 1.7];
    let (x_dot, y_bar) = ([1.0, -2.0, 0.5], [0.25, 3.0, -1.0]);
    let jacobians = MODES.map(|mode| jacobian_by(mode, curved, x));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-14 * b.abs().max(1.0);
    for jacobian in &jacobians[1..] {
        let entries = jacobian.iter().zip(&jacobians[0]);
        assert!(
            entries
                .flat_map(|(a, b)| a.iter().zip(b))
                .all(|(&a, &b)| near(a, b))
        );
    }
    let jacobian = jacobians[0];
    let (y, y_dot) = scalar::jvp(curved, x, x_dot);
    let (same, x_bar) = scalar::vjp(curved, x, y_bar);
    assert_eq!(y, same);
    for i in 0..3 {
        let along: f64 = (0..3).map(|j| jacobian[i][j] * x_dot[j]).sum();
        let back: f64 = (0..3).map(|j| jacobian[j][i] * y_bar[j]).sum();
        assert!(near(y_dot[i], along) && near(x_bar[i], back));
        let (value, gradient) = scalar::value_and_gradient(|x| curved(x)[i], x);
        assert_eq!(value, y[i]);
        assert!((0..3).all(|j| near(gradient[j], jacobian[i][j])));
    }
}

/// A function with known derivatives of every order: the derivative of e^(a x + b y) of order i in x and j in y is
/// aⁱ bʲ e^(a x + b y).
fn exponential<N: Number>(x: N, y: N) -> N {
    (x * x.constant(2.0) + y * y.constant(-3.0)).exp()
}

#[test]
fn second_derivatives_have_their_known_values() {
    let x = [0.4, 0.1];
    let f = exponential(x[0], x[1]);
    let near = |a: f64, factor: f64| (a - factor * f).abs() < 1e-13;
    let hessian = scalar::hessian(|[x, y]| exponential(x, y), x);
    let known = [[4.0, -6.0], [-6.0, 9.0]];
    for i in 0..2 {
        assert!((0..2).all(|j| near(hessian[i][j], known[i][j])));
    }
    let (gradient, product) = scalar::hvp(|[x, y]| exponential(x, y), x, [1.0, 10.0]);
    assert!(near(gradient[0], 2.0) && near(gradient[1], -3.0));
    assert!(near(product[0], 4.0 - 60.0) && near(product[1], -6.0 + 90.0));
}

#[test]
fn derivatives_nest_to_any_order() {
    let at = [0.4, 0.1];
    let f = exponential(at[0], at[1]);
    let near = |a: f64, factor: f64| (a - factor * f).abs() < 1e-12;
    // Third order: the gradient of an entry of the Hessian, and the Hessian of an entry of the gradient.
    let third = general::gradient(
        |x| general::hessian(|x| exponential(x[0], x[1]), x)[0][1],
        &at,
    );
    assert!(near(third[0], -12.0) && near(third[1], 18.0));
    let third = general::hessian(
        |x| general::gradient(|x| exponential(x[0], x[1]), x)[1],
        &at,
    );
    assert!(near(third[0][0], -12.0) && near(third[1][1], -27.0));
    // Fourth order, by forward mode only.
    let fourth = general::derivative(
        |x| {
            let second = |x| general::derivative(|x| exponential(x, Number::constant(x, 0.1)), x);
            general::derivative(|x| general::derivative(second, x), x)
        },
        at[0],
    );
    assert!(near(fourth, 16.0));
}

#[test]
fn the_derivative_is_computed_by_forward_mode() {
    assert_eq!(scalar::derivative(|x| x * x * 3.0, 2.0), 12.0);
    assert_eq!(scalar::derivative(|_| Dual::from(1.0), 2.0), 0.0);
}

#[test]
fn a_function_of_nothing_has_an_empty_gradient() {
    assert!(general::gradient::<f64, _>(|_| Var::from(2.0), &[]).is_empty());
    assert!(general::jacobian(|_| vec![], &[1.0]).is_empty());
    let (value, []) = scalar::value_and_gradient(|[]| Var::from(2.0), []);
    assert_eq!(value, 2.0);
}

#[test]
fn one_backward_pass_serves_several_results() {
    let tape = Tape::new();
    let x = tape.vars([0.3, 0.8, 1.7]);
    let y = curved(x);
    let all = Gradients::of(y);
    for x in x {
        assert_eq!(all.each_wrt(x), y.map(|y| y.gradients().wrt(x)));
    }
}

#[test]
#[should_panic(expected = "jvp: 1 tangents for 2 inputs")]
fn jvp_refuses_a_direction_of_another_length() {
    let _ = general::jvp(|x| x.to_vec(), &[1.0, 2.0], &[1.0]);
}

#[test]
#[should_panic(expected = "vjp: 3 adjoints for 2 outputs")]
fn vjp_refuses_adjoints_of_another_number() {
    let _ = general::vjp(|x| x.to_vec(), &[1.0, 2.0], &[1.0; 3]);
}

#[test]
#[should_panic(expected = "hvp: a direction of 1 components for 2 inputs")]
fn hvp_refuses_a_direction_of_another_length() {
    let _ = general::hvp(|x| x[0] * x[1], &[1.0, 2.0], &[1.0]);
}
