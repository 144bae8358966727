//! What a file contains: which network, its loss, and the state of an optimizer.

use super::header::{Header, HeaderError, LENGTH_BYTES};
use super::unique::Unique;
use super::{Cause, MAX_BYTES, Saved};
use crate::{Activation, Loss, Mlp, OptimizerState, Parameters};
use autodiff::tensor::{Real, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

/// The key under which the network's shape is kept.
const KEY: &str = "network";

/// The network's shape, as the file tells it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    widths: Vec<usize>,
    hidden: Activation,
    loss: Loss,
    // It is told under the same key, since the order of several is left to chance, and equal trainings should give
    // equal files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    optimizer: Option<OptimizerDescription>,
}

/// What the optimizer remembers, except for its moments, which are tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptimizerDescription {
    name: String,
    #[serde(deserialize_with = "without_duplicates")]
    settings: serde_json::Value,
    steps: u64,
    moments: Vec<String>,
}

fn without_duplicates<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<serde_json::Value, D::Error> {
    Unique::deserialize(deserializer).map(|Unique(value)| value)
}

/// What stands before the name of a parameter in the name of a moment's slice.
fn prefix(moment: &str) -> String {
    format!("optimizer.{moment}.")
}

/// The bytes of a file that holds a network, and what an optimizer remembers if there is one.
///
/// # Errors
///
/// If the moments are not as large as the parameters, or the format refuses something.
pub(super) fn serialize<T: Real>(
    network: &Mlp,
    loss: Loss,
    parameters: &Parameters<T>,
    optimizer: Option<&OptimizerState<T>>,
) -> Result<Vec<u8>, Cause> {
    let description = Description {
        widths: network.widths().to_vec(),
        hidden: network.hidden(),
        loss,
        optimizer: optimizer.map(|state| OptimizerDescription {
            name: state.name.clone(),
            settings: state.settings.clone(),
            steps: state.steps,
            moments: state.moments.iter().map(|(name, _)| name.clone()).collect(),
        }),
    };
    let description =
        serde_json::to_string(&description).map_err(|error| Cause::Network(error.to_string()))?;
    let mut tensors: Vec<(String, Tensor<T>)> = parameters
        .iter()
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .collect();
    for (moment, flat) in optimizer.iter().flat_map(|state| &state.moments) {
        let layout = parameters.layout();
        if flat.size() != layout.size() {
            return Err(Cause::Shape {
                name: prefix(moment),
                found: vec![flat.size()],
                wanted: vec![layout.size()],
            });
        }
        tensors.extend(layout.slices().iter().map(|slice| {
            let name = prefix(moment) + &slice.name;
            (name, flat.view(slice.offset, &slice.shape))
        }));
    }
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, tensor)| tensor.data().iter().flat_map(|&x| to_bytes(x)).collect())
        .collect();
    let mut views = Vec::new();
    for ((name, tensor), bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(dtype::<T>(), tensor.shape().to_vec(), bytes)?;
        views.push((name, view));
    }
    let metadata = HashMap::from([(KEY.to_owned(), description)]);
    let file = safetensors::serialize(views, Some(metadata))?;
    // What cannot be read again is not written.
    if let Some(&length) = file.first_chunk() {
        Header::length(length)?;
    }
    if file.len() as u64 > MAX_BYTES {
        return Err(Cause::TooLarge);
    }
    Ok(file)
}

/// A file by its header, which is checked before any of the data is read.
pub(super) struct Contents {
    header: Header,
    network: Mlp,
    loss: Loss,
    optimizer: Option<OptimizerDescription>,
}

impl Contents {
    /// Reads the header of a file, and no more of it. The size of the file is compared with what it should be, if it is
    /// known.
    pub(super) fn read(source: &mut impl Read, file_size: Option<u64>) -> Result<Self, Cause> {
        let header = read_header(source, file_size)?;
        let description = header.metadata.get(KEY);
        let description = description
            .ok_or_else(|| Cause::Network(format!("there is no `{KEY}` in its metadata")))?;
        let Description {
            widths,
            hidden,
            loss,
            optimizer,
        } = serde_json::from_str(description).map_err(|error| Cause::Network(error.to_string()))?;

        // The widths are checked against the tensors before anything of their size is made.
        if widths.len() < 2 || widths.contains(&0) {
            return Err(Cause::Network(format!(
                "a network cannot have the widths {widths:?}"
            )));
        }
        for (layer, pair) in widths.windows(2).enumerate() {
            find(
                &header,
                &format!("layers.{layer}.weight"),
                &[pair[1], pair[0]],
            )?;
            find(&header, &format!("layers.{layer}.bias"), &[pair[1]])?;
        }
        if let Loss::CrossEntropy { label_smoothing } = loss
            && !(0.0..=1.0).contains(&label_smoothing)
        {
            return Err(Cause::Network(format!(
                "a label smoothing of {label_smoothing} is not in [0, 1]"
            )));
        }
        let network = Mlp::new(&widths, hidden);
        let contents = Contents {
            header,
            network,
            loss,
            optimizer,
        };
        contents.check_names()?;
        Ok(contents)
    }

