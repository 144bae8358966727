//! The gradient by the tape, of any model.

use super::{ChunkTask, ShardGradient};
use crate::Model;
use crate::Pass;
use crate::model::check_scalar;
use autodiff::tensor::{Gradient, KeptGradients, Real, Tape, Tensor, raw};
use smallvec::SmallVec;
use std::ops::Range;

/// The gradient by a tape: the cost is recorded and walked back.
#[derive(Debug)]
pub struct TapeGradient<T: Real>(KeptGradients<T>);

impl<T: Real> Default for TapeGradient<T> {
    fn default() -> Self {
        TapeGradient(KeptGradients::default())
    }
}

impl<T: Real, M: Model> ShardGradient<T, M> for TapeGradient<T> {
    type Workspace = Tape<T>;

    fn compute(&mut self, tape: &mut Tape<T>, task: ChunkTask<'_, T, M>) -> f64 {
        let cost = {
            let mut slices = SmallVec::new();
            task.parameters.record_in(tape, &mut slices);
            let pass = Pass::new(task.parameters, &slices, task.context).in_engine(task.observed);
            let cost = task.model.cost(&pass, task.chunk);
            *task.observed = pass.into_observed();
            check_scalar(&cost);
            let scale = Tensor::scalar(T::from_f64(task.scale));
            cost.vjp(scale).keep_in(&slices, &mut self.0);
            cost.item().to_f64()
        };
        // The recording is forgotten on the thread that made it, so that its memory is there for the next chunk.
        tape.reset();
        cost
    }

    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        if let Some(gradient) = self.0.get(slice) {
            raw::add_rows_to(gradient, T::from_f64(1.0), rows, sum);
        }
    }

    fn write_sum(shards: &[&Self], slice: usize, rows: Range<usize>, sum: &mut [T]) -> bool {
        raw::write_rows_of_sum(gradients(shards, slice), rows, sum)
    }

    fn descend(
        shards: &[&Self],
        rate: T,
        slice: usize,
        rows: Range<usize>,
        parameters: &mut [T],
    ) -> bool {
        raw::descend_rows_of_sum(gradients(shards, slice), rate, rows, parameters)
    }

    fn magnitude_bound(&self) -> f64 {
        raw::magnitude_bound_of(&self.0)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// The gradients with respect to one slice.
fn gradients<'a, T: Real>(
    shards: &[&'a TapeGradient<T>],
    slice: usize,
) -> impl Iterator<Item = Gradient<'a, T>> + Clone {
    shards.iter().filter_map(move |shard| shard.0.get(slice))
}
