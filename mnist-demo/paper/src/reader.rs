//! What the sections are told.

use std::path::PathBuf;
use std::sync::OnceLock;

use autodiff::Tensor;
use autodiff::tensor::Targets;
use mnist_core::Error;
use mnist_core::data::{CLASSES, Splits, sides};
use mnist_core::model::check_widths;
use nn::{Batch, Dataset};

use super::Matrix;

/// The most parameters of a network whose paths are walked: each is a number on a tape.
const MAX_PARAMETERS: usize = 1_000_000;

/// How the paper is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSettings {
    /// Whether training is cut short.
    pub quick: bool,
    /// What weights and points are drawn from.
    pub seed: u64,
    /// The widths of the network whose paths are walked, inputs first; several networks if there are none.
    pub widths: Option<Vec<usize>>,
    /// A folder of images in place of the built-in ones.
    pub data: Option<PathBuf>,
    /// A section into which an error is planted, to see that it is noticed; 0 stands for the errata.
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

/// ReaderSettings, and images for the sections that want them.
#[derive(Debug)]
pub struct Reader {
    settings: ReaderSettings,
    digits: OnceLock<Digits>,
}

/// The images of digits.
#[derive(Debug)]
pub struct Digits(Splits);

impl Reader {
    /// A reader with these settings.
    ///
    /// # Errors
    ///
    /// If the widths are not those of a network.
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

    /// What weights and points are drawn from.
    pub fn seed(&self) -> u64 {
        // Every section adds a little to the seed.
        self.settings.seed % (1 << 32)
    }

    /// Whether training is cut short.
    pub fn quick(&self) -> bool {
        self.settings.quick
    }

    /// The widths of the network whose paths are walked.
    pub fn widths(&self) -> Option<&[usize]> {
        self.settings.widths.as_deref()
    }

    /// Whether an error is planted into this section.
    pub fn planted_in(&self, section: usize) -> bool {
        self.settings.planted == Some(section)
    }

    /// The images, which are read when they are first asked for.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
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
    /// The images to learn from.
    pub fn training(&self) -> &Dataset {
        &self.0.train
    }

    /// The images to be tested with.
    pub fn test(&self) -> &Dataset {
        &self.0.test
    }

    /// The width of an image in pixels.
    pub fn side(&self) -> usize {
        sides(&self.0.train)[1]
    }

    /// A⁽⁰⁾ and Y of the first images: columns of pixels, and one-hot columns.
    pub fn first(&self, count: usize) -> (Matrix, Matrix) {
        let count = count.min(self.training().len());
        let (x, targets): (Tensor<f64>, Targets<f64>) = self.training().load(0..count);
        let y = targets.probabilities(CLASSES);
        (Matrix::of(&x).t(), Matrix::of(&y).t())
    }
}
