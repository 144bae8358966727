//! The crate's error type. Each message is one line that names the file or option, and the cause.

use std::io;
use std::path::PathBuf;

use crate::report::counted;
use crate::{data, output, plot};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data set or an image cannot be used.
    #[error(transparent)]
    Data(#[from] data::Error),

    /// A result cannot be written.
    #[error(transparent)]
    Output(#[from] output::Error),

    /// Weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] nn::SnapshotError),

    /// The weights belong to a network for images of another size or with other classes.
    #[error("{}: has {inputs} inputs and {outputs} outputs, but the images have {rows}×{cols} = {} pixels and {} classes",
        file.display(), rows * cols, data::CLASSES)]
    OtherNetwork {
        /// The file with the weights.
        file: PathBuf,
        /// The number of the network's inputs.
        inputs: usize,
        /// The number of the network's outputs.
        outputs: usize,
        /// The height of an image in pixels.
        rows: usize,
        /// The width of an image in pixels.
        cols: usize,
    },

    /// Some weights are infinite or NaN.
    #[error("{}: contains weights that are not finite in single precision", file.display())]
    NotFinite {
        /// The file with the weights.
        file: PathBuf,
    },

    /// The weights are finite, but some layer's output is not.
    #[error("{}: {cause}", file.display())]
    Overflow {
        /// The file with the weights.
        file: PathBuf,
        /// Which values are not finite.
        cause: String,
    },

    /// The value of an option is invalid.
    #[error("{option}: {cause}")]
    Setting {
        /// The option, such as `--batch`.
        option: &'static str,
        /// Why its value is invalid.
        cause: String,
    },

    /// The test set has no image with this number.
    #[error("there is no test image {index}: they are numbered from 0 to {}", count.saturating_sub(1))]
    NoSuchImage {
        /// The requested number.
        index: usize,
        /// The number of images in the test set.
        count: usize,
    },

    /// Training diverged.
    #[error(
        "after {} {cause}; try a smaller --learning-rate than {learning_rate:?} (nothing was written)",
        counted(*step, "step", "steps")
    )]
    Diverged {
        /// The number of steps taken before.
        step: u64,
        /// Which value is not finite.
        cause: String,
        /// The learning rate.
        learning_rate: f64,
    },

    /// A plot cannot be drawn.
    #[error(transparent)]
    Plot(#[from] plot::Error),

    /// A digit cannot be encoded as PNG.
    #[error("cannot encode a digit: {0}")]
    Png(#[from] png::EncodingError),

    /// A result cannot be serialized as JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),

    /// The threads cannot be started.
    #[error("--threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),

    /// The training cannot be done on several ranks.
    #[error(transparent)]
    Distribution(#[from] nn::distributed::DistributionError),

    /// A rank was started differently than rank 0.
    #[error(transparent)]
    Disagreement(#[from] nn::distributed::Disagreement),

    /// The file of the program, which ranks compare, cannot be read.
    #[error("cannot read the file of this program: {0}")]
    Program(io::Error),

    /// What is wrong on this rank, although another has succeeded.
    #[error("rank {rank}: {cause}")]
    OnRank {
        /// The rank.
        rank: usize,
        /// What is wrong.
        cause: Box<Error>,
    },

    /// Another rank has failed, and reports why.
    #[error("another rank has failed")]
    OtherRank,

    /// The arguments cannot be understood.
    #[error("{0}")]
    Arguments(String),

    /// The handlers of signals such as Ctrl-C cannot be installed.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),

    /// Standard output is closed or full.
    #[error("standard output: {0}")]
    StandardOutput(io::Error),
}

impl Error {
    /// An [`Error::Setting`] for `option`.
    pub fn setting(option: &'static str, cause: impl Into<String>) -> Self {
        Error::Setting {
            option,
            cause: cause.into(),
        }
    }
}
