//! Networks and batches for timing training steps.

use mnist_core::data::Splits;
use nn::{Activation, Dataset, Initializer, Mlp, Parameters, StandardLoss};
use std::sync::LazyLock;

/// The number of training images in MNIST: the paper's batch size.
pub const FULL: usize = 60_000;

/// A network, and the batch sizes to time it with.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// The number of neurons of each layer, inputs first.
    pub widths: &'static [usize],
    /// The batch sizes.
    pub batches: &'static [usize],
}

/// The networks to time: the paper's, a common one and a wide one.
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

/// A network and a batch of MNIST. Most pixels are black, and the kernels skip black pixels.
#[derive(Clone, Debug)]
pub struct Case {
    /// The network, with rectifiers.
    pub network: Mlp,
    /// The cost: softmax cross-entropy.
    pub loss: StandardLoss,
    /// The batch.
    pub batch: Dataset,
}

impl Case {
    /// Creates a case with the first samples of MNIST.
    ///
    /// # Panics
    ///
    /// If the first width is not the number of pixels, or MNIST has fewer samples.
    #[must_use]
    pub fn new(widths: &[usize], samples: usize) -> Case {
        Case::of_images(widths, &Images::first(samples))
    }

    /// Creates a case without black pixels, so that no product is skipped.
    ///
    /// # Panics
    ///
    /// Like [`new`](Case::new).
    #[must_use]
    pub fn without_black(widths: &[usize], samples: usize) -> Case {
        let mut images = Images::first(samples);
        images.pixels.iter_mut().for_each(|pixel| *pixel |= 1);
        Case::of_images(widths, &images)
    }

    fn of_images(widths: &[usize], images: &Images) -> Case {
        let network = Mlp::new(widths, Activation::Relu);
        assert_eq!(widths[0], Images::PIXELS, "an input for each pixel");
        let batch = Dataset::new(&images.pixels, [Images::PIXELS], &images.classes)
            .expect("a class for each image");
        Case {
            network,
            loss: StandardLoss::cross_entropy(),
            batch,
        }
    }

    /// All cases of a network.
    pub fn of(network: &Network) -> impl Iterator<Item = Case> {
        network
            .batches
            .iter()
            .map(|&samples| Case::new(network.widths, samples))
    }

    /// The initial parameters in single precision.
    #[must_use]
    pub fn parameters(&self) -> Parameters<f32> {
        self.network.init(Initializer::HeNormal, 1)
    }

    /// The widths in the form `784-10-10`.
    #[must_use]
    pub fn network_name(&self) -> String {
        name(self.network.widths())
    }
}

/// The widths in the form `784-10-10`.
pub(crate) fn name(widths: &[usize]) -> String {
    widths
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join("-")
}

/// The first training images of MNIST.
#[derive(Clone, Debug)]
pub struct Images {
    /// The pixels, image by image.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub classes: Vec<u8>,
}

impl Images {
    /// The number of pixels of a image.
    pub const PIXELS: usize = 784;

    /// Returns the first `samples` images.
    ///
    /// # Panics
    ///
    /// If MNIST has fewer images.
    #[must_use]
    pub fn first(samples: usize) -> Images {
        static MNIST: LazyLock<Splits> =
            LazyLock::new(|| Splits::embedded().expect("the files that are built in are whole"));
        let mnist = &MNIST.train;
        Images {
            pixels: mnist.inputs()[..samples * Images::PIXELS].to_vec(),
            classes: mnist.classes()[..samples]
                .iter()
                .map(|&class| class as u8)
                .collect(),
        }
    }
}
