//! The contents of a file: the description of a model, its parameters and statistics, and the state of an optimizer.

use super::header::{Header, HeaderError, LENGTH_BYTES};
use super::unique::Unique;
use super::{Cause, Describe, MAX_BYTES, Notes, Snapshot};
use crate::{
    Activation, Layout, Loss, Mlp, MlpModel, OptimizerState, Parameters, StandardLoss, Supervised,
};
use autodiff::tensor::{Real, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::Arc;

/// The metadata key of the description.
const KEY: &str = "network";

/// The descriptions of the model and its optimizer, and notes. All are under one metadata key, because the order of
/// several keys is random, and equal trainings should give equal files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description<D> {
    model: D,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    optimizer: Option<OptimizerDescription>,
    #[serde(default, skip_serializing_if = "Notes::is_empty")]
    #[serde(deserialize_with = "without_duplicates")]
    notes: Notes,
}

/// The description of an [`Mlp`] and its loss.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpDescription {
    widths: Vec<usize>,
    hidden: Activation,
    loss: StandardLoss,
}

impl Describe for MlpModel {
    type Description = MlpDescription;

    fn description(&self) -> MlpDescription {
        MlpDescription {
            widths: self.network.widths().to_vec(),
            hidden: self.network.hidden(),
            loss: self.loss,
        }
    }

    fn from_description(description: MlpDescription, file: &Tensors<'_>) -> Result<Self, Cause> {
        let MlpDescription {
            widths,
            hidden,
            loss,
        } = description;
        // The widths are checked against the tensors before memory is allocated in proportion to them.
        if widths.len() < 2 || widths.contains(&0) {
            let fault = format!("a network cannot have the widths {widths:?}");
            return Err(Cause::Network(fault));
        }
        for (layer, pair) in widths.windows(2).enumerate() {
            file.check(&format!("layers.{layer}.weight"), &[pair[1], pair[0]])?;
            file.check(&format!("layers.{layer}.bias"), &[pair[1]])?;
        }
        match loss.fault() {
            Some(fault) => Err(Cause::Network(fault)),
            None => Ok(Supervised::new(Mlp::new(&widths, hidden), loss)),
        }
    }
}

/// The tensors of a file, by name.
#[derive(Debug)]
pub struct Tensors<'a>(&'a Header);

impl Tensors<'_> {
    /// Checks that the file contains a tensor of floating-point numbers with the given name and shape.
    ///
    /// # Errors
    ///
    /// If there is no tensor of this name, or it has another shape or type.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<(), Cause> {
        let Some(tensor) = self.0.tensor(name) else {
            return Err(Cause::Missing(name.to_owned()));
        };
        if tensor.shape != shape {
            return Err(Cause::Shape {
                name: name.to_owned(),
                found: tensor.shape.clone(),
                wanted: shape.to_vec(),
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
}

/// The state of the optimizer without its moments, which are tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptimizerDescription {
    name: String,
    #[serde(deserialize_with = "without_duplicates")]
    settings: serde_json::Value,
    steps: u64,
    moments: Vec<String>,
}

fn without_duplicates<'de, D: Deserializer<'de>, V: DeserializeOwned>(
    deserializer: D,
) -> Result<V, D::Error> {
    let Unique(value) = Unique::deserialize(deserializer)?;
    serde_json::from_value(value).map_err(D::Error::custom)
}

/// The prefix of the name of a statistic.
const STATISTICS: &str = "statistics.";

/// Returns the prefix of the names of a moment's tensors.
fn prefix(moment: &str) -> String {
    format!("optimizer.{moment}.")
}

/// Returns the bytes of a file with a model, the state of an optimizer if there is one, and notes.
///
/// # Errors
///
/// If a moment does not have the size of the parameters, or the model cannot be written in the format.
pub(super) fn serialize<T: Real, M: Describe>(
    model: &M,
    parameters: &Parameters<T>,
    optimizer: Option<&OptimizerState<T>>,
    notes: &Notes,
) -> Result<Vec<u8>, Cause> {
    let description = Description {
        model: model.description(),
        optimizer: optimizer.map(|state| OptimizerDescription {
            name: state.name.clone(),
            settings: state.settings.clone(),
            steps: state.steps,
            moments: state.moments.iter().map(|(name, _)| name.clone()).collect(),
        }),
        notes: notes.clone(),
    };
    let description =
        serde_json::to_string(&description).map_err(|error| Cause::Network(error.to_string()))?;
    let mut tensors: Vec<(String, Tensor<T>)> = parameters
        .iter()
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .collect();
    let statistics = parameters
        .statistics()
        .into_iter()
        .flat_map(Parameters::iter);
    tensors.extend(statistics.map(|(name, tensor)| (format!("{STATISTICS}{name}"), tensor)));
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
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, t)| bytes_of(t.data())).collect();
    let mut views = Vec::new();
    for ((name, tensor), bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(dtype::<T>(), tensor.shape().to_vec(), bytes)?;
        views.push((name, view));
    }
    let metadata = HashMap::from([(KEY.to_owned(), description)]);
    let file = safetensors::serialize(views, Some(metadata))?;
    // A file that could not be read again is not written.
    if let Some(&length) = file.first_chunk() {
        Header::length(length)?;
    }
    if file.len() as u64 > MAX_BYTES {
        return Err(Cause::TooLarge);
    }
    Ok(file)
}

