//! The errors of files with models.

use super::{HeaderError, MAX_BYTES};
use crate::StateError;
use safetensors::SafeTensorError;
use std::io;
use std::path::PathBuf;

/// The error for a file that could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct SnapshotError {
    /// The path of the file.
    pub path: PathBuf,
    /// What is wrong with the file.
    #[source]
    pub cause: Cause,
}

/// The cause of a [`SnapshotError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file to be replaced is a folder, a device, a pipe or a socket.
    #[error("not a regular file")]
    NotAFile,
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The file is not in the safetensors format, or is longer or shorter than its header says.
    #[error("not a safetensors file: {0}")]
    Header(#[from] HeaderError),
    /// The model cannot be written in the safetensors format.
    #[error("cannot be written as safetensors: {0}")]
    Format(#[from] SafeTensorError),
    /// The file does not describe its model, or no model has this description.
    #[error("the description of the network cannot be read: {0}")]
    Network(String),
    /// A tensor of the model or its optimizer is missing.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// A tensor belongs neither to the model nor to its optimizer.
    #[error("tensor `{0}` belongs to no layer")]
    Unexpected(String),
    /// A tensor does not have the shape that the model needs.
    #[error("tensor `{name}` has shape {found:?}, but the network needs {wanted:?}")]
    Shape {
        /// The name of the tensor.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the model needs.
        wanted: Vec<usize>,
    },
    /// The elements of a tensor are neither `f32` nor `f64`.
    #[error("tensor `{name}` is of type {found}, not F32 or F64")]
    Precision {
        /// The name of the tensor.
        name: String,
        /// The type of its elements.
        found: String,
    },
    /// The file contains no optimizer state, so training cannot be resumed from it.
    #[error("the file contains no optimizer state")]
    NoOptimizer,
    /// The optimizer cannot be restored from the state in the file.
    #[error("the optimizer state cannot be used: {0}")]
    Optimizer(#[from] StateError),
}
