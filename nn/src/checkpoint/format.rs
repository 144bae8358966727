//! What the bytes of a file mean.

use super::{Cause, Saved};
use crate::{Activation, Layout, Loss, Mlp, OptimizerState, Parameters};
use autodiff::tensor::{Real, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// The key under which the network's shape is kept.
const KEY: &str = "network";

/// The network's shape, as the file tells it.
#[derive(Serialize, Deserialize)]
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
struct OptimizerDescription {
    name: String,
    settings: serde_json::Value,
    steps: u64,
    moments: Vec<String>,
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
    Ok(safetensors::serialize(
        views,
        Some(HashMap::from([(KEY.to_owned(), description)])),
    )?)
}

/// A file in the safetensors format, with a description of what it holds.
pub(super) struct Contents<'a> {
    file: SafeTensors<'a>,
    description: Description,
}

impl<'a> Contents<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Cause> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let description = metadata
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(KEY));
        let description = description
            .ok_or_else(|| Cause::Network(format!("there is no `{KEY}` in its metadata")))?;
        let description =
            serde_json::from_str(description).map_err(|error| Cause::Network(error.to_string()))?;
        Ok(Contents { file, description })
    }

    /// The network with its parameters.
    pub(super) fn network<T: Real>(&self) -> Result<Saved<T>, Cause> {
        let Contents { file, description } = self;
        let (widths, loss) = (&description.widths, description.loss);
        // The widths are checked against the tensors before anything of their size is made.
        if widths.len() < 2 || widths.contains(&0) {
            return Err(Cause::Network(format!(
                "a network cannot have the widths {widths:?}"
            )));
        }
        for (layer, pair) in widths.windows(2).enumerate() {
            find(file, format!("layers.{layer}.weight"), &[pair[1], pair[0]])?;
            find(file, format!("layers.{layer}.bias"), &[pair[1]])?;
        }
        if let Loss::CrossEntropy { label_smoothing } = loss
            && !(0.0..=1.0).contains(&label_smoothing)
        {
            return Err(Cause::Network(format!(
                "a label smoothing of {label_smoothing} is not in [0, 1]"
            )));
        }
        let network = Mlp::new(widths, description.hidden);
        let parameters = read_slices(file, "", network.layout())?;
        Ok(Saved {
            network,
            loss,
            parameters,
        })
    }

    /// What the optimizer remembers, if the file holds it, of parameters of the given layout.
    pub(super) fn optimizer<T: Real>(
        &self,
        layout: &Arc<Layout>,
    ) -> Result<Option<OptimizerState<T>>, Cause> {
        let Some(description) = &self.description.optimizer else {
            return Ok(None);
        };
        let mut moments: Vec<(String, Tensor<T>)> = Vec::new();
        for name in &description.moments {
            // So no more memory is taken than the file is large: a name may not be told again and again.
            if moments.iter().any(|(other, _)| other == name) {
                return Err(Cause::Network(format!("the moment `{name}` is told twice")));
            }
            let moment = read_slices::<T>(&self.file, &prefix(name), layout)?;
            moments.push((name.clone(), Tensor::from(moment.data())));
        }
        Ok(Some(OptimizerState {
            name: description.name.clone(),
            settings: description.settings.clone(),
            steps: description.steps,
            moments,
        }))
    }
}

/// The tensor of the given name, if it has the shape that is wanted.
fn find<'a>(
    file: &SafeTensors<'a>,
    name: String,
    wanted: &[usize],
) -> Result<TensorView<'a>, Cause> {
    let Ok(view) = file.tensor(&name) else {
        return Err(Cause::Missing(name));
    };
    if view.shape() == wanted {
        return Ok(view);
    }
    Err(Cause::Shape {
        name,
        found: view.shape().to_vec(),
        wanted: wanted.to_vec(),
    })
}

/// Reads every slice of the parameters, or of what is as large as they, from the tensor that has the slice's name behind
/// the prefix.
fn read_slices<T: Real>(
    file: &SafeTensors<'_>,
    prefix: &str,
    layout: &Arc<Layout>,
) -> Result<Parameters<T>, Cause> {
    // All are looked for before anything of their size is made.
    let views: Vec<TensorView<'_>> = layout
        .slices()
        .iter()
        .map(|slice| find(file, format!("{prefix}{}", slice.name), &slice.shape))
        .collect::<Result<_, _>>()?;
    let mut parameters = Parameters::zeros(Arc::clone(layout));
    for (number, view) in views.iter().enumerate() {
        let values = parameters.slice_mut(number);
        match view.dtype() {
            Dtype::F32 => read_into(values, view.data().as_chunks().0, |bytes| {
                f64::from(f32::from_le_bytes(bytes))
            }),
            Dtype::F64 => read_into(values, view.data().as_chunks().0, f64::from_le_bytes),
            other => {
                return Err(Cause::Precision {
                    name: format!("{prefix}{}", layout.slices()[number].name),
                    found: format!("{other:?}"),
                });
            }
        }
    }
    Ok(parameters)
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
