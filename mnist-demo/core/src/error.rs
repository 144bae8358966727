//! What can go wrong, each in one line that names the file or the option, and the cause.

use std::io;
use std::path::PathBuf;

use crate::report::counted;
use crate::{data, output, plot};

/// Why a command could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pictures cannot be used.
    #[error(transparent)]
    Data(#[from] data::Error),

    /// A result cannot be written.
    #[error(transparent)]
    Output(#[from] output::Error),

    /// Weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] nn::SnapshotError),

    /// The weights are those of a network for other pictures.
    #[error("{}: has {inputs} inputs and {outputs} outputs, but the pictures have {rows}×{cols} = {} pixels and {} classes",
        file.display(), rows * cols, data::CLASSES)]
    OtherNetwork {
        /// The file of the weights.
        file: PathBuf,
        /// The network's inputs.
        inputs: usize,
        /// The network's outputs.
        outputs: usize,
        /// The height of a picture in pixels.
        rows: usize,
        /// The width of a picture in pixels.
        cols: usize,
    },

    /// Some weights are infinite or no numbers.
    #[error("{}: contains weights that are not finite in single precision", file.display())]
    NotFinite {
        /// The file of the weights.
        file: PathBuf,
    },

    /// The weights are finite, but not what the network computes with them.
    #[error("{}: {cause}", file.display())]
    Overflow {
        /// The file of the weights.
        file: PathBuf,
        /// Which numbers are not finite.
        cause: String,
    },

    /// An option has a value that makes no sense.
    #[error("{option}: {cause}")]
    Setting {
        /// The option, as it is typed.
        option: &'static str,
        /// What is wrong with its value.
        cause: String,
    },

    /// There is no such picture in the test set.
    #[error("there is no test image {index}: they are numbered from 0 to {}", count.saturating_sub(1))]
    NoSuchPicture {
        /// The number that was asked for.
        index: usize,
        /// How many pictures there are.
        count: usize,
    },

    /// Training has run away.
    #[error(
        "after {} {cause}; try a smaller --learning-rate than {learning_rate:?} (nothing was written)",
        counted(*step, "step", "steps")
    )]
    Diverged {
        /// How many steps were taken before.
        step: u64,
        /// Which number is not finite.
        cause: String,
        /// The learning rate.
        learning_rate: f64,
    },

    /// A picture of a result cannot be drawn.
    #[error(transparent)]
    Plot(#[from] plot::Error),

    /// A digit cannot be encoded as PNG.
    #[error("cannot encode a digit: {0}")]
    Png(#[from] png::EncodingError),

    /// A result cannot be told as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),

    /// The threads cannot be started.
    #[error("--threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),

    /// Signals such as that of Ctrl-C cannot be caught.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),

    /// Nothing can be said: standard output is closed or full.
    #[error("standard output: {0}")]
    StandardOutput(io::Error),
}

impl Error {
    /// Blames the value of an option.
    pub fn setting(option: &'static str, cause: impl Into<String>) -> Self {
        Error::Setting {
            option,
            cause: cause.into(),
        }
    }
}