    /// Whether there are all tensors of the moments, and none that belongs to nothing.
    fn check_names(&self) -> Result<(), Cause> {
        let slices = self.network.layout().slices();
        let mut names: HashSet<String> = slices.iter().map(|slice| slice.name.clone()).collect();
        for moment in self.optimizer.iter().flat_map(|state| &state.moments) {
            for slice in slices {
                let name = prefix(moment) + &slice.name;
                find(&self.header, &name, &slice.shape)?;
                // So no more memory is taken than the file is large: a moment may not be told again and again.
                if !names.insert(name) {
                    return Err(Cause::Network(format!(
                        "the moment `{moment}` is told twice"
                    )));
                }
            }
        }
        match self.header.names().find(|&name| !names.contains(name)) {
            Some(name) => Err(Cause::Unexpected(name.to_owned())),
            None => Ok(()),
        }
    }

    /// Reads the data behind the header, and one byte more, which must not be there.
    pub(super) fn read_data(&self, source: &mut impl Read) -> Result<Vec<u8>, Cause> {
        let data = read_up_to(source, self.header.data_size + 1)?;
        self.header.check_data(&data)?;
        Ok(data)
    }

    /// The network with its parameters.
    pub(super) fn network<T: Real>(self, data: &[u8]) -> Saved<T> {
        Saved {
            parameters: self.parameters("", data),
            network: self.network,
            loss: self.loss,
        }
    }

    /// What the optimizer remembers, if the file contains it.
    pub(super) fn optimizer<T: Real>(&self, data: &[u8]) -> Option<OptimizerState<T>> {
        let description = self.optimizer.as_ref()?;
        let moments = description.moments.iter().map(|name| {
            let moment = self.parameters::<T>(&prefix(name), data);
            (name.clone(), Tensor::from(moment.data()))
        });
        Some(OptimizerState {
            name: description.name.clone(),
            settings: description.settings.clone(),
            steps: description.steps,
            moments: moments.collect(),
        })
    }

    /// The parameters, or what is as large as they, from the tensors that have the names of the slices behind the prefix.
    fn parameters<T: Real>(&self, prefix: &str, data: &[u8]) -> Parameters<T> {
        let layout = self.network.layout();
        let mut parameters = Parameters::zeros(Arc::clone(layout));
        for (number, slice) in layout.slices().iter().enumerate() {
            let Some(tensor) = self.header.tensor(&format!("{prefix}{}", slice.name)) else {
                unreachable!("the names were checked");
            };
            let values = parameters.slice_mut(number);
            let bytes = &data[tensor.range()];
            match tensor.dtype {
                Dtype::F32 => read_into(values, bytes.as_chunks().0, |bytes| {
                    f64::from(f32::from_le_bytes(bytes))
                }),
                _ => read_into(values, bytes.as_chunks().0, f64::from_le_bytes),
            }
        }
        parameters
    }
}

/// Reads the header of a file, and no more of it.
fn read_header(source: &mut impl Read, file_size: Option<u64>) -> Result<Header, Cause> {
    let length = read_up_to(source, LENGTH_BYTES)?;
    let Some(&length) = length.first_chunk() else {
        return Err(cut_short(length.len(), LENGTH_BYTES));
    };
    let length = Header::length(length)?;
    let json = read_up_to(source, length)?;
    if json.len() < length {
        return Err(cut_short(LENGTH_BYTES + json.len(), LENGTH_BYTES + length));
    }
    let header = Header::parse(&json)?;
    if header.file_size > MAX_BYTES {
        return Err(Cause::TooLarge);
    }
    if let Some(found) = file_size {
        header.check_size(found)?;
    }
    Ok(header)
}

fn cut_short(found: usize, wanted: usize) -> Cause {
    let [found, wanted] = [found, wanted].map(|size| size as u64);
    HeaderError::CutShort { found, wanted }.into()
}

/// Up to so many bytes: fewer only if there are no more.
fn read_up_to(source: &mut impl Read, count: usize) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    source.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The tensor of the given name, which must be of floating-point numbers and have the shape that is wanted.
fn find(header: &Header, name: &str, wanted: &[usize]) -> Result<(), Cause> {
    let Some(tensor) = header.tensor(name) else {
        return Err(Cause::Missing(name.to_owned()));
    };
    if tensor.shape != wanted {
        return Err(Cause::Shape {
            name: name.to_owned(),
            found: tensor.shape.clone(),
            wanted: wanted.to_vec(),
        });
    }
    match tensor.dtype {
        Dtype::F32 | Dtype::F64 => Ok(()),
        other => Err(Cause::Precision {
            name: name.to_owned(),
            found: format!("{other:?}"),
        }),
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
