//! The ways to compute a problem at many points.

use super::way::{Layout, Results, Way};
use autodiff::scalar::Var;
use autodiff::scalar::program::{self, Program};
use benches::program_problems::{OnTape, Points, Problem};
use std::hint::black_box;

/// All ways to compute a problem.
pub(super) fn ways<P: Problem<OUTPUTS>, const OUTPUTS: usize>(problem: &P) -> Vec<Way<'_>> {
    let mut scratch = Vec::new();
    let mut on_tape = OnTape::default();
    vec![
        Way::new("plain", move |results| {
            let values = values_of::<OUTPUTS>(results, problem.points());
            let shared = problem.shared();
            for (point, values) in black_box(problem.points()).rows().zip(values) {
                *values = problem.values(shared, point);
            }
        }),
        Way::new("hand", move |results| {
            point_by_point(problem, results, |point, derivatives| {
                problem.by_hand(point, &mut scratch, derivatives)
            });
        }),
        Way::new("tape", move |results| {
            point_by_point(problem, results, |point, derivatives| {
                on_tape.differentiate(problem, point, derivatives)
            });
        }),
        by_program(problem, "columns"),
        by_program(problem, "rows"),
    ]
}

/// The way by a program that is replayed, with the points in columns or in rows.
fn by_program<'a, P: Problem<OUTPUTS>, const OUTPUTS: usize>(
    problem: &'a P,
    name: &'static str,
) -> Way<'a> {
    let (points, shared) = (problem.points(), problem.shared());
    let (count, is_columns) = (points.count(), name == "columns");
    let columns = points.columns();
    let mut program = Program::new(shared.len(), points.width(), |shared, x: &[Var<'_>]| {
        problem.values(shared, x).to_vec()
    });
    Way::new(name, move |results| {
        let points = if is_columns {
            program::Points::Columns(black_box(&columns))
        } else {
            program::Points::Rows(black_box(points.numbers()))
        };
        if is_columns && !problem.is_summed() {
            results.layout = Layout::Columns(count);
        }
        let derivatives = problem.derivative_count();
        let done = if problem.is_summed() {
            results.derivatives.resize(derivatives, 0.0);
            let sum = program.sum_and_gradient_into(shared, points, &mut results.derivatives);
            sum.map(|sum| results.values = vec![sum])
        } else {
            results.values.resize(count * OUTPUTS, 0.0);
            results.derivatives.resize(count * derivatives, 0.0);
            let (values, derivatives) = (&mut results.values, &mut results.derivatives);
            if OUTPUTS == 1 {
                program.values_and_gradients_into(shared, points, values, derivatives)
            } else {
                program.values_and_jacobians_into(shared, points, values, derivatives)
            }
        };
        done.expect("the problems can be replayed");
    })
}

/// The places of the outputs of each point.
fn values_of<'r, const OUTPUTS: usize>(
    results: &'r mut Results,
    points: &Points,
) -> &'r mut [[f64; OUTPUTS]] {
    results.values.resize(points.count() * OUTPUTS, 0.0);
    results.values.as_chunks_mut().0
}

/// Differentiates `problem` at one point after the other.
#[inline]
fn point_by_point<P: Problem<OUTPUTS>, const OUTPUTS: usize>(
    problem: &P,
    results: &mut Results,
    mut differentiate: impl FnMut(&[f64], &mut [f64]) -> [f64; OUTPUTS],
) {
    let points = black_box(problem.points());
    let row = problem.derivative_count();
    let rows = if problem.is_summed() {
        1
    } else {
        points.count()
    };
    let mut derivatives = std::mem::take(&mut results.derivatives);
    derivatives.resize(rows * row, 0.0);
    let values = values_of::<OUTPUTS>(results, points);
    if problem.is_summed() {
        derivatives.fill(0.0);
        for (point, values) in points.rows().zip(values) {
            *values = differentiate(point, &mut derivatives);
        }
    } else {
        let rows = derivatives.chunks_exact_mut(row);
        for ((point, values), row) in points.rows().zip(values).zip(rows) {
            *values = differentiate(point, row);
        }
    }
    results.derivatives = derivatives;
}
