//! The computation of a single point, by level runs. In a strip, 63 points would be computed in vain.

use super::compile::{Computation, derive};
use super::derive::Products;
use super::graph::{Guard, Source};
use super::lower::{Roots, lower};
use super::recording::Recorded;
use super::runs::Runs;
use crate::scalar::number::Scalar;
use crate::tensor::Real;

/// The instructions of a computation for one point.
#[derive(Debug)]
pub(super) struct SinglePoint<T> {
    plain: PointRuns<T>,
    /// The instructions with products in which a zero absorbs an infinity; compiled when a NaN comes up.
    absorbing: Option<PointRuns<T>>,
    computation: Computation,
}

/// Level runs, and the positions of what is read from their numbers.
#[derive(Debug)]
struct PointRuns<T> {
    runs: Runs<T>,
    outputs: Vec<usize>,
    /// The conditions, with the positions of their operands.
    guards: Vec<(Guard, [usize; 2])>,
}

impl<T: Real + Scalar> SinglePoint<T> {
    /// Compiles a computation that has no sums over points.
    pub(super) fn new(computation: Computation, recorded: &Recorded<T>) -> Self {
        SinglePoint {
            plain: PointRuns::new(computation, recorded, Products::Plain),
            absorbing: None,
            computation,
        }
    }

    /// Computes the outputs at a point, from the shared inputs, those of the point, and its vector. Returns whether the
    /// recording holds there.
    pub(super) fn compute(
        &mut self,
        recorded: &Recorded<T>,
        inputs: [&[T]; 3],
        outputs: [&mut [T]; 2],
    ) -> bool {
        let [first, second] = outputs;
        self.plain.runs.execute(&inputs);
        if !self.plain.holds() {
            return false;
        }
        self.plain.read([first, second]);
        let first_is_derivative = self.computation == Computation::Hvp;
        let has_nan = |x: &[T]| x.iter().any(|x| x.has_nan());
        if has_nan(second) || (first_is_derivative && has_nan(first)) {
            // As on a tape: a product of zero and infinity may have made the NaN. If so, the zero must absorb the
            // infinity.
            let absorbing = self.absorbing.get_or_insert_with(|| {
                PointRuns::new(self.computation, recorded, Products::Absorbing)
            });
            absorbing.runs.execute(&inputs);
            absorbing.read([first, second]);
        }
        true
    }
}

impl<T: Real + Scalar> PointRuns<T> {
    fn new(computation: Computation, recorded: &Recorded<T>, products: Products) -> Self {
        let mut derived = derive(computation, recorded, products);
        let [shared, point] = recorded.inputs;
        let directions = match computation {
            Computation::Jvp | Computation::Hvp => point,
            Computation::Vjp => recorded.outputs.len(),
            _ => 0,
        };
        derived.graph.share(Source::Point, shared);
        derived.graph.share(Source::Direction, shared + point);
        let outputs = derived.outputs.len();
        let guarded = recorded.guards.iter().flat_map(|guard| guard.operands);
        derived.outputs.extend(guarded.map(Some));
        let roots = Roots {
            outputs: &derived.outputs,
            results: &[],
            guards: &[],
            by_outputs: false,
        };
        let mut code = lower(&mut derived.graph, &roots, recorded.graph.len());
        let runs = Runs::new(&mut code, shared + point + directions);
        let mut positions = vec![0; derived.outputs.len()];
        for (number, slot) in &code.scalar_outputs {
            positions[*number as usize] = slot.index();
        }
        let guarded = positions.split_off(outputs);
        let guards = recorded.guards.iter().copied();
        PointRuns {
            runs,
            outputs: positions,
            guards: guards.zip(guarded.as_chunks().0.iter().copied()).collect(),
        }
    }

    /// Whether all comparisons have the outcome that they had in the recording.
    fn holds(&self) -> bool {
        let numbers = self.runs.numbers();
        self.guards.iter().all(|(guard, operands)| {
            let [a, b] = operands.map(|position| numbers[position]);
            guard.relation.holds(a, b) == guard.outcome
        })
    }

    /// Reads the outputs, which fill both slices.
    fn read(&self, outputs: [&mut [T]; 2]) {
        let numbers = self.runs.numbers();
        let outputs = outputs.into_iter().flatten();
        for (output, &position) in outputs.zip(&self.outputs) {
            *output = numbers[position];
        }
    }
}
