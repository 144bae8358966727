//! A single point is computed by other code than many points, with the same results.

use super::{SHARED, assert_close, pair, single};
use autodiff::scalar::Var;
use autodiff::scalar::program::{Points, Program};

/// Computes a point alone and with a neighbour, by each method, and compares the results.
#[track_caller]
fn check(
    f: impl for<'t> Fn(&[Var<'t>], &[Var<'t>]) -> Vec<Var<'t>> + Copy + Send + Sync,
    outputs: usize,
    points: [[f64; 3]; 2],
) {
    let v = [0.5, -1.0, 2.0, 0.25, 1.5, -0.75];
    let both = Points::Rows(points.as_flattened());
    let first = Points::Rows(&points[0]);
    let (mut alone, mut together) = (Program::new(2, 3, f), Program::new(2, 3, f));
    // Twice: the memory of the first time is used again.
    for _ in 0..2 {
        let compare = |alone: &[f64], together: &[f64]| {
            assert_close(alone, &together[..together.len() / 2]);
        };
        let compare_both = |alone: (Vec<f64>, Vec<f64>), together: (Vec<f64>, Vec<f64>)| {
            compare(&alone.0, &together.0);
            compare(&alone.1, &together.1);
        };
        compare(
            &alone.values(&SHARED, first).unwrap(),
            &together.values(&SHARED, both).unwrap(),
        );
        compare_both(
            alone.values_and_jacobians(&SHARED, first).unwrap(),
            together.values_and_jacobians(&SHARED, both).unwrap(),
        );
        compare_both(
            alone.jvp(&SHARED, first, &v[..3]).unwrap(),
            together.jvp(&SHARED, both, &v).unwrap(),
        );
        compare_both(
            alone.vjp(&SHARED, first, &v[..outputs]).unwrap(),
            together.vjp(&SHARED, both, &v[..2 * outputs]).unwrap(),
        );
        if outputs == 1 {
            compare_both(
                alone.values_and_gradients(&SHARED, first).unwrap(),
                together.values_and_gradients(&SHARED, both).unwrap(),
            );
            compare_both(
                alone.hvp(&SHARED, first, &v[..3]).unwrap(),
                together.hvp(&SHARED, both, &v).unwrap(),
            );
        }
    }
    assert_eq!(alone.paths().on_tape, 0);
}

#[test]
fn one_point_has_the_results_that_it_has_among_others() {
    check(single, 1, [[0.3, -0.4, 0.8], [1.1, 0.2, -0.6]]);
    check(pair, 2, [[0.3, -0.4, 0.8], [1.1, 0.2, -0.6]]);
}

#[test]
fn one_point_on_another_path_is_recorded() {
    fn f<'t>(s: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
        vec![if x[0] < x[1] {
            x[0] * s[0]
        } else {
            x[2] * x[1]
        }]
    }
    let mut program = Program::new(2, 3, f);
    let mut gradient = |x: [f64; 3]| {
        let point = Points::Rows(&x);
        program.values_and_gradients(&SHARED, point).unwrap().1
    };
    assert_eq!(gradient([1.0, 2.0, 3.0]), [SHARED[0], 0.0, 0.0]);
    assert_eq!(gradient([2.0, 1.0, 3.0]), [0.0, 3.0, 1.0]);
    assert_eq!(gradient([1.0, 2.0, 4.0]), [SHARED[0], 0.0, 0.0]);
    assert_eq!(program.paths().compiled, [2, 1]);
}

#[test]
fn at_one_point_a_zero_absorbs_an_infinite_slope() {
    let mut program = Program::new(0, 1, |_, x| vec![x[0].square().sqrt()]);
    let mut gradient = |x| {
        program
            .values_and_gradients(&[], Points::Rows(&[x]))
            .unwrap()
    };
    assert_eq!(gradient(0.0), (vec![0.0], vec![0.0]));
    assert_eq!(gradient(-3.0), (vec![3.0], vec![-1.0]));
    assert!(gradient(f64::NAN).1[0].is_nan());
}
