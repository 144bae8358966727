//! Random functions with branches: all computations agree with the tape, in both layouts and on any number of threads.

mod function;
mod terms;

use super::transposed;
use autodiff::scalar::program::{Points, Program};
use autodiff::scalar::{Dual, Tape, Var};
use function::{Case, cases, evaluate};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use terms::Terms;

/// The inputs of a case: the shared ones, the points and their directions in rows, and the adjoints of two outputs.
struct Data {
    shared: Vec<f64>,
    points: Vec<f64>,
    directions: Vec<f64>,
    adjoints: Vec<f64>,
}

impl Data {
    fn new(case: &Case) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(case.seed);
        let mut numbers = |count: usize| -> Vec<f64> {
            (0..count).map(|_| rng.random_range(-2.0..2.0)).collect()
        };
        let [shared, point] = case.inputs;
        Data {
            shared: numbers(shared),
            points: numbers(point * case.count),
            directions: numbers(point * case.count),
            adjoints: numbers(2 * case.count),
        }
    }
}

/// The names of the results at each point.
const RESULTS: [&str; 10] = [
    "values",
    "the value with the gradient",
    "gradients",
    "the values with the Jacobian",
    "jacobians",
    "jvp",
    "vjp",
    "the gradient with its product",
    "hvp",
    "the values with the vjp",
];

/// The results of all computations: those at each point in rows, and the sum with its gradient.
struct All {
    of_points: Vec<Vec<f64>>,
    sum: Vec<f64>,
}

fn by_program(case: &Case, data: &Data, threads: usize, is_rows: bool) -> All {
    let (steps, ones) = (&case.steps, &vec![1.0; case.steps.len()]);
    let [shared, point] = case.inputs;
    let both = Program::new(shared, point, |s, x| evaluate(steps, s, x, ones).to_vec());
    let last = Program::new(shared, point, |s, x| vec![evaluate(steps, s, x, ones)[1]]);
    let [mut both, mut last] =
        [both, last].map(|program| program.threads(threads).max_variants(case.max_variants));

    let columns = |rows: &[f64]| match case.count {
        _ if is_rows => rows.to_vec(),
        count => transposed(rows, rows.len() / count),
    };
    let rows = |columns: Vec<f64>| {
        if is_rows {
            columns
        } else {
            transposed(&columns, case.count)
        }
    };
    let [x, v, y_bar] = [&data.points, &data.directions, &data.adjoints].map(|rows| columns(rows));
    let points = if is_rows {
        Points::Rows(&x)
    } else {
        Points::Columns(&x)
    };
    let s = &data.shared;
    let values = both.values(s, points).unwrap();
    let (value, gradients) = last.values_and_gradients(s, points).unwrap();
    let (sum, of_sum) = last.sum_and_gradient(s, points).unwrap();
    let (same, jacobians) = both.values_and_jacobians(s, points).unwrap();
    let (_, y_dot) = both.jvp(s, points, &v).unwrap();
    let (again, x_bar) = both.vjp(s, points, &y_bar).unwrap();
    let (gradient, products) = last.hvp(s, points, &v).unwrap();
    let of_points = vec![
        values, value, gradients, same, jacobians, y_dot, x_bar, gradient, products, again,
    ];
    All {
        of_points: of_points.into_iter().map(rows).collect(),
        sum: [vec![sum], of_sum].concat(),
    }
}

/// The results at a point by the tape, and the contribution to the sum.
fn by_tape(case: &Case, data: &Data, point: usize, factors: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let n = case.inputs[1];
    let row = |data: &[f64], n: usize| data[point * n..][..n].to_vec();
    let (at, v, y_bar) = (
        row(&data.points, n),
        row(&data.directions, n),
        row(&data.adjoints, 2),
    );
    let tape = Tape::new();
    let (s, x) = (tape.vars(&*data.shared), tape.vars(&*at));
    let y = evaluate(&case.steps, &s, &x, factors);
    let jacobian = y.map(|y| y.gradients().wrt_all(&x));
    let y_values = y.map(Var::value).to_vec();
    let dot = |row: &Vec<f64>| row.iter().zip(&v).map(|(j, v)| j * v).sum::<f64>();
    let x_bar = (0..n).map(|i| y_bar[0] * jacobian[0][i] + y_bar[1] * jacobian[1][i]);

    let tape = Tape::default();
    let duals = at.iter().zip(&v);
    let duals = duals.map(|(&value, &tangent)| Dual::new(value, tangent));
    let second = tape.vars(duals.collect::<Vec<_>>());
    let constants = data
        .shared
        .iter()
        .map(|&s| Var::constant(Dual::constant(s)));
    let constants: Vec<Var<'_, Dual>> = constants.collect();
    let z = evaluate(&case.steps, &constants, &second, factors)[1];
    let products = z.gradients().wrt_all(&second);
    let products = products.iter().map(|entry| entry.tangent()).collect();

    let gradient = jacobian[1].clone();
    let of_sum = [vec![y_values[1]], y[1].gradients().wrt_all(&s)].concat();
    let results = vec![
        y_values.clone(),
        vec![y_values[1]],
        gradient.clone(),
        y_values.clone(),
        jacobian.concat(),
        jacobian.iter().map(dot).collect(),
        x_bar.collect(),
        gradient,
        products,
        y_values,
    ];
    (results, of_sum)
}

