//! The computation of single points without a compiled path: on an ordinary tape.

use super::compile::{Compiled, Computation};
use super::error::ProgramError;
use super::points::{Points, Table};
use super::recording::{Function, record};
use super::request::Request;
use super::run::{Task, Workspace};
use crate::scalar::number::Scalar;
use crate::scalar::sweep::{Gradients, Tangents};
use crate::scalar::tape::Tape;
use crate::scalar::var::Var;
use crate::tensor::Real;
use smallvec::SmallVec;
use std::sync::Arc;

/// Variables up to this number are on the stack.
type Variables<'t, T> = SmallVec<[Var<'t, T>; 16]>;

/// A tape and memory for single points, which are reused.
pub(super) struct Fallback<T: Scalar> {
    tape: Tape<T>,
    gradients: Gradients<T>,
    point: Vec<T>,
    direction: Vec<T>,
    /// The outputs of the point that go to the first and to the second place.
    pub(super) outputs: [Vec<T>; 2],
    /// The contributions to the sums over the points.
    pub(super) to_sums: Vec<T>,
}

impl<T: Scalar> Default for Fallback<T> {
    fn default() -> Self {
        Fallback {
            tape: Tape::default(),
            gradients: Gradients::default(),
            point: Vec::new(),
            direction: Vec::new(),
            outputs: [Vec::new(), Vec::new()],
            to_sums: Vec::new(),
        }
    }
}

impl<T: Real + Scalar> Fallback<T> {
    /// The inputs of a point.
    pub(super) fn point(&mut self, request: &Request<'_, T>, point: usize) -> &[T] {
        read_row(&request.table(), point, &mut self.point);
        &self.point
    }

    /// Computes a point, and returns the number of outputs of the function.
    #[track_caller]
    pub(super) fn compute(
        &mut self,
        f: &Function<'_, T>,
        request: &Request<'_, T>,
        point: usize,
    ) -> Result<usize, ProgramError> {
        read_row(&request.table(), point, &mut self.point);
        if let Some(directions) = request.directions() {
            read_row(&directions, point, &mut self.direction);
        }
        if request.computation == Computation::Hvp {
            return self.second_order(f, request);
        }
        self.tape.reset();
        let tape = &self.tape;
        // All inputs are variables, as in a recording: the function may ask for their tape.
        let shared = variables(tape, request.shared);
        let point = variables(tape, &self.point);
        let y = f(&shared, &point);
        let [values, derivatives] = &mut self.outputs;
        values.clear();
        derivatives.clear();
        values.extend(y.iter().map(|y| y.value));
        let gradients = &mut self.gradients;
        match request.computation {
            Computation::Values | Computation::Hvp => {}
            Computation::Gradients | Computation::Jacobians => {
                for &y in &y {
                    gradients.update([y]);
                    derivatives.extend(point.iter().map(|&x| gradients.wrt(x)));
                }
            }
            Computation::SummedGradient => {
                self.to_sums.clear();
                self.to_sums.append(values);
                for &y in &y {
                    gradients.update([y]);
                    self.to_sums
                        .extend(shared.iter().map(|&x| gradients.wrt(x)));
                }
            }
            Computation::Jvp => {
                let seeds = point.iter().zip(&self.direction);
                let seeds = seeds.map(|(&x, &x_dot)| (x, [x_dot]));
                let tangents = Tangents::along(tape, seeds, &y, Vec::new());
                derivatives.extend(y.iter().flat_map(|&y| tangents.of(y)));
            }
            Computation::Vjp => {
                let seeds = y.iter().zip(&self.direction);
                let seeds: SmallVec<[_; 16]> = seeds.map(|(&y, &y_bar)| (y, [y_bar])).collect();
                gradients.pull_back(&seeds);
                derivatives.extend(point.iter().map(|&x| gradients.wrt(x)));
            }
        }
        Ok(y.len())
    }

    /// Computes a gradient with a Hessian product by a program that is used once: a tape of plain numbers has first
    /// derivatives only.
    #[track_caller]
    fn second_order(
        &mut self,
        f: &Function<'_, T>,
        request: &Request<'_, T>,
    ) -> Result<usize, ProgramError> {
        let recorded = Arc::new(record(f, request.shared, &self.point)?);
        let table = |x| Table {
            points: Points::Rows(x),
            count: 1,
            width: self.point.len(),
        };
        let task = Task {
            compiled: &Compiled::new(request.computation, &recorded),
            shared: request.shared,
            points: table(&self.point),
            directions: Some(table(&self.direction)),
            first_outputs: request.widths[0],
        };
        for (output, width) in self.outputs.iter_mut().zip(request.widths) {
            output.clear();
            output.resize(width, T::default());
        }
        let [gradient, product] = &mut self.outputs;
        let mut workspace = [Workspace::default()];
        task.run(
            &mut workspace,
            [gradient, product],
            &mut [],
            &mut Vec::new(),
        )?;
        Ok(recorded.outputs.len())
    }
}

fn read_row<T: Copy>(table: &Table<'_, T>, point: usize, row: &mut Vec<T>) {
    row.clear();
    let numbers = 0..table.width;
    row.extend(numbers.map(|number| table.points.get(point, number, table.count, table.width)));
}

#[track_caller]
fn variables<'t, T: Scalar>(tape: &'t Tape<T>, x: &[T]) -> Variables<'t, T> {
    let first = tape.push_nodes_without_inputs(x.len());
    let nodes = (first..).zip(x);
    nodes
        .map(|(index, &x)| Var::at(tape, tape.node_ref(index), x))
        .collect()
}
