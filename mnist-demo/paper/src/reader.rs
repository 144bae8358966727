//! The input of the sections: settings and images.

use std::path::PathBuf;
use std::sync::OnceLock;

use autodiff::Tensor;
use autodiff::tensor::Targets;
use mnist_core::Error;
use mnist_core::data::{CLASSES, Splits, sides};
use mnist_core::model::check_widths;
use nn::{Batch, Dataset};

use super::Matrix;

/// The largest number of parameters of the network in section 5. Each parameter is a variable on a tape.
const MAX_PARAMETERS: usize = 1_000_000;

/// The settings of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Whether training is cut short.
    pub quick: bool,
    /// The seed of the weights and points.
    pub seed: u64,
    /// The layer widths of the network in section 5, inputs first; `None` for several networks.
    pub widths: Option<Vec<usize>>,
    /// A folder with images, instead of the built-in ones.
    pub data: Option<PathBuf>,
    /// The number of a section into which an error is planted, to show that it is detected; 0 for the errata.
    pub planted: Option<usize>,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        ReaderSettings {
            quick: false,
            seed: 1,
            widths: None,
            data: None,
            planted: None,
        }
    }
}

/// The settings, and the images for the sections that need them.
#[derive(Debug)]
pub struct Reader {
    settings: ReaderSettings,
    digits: OnceLock<Digits>,
}

/// The images of digits.
#[derive(Debug)]
pub struct Digits(Splits);

impl Reader {
    /// Creates a reader.
    ///
    /// # Errors
    ///
    /// If the widths are invalid.
    pub fn new(settings: ReaderSettings) -> Result<Reader, Error> {
        if let Some(widths) = &settings.widths {
            if widths.len() < 2 {
                let cause = "a network needs at least inputs and outputs: two widths";
                return Err(Error::setting("--widths", cause));
            }
            check_widths(widths, MAX_PARAMETERS)?;
        }
        Ok(Reader {
            settings,
            digits: OnceLock::new(),
        })
    }

    /// The seed of the weights and points.
    pub fn seed(&self) -> u64 {
        // The sections add small numbers to the seed, which must not overflow.
        self.settings.seed % (1 << 32)
    }

    /// Whether training is cut short.
    pub fn quick(&self) -> bool {
        self.settings.quick
    }

    /// The layer widths of the network in section 5, if they are set.
    pub fn widths(&self) -> Option<&[usize]> {
        self.settings.widths.as_deref()
    }

    /// Whether an error is planted into the section with this number.
    pub fn planted_in(&self, section: usize) -> bool {
        self.settings.planted == Some(section)
    }

    /// Returns the images. The first call reads them.
    ///
    /// # Errors
    ///
    /// If the images cannot be read.
    pub fn digits(&self) -> Result<&Digits, Error> {
        if let Some(digits) = self.digits.get() {
            return Ok(digits);
        }
        let splits = match &self.settings.data {
            Some(path) => Splits::from_dir(path)?,
            None => Splits::embedded()?,
        };
        Ok(self.digits.get_or_init(|| Digits(splits)))
    }
}

impl Digits {
    /// The training images.
    pub fn training(&self) -> &Dataset {
        &self.0.train
    }

    /// The test images.
    pub fn test(&self) -> &Dataset {
        &self.0.test
    }

    /// The width of an image in pixels.
    pub fn side(&self) -> usize {
        sides(&self.0.train)[1]
    }

    /// A⁽⁰⁾ and Y of the first `count` training images: columns of pixels, and one-hot columns.
    pub fn first(&self, count: usize) -> (Matrix, Matrix) {
        let count = count.min(self.training().len());
        let (x, targets): (Tensor<f64>, Targets<f64>) = self.training().load(0..count);
        let y = targets.probabilities(CLASSES);
        (Matrix::of(&x).t(), Matrix::of(&y).t())
    }
}
