//! Metrics of a classifier: cost, accuracy and confusion matrix.

use crate::distributed::{Alone, Communicator, Division};
use crate::model::{Evaluated, each_chunk};
use crate::{Batch, Loss, Network, Parameters, Supervised};
use autodiff::tensor::{Real, Targets, Tensor};

/// The metrics of a network on some samples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The mean cost.
    pub cost: f64,
    /// The confusion matrix: the number of samples for each class (row) and predicted class (column).
    pub confusion: Tensor<u32>,
}

impl Evaluation {
    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.confusion
            .data()
            .iter()
            .map(|&count| u64::from(count))
            .sum()
    }

    /// The fraction of samples that are classified correctly; NaN if there are no samples.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let classes = self.confusion.shape()[0];
        let right: u64 = (0..classes)
            .map(|class| u64::from(self.confusion.at([class, class])))
            .sum();
        right as f64 / self.samples() as f64
    }
}

/// Returns the metrics of a classifier on a batch. The result does not depend on the number of threads.
///
/// ```
/// use autodiff::Tensor;
/// use nn::{Activation, Initializer, Mlp, StandardLoss, Supervised, evaluate};
///
/// let network = Mlp::new(&[2, 3], Activation::Relu);
/// let parameters = network.init::<f32>(Initializer::HeNormal, 1);
/// let batch = (Tensor::from([[1.0, 0.0], [0.0, 1.0]]), Tensor::from([0_u32, 2]).into());
/// let model = Supervised::new(&network, StandardLoss::cross_entropy());
/// let found = evaluate(&model, &parameters, &batch);
/// assert_eq!(found.samples(), 2);
/// assert_eq!(found.confusion.shape()[..], [3, 3]);
/// ```
///
/// # Panics
///
/// If the samples do not fit the network, or the parameters have another layout.
#[must_use]
#[track_caller]
pub fn evaluate<T, N, L, B>(
    model: &Supervised<N, L>,
    parameters: &Parameters<T>,
    batch: &B,
) -> Evaluation
where
    T: Real,
    N: Network,
    L: Loss<Targets<T> = Targets<T>>,
    B: Batch<(N::Input<T>, Targets<T>)>,
{
    evaluate_among(model, parameters, batch, &Alone)
}

/// Returns the metrics of a classifier on a batch, of which each rank of a [communicator](crate::distributed) evaluates a
/// part. All ranks call this function together, and get the result of one process.
///
/// # Panics
///
/// If the samples do not fit the network, or the parameters have another layout.
#[must_use]
#[track_caller]
pub fn evaluate_among<T, N, L, B>(
    model: &Supervised<N, L>,
    parameters: &Parameters<T>,
    batch: &B,
    communicator: &dyn Communicator,
) -> Evaluation
where
    T: Real,
    N: Network,
    L: Loss<Targets<T> = Targets<T>>,
    B: Batch<(N::Input<T>, Targets<T>)>,
{
    let (rank, ranks) = (communicator.rank(), communicator.size());
    let division = Division { ranks };
    let Evaluated {
        results,
        chunks,
        weight,
    } = each_chunk(
        "evaluate",
        model,
        parameters,
        batch,
        |chunks| division.shards(rank, chunks),
        |pass, (input, targets)| {
            let z = model.outputs(pass, input, &targets);
            let cost = model.loss.sum(&z, targets.clone()).item().to_f64();
            (cost, z.arg_max(1), z.shape()[1], targets)
        },
    );
    let mut widths = vec![0_usize; ranks];
    widths[rank] = results.first().map_or(0, |&(_, _, classes, _)| classes);
    let bytes = bytemuck::cast_slice_mut(&mut widths);
    communicator.gather(bytes, &division.bounds::<usize>(|rank| rank..rank + 1));
    let width = widths.into_iter().max();
    let classes = model.network.width().or(width).unwrap_or(0);

    let own = division.shards(rank, chunks);
    let mut costs = vec![0.0_f64; chunks];
    let mut counts = vec![0_u32; ranks * classes * classes];
    let own_counts = &mut counts[rank * classes * classes..];
    for (cost, (part, guesses, _, targets)) in costs[own].iter_mut().zip(results) {
        *cost = part;
        for (&truth, &guess) in targets.classes().data().iter().zip(guesses.data()) {
            own_counts[truth as usize * classes + guess as usize] += 1;
        }
    }
    let bounds = division.bounds::<f64>(|rank| division.shards(rank, chunks));
    communicator.gather(bytemuck::cast_slice_mut(&mut costs), &bounds);
    let size = classes * classes;
    let bounds = division.bounds::<u32>(|rank| rank * size..(rank + 1) * size);
    communicator.gather(bytemuck::cast_slice_mut(&mut counts), &bounds);
    let mut confusion = Tensor::zeros([classes, classes]);
    for counts in counts.chunks_exact(size.max(1)) {
        for (sum, count) in confusion.data_mut().iter_mut().zip(counts) {
            *sum += count;
        }
    }
    Evaluation {
        cost: costs.into_iter().sum::<f64>() / weight,
        confusion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp, StandardLoss};
    use autodiff::tensor::Targets;
    use std::sync::Arc;

    #[test]
    fn rows_of_the_confusion_are_the_true_classes() {
        // The bias makes the network predict class 1 for every sample.
        let network = Mlp::new(&[2, 3], Activation::Relu);
        let mut parameters = Parameters::<f64>::zeros(Arc::clone(network.layout()));
        parameters.slice_mut(1)[1] = 1.0;
        let classes = Tensor::from([0_u32, 2, 1, 0]);
        let batch = (Tensor::zeros([4, 2]), Targets::Classes(classes));
        let model = Supervised::new(&network, StandardLoss::cross_entropy());
        let found = evaluate(&model, &parameters, &batch);
        let expected = Tensor::from([[0_u32, 2, 0], [0, 1, 0], [0, 1, 0]]);
        assert_eq!(found.confusion, expected);
        assert_eq!((found.samples(), found.accuracy()), (4, 0.25));
    }
}
