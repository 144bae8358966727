//! Programs: each computation agrees with the tape's at each point.

mod branches;
mod custom;
mod one_point;
mod operations;
mod random;
mod refusals;
mod table;

use autodiff::scalar::program::{Computation, Points, Program};
use autodiff::scalar::{Dual, Tape, Var, dot, general, log_sum_exp, norm};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A function of two shared inputs and three inputs of a point, with two outputs.
fn pair<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let angle = s[0] * x[0] + x[1].sin();
    let sum: Var<'t> = x.iter().map(|x| x.square()).sum();
    let products = dot(x, &[s[0], s[1], x[0]]);
    vec![
        angle.exp() / (1.0 + sum) + norm(x) * 0.5,
        log_sum_exp(x) - products.tanh() * s[1].sqrt() + x[2].detach() * x[0],
    ]
}

/// The first output of `pair`.
fn single<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let [y, z] = pair(s, x).try_into().unwrap();
    vec![y * z]
}

const SHARED: [f64; 2] = [0.7, 1.3];

/// Random points in columns, the numbers of a seed.
fn random(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| rng.random_range(-1.5..1.5)).collect()
}

/// The numbers of a point.
fn row(data: &[f64], point: usize, count: usize) -> Vec<f64> {
    let width = data.len() / count;
    (0..width)
        .map(|number| data[number * count + point])
        .collect()
}

fn transposed(columns: &[f64], count: usize) -> Vec<f64> {
    (0..count)
        .flat_map(|point| row(columns, point, count))
        .collect()
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1.0_f64, |scale, x| scale.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        let error = (found - expected).abs() / scale;
        assert!(error <= 1e-13, "{found} instead of {expected}");
    }
}

/// Checks the sum over the points and its gradient against the tape.
#[track_caller]
fn assert_sum_of_tape(f: Function, x: &[f64], count: usize, found: &(f64, Vec<f64>)) {
    let tape = Tape::new();
    let s = tape.vars(SHARED);
    let terms = (0..count).map(|point| {
        let x: Vec<Var<'_>> = row(x, point, count)
            .into_iter()
            .map(Var::constant)
            .collect();
        f(&s, &x)[0]
    });
    let sum: Var<'_> = terms.sum();
    assert_close(&[found.0], &[sum.value()]);
    assert_close(&found.1, &sum.gradients().wrt_all(&s));
}

type Function = for<'t> fn(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>>;

/// The Jacobian matrix at a point by the tape, with the values.
fn by_tape(f: Function, x: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let tape = Tape::new();
    let x = tape.vars(x);
    let y = f(&SHARED.map(Var::constant), &x);
    let rows = y.iter().map(|y| y.gradients().wrt_all(&x)).collect();
    (y.iter().map(|y| y.value()).collect(), rows)
}

#[test]
fn every_computation_agrees_with_the_tape() {
    for count in [1, 5, 64, 200] {
        let x = random(3 * count, 1);
        let points = Points::Columns(&x);
        let mut program = Program::new(2, 3, pair);
        let values = program.values(&SHARED, points).unwrap();
        let (same, jacobians) = program.values_and_jacobians(&SHARED, points).unwrap();
        let x_dot = random(3 * count, 2);
        let (_, y_dot) = program.jvp(&SHARED, points, &x_dot).unwrap();
        let y_bar = random(2 * count, 3);
        let (_, x_bar) = program.vjp(&SHARED, points, &y_bar).unwrap();
        assert_eq!(values, same);
        for point in 0..count {
            let (y, j) = by_tape(pair, &row(&x, point, count));
            assert_close(&row(&values, point, count), &y);
            assert_close(&row(&jacobians, point, count), &j.concat());
            let (x_dot, y_bar) = (row(&x_dot, point, count), row(&y_bar, point, count));
            let product = |row: &Vec<f64>| row.iter().zip(&x_dot).map(|(j, x)| j * x).sum();
            let expected: Vec<f64> = j.iter().map(product).collect();
            assert_close(&row(&y_dot, point, count), &expected);
            let expected = [0, 1, 2].map(|i| y_bar[0] * j[0][i] + y_bar[1] * j[1][i]);
            assert_close(&row(&x_bar, point, count), &expected);
        }
    }
}

