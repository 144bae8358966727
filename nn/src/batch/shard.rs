//! A shard, which is a run of samples whose gradient is summed on its own, and the sum of all shards along a fixed
//! tree.

use super::panels::Panel;
use crate::distributed::{add, first_half};
use crate::model::load;
use crate::{
    Batch, ChunkTask, Context, Layout, Model, Observed, Parameters, ShardGradient, Sharding,
};
use autodiff::tensor::raw::largest_magnitude;
use autodiff::tensor::{Real, Tensor};
use smallvec::SmallVec;

/// Inputs shared by all shards of a batch.
pub(super) struct Propagation<'a, T: Real, M, B> {
    pub(super) model: &'a M,
    pub(super) parameters: &'a Parameters<T>,
    pub(super) batch: &'a B,
    pub(super) sharding: &'a Sharding,
    pub(super) weight: f64,
    /// The context of the gradient; its range of samples is unused.
    pub(super) context: &'a Context,
}

/// The result of a shard: the gradient of its only chunk in factored form, or the sum of the gradients of its chunks.
#[derive(Debug, Default)]
pub(super) struct Shard<T: Real, G> {
    pub(super) cost: f64,
    /// An upper bound of the magnitudes of the gradient's elements. It is not finite if any number in the factors is
    /// not.
    pub(super) bound: f64,
    pub(super) observed: Observed<T>,
    gradient: G,
    /// The sum over the chunks. Allocated when a shard first has several chunks.
    sum: Option<Tensor<T>>,
    /// Whether the shard had several chunks in the latest batch.
    is_summed: bool,
}

impl<T: Real, G> Shard<T, G> {
    /// Takes the samples forward and back, chunk by chunk.
    ///
    /// The gradient of a single chunk stays in factored form. The gradients of several chunks are summed, because their
    /// factors would take more memory than the sum.
    pub(super) fn compute<M: Model, B: Batch<M::Chunk<T>>>(
        &mut self,
        number: usize,
        workspace: &mut <G as ShardGradient<T, M>>::Workspace,
        on: &Propagation<'_, T, M, B>,
    ) where
        G: ShardGradient<T, M>,
    {
        self.gradient.clear();
        self.observed.0.clear();
        self.cost = 0.0;
        self.is_summed = on.sharding.shard(number).len() > on.sharding.chunk;
        for (index, samples) in on.sharding.chunks_of(number).enumerate() {
            let chunk = load(on.model, on.batch, samples.clone());
            let context = Context {
                samples,
                ..*on.context
            };
            let task = ChunkTask {
                model: on.model,
                parameters: on.parameters,
                chunk,
                context: &context,
                scale: 1.0 / on.weight,
                observed: &mut self.observed,
            };
            self.cost += self.gradient.compute(workspace, task);
            if self.is_summed {
                self.add_up::<M>(on.parameters.layout(), index == 0);
            }
        }
        self.bound = match &self.sum {
            Some(sum) if self.is_summed => largest_magnitude(sum.data()),
            _ => self.gradient.magnitude_bound(),
        };
    }

    /// Adds the gradient of a chunk to the sum, and clears it.
    fn add_up<M: Model>(&mut self, layout: &Layout, is_first: bool)
    where
        G: ShardGradient<T, M>,
    {
        let zeros = || Tensor::zeros([layout.size()]);
        let sum = self.sum.get_or_insert_with(zeros).data_mut();
        if is_first {
            sum.fill(T::default());
        }
        for (number, slice) in layout.slices().iter().enumerate() {
            let sum = &mut sum[slice.range()];
            self.gradient.add_rows_to(number, 0..slice.rows(), sum);
        }
        self.gradient.clear();
    }

    /// Writes a panel of the shard's gradient to `sum`.
    fn write<M: Model>(&self, panel: &Panel, sum: &mut [T])
    where
        G: ShardGradient<T, M>,
    {
        if let Some(shard) = self.sum_of(panel) {
            return sum.copy_from_slice(shard);
        }
        sum.fill(T::default());
        self.gradient
            .add_rows_to(panel.slice, panel.rows.clone(), sum);
    }

    /// Returns a panel of the sum over the chunks, if the shard had several chunks.
    fn sum_of(&self, panel: &Panel) -> Option<&[T]> {
        let sum = self.sum.as_ref().filter(|_| self.is_summed)?;
        Some(&sum.data()[panel.range.clone()])
    }
}

/// Writes a panel of the sum of the shards' gradients to `sum`.
///
/// The sum of n shards is the sum of the [first half](first_half) plus the sum of the rest.
pub(super) fn write_sum<T: Real, M: Model, G: ShardGradient<T, M>>(
    shards: &[Shard<T, G>],
    panel: &Panel,
    sum: &mut [T],
) {
    let rows = panel.rows.clone();
    let is_written = shards.len() > 1
        && gradients(shards)
            .is_some_and(|gradients| G::write_sum(&gradients, panel.slice, rows, sum));
    if !is_written {
        write_sum_in_scratch::<T, M, G>(shards, panel, sum);
    }
}

/// Updates a panel of the parameters by plain descent, if the source of the gradients can do so without forming the
/// gradient. Returns whether the panel was updated.
pub(super) fn descend<T: Real, M: Model, G: ShardGradient<T, M>>(
    shards: &[Shard<T, G>],
    rate: T,
    panel: &Panel,
    parameters: &mut [T],
) -> bool {
    let rows = panel.rows.clone();
    // A single shard needs no list.
    if let [shard] = shards {
        let gradient = &[&shard.gradient];
        return !shard.is_summed && G::descend(gradient, rate, panel.slice, rows, parameters);
    }
    gradients(shards)
        .is_some_and(|gradients| G::descend(&gradients, rate, panel.slice, rows, parameters))
}

/// Returns the shards' gradients, if every shard has only one chunk.
fn gradients<T: Real, G>(shards: &[Shard<T, G>]) -> Option<SmallVec<[&G; 16]>> {
    let are_kept = shards.iter().all(|shard| !shard.is_summed);
    are_kept.then(|| shards.iter().map(|shard| &shard.gradient).collect())
}

/// Writes the sum along the tree for any source, with scratch memory for partial sums.
fn write_sum_in_scratch<T: Real, M: Model, G: ShardGradient<T, M>>(
    shards: &[Shard<T, G>],
    panel: &Panel,
    sum: &mut [T],
) {
    if let [shard] = shards {
        return shard.write(panel, sum);
    }
    let (first, rest) = shards.split_at(first_half(shards.len()));
    write_sum_in_scratch::<T, M, G>(first, panel, sum);
    if let [shard] = rest
        && let Some(shard) = shard.sum_of(panel)
    {
        return add(sum, shard);
    }
    let mut sum_of_rest = Tensor::zeros([sum.len()]);
    write_sum_in_scratch::<T, M, G>(rest, panel, sum_of_rest.data_mut());
    add(sum, sum_of_rest.data());
}
