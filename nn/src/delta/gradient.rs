//! The δ formulas as a source of gradients for the batch engine.

use super::{Deltas, propagate_fitting};
use crate::{ChunkTask, Mlp, Network, ShardGradient, StandardLoss, Supervised};
use autodiff::tensor::raw::{
    Factor, descend_products_rows, plain, transposed, write_products_rows,
};
use autodiff::tensor::{Real, Targets, Tensor};
use smallvec::SmallVec;
use std::borrow::Borrow;
use std::ops::Range;

/// The gradient of an [`Mlp`], computed by the [δ formulas](crate::delta).
///
/// ```
/// use nn::{Activation, BatchGradient, Mlp, StandardLoss, Supervised, delta::DeltaGradient};
///
/// let network = Mlp::new(&[3, 2], Activation::Relu);
/// let model = Supervised::new(&network, StandardLoss::cross_entropy());
/// let gradient = BatchGradient::<f32, _, DeltaGradient<f32>>::new(model);
/// ```
#[derive(Debug)]
pub struct DeltaGradient<T: Real>(Option<Deltas<T>>);

impl<T: Real> Default for DeltaGradient<T> {
    fn default() -> Self {
        DeltaGradient(None)
    }
}

impl<T, N> ShardGradient<T, Supervised<N, StandardLoss>> for DeltaGradient<T>
where
    T: Real,
    N: Network<Input<T> = Tensor<T>> + Borrow<Mlp>,
{
    type Workspace = ();

    fn compute(&mut self, (): &mut (), task: ChunkTask<'_, T, Supervised<N, StandardLoss>>) -> f64 {
        let (x, targets): (Tensor<T>, Targets<T>) = task.chunk;
        let (network, loss) = (task.model.network.borrow(), task.model.loss);
        let scale = T::from_f64(task.scale);
        let deltas = propagate_fitting(network, loss, task.parameters, &x, &targets, scale);
        self.0.insert(deltas).cost
    }

    fn add_rows_to(&self, slice: usize, rows: Range<usize>, sum: &mut [T]) {
        if let Some(deltas) = &self.0 {
            deltas.add_rows_to(T::from_f64(1.0), slice, rows, sum);
        }
    }

    fn write_sum(shards: &[&Self], slice: usize, rows: Range<usize>, sum: &mut [T]) -> bool {
        write_products_rows(&products(shards, slice), rows, sum)
    }

    fn descend(
        shards: &[&Self],
        rate: T,
        slice: usize,
        rows: Range<usize>,
        parameters: &mut [T],
    ) -> bool {
        descend_products_rows(&products(shards, slice), rate, rows, parameters)
    }

    fn magnitude_bound(&self) -> f64 {
        self.0.as_ref().map_or(0.0, Deltas::magnitude_bound)
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}

/// Returns the factors of the products `Δᵀ A` of the shards if the slice is a weight matrix, and an empty list
/// otherwise.
fn products<'a, T: Real>(
    shards: &[&'a DeltaGradient<T>],
    slice: usize,
) -> SmallVec<[[Factor<'a, Tensor<T>>; 2]; 16]> {
    let deltas = shards.iter().filter_map(|shard| shard.0.as_ref());
    let weights = deltas.filter(|_| slice.is_multiple_of(2));
    let layer = slice / 2;
    weights
        .map(|of| [transposed(&of.deltas[layer]), plain(&of.activations[layer])])
        .collect()
}
