//! Trained models in safetensors files: the parameters, what the model is made again from, and, if training is to be
//! resumed, the optimizer's state.

mod format;
mod header;
#[cfg(test)]
mod tests;
mod unique;

pub use header::{HeaderError, MAX_HEADER_BYTES};

pub use format::{MlpDescription, Tensors};

use crate::{MlpModel, Model, Optimizer, Parameters, StateError};
use autodiff::tensor::Real;
use format::{Contents, serialize};
use safetensors::SafeTensorError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The size of the largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 31;

/// A model that a file can describe, so that it is made again from the file.
///
/// ```
/// use nn::snapshot::{Cause, Describe, Tensors};
/// # use nn::{Builder, Layout, Model, Pass, layers::{Layer, Linear}};
/// # use autodiff::tensor::{Algebra, Real, Tensor};
/// # struct Affine { inputs: usize, layer: Linear, layout: std::sync::Arc<Layout> }
/// # impl Affine {
/// #     fn new(inputs: usize) -> Affine {
/// #         let b = Builder::new();
/// #         Affine { inputs, layer: Linear::new(&b, inputs, 1), layout: b.layout() }
/// #     }
/// # }
/// # impl Model for Affine {
/// #     type Chunk<T: Real> = Tensor<T>;
/// #     fn layout(&self) -> &std::sync::Arc<Layout> { &self.layout }
/// #     fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, x: Tensor<A::Element>) -> A {
/// #         self.layer.forward(pass, &pass.constant(x)).sum()
/// #     }
/// # }
///
/// impl Describe for Affine {
///     type Description = usize;
///
///     fn description(&self) -> usize {
///         self.inputs
///     }
///
///     fn from_description(inputs: usize, file: &Tensors<'_>) -> Result<Self, Cause> {
///         file.check("weight", &[1, inputs])?;
///         Ok(Affine::new(inputs))
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("affine.safetensors");
/// let model = Affine::new(3);
/// let parameters = model.layout().init::<f32>(1);
/// nn::snapshot::save(&path, &model, &parameters)?;
/// let saved: nn::Saved<f32, Affine> = nn::snapshot::load(&path)?;
/// assert_eq!(saved.parameters, parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Describe: Model + Sized {
    /// What the model is made from: its widths, say.
    type Description: Serialize + DeserializeOwned;

    /// What this model is made from.
    fn description(&self) -> Self::Description;

    /// Makes a model. The file may be hostile: what takes memory in proportion to a number in the description should be
    /// checked against the tensors of the file first. All tensors of the model's layout are checked afterwards.
    ///
    /// # Errors
    ///
    /// If there is no such model.
    fn from_description(description: Self::Description, file: &Tensors<'_>) -> Result<Self, Cause>;
}