/// The checked header of a file, before any of the data is read.
pub(super) struct Contents<M> {
    header: Header,
    model: M,
    optimizer: Option<OptimizerDescription>,
    notes: Notes,
}

impl<M: Describe> Contents<M> {
    /// Reads the header of a file, and nothing after it. If the size of the file is known, it is compared with the size
    /// that the header implies.
    pub(super) fn read(source: &mut impl Read, file_size: Option<u64>) -> Result<Self, Cause> {
        let header = read_header(source, file_size)?;
        let description = header.metadata.get(KEY);
        let description = description
            .ok_or_else(|| Cause::Network(format!("there is no `{KEY}` in its metadata")))?;
        let Description {
            model,
            optimizer,
            notes,
        } = serde_json::from_str(description).map_err(|error| Cause::Network(error.to_string()))?;
        let contents = Contents {
            model: M::from_description(model, &Tensors(&header))?,
            header,
            optimizer,
            notes,
        };
        contents.check_names()?;
        Ok(contents)
    }

    /// Checks that the file contains all tensors of the model and the moments, and no others.
    fn check_names(&self) -> Result<(), Cause> {
        let mut names = HashSet::new();
        let mut check = |layout: &Layout, prefix: &str| {
            for slice in layout.slices() {
                let name = format!("{prefix}{}", slice.name);
                Tensors(&self.header).check(&name, &slice.shape)?;
                // A moment may not be listed repeatedly, so that loading takes no more memory than the size of the
                // file.
                if !names.insert(name) {
                    let fault = format!("`{prefix}{}` is listed twice", slice.name);
                    return Err(Cause::Network(fault));
                }
            }
            Ok(())
        };
        let layout = self.model.layout();
        check(layout, "")?;
        if let Some(statistics) = layout.statistics() {
            check(statistics, STATISTICS)?;
        }
        for moment in self.optimizer.iter().flat_map(|state| &state.moments) {
            check(layout, &prefix(moment))?;
        }
        match self.header.names().find(|&name| !names.contains(name)) {
            Some(name) => Err(Cause::Unexpected(name.to_owned())),
            None => Ok(()),
        }
    }

    /// Reads the data after the header. Tries to read one byte more, to detect a file that is too long.
    pub(super) fn read_data(&self, source: &mut impl Read) -> Result<Vec<u8>, Cause> {
        let data = read_up_to(source, self.header.data_size + 1)?;
        self.header.check_data(&data)?;
        Ok(data)
    }

    /// Returns the model with its parameters and statistics.
    pub(super) fn saved<T: Real>(self, data: &[u8]) -> Snapshot<T, M> {
        let mut parameters = Parameters::zeros(Arc::clone(self.model.layout()));
        self.fill(&mut parameters, "", data);
        if let Some(statistics) = parameters.statistics_mut() {
            self.fill(statistics, STATISTICS, data);
        }
        Snapshot {
            parameters,
            model: self.model,
            notes: self.notes,
        }
    }

    /// Returns the state of the optimizer, if the file contains it.
    pub(super) fn optimizer<T: Real>(&self, data: &[u8]) -> Option<OptimizerState<T>> {
        let description = self.optimizer.as_ref()?;
        let moments = description.moments.iter().map(|name| {
            let mut moment = Parameters::<T>::zeros(Arc::clone(self.model.layout()));
            self.fill(&mut moment, &prefix(name), data);
            (name.clone(), Tensor::from(moment.data()))
        });
        Some(OptimizerState {
            name: description.name.clone(),
            settings: description.settings.clone(),
            steps: description.steps,
            moments: moments.collect(),
        })
    }

    /// Fills each slice from the tensor whose name is the prefix and the name of the slice.
    fn fill<T: Real>(&self, parameters: &mut Parameters<T>, prefix: &str, data: &[u8]) {
        let layout = Arc::clone(parameters.layout());
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
    }
}

/// Reads the header of a file, and nothing after it.
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

/// Reads `count` bytes, or all bytes if there are fewer.
fn read_up_to(source: &mut impl Read, count: usize) -> Result<Vec<u8>, Cause> {
    let mut bytes = Vec::new();
    source.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
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

/// Returns the bytes of numbers in the little-endian order of the format.
fn bytes_of<T: Real>(numbers: &[T]) -> Vec<u8> {
    let wide = numbers.iter().map(|x| x.to_f64());
    match dtype::<T>() {
        Dtype::F32 => wide.flat_map(|x| (x as f32).to_le_bytes()).collect(),
        _ => wide.flat_map(f64::to_le_bytes).collect(),
    }
}