#[test]
fn gradients_and_hessian_products_agree_with_the_tape() {
    let count = 70;
    let x = random(3 * count, 4);
    let v = random(3 * count, 5);
    let mut program = Program::new(2, 3, single);
    let points = Points::Columns(&x);
    let (_, gradients) = program.values_and_gradients(&SHARED, points).unwrap();
    let (same, products) = program.hvp(&SHARED, points, &v).unwrap();
    assert_close(&same, &gradients);
    for point in 0..count {
        let at = row(&x, point, count);
        assert_close(&row(&gradients, point, count), &by_tape(single, &at).1[0]);
        let (_, expected) = general::hvp(
            |x| {
                let s = SHARED.map(Dual::constant).map(Var::constant);
                // In a program no derivative of any order flows through `detach`.
                let detached = Var::constant(Dual::constant(x[2].value().value));
                let angle = s[0] * x[0] + x[1].sin();
                let sum = x[0].square() + x[1].square() + x[2].square();
                let products = x[0] * s[0] + x[1] * s[1] + x[2] * x[0];
                let y = angle.exp() / (sum + 1.0) + norm(x) * 0.5;
                let z = log_sum_exp(x) - products.tanh() * s[1].sqrt() + detached * x[0];
                y * z
            },
            &at,
            &row(&v, point, count),
        );
        assert_close(&row(&products, point, count), &expected);
    }
}

#[test]
fn sums_agree_with_the_tape_and_do_not_depend_on_threads() {
    let count = 5000;
    let x = random(3 * count, 6);
    let points = Points::Columns(&x);
    let results: Vec<_> = [1, 2, 3, 4]
        .map(|threads| {
            let mut program = Program::new(2, 3, single).threads(threads);
            program.sum_and_gradient(&SHARED, points).unwrap()
        })
        .into();
    assert_sum_of_tape(single, &x, count, &results[0]);
    assert!(results.iter().all(|result| result == &results[0]));
}

#[test]
fn rows_and_columns_and_threads_have_the_same_bits() {
    let count = 3000;
    let x = random(3 * count, 7);
    let rows = transposed(&x, count);
    let mut program = Program::new(2, 3, pair);
    let (y, j) = program
        .values_and_jacobians(&SHARED, Points::Columns(&x))
        .unwrap();
    for threads in [1, 3] {
        let mut program = Program::new(2, 3, pair).threads(threads);
        let points = Points::Rows(&rows);
        let (of_rows, j_of_rows) = program.values_and_jacobians(&SHARED, points).unwrap();
        assert_eq!(of_rows, transposed(&y, count));
        assert_eq!(j_of_rows, transposed(&j, count));
        let points = Points::Columns(&x);
        assert_eq!(
            program.values_and_jacobians(&SHARED, points).unwrap(),
            (y.clone(), j.clone())
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "reads the sources")]
fn the_listing_on_the_page_is_the_one_of_its_first_example() {
    let page = include_str!("../../src/scalar/program.rs");
    let block = page.split("```text\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let shown: Vec<&str> = block.lines().map(|line| line[3..].trim()).collect();

    let mut error = Program::new(2, 2, |curve, point| {
        let difference = curve[0] * (-curve[1] * point[0]).exp() - point[1];
        vec![difference.square()]
    });
    let points = Points::Rows(&[0.0, 2.1]);
    error.sum_and_gradient(&[2.0, 0.5], points).unwrap();
    let listing = error.listing(Computation::SummedGradient).unwrap();
    let text = listing.to_string();
    let printed = text
        .lines()
        .map(|line| line.split("//").next().unwrap().trim());
    assert_eq!(shown, printed.chain([""]).collect::<Vec<_>>());
}