/// The sums of the absolute values of the terms of the same results.
fn terms(case: &Case, data: &Data, point: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let [shared, n] = case.inputs;
    let row = |data: &[f64], n: usize| data[point * n..][..n].to_vec();
    let (at, v, y_bar) = (
        row(&data.points, n),
        row(&data.directions, n),
        row(&data.adjoints, 2),
    );
    let ones = vec![1.0; case.steps.len()];
    // Along one input of all, and along the direction of the point.
    let along = |input: usize| {
        let number = |(i, (&value, b)): (usize, (&f64, f64))| Terms {
            value,
            a: f64::from(i == input),
            b: f64::abs(b),
            both: 0.0,
        };
        let values = data.shared.iter().chain(&at);
        let directions = vec![0.0; shared].into_iter().chain(v.iter().copied());
        let numbers: Vec<Terms> = values.zip(directions).enumerate().map(number).collect();
        evaluate(&case.steps, &numbers[..shared], &numbers[shared..], &ones)
    };
    let all: Vec<[Terms; 2]> = (0..shared + n).map(along).collect();
    let of_point = &all[shared..];
    let row = |k: usize| -> Vec<f64> { of_point.iter().map(|y| y[k].a).collect() };
    let along_v = of_point[0].map(|y| y.b).to_vec();
    let x_bar = of_point.iter();
    let x_bar = x_bar.map(|y| y_bar[0].abs() * y[0].a + y_bar[1].abs() * y[1].a);
    let of_sum = all[..shared].iter().map(|y| y[1].a);
    let results = vec![
        vec![1.0; 2],
        vec![1.0],
        row(1),
        vec![1.0; 2],
        [row(0), row(1)].concat(),
        along_v,
        x_bar.collect(),
        row(1),
        of_point.iter().map(|y| y[1].both).collect(),
        vec![1.0; 2],
    ];
    (results, [1.0].into_iter().chain(of_sum).collect())
}

/// The factors of the results of the steps: first 1, then with random rounding errors.
fn factors(case: &Case) -> [Vec<f64>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(!case.seed);
    std::array::from_fn(|evaluation| {
        let size = if evaluation == 0 {
            0.0
        } else {
            16.0 * f64::EPSILON
        };
        let factors = case.steps.iter();
        factors
            .map(|_| 1.0 + size * rng.random_range(-1.0..=1.0))
            .collect()
    })
}

/// The error of each result relative to the sum of the absolute values of its terms.
///
/// The values have rounding errors too, which change every slope. What follows from them is estimated by evaluations on
/// the tape with random rounding errors, and not counted.
fn errors(found: &[f64], by_tape: &[Vec<f64>], terms: &[f64]) -> f64 {
    let error = |i: usize| {
        let distance = |other: f64| (other - by_tape[0][i]).abs();
        let moved = by_tape.iter().map(|other| distance(other[i]));
        let error = distance(found[i]) - 16.0 * moved.fold(0.0, f64::max);
        if error.is_nan() {
            f64::INFINITY
        } else {
            // All numbers are of the order of 1. A sum of smaller terms is the rounding error of terms that cancel.
            error.max(0.0) / terms[i].max(f64::EPSILON)
        }
    };
    assert_eq!(found.len(), terms.len());
    (0..found.len()).map(error).fold(0.0, f64::max)
}

/// The largest error of each result at some points, and of the sum if these are all points.
fn largest_errors(case: &Case, data: &Data, found: &All) -> Vec<(&'static str, f64)> {
    let factors = factors(case);
    let mut largest = RESULTS.map(|name| (name, 0.0_f64)).to_vec();
    let mut sums: Vec<Vec<f64>> = Vec::new();
    let step = 1 + case.count / 100;
    for point in (0..case.count).step_by(step) {
        let (terms, of_sum) = terms(case, data, point);
        let ways = factors
            .each_ref()
            .map(|factors| by_tape(case, data, point, factors));
        for (k, terms) in terms.iter().enumerate() {
            let width = terms.len();
            let found = &found.of_points[k][point * width..][..width];
            let by_tape: Vec<Vec<f64>> =
                ways.iter().map(|(results, _)| results[k].clone()).collect();
            largest[k].1 = largest[k].1.max(errors(found, &by_tape, terms));
        }
        let terms = [of_sum]
            .into_iter()
            .chain(ways.into_iter().map(|(_, sum)| sum));
        let terms: Vec<Vec<f64>> = terms.collect();
        sums.resize(terms.len(), vec![0.0; terms[0].len()]);
        for (sum, term) in sums.iter_mut().zip(terms) {
            sum.iter_mut()
                .zip(term)
                .for_each(|(sum, term)| *sum += term);
        }
    }
    if step == 1 {
        largest.push(("the sum", errors(&found.sum, &sums[1..], &sums[0])));
    }
    largest
}

fn bits(all: &All) -> Vec<Vec<u64>> {
    let numbers = all.of_points.iter().chain([&all.sum]);
    numbers
        .map(|x| x.iter().map(|x| x.to_bits()).collect())
        .collect()
}

fn check(cases_to_run: u32) {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases_to_run,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let verdict = runner.run(&cases(), |case| {
        let data = Data::new(&case);
        let found = by_program(&case, &data, 1, true);
        for (threads, is_rows) in [(1, false), (2 + case.seed as usize % 3, case.seed % 2 == 0)] {
            let other = by_program(&case, &data, threads, is_rows);
            prop_assert_eq!(
                bits(&other),
                bits(&found),
                "{} threads, rows: {}",
                threads,
                is_rows
            );
        }
        for (name, error) in largest_errors(&case, &data, &found) {
            prop_assert!(error <= 1e-12, "{name}: {error:e}");
        }
        Ok(())
    });
    verdict.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
#[cfg_attr(miri, ignore = "takes long")]
fn random_functions_agree_with_the_tape() {
    check(8);
}

#[test]
#[ignore = "100,000 functions take long"]
fn very_many_random_functions_agree_with_the_tape() {
    check(100_000);
}
