//! The gradient of any model, computed by the tape.

use super::{ChunkTask, ShardGradient};
use crate::model::check_scalar;
use crate::{Model, Pass};
use autodiff::tensor::raw::{self, Gradient};
use autodiff::tensor::{Gradients, Real, Tape, Tensor};
use smallvec::SmallVec;
use std::ops::Range;

/// The gradient by the tape: the cost is recorded, and a backward pass computes its gradient.
#[derive(Debug)]
pub struct TapeGradient<T: Real> {
    gradients: Gradients<T>,
    /// The number of the model's slices. They are recorded first, so that the number of a slice is the index of its
    /// variable.
    slice_count: usize,
}

impl<T: Real> Default for TapeGradient<T> {
    fn default() -> Self {
        TapeGradient {
            gradients: Gradients::default(),
            slice_count: 0,
        }
    }
}

impl<T: Real> TapeGradient<T> {
    /// Returns the gradient with respect to a slice; `None` if it is zero.
    fn get(&self, slice: usize) -> Option<Gradient<'_, T>> {
        raw::gradient(&self.gradients, slice)
    }
}

impl<T: Real, M: Model> ShardGradient<T, M> for TapeGradient<T> {
    type Workspace = Tape<T>;

    fn compute(&mut self, tape: &mut Tape<T>, task: ChunkTask<'_, T, M>) -> f64 {
        // A model that panicked may have left a recording.
        tape.reset();
        let cost = {
            let mut slices = SmallVec::new();
            task.parameters.record_in(tape, &mut slices);
            let pass = Pass::new(task.parameters, &slices, task.context).in_engine(task.observed);
            let cost = task.model.cost(&pass, task.chunk);
            *task.observed = pass.into_observed();
            check_scalar(&cost);
            let scale = Tensor::scalar(T::from_f64(task.scale));
            self.gradients.update_vjp(cost, scale);
            self.slice_count = slices.len();
            cost.item().to_f64()
        };
        // The thread that recorded the chunk also frees its memory, so that the thread's free list has it for the next
        // chunk.
        tape.reset();
        cost
    }

    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        if let Some(gradient) = self.get(slice) {
            raw::add_rows_to(gradient, T::from_f64(1.0), rows, sum);
        }
    }

    fn write_sum(shards: &[&Self], slice: usize, rows: Range<usize>, sum: &mut [T]) -> bool {
        gradients(shards, slice)
            .is_some_and(|gradients| raw::write_rows_of_sum(gradients, rows, sum))
    }

    fn descend(
        shards: &[&Self],
        rate: T,
        slice: usize,
        rows: Range<usize>,
        parameters: &mut [T],
    ) -> bool {
        gradients(shards, slice)
            .is_some_and(|gradients| raw::descend_rows_of_sum(gradients, rate, rows, parameters))
    }

    fn magnitude_bound(&self) -> f64 {
        raw::magnitude_bound_of(&self.gradients, self.slice_count)
    }

    fn clear(&mut self) {
        self.gradients.clear();
    }
}

/// Returns the shards' gradients with respect to one slice; `None` if a gradient is zero.
fn gradients<'a, T: Real>(
    shards: &[&'a TapeGradient<T>],
    slice: usize,
) -> Option<impl Iterator<Item = Gradient<'a, T>> + Clone> {
    let gradients = shards.iter().map_while(move |shard| shard.get(slice));
    (gradients.clone().count() == shards.len()).then_some(gradients)
}
