//! Classifies single images, and finds the misclassified ones.

use autodiff::tensor::{Real, Tensor};
use nn::{Batch, Dataset, Labelled, Mlp, Parameters, StandardLoss};
use rayon::prelude::*;

/// A misclassified image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// The index of the image in the data.
    pub index: usize,
    /// The true class.
    pub truth: u8,
    /// The predicted class.
    pub guess: u8,
    /// The network's output for the predicted class.
    pub output: f64,
    /// The output for the predicted class minus the output for the true class.
    pub margin: f64,
}

/// Returns the predicted class of an image, and the network's outputs: probabilities if the map on the last layer is
/// softmax. Of several equal maxima the first is the prediction, as in an evaluation.
///
/// # Panics
///
/// If the image does not fit the network.
pub fn guess<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    pixels: &[u8],
) -> (usize, Vec<f64>) {
    let x = Tensor::from_flat_fn([1, pixels.len()], |i| {
        T::from_f64(f64::from(pixels[i]) / 255.0)
    });
    let z = network.predict(parameters, &x);
    let outputs = loss.activations(&z);
    let guess = z.arg_max(1).data()[0] as usize;
    (guess, outputs.data().iter().map(|x| x.to_f64()).collect())
}

/// Returns all misclassified images, by decreasing [`margin`](Mistake::margin).
pub fn mistakes<T: Real>(
    network: &Mlp,
    loss: StandardLoss,
    parameters: &Parameters<T>,
    data: &Dataset,
) -> Vec<Mistake> {
    const BATCH: usize = 256;
    let batches: Vec<usize> = (0..data.len()).step_by(BATCH).collect();
    let mut found: Vec<Mistake> = batches
        .into_par_iter()
        .flat_map_iter(|begin| {
            let (x, _): Labelled<T> = data.load(begin..data.len().min(begin + BATCH));
            let z = network.predict(parameters, &x);
            let (outputs, guesses) = (loss.activations(&z), z.arg_max(1));
            let truths = &data.classes()[begin..];
            let mut found = Vec::new();
            for (i, (&guess, &truth)) in guesses.data().iter().zip(truths).enumerate() {
                if guess != truth {
                    let output_for = |class: u32| outputs.at([i, class as usize]).to_f64();
                    found.push(Mistake {
                        index: begin + i,
                        truth: truth as u8,
                        guess: guess as u8,
                        output: output_for(guess),
                        margin: output_for(guess) - output_for(truth),
                    });
                }
            }
            found
        })
        .collect();
    found.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Activation, Supervised, evaluate};
    use std::sync::Arc;

    #[test]
    fn the_first_of_equal_outputs_is_the_guess_as_in_an_evaluation() {
        let network = Mlp::new(&[4, 10], Activation::Relu);
        let parameters = Parameters::<f32>::zeros(Arc::clone(network.layout()));
        let loss = StandardLoss::cross_entropy();
        let (found, outputs) = guess(&network, loss, &parameters, &[0, 1, 2, 3]);
        assert_eq!((found, outputs.len()), (0, 10));
        let data = Dataset::new(&[0, 1, 2, 3], [4], &[3]).unwrap();
        let evaluation = evaluate(&Supervised::new(&network, loss), &parameters, &data);
        assert_eq!(evaluation.confusion.at([3, found]), 1);
    }

    #[test]
    fn mistakes_are_sorted_by_margin() {
        // The lighter a pixel, the larger the probability of class 1.
        let network = Mlp::new(&[1, 10], Activation::Relu);
        let mut parameters = Parameters::<f32>::zeros(Arc::clone(network.layout()));
        parameters.slice_mut(0)[1] = 5.0;
        let data = Dataset::new(&[51, 255, 102, 204], [1], &[0, 2, 3, 1]).unwrap();
        let found = mistakes(&network, StandardLoss::cross_entropy(), &parameters, &data);
        let found: Vec<_> = found.iter().map(|m| (m.index, m.truth, m.guess)).collect();
        assert_eq!(found, [(1, 2, 1), (2, 3, 1), (0, 0, 1)]);
    }
}
