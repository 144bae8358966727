//! Networks and batches to time a training step of.

use nn::{Activation, Dataset, Initializer, Loss, Mlp, Parameters};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The number of pictures in MNIST's training set: the paper's batch.
pub const FULL: usize = 60_000;

/// A network, and the batch sizes that it is timed with.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The number of neurons of each layer, inputs first.
    pub widths: &'static [usize],
    /// The batch sizes.
    pub batches: &'static [usize],
}

/// The networks that are timed: the paper's, a usual one and a wide one.
pub const NETWORKS: [Network; 3] = [
    Network {
        widths: &[784, 10, 10],
        batches: &[1, 32, 128, 1024, FULL],
    },
    Network {
        widths: &[784, 128, 64, 10],
        batches: &[1, 32, 128, 1024],
    },
    Network {
        widths: &[784, 512, 512, 10],
        batches: &[1, 32, 128, 1024],
    },
];

/// A network and a batch, with made-up pictures: what they show does not change the time.
#[derive(Clone, Debug)]
pub struct Case {
    /// The network, of rectifiers.
    pub network: Mlp,
    /// Its cost, cross-entropy.
    pub loss: Loss,
    /// The batch.
    pub batch: Dataset,
}

impl Case {
    /// A case with so many samples.
    ///
    /// # Panics
    ///
    /// If the widths are not those of a network.
    #[must_use]
    pub fn new(widths: &[usize], samples: usize) -> Case {
        let pictures = Pictures::new(samples, widths[0]);
        let batch = Dataset::new(&pictures.pixels, widths[0], &pictures.classes)
            .expect("a class for each picture");
        Case {
            network: Mlp::new(widths, Activation::Relu),
            loss: Loss::cross_entropy(),
            batch,
        }
    }

    /// Every case of a network.
    pub fn of(network: &Network) -> impl Iterator<Item = Case> {
        network
            .batches
            .iter()
            .map(|&samples| Case::new(network.widths, samples))
    }

    /// Its parameters in single precision, before training.
    #[must_use]
    pub fn parameters(&self) -> Parameters<f32> {
        self.network.init(Initializer::HeNormal, 1)
    }

    /// The widths as `784-10-10`.
    #[must_use]
    pub fn network_name(&self) -> String {
        name(self.network.widths())
    }
}

/// The widths as `784-10-10`.
pub(crate) fn name(widths: &[usize]) -> String {
    widths
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join("-")
}

/// Made-up pictures in ten classes.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// The bytes of all, one picture after the other. As in MNIST, four in five are black.
    pub pixels: Vec<u8>,
    /// A class for each.
    pub classes: Vec<u8>,
}

impl Pictures {
    /// So many pictures of so many pixels.
    #[must_use]
    pub fn new(samples: usize, pixels: usize) -> Pictures {
        let mut rng = ChaCha8Rng::seed_from_u64(samples as u64);
        let pixel = |rng: &mut ChaCha8Rng| {
            if rng.random_range(0..5) == 0 {
                rng.random()
            } else {
                0
            }
        };
        Pictures {
            pixels: (0..samples * pixels).map(|_| pixel(&mut rng)).collect(),
            classes: (0..samples).map(|_| rng.random_range(0..10)).collect(),
        }
    }
}