/// A model with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved<T: Real, M = MlpModel> {
    /// The model.
    pub model: M,
    /// The parameters.
    pub parameters: Parameters<T>,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct SnapshotError {
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
    Io(#[from] io::Error),
    /// What should be replaced is a folder, a device, a pipe or a socket.
    #[error("not a regular file")]
    NotAFile,
    /// It is larger than [`MAX_BYTES`].
    #[error("the file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not in the safetensors format, or longer or shorter than its header says.
    #[error("not a safetensors file: {0}")]
    Header(#[from] HeaderError),
    /// It cannot be written in the safetensors format.
    #[error("cannot be written as safetensors: {0}")]
    Format(#[from] SafeTensorError),
    /// It does not say which model it contains, or there is no such model.
    #[error("the description of the network cannot be read: {0}")]
    Network(String),
    /// A parameter of the network is missing.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// A tensor belongs neither to the network nor to its optimizer.
    #[error("tensor `{0}` belongs to no layer")]
    Unexpected(String),
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

/// Writes a model to a file, atomically: an earlier file is replaced only once the new one is complete.
///
/// The new file has the permissions of the earlier one. If the path is a symbolic link, the file that it leads to is
/// replaced, and the link stays.
///
/// # Errors
///
/// If the file cannot be written, or there is something else than a regular file.
///
/// # Panics
///
/// If the parameters are those of another layout.
#[track_caller]
pub fn save<T: Real, M: Describe>(
    path: impl AsRef<Path>,
    model: &M,
    parameters: &Parameters<T>,
) -> Result<(), SnapshotError> {
    parameters.check_layout("save", model.layout());
    write(path.as_ref(), || serialize(model, parameters, None))
}

/// Reads a model from a file that [`save`] or [`save_training`] wrote, in either precision.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, or its tensors do not match its model.
pub fn load<T: Real, M: Describe>(path: impl AsRef<Path>) -> Result<Saved<T, M>, SnapshotError> {
    read(path.as_ref(), |contents: Contents<M>, data| {
        Ok(contents.saved(data))
    })
}

/// Reads a model from the bytes of such a file.
///
/// ```
/// # use nn::{Activation, Initializer, Mlp, Saved, StandardLoss, Supervised, snapshot};
/// # let network = Mlp::new(&[3, 2], Activation::Relu);
/// # let parameters = network.init::<f32>(Initializer::HeNormal, 1);
/// # let model = Supervised::new(network, StandardLoss::cross_entropy());
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("weights.safetensors");
/// snapshot::save(&file, &model, &parameters)?;
/// let bytes = std::fs::read(&file)?;
/// let saved: Saved<f32> = snapshot::from_bytes(&bytes)?;
/// assert_eq!(saved.parameters, parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If they are not those of such a file, or its tensors do not match its model.
pub fn from_bytes<T: Real, M: Describe>(mut bytes: &[u8]) -> Result<Saved<T, M>, Cause> {
    let size = bytes.len() as u64;
    let contents = Contents::read(&mut bytes, Some(size))?;
    Ok(contents.saved(bytes))
}

/// Writes a model together with the optimizer's state, so that training resumed by [`load_training`] has the same bits.
///
/// Each moment is stored as tensors of its own: `optimizer.first_moment.layers.0.weight` and so on.
///
/// # Errors
///
/// As [`save`], or if the moments do not have the size of the parameters.
///
/// # Panics
///
/// As [`save`].
///
/// ```
/// use nn::{Activation, Adam, Initializer, Mlp, Saved, StandardLoss, Supervised, snapshot};
///
/// let network = Mlp::new(&[3, 2], Activation::Relu);
/// let mut parameters = network.init::<f32>(Initializer::HeNormal, 1);
/// let mut adam = Adam::new(0.01);
/// let gradient = network.init::<f32>(Initializer::HeNormal, 2);
/// adam.step(parameters.data_mut(), gradient.data())?;
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("training.safetensors");
/// let model = Supervised::new(network, StandardLoss::cross_entropy());
/// snapshot::save_training(&file, &model, &parameters, &adam)?;
/// let mut resumed = Adam::new(0.0);
/// let saved: Saved<f32> = snapshot::load_training(&file, &mut resumed)?;
/// assert_eq!(saved.parameters, parameters);
/// assert_eq!(resumed, adam);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[track_caller]
pub fn save_training<T: Real, M: Describe>(
    path: impl AsRef<Path>,
    model: &M,
    parameters: &Parameters<T>,
    optimizer: &dyn Optimizer<T>,
) -> Result<(), SnapshotError> {
    parameters.check_layout("save_training", model.layout());
    write(path.as_ref(), || {
        serialize(model, parameters, Some(&optimizer.state()))
    })
}

/// Reads a file that [`save_training`] wrote: returns the model, and restores the optimizer's state.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, its tensors do not match its model, or its optimizer is of another
/// kind; the optimizer is then unchanged.
pub fn load_training<T: Real, M: Describe>(
    path: impl AsRef<Path>,
    optimizer: &mut dyn Optimizer<T>,
) -> Result<Saved<T, M>, SnapshotError> {
    read(path.as_ref(), |contents: Contents<M>, data| {
        let state = contents.optimizer(data);
        let saved = contents.saved(data);
        optimizer.restore(state.ok_or(Cause::NoOptimizer)?)?;
        Ok(saved)
    })
}

fn write(
    path: &Path,
    contents: impl FnOnce() -> Result<Vec<u8>, Cause>,
) -> Result<(), SnapshotError> {
    let write = || -> Result<(), Cause> {
        let bytes = contents()?;
        let (path, earlier) = target(path)?;
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
        if let Some(earlier) = earlier {
            take_over(file.as_file(), &earlier)?;
        }
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|failure| failure.error)?;
        Ok(())
    };
    write().map_err(|cause| SnapshotError {
        path: path.to_owned(),
        cause,
    })
}

/// The file that a path leads to behind all symbolic links, and what is known of it if it is there.
///
/// # Errors
///
/// If it is not a regular file, or the links lead nowhere.
fn target(path: &Path) -> Result<(PathBuf, Option<Metadata>), Cause> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok((fs::canonicalize(path)?, Some(found))),
        Ok(_) => Err(Cause::NotAFile),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // A link to a file that is yet to be made. Links in a circle are another error.
            let mut path = path.to_owned();
            while let Ok(link) = fs::read_link(&path) {
                path = path.parent().unwrap_or(Path::new("")).join(link);
            }
            Ok((path, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a file the permissions of an earlier one, and its owner as far as the system allows that.
fn take_over(file: &File, earlier: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may give files away; for others the new file stays their own.
        let _ = fchown(file, Some(earlier.uid()), Some(earlier.gid()));
    }
    file.set_permissions(earlier.permissions())
}

/// Reads a file: its header first, and the data only if there is nothing wrong with that.
fn read<R, M: Describe>(
    path: &Path,
    understand: impl FnOnce(Contents<M>, &[u8]) -> Result<R, Cause>,
) -> Result<R, SnapshotError> {
    let read = || -> Result<R, Cause> {
        let mut file = File::open(path)?;
        let found = file.metadata()?;
        // The size of a pipe or a device is not known.
        let size = found.is_file().then_some(found.len());
        let contents = Contents::read(&mut file, size)?;
        let data = contents.read_data(&mut file)?;
        understand(contents, &data)
    };
    read().map_err(|cause| SnapshotError {
        path: path.to_owned(),
        cause,
    })
}
