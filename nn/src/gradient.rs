//! The source of a chunk's gradient: the tape, the δ formulas, or a source of your own.

mod tape;

pub use tape::TapeGradient;

use crate::{Context, Model, Observed, Parameters};
use autodiff::tensor::Real;
use std::ops::Range;

/// A chunk whose gradient is to be computed.
#[derive(Debug)]
pub struct ChunkTask<'a, T: Real, M: Model> {
    /// The model.
    pub model: &'a M,
    /// The parameters of the model.
    pub parameters: &'a Parameters<T>,
    /// The samples of the chunk.
    pub chunk: M::Chunk<T>,
    /// The step, and the positions of the samples in the batch.
    pub context: &'a Context,
    /// The factor of the gradient: 1 over the weight of the batch.
    pub scale: f64,
    /// Collects the values that the model observes.
    pub observed: &'a mut Observed<T>,
}

/// The gradient of one chunk, in factored form.
///
/// The engine holds one value for each shard. The value keeps the factors of the gradient, such as the two factors of a
/// weight matrix's gradient. It keeps no reference to the parameters, so that the engine can add rows of the gradient
/// to them.
pub trait ShardGradient<T: Real, M: Model>: Default + Send + Sync {
    /// Scratch memory, which the chunks of a shard use one after another on one thread.
    type Workspace: Default + Send;

    /// Takes a chunk forward and back. Replaces the gradient by `scale` times the gradient of the sum of the samples'
    /// costs, and returns the sum of the costs.
    fn compute(&mut self, workspace: &mut Self::Workspace, task: ChunkTask<'_, T, M>) -> f64;

    /// Adds some rows of the gradient with respect to one slice of the parameters to `sum`, which contains only these
    /// rows.
    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]);

    /// Writes some rows of the sum of the shards' gradients to `sum`, if the source can do so faster than the engine,
    /// which forms each gradient and adds them. Returns whether the rows were written.
    ///
    /// The sum must be added along the tree of the engine, so that the bits are the same.
    fn write_sum(shards: &[&Self], slice: usize, rows: Range<usize>, sum: &mut [T]) -> bool {
        let _ = (shards, slice, rows, sum);
        false
    }

    /// Subtracts `rate` times the sum that [`write_sum`](ShardGradient::write_sum) writes from `parameters`, if the
    /// source can do so without forming the sum. Returns whether the parameters were updated.
    ///
    /// The product with `rate` must be rounded separately from the subtraction, so that the bits are the same.
    fn descend(
        shards: &[&Self],
        rate: T,
        slice: usize,
        rows: Range<usize>,
        parameters: &mut [T],
    ) -> bool {
        let _ = (shards, rate, slice, rows, parameters);
        false
    }

    /// Returns an upper bound of the magnitudes of the gradient's elements. The bound is not finite if any number in
    /// the factors is not finite.
    fn magnitude_bound(&self) -> f64;

    /// Sets the gradient to zero. The memory may be kept.
    fn clear(&mut self);
}
