//! Trained networks in files: safetensors, with the network's shape beside the weights, and what the optimizer
//! remembers where training is to go on.

mod format;
#[cfg(test)]
mod tests;

use crate::{Loss, Mlp, Optimizer, Parameters, StateError};
use autodiff::tensor::Real;
use format::{Contents, serialize};
use safetensors::{SafeTensorError, SafeTensors};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 31;

/// A network with its parameters and the cost that it was trained for.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<T: Real> {
    /// The network.
    pub network: Mlp,
    /// The cost.
    pub loss: Loss,
    /// The parameters.
    pub parameters: Parameters<T>,
}

/// A file that could not be written or read.
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
    /// It does not say which network it holds.
    #[error("the file does not tell its network: {0}")]
    Network(String),
    /// A parameter of the network is missing.
    #[error("there is no tensor `{0}`")]
    Missing(String),
    /// A parameter has another shape than the network needs.
    #[error("tensor `{name}` has shape {found:?}, and the network needs {wanted:?}")]
    Shape {
        /// The name of the parameter.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the network needs.
        wanted: Vec<usize>,
    },
    /// A tensor holds something else than `f32` or `f64`.
    #[error("tensor `{name}` holds {found}, and f32 or f64 is wanted")]
    Precision {
        /// The name of the parameter.
        name: String,
        /// What it holds.
        found: String,
    },
    /// It holds a network alone, so training cannot go on from it.
    #[error("the file holds no optimizer")]
    NoOptimizer,
    /// The optimizer cannot go on from what the file holds of one.
    #[error("the optimizer in the file: {0}")]
    Optimizer(#[from] StateError),
}

/// Writes a network to a file, whole or not at all: an earlier file stays until the new one is complete.
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
/// If the file cannot be read, is not such a file, or its tensors are not those of its network.
pub fn load<T: Real>(path: impl AsRef<Path>) -> Result<Saved<T>, CheckpointError> {
    read(path.as_ref(), |bytes| Contents::parse(bytes)?.network())
}

/// Writes a network together with what the optimizer remembers, so that [`load_training`] can go on with the same bits.
///
/// The moments are tensors of their own, `optimizer.first_moment.layers.0.weight` and so on.
///
/// # Errors
///
/// If the file cannot be written, or the moments are not as large as the parameters.
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

/// Reads a file that [`save_training`] wrote: returns the network, and sets the optimizer to go on from there.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, its tensors are not those of its network, or it is about another
/// kind of optimizer; the optimizer is then as it was.
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
