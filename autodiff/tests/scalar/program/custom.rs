//! Functions with slopes of their own, in programs and on tapes.

use super::{SHARED, assert_close, random, row};
use autodiff::scalar::program::{Computation, Points, Program};
use autodiff::scalar::{CustomFunction, Scalar, Tape, Var, custom_function, general, hessian};

/// `x₀ exp(x₁)`, with its slopes times a factor, which shows whether they are used.
struct Scaled(f64);

impl CustomFunction for Scaled {
    fn value_and_slopes<T: Scalar>(&self, x: &[T]) -> (T, Vec<T>) {
        let power = x[1].exp();
        let factor = T::from_f64(self.0);
        (x[0] * power, vec![power * factor, x[0] * power * factor])
    }
}

/// `|x₀|` by a branch.
struct Magnitude;

impl CustomFunction for Magnitude {
    fn value_and_slopes<T: Scalar>(&self, x: &[T]) -> (T, Vec<T>) {
        let sign = if x[0] < T::from_f64(0.0) { -1.0 } else { 1.0 };
        let sign = T::from_f64(sign);
        (x[0] * sign, vec![sign])
    }
}

fn pair<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let y = custom_function(&[s[0] * x[0], x[1]], &Scaled(3.0));
    let z = custom_function(&[x[2]], &Magnitude);
    let w = custom_function(&[Var::constant(2.0), x[2]], &Scaled(1.0));
    vec![y.sin() * z + w, y * s[1] - z]
}

#[test]
fn the_slopes_are_those_of_the_function_in_each_computation() {
    const COUNT: usize = 100;
    let (x, v) = (random(3 * COUNT, 21), random(3 * COUNT, 22));
    let points = Points::Columns(&x);
    let mut program = Program::new(2, 3, pair);
    let (values, jacobians) = program.values_and_jacobians(&SHARED, points).unwrap();
    let (_, y_dot) = program.jvp(&SHARED, points, &v).unwrap();
    let (_, x_bar) = program.vjp(&SHARED, points, &v[..2 * COUNT]).unwrap();
    let mut first = Program::new(2, 3, |s, x| vec![pair(s, x)[0]]);
    let (_, of_shared) = first.sum_and_gradient(&SHARED, points).unwrap();
    let mut sum = [0.0; 2];
    for point in 0..COUNT {
        let tape = Tape::new();
        let (s, x) = (tape.vars(SHARED), tape.vars(row(&x, point, COUNT)));
        let y = pair(&s, &x);
        assert_close(&row(&values, point, COUNT), &[y[0].value(), y[1].value()]);
        let rows = [y[0].gradients().wrt_all(&x), y[1].gradients().wrt_all(&x)];
        assert_close(&row(&jacobians, point, COUNT), &rows.concat());
        let v = row(&v, point, COUNT);
        let along = rows
            .each_ref()
            .map(|row| -> f64 { row.iter().zip(&v).map(|(j, v)| j * v).sum() });
        assert_close(&row(&y_dot, point, COUNT), &along);
        let bar: Vec<f64> = (0..3)
            .map(|i| rows[0][i] * v[0] + rows[1][i] * v[1])
            .collect();
        assert_close(&row(&x_bar, point, COUNT), &bar);
        let of_shared = y[0].gradients().wrt_all(&s);
        sum = [sum[0] + of_shared[0], sum[1] + of_shared[1]];
    }
    assert_close(&of_shared, &sum);
    // Signs of the third input.
    assert_eq!(program.paths().compiled.len(), 2);
}

#[test]
fn second_derivatives_are_those_of_the_slopes() {
    let mut program = Program::new(0, 2, |_, x| vec![custom_function(x, &Scaled(1.0)).sin()]);
    let at = [0.4, -0.7];
    let expected = hessian(|[a, b]| (a * b.exp()).sin(), at);
    for i in 0..2 {
        let mut v = [0.0; 2];
        v[i] = 1.0;
        let (_, alone) = program.hvp(&[], Points::Rows(&at), &v).unwrap();
        assert_close(&alone, &expected[i]);
        let both = Points::Rows(&[at, at].concat()[..]);
        let (_, together) = program.hvp(&[], both, &[v, v].concat()).unwrap();
        assert_close(&together[2..], &expected[i]);
    }
    let on_tapes = general::hessian(|x| custom_function(x, &Scaled(1.0)).sin(), &at);
    assert_close(&on_tapes.concat(), expected.as_flattened());
}

#[test]
fn slopes_are_computed_for_derivatives_only() {
    let mut program = Program::new(0, 1, |_, x| {
        vec![custom_function(&[Var::constant(2.0), x[0]], &Scaled(5.0))]
    });
    assert!(program.values(&[], Points::Rows(&[1.0, 2.0])).is_ok());
    let listing = program.listing(Computation::Values).unwrap();
    // A load, the exponential, the product and a store.
    assert_eq!(listing.instructions, 4, "{listing}");
}
