//! Trained networks in files: safetensors, with the network's shape beside the weights.

use crate::{Activation, Loss, Mlp, Parameters};
use autodiff::tensor::{Real, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
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
    Format(#[from] safetensors::SafeTensorError),
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
}

/// The key under which the network's shape is kept.
const KEY: &str = "network";

/// The network's shape, as the file tells it.
#[derive(Serialize, Deserialize)]
struct Description {
    widths: Vec<usize>,
    hidden: Activation,
    loss: Loss,
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
    let path = path.as_ref();
    let write = || -> Result<(), Cause> {
        let bytes = serialize(network, loss, parameters)?;
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

/// The bytes of a file that holds a network.
///
/// # Errors
///
/// If the format refuses it.
fn serialize<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
) -> Result<Vec<u8>, Cause> {
    let description = Description {
        widths: network.widths().to_vec(),
        hidden: network.hidden(),
        loss,
    };
    let description =
        serde_json::to_string(&description).map_err(|error| Cause::Network(error.to_string()))?;
    let tensors: Vec<(&str, Tensor<T>, Vec<u8>)> = parameters
        .iter()
        .map(|(name, tensor)| {
            let bytes = tensor.data().iter().flat_map(|&x| to_bytes(x)).collect();
            (name, tensor, bytes)
        })
        .collect();
    let mut views = Vec::new();
    for (name, tensor, bytes) in &tensors {
        views.push((
            *name,
            TensorView::new(dtype::<T>(), tensor.shape().to_vec(), bytes)?,
        ));
    }
    Ok(safetensors::serialize(
        views,
        Some(HashMap::from([(KEY.to_owned(), description)])),
    )?)
}

/// Reads a network from a file that [`save`] wrote, in either precision.
///
/// # Errors
///
/// If the file cannot be read, is not such a file, or its tensors are not those of its network.
pub fn load<T: Real>(path: impl AsRef<Path>) -> Result<Saved<T>, CheckpointError> {
    let path = path.as_ref();
    let read = || -> Result<Saved<T>, Cause> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Cause::TooLarge);
        }
        deserialize(&bytes)
    };
    read().map_err(|cause| CheckpointError {
        path: path.to_owned(),
        cause,
    })
}

fn deserialize<T: Real>(bytes: &[u8]) -> Result<Saved<T>, Cause> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let file = SafeTensors::deserialize(bytes)?;
    let description = metadata
        .metadata()
        .as_ref()
        .and_then(|entries| entries.get(KEY));
    let description = description
        .ok_or_else(|| Cause::Network(format!("there is no `{KEY}` in its metadata")))?;
    let Description {
        widths,
        hidden,
        loss,
    } = serde_json::from_str(description).map_err(|error| Cause::Network(error.to_string()))?;
    // The widths are checked against the tensors before anything of their size is made.
    if widths.len() < 2 || widths.contains(&0) {
        return Err(Cause::Network(format!(
            "a network cannot have the widths {widths:?}"
        )));
    }
    for (layer, pair) in widths.windows(2).enumerate() {
        check_shape(
            &file,
            format!("layers.{layer}.weight"),
            vec![pair[1], pair[0]],
        )?;
        check_shape(&file, format!("layers.{layer}.bias"), vec![pair[1]])?;
    }
    if let Loss::CrossEntropy { label_smoothing } = loss
        && !(0.0..=1.0).contains(&label_smoothing)
    {
        return Err(Cause::Network(format!(
            "a label smoothing of {label_smoothing} is not in [0, 1]"
        )));
    }

    let network = Mlp::new(&widths, hidden);
    let mut parameters = Parameters::zeros(network.layout().clone());
    for (number, slice) in network.layout().slices().iter().enumerate() {
        let view = file
            .tensor(&slice.name)
            .map_err(|_| Cause::Missing(slice.name.clone()))?;
        let values = parameters.slice_mut(number);
        match view.dtype() {
            Dtype::F32 => read_into(values, view.data().as_chunks().0, |bytes| {
                f64::from(f32::from_le_bytes(bytes))
            }),
            Dtype::F64 => read_into(values, view.data().as_chunks().0, f64::from_le_bytes),
            other => {
                return Err(Cause::Precision {
                    name: slice.name.clone(),
                    found: format!("{other:?}"),
                });
            }
        }
    }
    Ok(Saved {
        network,
        loss,
        parameters,
    })
}

