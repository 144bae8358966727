//! `Variant`: one path through a function, with the code of its computations.

use super::compile::{Compiled, Computation};
use super::error::ProgramError;
use super::points::Table;
use super::recording::Recorded;
use super::request::{Inputs, Request};
use super::run::{Task, Workspace};
use super::single::SinglePoint;
use crate::scalar::number::Scalar;
use crate::tensor::Real;
use std::sync::Arc;

/// A recorded path. Its code is compiled when it is used first.
pub(super) struct Variant<T> {
    pub(super) recorded: Arc<Recorded<T>>,
    compiled: [Option<Compiled<T>>; Computation::COUNT],
    guards: Option<Compiled<T>>,
    /// The computations of one point.
    single: [Option<SinglePoint<T>>; Computation::COUNT],
    /// The number of points that took the path.
    pub(super) points: u64,
}

impl<T: Real + Scalar> Variant<T> {
    pub(super) fn new(recorded: Recorded<T>) -> Self {
        Variant {
            recorded: Arc::new(recorded),
            compiled: [const { None }; Computation::COUNT],
            guards: None,
            single: [const { None }; Computation::COUNT],
            points: 0,
        }
    }

    /// The code of a computation.
    pub(super) fn compiled(&mut self, computation: Computation) -> &Compiled<T> {
        let compiled = &mut self.compiled[computation as usize];
        compiled.get_or_insert_with(|| Compiled::new(computation, &self.recorded))
    }

    /// Appends the points that do not take this path to `deviating`.
    pub(super) fn test(
        &mut self,
        shared: &[T],
        points: Table<'_, T>,
        workspaces: &mut [Workspace<T>],
        deviating: &mut Vec<usize>,
    ) -> Result<(), ProgramError> {
        let guards = &mut self.guards;
        let test = Task {
            compiled: guards.get_or_insert_with(|| Compiled::guards(&self.recorded)),
            shared,
            points,
            directions: None,
            first_outputs: 0,
        };
        test.run(workspaces, [&mut [], &mut []], &mut [], deviating)
    }

    /// Computes points, and appends those that do not take this path to
    /// `deviating`.
    pub(super) fn compute(
        &mut self,
        request: &Request<'_, T>,
        inputs: Inputs<'_, T>,
        workspaces: &mut [Workspace<T>],
        outputs: [&mut [T]; 2],
        results: &mut [T],
        deviating: &mut Vec<usize>,
    ) -> Result<(), ProgramError> {
        let Inputs { points, directions } = inputs;
        let known = deviating.len();
        if request.count == 1 && request.computation != Computation::SummedGradient {
            let direction = directions.map(|directions| directions.points.data());
            let inputs = [
                request.shared,
                points.points.data(),
                direction.unwrap_or_default(),
            ];
            if !self.compute_single(request.computation, inputs, outputs) {
                deviating.push(0);
            }
        } else {
            let task = Task {
                compiled: self.compiled(request.computation),
                shared: request.shared,
                points,
                directions,
                first_outputs: request.widths[0],
            };
            task.run(workspaces, outputs, results, deviating)?;
        }
        self.points += (points.count - (deviating.len() - known)) as u64;
        Ok(())
    }

    /// Computes the only point, and returns whether it takes this path.
    fn compute_single(
        &mut self,
        computation: Computation,
        inputs: [&[T]; 3],
        outputs: [&mut [T]; 2],
    ) -> bool {
        let single = &mut self.single[computation as usize];
        let new = || SinglePoint::new(computation, &self.recorded);
        let single = single.get_or_insert_with(new);
        single.compute(&self.recorded, inputs, outputs)
    }
}
