//! The derivatives of several orders of one program.

use super::timed::Timed;
use super::way::{Results, Way};
use autodiff::scalar::Var;
use autodiff::scalar::program::{self, Program};
use benches::program_problems::{Problem, Rosenbrock};
use std::hint::black_box;

impl Timed {
    /// Times a program: its values, its gradient, and its gradient with the product of its Hessian matrix.
    pub(super) fn orders(&self, problem: &Rosenbrock) {
        let (count, columns) = (problem.points().count(), problem.points().columns());
        let (x, directions) = (program::Points::Columns(&columns), vec![1.0; columns.len()]);
        let recorded = || {
            Program::new(0, columns.len() / count, |_, x: &[Var<'_>]| {
                problem.values(&[], x).to_vec()
            })
        };
        let mut programs = [recorded(), recorded(), recorded()];
        let [values, gradients, products] = &mut programs;
        let places = |results: &mut Results, first: usize| {
            results.values.resize(first, 0.0);
            results.derivatives.resize(columns.len(), 0.0);
        };
        let ways = vec![
            Way::new("values", |results| {
                results.values.resize(count, 0.0);
                let done = values.values_into(&[], black_box(x), &mut results.values);
                done.expect("the function can be replayed");
            }),
            Way::new("gradients", |results| {
                places(results, count);
                let (y, gradient) = (&mut results.values, &mut results.derivatives);
                let done = gradients.values_and_gradients_into(&[], black_box(x), y, gradient);
                done.expect("the function can be replayed");
            }),
            Way::new("hvp", |results| {
                places(results, columns.len());
                let (gradient, product) = (&mut results.values, &mut results.derivatives);
                let done = products.hvp_into(&[], black_box(x), &directions, gradient, product);
                done.expect("the function can be replayed");
            }),
        ];
        self.report(&problem.name(), count, 1, ways);
    }
}