fn check_shape(file: &SafeTensors<'_>, name: String, wanted: Vec<usize>) -> Result<(), Cause> {
    let Ok(view) = file.tensor(&name) else {
        return Err(Cause::Missing(name));
    };
    let found = view.shape().to_vec();
    if found == wanted {
        Ok(())
    } else {
        Err(Cause::Shape {
            name,
            found,
            wanted,
        })
    }
}

fn read_into<T: Real, const N: usize>(
    values: &mut [T],
    bytes: &[[u8; N]],
    decode: impl Fn([u8; N]) -> f64,
) {
    for (value, &bytes) in values.iter_mut().zip(bytes) {
        *value = T::from_f64(decode(bytes));
    }
}

fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == 4 {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// The bytes of a number, the least significant first, as the format wants them.
fn to_bytes<T: Real>(x: T) -> impl Iterator<Item = u8> {
    let wide = x.to_f64();
    let (bytes, length) = match dtype::<T>() {
        Dtype::F32 => {
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&(wide as f32).to_le_bytes());
            (bytes, 4)
        }
        _ => (wide.to_le_bytes(), 8),
    };
    bytes.into_iter().take(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Initializer;

    fn saved<T: Real>() -> Saved<T> {
        let network = Mlp::new(&[5, 4, 3], Activation::Tanh);
        let parameters = network.init(Initializer::Normal(1.0), 3);
        Saved {
            network,
            loss: Loss::cross_entropy(),
            parameters,
        }
    }

    fn bytes_of<T: Real>(saved: &Saved<T>) -> Vec<u8> {
        serialize(&saved.network, saved.loss, &saved.parameters).unwrap()
    }

    #[test]
    fn what_is_saved_is_loaded_again_in_either_precision() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let (double, single) = (saved::<f64>(), saved::<f32>());
        save(&path, &double.network, double.loss, &double.parameters).unwrap();
        assert_eq!(load::<f64>(&path).unwrap(), double);
        save(&path, &single.network, single.loss, &single.parameters).unwrap();
        assert_eq!(load::<f32>(&path).unwrap(), single);
        assert_eq!(
            load::<f64>(&path).unwrap().parameters.data()[0],
            f64::from(single.parameters.data()[0])
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file is left"
        );
    }

    #[test]
    fn a_file_cut_short_or_altered_is_refused() {
        let bytes = bytes_of(&saved::<f32>());
        for length in 0..bytes.len() {
            assert!(
                deserialize::<f32>(&bytes[..length]).is_err(),
                "cut at {length}"
            );
        }
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 0x11;
            // It may still be a file, of other numbers; it must not panic.
            let _ = deserialize::<f32>(&altered);
        }
    }

    #[test]
    fn other_shapes_and_names_are_told() {
        let wrong = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let text = bytes_of(&saved::<f32>());
            let place = text
                .windows(from.len())
                .position(|window| window == from.as_bytes())
                .unwrap();
            let mut altered = text.clone();
            altered[place..place + to.len()].copy_from_slice(to.as_bytes());
            deserialize::<f32>(&altered).unwrap_err().to_string()
        };
        assert_eq!(
            wrong("[5,4,3]", "[5,6,3]"),
            "tensor `layers.0.weight` has shape [4, 5], and the network needs [6, 5]"
        );
        assert_eq!(
            wrong("layers.1.bias", "layers.1.bits"),
            "there is no tensor `layers.1.bias`"
        );
        assert!(wrong("[5,4,3]", "[5,0,3]").contains("cannot have the widths"));
        assert!(wrong("tanh", "tank").contains("does not tell its network"));
    }

    #[test]
    fn an_earlier_file_stays_when_the_new_one_cannot_be_written() {
        let saved = saved::<f32>();
        let error = save(
            "/nowhere/weights",
            &saved.network,
            saved.loss,
            &saved.parameters,
        )
        .unwrap_err();
        assert!(
            error.to_string().starts_with("/nowhere/weights: "),
            "{error}"
        );
    }
}
