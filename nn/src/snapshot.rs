//! Snapshots: safetensors files of trained models. A file contains the parameters, a description from which the model
//! is rebuilt, and optionally the state of an optimizer, to resume a training.

mod error;
mod format;
mod header;
#[cfg(test)]
mod tests;
mod unique;

pub use error::{Cause, SnapshotError};
pub use format::{MlpDescription, Tensors};
pub use header::{HeaderError, MAX_HEADER_BYTES};

use crate::{MlpModel, Model, Optimizer, OptimizerState, Parameters};
use autodiff::tensor::Real;
use format::{Contents, serialize};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The largest size of a file that is read or written, in bytes.
pub const MAX_BYTES: u64 = 1 << 31;

/// The beginning of the names of files that are not complete. One stays if the program is killed while it writes.
pub const UNFINISHED: &str = ".unfinished-";

/// A model that can be rebuilt from a description in a file.
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
/// let saved: nn::Snapshot<f32, Affine> = nn::snapshot::load(&path)?;
/// assert_eq!(saved.parameters, parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Describe: Model + Sized {
    /// The data that the model is rebuilt from, such as its widths.
    type Description: Serialize + DeserializeOwned;

    /// Returns the description of this model.
    fn description(&self) -> Self::Description;

    /// Returns the model of a description.
    ///
    /// The file may be hostile. Before the method allocates memory in proportion to a number in the description, it
    /// should check the number against the tensors of the file. All tensors of the model's layout are checked
    /// afterwards.
    ///
    /// # Errors
    ///
    /// If no model has this description, or the tensors of the file do not match it.
    fn from_description(description: Self::Description, file: &Tensors<'_>) -> Result<Self, Cause>;
}

/// Texts by name, such as the seed of a training, which a program stores with a model for its own use.
pub type Notes = BTreeMap<String, String>;

/// A model together with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<T: Real, M = MlpModel> {
    /// The model.
    pub model: M,
    /// The parameters.
    pub parameters: Parameters<T>,
    /// The [notes](crate::Training::notes) of the training that wrote the file.
    pub notes: Notes,
}

/// Writes a model to a file atomically: an earlier file is replaced only when the new file is complete.
///
/// The new file has the permissions of the earlier file. If the path is a symbolic link, its target is replaced, and
/// the link stays.
///
/// # Errors
///
/// If the file cannot be written, or the path leads to something other than a regular file.
///
/// # Panics
///
/// If the parameters have another layout than the model.
#[track_caller]
pub fn save<T: Real, M: Describe>(
    path: impl AsRef<Path>,
    model: &M,
    parameters: &Parameters<T>,
) -> Result<(), SnapshotError> {
    parameters.check_layout("save", model.layout());
    write(path.as_ref(), || {
        serialize(model, parameters, None, &Notes::new())
    })
}

/// Reads a model from a file that [`save`] or [`save_training`] wrote. The numbers are converted to `T` if the file has
/// the other precision.
///
/// # Errors
///
/// If the file cannot be read, is not a snapshot of an `M`, or its tensors do not match its model.
pub fn load<T: Real, M: Describe>(path: impl AsRef<Path>) -> Result<Snapshot<T, M>, SnapshotError> {
    read(path.as_ref(), |contents: Contents<M>, data| {
        Ok(contents.saved(data))
    })
}

/// Reads a model from the bytes of a file that [`save`] or [`save_training`] wrote.
///
/// ```
/// # use nn::{Activation, Initializer, Mlp, Snapshot, StandardLoss, Supervised, snapshot};
/// # let network = Mlp::new(&[3, 2], Activation::Relu);
/// # let parameters = network.init::<f32>(Initializer::HeNormal, 1);
/// # let model = Supervised::new(network, StandardLoss::cross_entropy());
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("weights.safetensors");
/// snapshot::save(&file, &model, &parameters)?;
/// let bytes = std::fs::read(&file)?;
/// let saved: Snapshot<f32> = snapshot::from_bytes(&bytes)?;
/// assert_eq!(saved.parameters, parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the bytes are not a snapshot of an `M`, or its tensors do not match its model.
pub fn from_bytes<T: Real, M: Describe>(mut bytes: &[u8]) -> Result<Snapshot<T, M>, Cause> {
    let size = bytes.len() as u64;
    let contents = Contents::read(&mut bytes, Some(size))?;
    Ok(contents.saved(bytes))
}

