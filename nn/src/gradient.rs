//! Where the gradient of a chunk comes from: the tape, the closed form, or a source of your own.

mod tape;

pub use tape::TapeGradient;

use crate::{Context, Model, Observed, Parameters};
use autodiff::tensor::Real;
use std::ops::Range;

/// A chunk on its way to a gradient.
#[derive(Debug)]
pub struct ChunkTask<'a, T: Real, M: Model> {
    /// The model.
    pub model: &'a M,
    /// Its parameters.
    pub parameters: &'a Parameters<T>,
    /// The samples.
    pub chunk: M::Chunk<T>,
    /// Which samples of which step they are.
    pub context: &'a Context,
    /// The factor of the gradient: one over the weight of the batch.
    pub scale: f64,
    /// Takes what the model observes.
    pub observed: &'a mut Observed<T>,
}

/// The gradient of a chunk of a shard, before it is formed.
///
/// The engine holds one for each shard. It keeps what the gradient is made of, such as the two factors of a weight
/// matrix's, and nothing of the parameters, so that its rows can be added to them.
pub trait ShardGradient<T: Real, M: Model>: Default + Send + Sync {
    /// Memory that one chunk uses after the other, and that no other thread reads.
    type Workspace: Default + Send;

    /// Takes a chunk forward and back, keeps `scale` times the gradient of the sum of its samples' costs in place of the
    /// gradient before, and returns that sum.
    fn compute(&mut self, workspace: &mut Self::Workspace, task: ChunkTask<'_, T, M>) -> f64;

    /// Adds some rows of the gradient with respect to one slice of the parameters to `sum`.
    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]);

    /// Writes some rows of the sum of the gradients of several shards, along the tree that the engine adds them along, if
    /// that takes less than to form each and add them; returns whether it has. The bits are the same.
    fn write_sum(shards: &[&Self], slice: usize, rows: Range<usize>, sum: &mut [T]) -> bool {
        let _ = (shards, slice, rows, sum);
        false
    }

    /// Subtracts `rate` times what [`write_sum`](ShardGradient::write_sum) writes, rounded by itself, from `parameters`, if
    /// that takes less than to form it; returns whether it has. The bits are the same.
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

    /// An upper bound of the magnitudes of the gradient's elements; not finite if anything that it is made of is not.
    fn magnitude_bound(&self) -> f64;

    /// Forgets the gradient, and keeps the memory.
    fn clear(&mut self);
}
