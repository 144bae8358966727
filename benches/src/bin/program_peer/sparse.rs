//! The ways to compute a sparse Jacobian matrix.

use super::timed::Timed;
use super::way::{Layout, Results, Way};
use autodiff::scalar::program::{self, Program};
use autodiff::scalar::sparse::SparseJacobian;
use autodiff::scalar::{Gradients, Tape, Var};
use benches::program_problems::{SUPPORT, SparseResiduals, residual};
use std::hint::black_box;

impl Timed {
    /// Times all residuals, as one point.
    pub(super) fn sparse(&self, problem: &SparseResiduals) {
        let count = problem.indices().len();
        let x = problem.x();
        let mut tape = Tape::new();
        let mut gradients = Gradients::default();
        let (mut sparse, places) = sparse_jacobian(problem);
        // One residual as a program, whose points are gathered: 12 variables and 12 coefficients.
        let mut program = Program::new(0, 2 * SUPPORT, |_, x: &[Var<'_>]| {
            let (variables, coefficients) = x.as_chunks().0.split_at(1);
            vec![residual(&variables[0], &coefficients[0])]
        });
        let transposed = |rows: &[[f64; SUPPORT]]| {
            let column = |j: usize| rows.iter().map(move |row| row[j]);
            (0..SUPPORT).flat_map(column).collect::<Vec<f64>>()
        };
        let coefficients = transposed(problem.coefficients());
        let mut points = [vec![0.0; coefficients.len()], coefficients].concat();
        let ways = vec![
            Way::new("plain", |results| {
                results.values.clear();
                results.values.extend(problem.residuals(black_box(x)));
            }),
            Way::new("hand", |results| {
                let (values, rows) = sparse_places(results, count);
                problem.by_hand(black_box(x), values, rows);
            }),
            Way::new("tape", |results| {
                let (values, rows) = sparse_places(results, count);
                problem.on_tape(black_box(x), &mut tape, &mut gradients, values, rows);
            }),
            Way::new("sparse", move |results| {
                results.values.resize(count, 0.0);
                results.derivatives.resize(places.len(), 0.0);
                let (values, nonzeros) = (&mut results.values, &mut results.derivatives);
                let done = sparse.value_and_jacobian_into(black_box(x), values, nonzeros);
                done.expect("the residuals can be replayed");
                if !matches!(results.layout, Layout::Places(_)) {
                    results.layout = Layout::Places(places.clone());
                }
            }),
            Way::new("columns", move |results| {
                let x = black_box(x);
                for (j, column) in points.chunks_exact_mut(count).take(SUPPORT).enumerate() {
                    for (to, indices) in column.iter_mut().zip(problem.indices()) {
                        *to = x[indices[j]];
                    }
                }
                results.values.resize(count, 0.0);
                results.derivatives.resize(points.len(), 0.0);
                let (values, derivatives) = (&mut results.values, &mut results.derivatives);
                let points = program::Points::Columns(&points);
                let done = program.values_and_gradients_into(&[], points, values, derivatives);
                done.expect("a residual can be replayed");
                results.layout = Layout::Columns(count);
            }),
        ];
        self.report("sparse-residuals", 1, SUPPORT, ways);
    }
}

/// The sparse Jacobian matrix of all residuals, and the place of each derivative of [`SparseResiduals::by_hand`] among
/// its nonzeros.
fn sparse_jacobian(problem: &SparseResiduals) -> (SparseJacobian<'_>, Vec<usize>) {
    let jacobian = SparseJacobian::new(|x| problem.residuals(x).collect(), problem.x())
        .expect("the residuals can be replayed");
    let pattern = jacobian.pattern();
    let place = |(i, j): (usize, usize)| {
        let found = pattern.row(i).binary_search(&(j as u32));
        pattern.offsets()[i] + found.expect("a residual depends on its variables")
    };
    let rows = problem.indices().iter().enumerate();
    let entries = rows.flat_map(|(i, indices)| indices.map(|j| (i, j)));
    let places = entries.map(place).collect();
    (jacobian, places)
}

/// The places of the residuals and of the rows of their Jacobian.
fn sparse_places(results: &mut Results, count: usize) -> (&mut [f64], &mut [[f64; SUPPORT]]) {
    results.values.resize(count, 0.0);
    results.derivatives.resize(count * SUPPORT, 0.0);
    (&mut results.values, results.derivatives.as_chunks_mut().0)
}