/// Writes a model together with the optimizer's state, so that a training resumed by [`load_training`] has the same
/// bits.
///
/// Each moment is stored as a tensor for each parameter: `optimizer.first_moment.layers.0.weight` and so on. The file
/// is replaced as by [`save`].
///
/// # Errors
///
/// If the file cannot be written, the path leads to something other than a regular file, or the moments do not have the
/// size of the parameters.
///
/// # Panics
///
/// If the parameters have another layout than the model.
///
/// ```
/// use nn::{Activation, Adam, Initializer, Mlp, Snapshot, StandardLoss, Supervised, snapshot};
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
/// let saved: Snapshot<f32> = snapshot::load_training(&file, &mut resumed)?;
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
    let state = optimizer.state();
    write_training(path.as_ref(), model, parameters, &state, &Notes::new())
}

/// Writes a model together with a state of its optimizer, and notes.
pub(crate) fn write_training<T: Real, M: Describe>(
    path: &Path,
    model: &M,
    parameters: &Parameters<T>,
    state: &OptimizerState<T>,
    notes: &Notes,
) -> Result<(), SnapshotError> {
    write(path, || serialize(model, parameters, Some(state), notes))
}

/// Reads a file that [`save_training`] wrote. Returns the model, and restores the optimizer's state.
///
/// # Errors
///
/// If the file cannot be read, is not a snapshot of an `M`, its tensors do not match its model, or its optimizer is of
/// another kind. The optimizer is then unchanged.
pub fn load_training<T: Real, M: Describe>(
    path: impl AsRef<Path>,
    optimizer: &mut dyn Optimizer<T>,
) -> Result<Snapshot<T, M>, SnapshotError> {
    read(path.as_ref(), |contents, data| {
        restored(contents, data, optimizer)
    })
}

/// Reads a model from the bytes of a file that [`save_training`] wrote, and restores the optimizer's state.
///
/// # Errors
///
/// As for [`load_training`].
pub fn training_from_bytes<T: Real, M: Describe>(
    mut bytes: &[u8],
    optimizer: &mut dyn Optimizer<T>,
) -> Result<Snapshot<T, M>, Cause> {
    let size = bytes.len() as u64;
    let contents = Contents::read(&mut bytes, Some(size))?;
    restored(contents, bytes, optimizer)
}

/// Returns the model of a file, and restores the optimizer's state.
fn restored<T: Real, M: Describe>(
    contents: Contents<M>,
    data: &[u8],
    optimizer: &mut dyn Optimizer<T>,
) -> Result<Snapshot<T, M>, Cause> {
    let state = contents.optimizer(data).ok_or(Cause::NoOptimizer)?;
    optimizer.restore(state)?;
    Ok(contents.saved(data))
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
        builder.prefix(UNFINISHED);
        // The usual permissions of a new file, restricted by the umask. The default of `tempfile` is private.
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

/// Returns the path behind all symbolic links, and the metadata of the file if it exists.
///
/// # Errors
///
/// If the path leads to something other than a regular file, or the links form a cycle.
fn target(path: &Path) -> Result<(PathBuf, Option<Metadata>), Cause> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok((fs::canonicalize(path)?, Some(found))),
        Ok(_) => Err(Cause::NotAFile),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // The path may be a link to a file that does not exist yet. A cycle of links is another error.
            let mut path = path.to_owned();
            while let Ok(link) = fs::read_link(&path) {
                path = path.parent().unwrap_or(Path::new("")).join(link);
            }
            Ok((path, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a file the permissions of an earlier file, and its owner if the system allows that.
fn take_over(file: &File, earlier: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may change the owner; other users keep the new file as their own.
        let _ = fchown(file, Some(earlier.uid()), Some(earlier.gid()));
    }
    file.set_permissions(earlier.permissions())
}

/// Reads a file: first its header, and the data only if the header is valid.
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
