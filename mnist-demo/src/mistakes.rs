//! What a network makes of single pictures, and which it gets most wrong.

use autodiff::tensor::{Real, Tensor};
use nn::{Batch, Dataset, Loss, Mlp, Parameters};
use rayon::prelude::*;

/// A picture that was taken for another class than its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// Its number in the data.
    pub index: usize,
    /// Its class.
    pub truth: u8,
    /// What it was taken for.
    pub guess: u8,
    /// The network's output for the guess.
    pub certainty: f64,
    /// How much larger that is than the output for the truth.
    pub margin: f64,
}

/// The network's outputs for one picture: probabilities, where the map on the last layer is softmax.
///
/// # Panics
///
/// When the picture does not fit the network.
pub fn outputs<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    pixels: &[u8],
) -> Vec<f64> {
    let x = Tensor::from_fn([1, pixels.len()], |i| {
        T::from_f64(f64::from(pixels[i]) / 255.0)
    });
    let outputs = loss.activations(&network.predict(parameters, &x));
    outputs.data().iter().map(|x| x.to_f64()).collect()
}

/// All mistakes, those first where the network was most sure of its wrong guess.
pub fn mistakes<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    data: &Dataset,
) -> Vec<Mistake> {
    const CHUNK: usize = 256;
    let chunks: Vec<usize> = (0..data.len()).step_by(CHUNK).collect();
    let mut found: Vec<Mistake> = chunks
        .into_par_iter()
        .flat_map_iter(|begin| {
            let (x, _) = Batch::<T>::load(data, begin..data.len().min(begin + CHUNK));
            let z = network.predict(parameters, &x);
            let (outputs, guesses) = (loss.activations(&z), z.arg_max(1));
            let truths = &data.classes()[begin..];
            let mut found = Vec::new();
            for (i, (&guess, &truth)) in guesses.data().iter().zip(truths).enumerate() {
                if guess != truth {
                    let output = |class: u32| outputs.at(&[i, class as usize]).to_f64();
                    found.push(Mistake {
                        index: begin + i,
                        truth: truth as u8,
                        guess: guess as u8,
                        certainty: output(guess),
                        margin: output(guess) - output(truth),
                    });
                }
            }
            found
        })
        .collect();
    found.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    found
}
