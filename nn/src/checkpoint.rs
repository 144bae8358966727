//! Trained networks in safetensors files: the weights, the network's shape, and, if training is to be resumed, the
//! optimizer's state.

mod format;
#[cfg(test)]
mod tests;

use crate::{Loss, Mlp, Optimizer, Parameters, StateError};
use autodiff::tensor::Real;
use format::{Contents, serialize};
use safetensors::{SafeTensorError, SafeTensors};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The size of the largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 31;

/// A network with its parameters and the cost it was trained for.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<T: Real> {
    /// The network.
    pub network: Mlp,
    /// The cost.
    pub loss: Loss,
    /// The parameters.
    pub parameters: Parameters<T>,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct CheckpointError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub cause: Cause,
}

/// What can be wrong with a file of weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is larger than [`MAX_BYTES`].
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not in the safetensors format.
    #[error("not a safetensors file: {0}")]
    Format(#[from] SafeTensorError),
    /// It does not say which network it contains.
    #[error("the description of the network cannot be read: {0}")]
    Network(String),
    /// A parameter of the network is missing.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// A parameter does not have the shape that the network needs.
    #[error("tensor `{name}` has shape {found:?}, but the network needs {wanted:?}")]
    Shape {
        /// The name of the parameter.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the network needs.
        wanted: Vec<usize>,
    },
    /// The elements of a tensor are neither `f32` nor `f64`.
    #[error("tensor `{name}` is of type {found}, not F32 or F64")]
    Precision {
        /// The name of the parameter.
        name: String,
        /// The type of its elements.
        found: String,
    },
    /// It contains a network but no optimizer state, so training cannot be resumed from it.
    #[error("the file contains no optimizer state")]
    NoOptimizer,
    /// The optimizer cannot be restored from the state in the file.
    #[error("the optimizer state cannot be used: {0}")]
    Optimizer(#[from] StateError),
}

/// Writes a network to a file, atomically: an earlier file is replaced only once the new one is complete.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save<T: Real>(
    path: impl AsRef<Path>,
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
) -> Result<(), CheckpointError> {
    write(path.as_ref(), || serialize(network, loss, parameters, None))
}

/// Reads a network from a file that [`save`] or [`save_training`] wrote, in either precision.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, or its tensors do not match its network.
pub fn load<T: Real>(path: impl AsRef<Path>) -> Result<Saved<T>, CheckpointError> {
    read(path.as_ref(), |bytes| Contents::parse(bytes)?.network())
}

/// Writes a network together with the optimizer's state, so that training resumed by [`load_training`] has the same bits.
///
/// Each moment is stored as tensors of its own: `optimizer.first_moment.layers.0.weight` and so on.
///
/// # Errors
///
/// If the file cannot be written, or the moments do not have the size of the parameters.
///
/// ```
/// use nn::{Activation, Adam, Initializer, Loss, Mlp, checkpoint};
///
/// let network = Mlp::new(&[3, 2], Activation::Relu);
/// let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
/// let mut adam = Adam::new(0.01);
/// let gradient = network.init::<f32>(Initializer::HeNormal, 2);
/// adam.step(parameters.data_mut(), gradient.data());
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("training.safetensors");
/// checkpoint::save_training(&file, &network, Loss::cross_entropy(), &parameters, &adam)?;
/// let mut resumed = Adam::new(0.0);
/// let saved = checkpoint::load_training(&file, &mut resumed)?;
/// assert_eq!(saved.parameters, parameters);
/// assert_eq!(resumed, adam);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_training<T: Real>(
    path: impl AsRef<Path>,
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    optimizer: &dyn Optimizer<T>,
) -> Result<(), CheckpointError> {
    write(path.as_ref(), || {
        serialize(network, loss, parameters, Some(&optimizer.state()))
    })
}

/// Reads a file that [`save_training`] wrote: returns the network, and restores the optimizer's state.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, its tensors do not match its network, or its optimizer is of another
/// kind; the optimizer is then unchanged.
pub fn load_training<T: Real>(
    path: impl AsRef<Path>,
    optimizer: &mut dyn Optimizer<T>,
) -> Result<Saved<T>, CheckpointError> {
    read(path.as_ref(), |bytes| {
        let contents = Contents::parse(bytes)?;
        let saved = contents.network()?;
        let state = contents.optimizer(saved.network.layout())?;
        optimizer.restore(state.ok_or(Cause::NoOptimizer)?)?;
        Ok(saved)
    })
}

fn write(
    path: &Path,
    contents: impl FnOnce() -> Result<Vec<u8>, Cause>,
) -> Result<(), CheckpointError> {
    let write = || -> Result<(), Cause> {
        let bytes = contents()?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".unfinished-");
        // Others may read what the user lets them, as with any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failure| failure.error)?;
        Ok(())
    };
    write().map_err(|cause| CheckpointError {
        path: path.to_owned(),
        cause,
    })
}

fn read<R>(
    path: &Path,
    understand: impl FnOnce(&[u8]) -> Result<R, Cause>,
) -> Result<R, CheckpointError> {
    let read = || -> Result<R, Cause> {
        let mut file = std::fs::File::open(path)?.take(MAX_BYTES + 1);
        let mut bytes = Vec::new();
        // By the length of its header nearly every other file is known before the rest of it is read.
        file.by_ref().take(8).read_to_end(&mut bytes)?;
        match SafeTensors::read_metadata(&bytes) {
            // Of a good file, the header itself is all that is missing.
            Ok(_) | Err(SafeTensorError::InvalidHeaderLength) => {}
            Err(error) => return Err(error.into()),
        }
        if file.get_ref().metadata()?.len() > MAX_BYTES {
            return Err(Cause::TooLarge);
        }
        file.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Cause::TooLarge);
        }
        understand(&bytes)
    };
    read().map_err(|cause| CheckpointError {
        path: path.to_owned(),
        cause,
    })
}
