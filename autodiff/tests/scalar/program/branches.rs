//! Points that take different paths through a function.

use super::{Function, SHARED, assert_close, assert_sum_of_tape, by_tape, random, row};
use autodiff::scalar::Var;
use autodiff::scalar::program::{Paths, Points, Program};

fn two_paths<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let y = s[0] * x[1];
    vec![if x[0] < 0.2 {
        y.exp() * x[2] * s[1]
    } else {
        x[0] * y.sin()
    }]
}

/// A path for each digit of the first input.
fn many_paths<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    let mut y = x[1];
    let mut bound = -1.4;
    while x[0] > bound {
        y = y.sin() + s[0] * x[2];
        bound += 0.1;
    }
    vec![y]
}

fn check(f: Function, count: usize, expected: impl Fn(&Paths) -> bool) {
    let x = random(3 * count, 11);
    let v = random(3 * count, 12);
    let points = Points::Columns(&x);
    let mut sums = Vec::new();
    for threads in 1..=4 {
        let mut program = Program::new(2, 3, f).threads(threads);
        let (values, gradients) = program.values_and_gradients(&SHARED, points).unwrap();
        assert!(expected(&program.paths()), "{:?}", program.paths());
        let (_, y_dot) = program.jvp(&SHARED, points, &v).unwrap();
        let (_, products) = program.hvp(&SHARED, points, &v).unwrap();
        for point in (0..count).step_by(7) {
            let (y, j) = by_tape(f, &row(&x, point, count));
            assert_close(&row(&values, point, count), &y);
            assert_close(&row(&gradients, point, count), &j[0]);
            let v = row(&v, point, count);
            let along = j[0].iter().zip(&v).map(|(j, v)| j * v).sum();
            assert_close(&row(&y_dot, point, count), &[along]);
            let h = 1e-4;
            let at = row(&x, point, count);
            let moved =
                |h: f64| -> Vec<f64> { at.iter().zip(&v).map(|(x, v)| x + h * v).collect() };
            let (above, below) = (by_tape(f, &moved(h)), by_tape(f, &moved(-h)));
            // Not where a step crosses a branch.
            if (above.0[0] - below.0[0]).abs() < 1e-2 {
                for (i, product) in row(&products, point, count).into_iter().enumerate() {
                    let quotient = (above.1[0][i] - below.1[0][i]) / (2.0 * h);
                    assert!((product - quotient).abs() < 1e-5 * (1.0 + product.abs()));
                }
            }
        }
        sums.push(program.sum_and_gradient(&SHARED, points).unwrap());
    }
    assert_sum_of_tape(f, &x, count, &sums[0]);
    assert!(sums.iter().all(|sum| sum == &sums[0]));
}

#[test]
fn a_deviating_point_is_recorded_as_another_path() {
    check(two_paths, 3000, |paths| {
        paths.compiled.len() == 2 && paths.compiled.iter().sum::<u64>() == 3000
    });
}

#[test]
fn paths_beyond_the_limit_are_left_to_the_tape() {
    check(many_paths, 500, |paths| {
        paths.compiled.len() == 8 && paths.on_tape > 0
    });
}

#[test]
fn points_in_the_order_of_their_paths_are_found_by_each_path() {
    let mut program = Program::new(2, 3, many_paths);
    let first = |point: usize| -1.0 + 0.1 * (point / 300) as f64 + 0.05;
    let x: Vec<f64> = (0..6 * 300)
        .flat_map(|point| [first(point), 0.5, 2.0])
        .collect();
    for times in 1..=2 {
        let values = program.values(&SHARED, Points::Rows(&x)).unwrap();
        for point in (0..6 * 300).step_by(77) {
            assert_close(
                &[values[point]],
                &by_tape(many_paths, &x[3 * point..][..3]).0,
            );
        }
        assert_eq!(program.paths().compiled, [300 * times; 6]);
        assert_eq!(program.paths().on_tape, 0);
    }
}

#[test]
fn a_choice_is_no_path() {
    let mut program = Program::new(0, 2, |_, x| {
        let zero = Var::constant(0.0);
        vec![Var::select_less(x[0], zero, x[1].exp(), x[0] * x[1])]
    });
    let x = random(200, 13);
    let (values, gradients) = program
        .values_and_gradients(&[], Points::Columns(&x))
        .unwrap();
    for point in 0..100 {
        let (a, b) = (x[point], x[100 + point]);
        let (y, j) = if a < 0.0 {
            (b.exp(), [0.0, b.exp()])
        } else {
            (a * b, [b, a])
        };
        assert_close(&[values[point]], &[y]);
        assert_close(&[gradients[point], gradients[100 + point]], &j);
    }
    assert_eq!(program.paths().compiled, [100]);
}

#[test]
fn sums_are_added_after_the_last_comparison() {
    // The adjoint of the shared input is the first product, which is known before the comparison.
    let f: Function = |s, x| {
        let slope = x[0] * x[1];
        vec![if x[2] < 0.0 { s[0] * slope } else { s[0] * 0.0 }]
    };
    let x = random(300, 14);
    let mut program = Program::new(1, 3, f);
    let (_, gradient) = program
        .sum_and_gradient(&[0.5], Points::Columns(&x))
        .unwrap();
    let slopes = (0..100).filter(|&i| x[200 + i] < 0.0);
    let expected: f64 = slopes.map(|i| x[i] * x[100 + i]).sum();
    assert_close(&gradient, &[expected]);
}

#[test]
fn a_zero_absorbs_an_infinite_slope() {
    let mut program = Program::new(1, 1, |s, x| vec![(x[0] * x[0]).sqrt() * s[0]]);
    let x = [1.0, 0.0, -2.0];
    let (values, gradients) = program
        .values_and_gradients(&[3.0], Points::Rows(&x))
        .unwrap();
    assert_eq!(values, [3.0, 0.0, 6.0]);
    assert_eq!(gradients, [3.0, 0.0, -3.0]);
    let mut program = Program::new(1, 1, |s, x| vec![(s[0] * s[0]).sqrt() * x[0]]);
    let (sum, gradient) = program.sum_and_gradient(&[0.0], Points::Rows(&x)).unwrap();
    assert_eq!((sum, &gradient[..]), (0.0, &[0.0][..]));
}
