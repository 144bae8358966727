//! How well a network does: cost, accuracy and confusion matrix.

use crate::batch::misfit;
use crate::{Batch, Loss, Mlp, Parameters, Plan};
use autodiff::tensor::{Real, Tensor};
use rayon::prelude::*;

/// How well a network does on some samples.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The mean cost.
    pub cost: f64,
    /// The confusion matrix: how often each class (row) was taken for each class (column).
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

    /// The share of samples that were classified correctly; NaN if there are no samples.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let classes = self.confusion.shape()[0];
        let right: u64 = (0..classes)
            .map(|class| u64::from(self.confusion.at(&[class, class])))
            .sum();
        right as f64 / self.samples() as f64
    }
}

/// Evaluates a network on samples. The result does not depend on the number of threads.
///
/// # Panics
///
/// If the samples do not fit the network, the parameters are those of another layout, or the loss has a label smoothing out
/// of [0, 1].
#[must_use]
#[track_caller]
pub fn evaluate<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    batch: &impl Batch<T>,
) -> Evaluation {
    parameters.check_layout("evaluate", network.layout());
    loss.check("evaluate");
    if let Some(misfit) = batch.misfit(network) {
        panic!("evaluate: {misfit}");
    }
    let parameters = parameters.tensors();
    let plan = Plan::new::<T>(network, batch.len());
    let classes = network.outputs();
    let chunks: Vec<usize> = (0..plan.samples).step_by(plan.chunk).collect();
    let parts: Result<Vec<_>, String> = chunks
        .into_par_iter()
        .map(|begin| {
            let samples = begin..plan.samples.min(begin + plan.chunk);
            let (x, targets) = batch.load(samples.clone());
            if let Some(misfit) = misfit(network, samples, &x, &targets) {
                return Err(misfit);
            }
            let z = network.forward_from(0, &parameters, x);
            let cost = loss.sum(&z, targets.clone()).item().to_f64();
            Ok((cost, z.arg_max(1), targets))
        })
        .collect();
    let parts = match parts {
        Ok(parts) => parts,
        Err(misfit) => panic!("evaluate: {misfit}"),
    };

    let mut cost = 0.0;
    let mut confusion = Tensor::zeros([classes, classes]);
    let counts = confusion.data_mut();
    for (part, guesses, targets) in parts {
        cost += part;
        for (&truth, &guess) in targets.classes().data().iter().zip(guesses.data()) {
            counts[truth as usize * classes + guess as usize] += 1;
        }
    }
    Evaluation {
        cost: cost / plan.samples as f64,
        confusion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use autodiff::tensor::Targets;
    use std::sync::Arc;

    #[test]
    fn rows_of_the_confusion_are_the_true_classes() {
        // A bias makes the network take everything for class 1.
        let network = Mlp::new(&[2, 3], Activation::Relu);
        let mut parameters = Parameters::<f64>::zeros(Arc::clone(network.layout()));
        parameters.slice_mut(1)[1] = 1.0;
        let classes = Tensor::from([0_u32, 2, 1, 0]);
        let batch = (Tensor::zeros([4, 2]), Targets::Classes(classes));
        let found = evaluate(&network, Loss::cross_entropy(), &parameters, &batch);
        let expected = Tensor::from([[0_u32, 2, 0], [0, 1, 0], [0, 1, 0]]);
        assert_eq!(found.confusion, expected);
        assert_eq!((found.samples(), found.accuracy()), (4, 0.25));
    }
}
