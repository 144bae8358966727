//! Finds layers whose outputs overflow although the parameters are finite.

use std::fmt;

use autodiff::tensor::{Real, Tensor};
use nn::distributed::{Alone, Communicator};
use nn::{Batch, Labelled, Mlp, Parameters};
use rayon::prelude::*;

/// A layer whose outputs are not all finite.
///
/// The outputs of later layers may be finite but wrong: a rectifier maps −∞ to 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// The number of the layer, counted from 1.
    pub layer: usize,
    /// The number of layers.
    pub layer_count: usize,
    /// The index of the first image for which the layer overflows.
    pub image: usize,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} of {} overflows", self.layer, self.layer_count)
    }
}

/// Returns the first layer that overflows on a batch, with an image in each row of `x`. `None` if no layer overflows.
///
/// # Panics
///
/// If the images do not fit the network.
pub fn overflow_in_batch<T: Real>(
    network: &Mlp,
    parameters: &Parameters<T>,
    x: &Tensor<T>,
) -> Option<Overflow> {
    let tensors = parameters.tensors();
    let mut a = x.clone();
    // W and b of each layer alternate.
    for (layer, pair) in tensors.chunks_exact(2).enumerate() {
        let z = a.linear(&pair[0], &pair[1]);
        let overflowed = z.data().iter().position(|z| !z.to_f64().is_finite());
        if let Some(index) = overflowed {
            return Some(Overflow {
                layer: layer + 1,
                layer_count: network.layers(),
                image: index / network.widths()[layer + 1],
            });
        }
        a = network.hidden().apply(&z);
    }
    None
}

/// Returns the first layer that overflows, on the first batch that overflows any layer. `None` if no layer overflows.
///
/// # Panics
///
/// If the images do not fit the network.
pub fn overflow_in_dataset<T: Real>(
    network: &Mlp,
    parameters: &Parameters<T>,
    data: &impl Batch<Labelled<T>>,
) -> Option<Overflow> {
    overflow_among(network, parameters, data, &Alone)
}

/// Returns what [`overflow_in_dataset`] returns. Each rank of a communicator searches a part of the samples. All ranks
/// call this function together.
///
/// # Panics
///
/// If the images do not fit the network.
pub fn overflow_among<T: Real>(
    network: &Mlp,
    parameters: &Parameters<T>,
    data: &impl Batch<Labelled<T>>,
    ranks: &dyn Communicator,
) -> Option<Overflow> {
    const BATCH: usize = 256;
    let (rank, size, samples) = (ranks.rank(), ranks.size(), data.len());
    let batches = (0..samples).step_by(BATCH);
    let own: Vec<usize> = batches.skip(rank).step_by(size).collect();
    let found = own.into_par_iter().find_map_first(|begin| {
        let (x, _): Labelled<T> = data.load(begin..samples.min(begin + BATCH));
        let overflow = overflow_in_batch(network, parameters, &x)?;
        Some([begin + overflow.image, overflow.layer])
    });
    // The first image and its layer on each rank; layers are counted from 1.
    let mut all = vec![[[0; 8]; 2]; size];
    all[rank] = found
        .unwrap_or([usize::MAX, 0])
        .map(|number| (number as u64).to_le_bytes());
    let bounds: Vec<usize> = (0..=size).map(|rank| rank * size_of_val(&all[0])).collect();
    ranks.gather(all.as_flattened_mut().as_flattened_mut(), &bounds);
    let all = all
        .into_iter()
        .map(|numbers| numbers.map(u64::from_le_bytes));
    let [image, layer] = all
        .filter(|&[_, layer]| layer > 0)
        .min()?
        .map(|number| number as usize);
    Some(Overflow {
        layer,
        layer_count: network.layers(),
        image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::distributed::{Threads, on_threads};
    use nn::{Activation, Dataset};
    use std::sync::Arc;

    #[test]
    fn an_overflowing_layer_is_found_even_if_the_networks_output_is_finite() {
        let network = Mlp::new(&[2, 2, 2], Activation::Relu);
        let mut parameters = Parameters::<f32>::zeros(Arc::clone(network.layout()));
        let mut pixels = [0; 2 * 601];
        // In different batches.
        for image in [300, 600] {
            pixels[2 * image..][..2].fill(255);
        }
        let data = Dataset::new(&pixels, [2], &[0; 601]).unwrap();
        assert_eq!(overflow_in_dataset(&network, &parameters, &data), None);

        parameters.slice_mut(0)[..2].fill(-3e38);
        let expected = Overflow {
            layer: 1,
            layer_count: 2,
            image: 300,
        };
        let found = overflow_in_dataset(&network, &parameters, &data).unwrap();
        assert_eq!(found, expected);
        assert_eq!(found.to_string(), "layer 1 of 2 overflows");
        for ranks in 2..=4 {
            let search = |r: &Threads| overflow_among(&network, &parameters, &data, r);
            assert_eq!(on_threads(ranks, search), vec![Some(expected); ranks]);
        }
        // The network's output is finite, but for the wrong reason.
        let (x, _): Labelled<f32> = data.load(600..601);
        let z = network.predict(&parameters, &x);
        assert!(z.data().iter().all(|z| z.is_finite()));
    }

    #[test]
    fn the_last_layer_is_checked_too() {
        let network = Mlp::new(&[1, 10], Activation::Tanh);
        let mut parameters = Parameters::<f32>::zeros(Arc::clone(network.layout()));
        parameters.slice_mut(0)[3] = 3e38;
        parameters.slice_mut(1)[3] = 3e38;
        let x = Tensor::from([[1.0], [0.0]]);
        let found = overflow_in_batch(&network, &parameters, &x).unwrap();
        assert_eq!((found.layer, found.image), (1, 0));
    }
}
