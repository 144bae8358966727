//! Whether samples fit a network: told before anything is computed with them, for all threads alike.

use crate::Mlp;
use autodiff::tensor::{Real, Shape, Targets, Tensor};
use std::ops::Range;

/// Why inputs and targets are not those of some samples for a network, if they are not.
#[inline]
pub(crate) fn misfit<T: Real>(
    network: &Mlp,
    samples: Range<usize>,
    inputs: &Tensor<T>,
    targets: &Targets<T>,
) -> Option<String> {
    misfit_of_inputs(network, samples.len(), inputs.shape())
        .or_else(|| misfit_of_targets(targets, samples, network.outputs()))
}

/// Why inputs of a shape are not those of some samples for a network, if they are not.
#[inline]
pub(crate) fn misfit_of_inputs(network: &Mlp, samples: usize, found: &Shape) -> Option<String> {
    #[cold]
    fn told(found: &Shape, samples: usize, inputs: usize) -> String {
        format!("inputs of shape {found} are not {samples} samples of {inputs} numbers")
    }

    let inputs = network.widths()[0];
    (found[..] != [samples, inputs]).then(|| told(found, samples, inputs))
}

/// Why targets are not those of some samples for a number of outputs, if they are not.
#[inline]
pub(crate) fn misfit_of_targets<T: Real>(
    targets: &Targets<T>,
    samples: Range<usize>,
    outputs: usize,
) -> Option<String> {
    let fit = match targets {
        Targets::Classes(numbers) => {
            numbers.shape()[..] == [samples.len()]
                && numbers
                    .data()
                    .iter()
                    .all(|&class| (class as usize) < outputs)
        }
        Targets::Probabilities(rows) => rows.shape()[..] == [samples.len(), outputs],
    };
    (!fit).then(|| told(targets, samples, outputs))
}

/// What is wrong with targets.
#[cold]
fn told<T: Real>(targets: &Targets<T>, samples: Range<usize>, outputs: usize) -> String {
    let count = samples.len();
    match targets {
        Targets::Classes(numbers) => {
            let outside = |&class: &u32| class as usize >= outputs;
            match numbers.data().iter().position(outside) {
                Some(index) if numbers.shape()[..] == [count] => format!(
                    "sample {} is of class {}, and there are {outputs} outputs",
                    samples.start + index,
                    numbers.data()[index]
                ),
                _ => format!(
                    "class numbers of shape {} are not those of {count} samples",
                    numbers.shape()
                ),
            }
        }
        Targets::Probabilities(rows) => format!(
            "targets of shape {} are not {count} rows of {outputs} numbers",
            rows.shape()
        ),
    }
}
