//! The tape against the δ formulas: the differences of the two gradients, for every weight and bias.
//!
//! A derivative is a sum of products over the samples. Its rounding error is proportional to the sum of their absolute
//! values, (|Δ| |A|ᵀ)ᵢⱼ. Relative differences are therefore relative to this sum, which does not vanish where terms
//! cancel. Plain loops in double precision compute it, and both gradients are compared with the derivatives of these
//! loops too. The loops share no kernel with the tape and the formulas, so they reveal a mistake that the two have in
//! common.
//!
//! If training has diverged, values may overflow in one precision although the weights are finite. The comparison in
//! that precision is then skipped, and reported as skipped; this is not a failure.

use autodiff::tensor::Real;
use nn::reference;
use nn::{Batch, Batches, Dataset, Gather, Labelled, Mlp, Parameters, Selection, StandardLoss};
use rayon::prelude::*;
use serde::Serialize;

use crate::Error;
use crate::gradient::{EitherGradient, Method};
use crate::model::{cast, loss_name, precision};
use crate::train::check_batch;

/// The input of a comparison.
#[derive(Clone, Debug)]
pub struct ComparisonInput<'a, D = Dataset> {
    /// The network.
    pub network: &'a Mlp,
    /// The cost.
    pub loss: StandardLoss,
    /// The network's parameters.
    pub parameters: &'a Parameters<f64>,
    /// The samples.
    pub data: &'a D,
    /// The number of batches.
    pub batches: usize,
    /// The number of samples in each batch.
    pub batch: usize,
    /// The seed of the batches.
    pub seed: u64,
    /// A side whose derivatives in the first layer are multiplied by 1.001, to show that the comparison detects it.
    pub planted: Option<Method>,
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The widths of the network.
    pub widths: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: String,
    /// The cost.
    pub loss: String,
    /// The number of batches.
    pub batches: usize,
    /// The number of samples in each batch.
    pub batch: usize,
    /// The differences between each two methods.
    pub pairs: Vec<Pair>,
    /// Whether all pairs are within their bounds.
    pub passed: bool,
}

/// The differences between two gradients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The first method.
    pub left: Side,
    /// The second method.
    pub right: Side,
    /// The precision of both gradients.
    pub precision: &'static str,
    /// The largest accepted relative difference.
    pub bound: f64,
    /// The largest differences of each weight matrix and bias.
    pub parameters: Vec<Difference>,
    /// The number of batches that were skipped because values overflowed.
    pub left_out: usize,
    /// Whether all relative differences are within the bound.
    pub passed: bool,
}

/// A method of computing a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The tape.
    Tape,
    /// The δ formulas.
    Delta,
    /// Plain loops in double precision.
    Loops,
}

/// The largest differences of a weight matrix or bias.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The name of the weight matrix or bias.
    pub name: String,
    /// The shape of the weight matrix or bias.
    pub shape: Vec<usize>,
    /// The largest absolute difference.
    pub absolute: f64,
    /// The largest difference relative to the sum of the terms' absolute values.
    pub relative: f64,
    /// The index of the largest relative difference; `None` if no two derivatives differ.
    pub index: Option<Vec<usize>>,
    /// The batch of the largest relative difference.
    pub batch: Option<usize>,
}

impl Pair {
    /// The parameter with the largest relative difference.
    pub fn worst(&self) -> Option<&Difference> {
        self.parameters
            .iter()
            .max_by(|a, b| a.relative.total_cmp(&b.relative))
    }
}

/// Compares the gradients, on the threads of the surrounding rayon pool.
///
/// # Errors
///
/// If the number of batches is 0, or a batch is empty or larger than the data set.
pub fn compare<D>(input: &ComparisonInput<'_, D>) -> Result<Comparison, Error>
where
    D: Gather<Labelled<f32>> + Gather<Labelled<f64>>,
{
    let samples = Batch::<Labelled<f32>>::len(input.data);
    check_batch(input.batch, samples)?;
    if input.batches == 0 {
        return Err(Error::setting("--batches", "must be at least 1"));
    }
    let single = cast::<f64, f32>(input.parameters);
    let mut draw = Batches::new(samples, input.batch, input.seed);
    let mut pairs = blank_pairs(input.network);
    let mut first = 0;
    // A few batches per thread at a time keep memory small for any number of batches.
    while first < input.batches {
        let count = (input.batches - first).min(4 * rayon::current_num_threads());
        let batches: Vec<Vec<usize>> = (0..count).map(|_| draw.draw().to_vec()).collect();
        let results: Vec<Vec<Pair>> = batches
            .par_iter()
            .enumerate()
            .map(|(i, numbers)| input.one_batch(&single, first + i, numbers))
            .collect();
        for result in &results {
            merge(&mut pairs, result);
        }
        first += count;
    }
    for pair in &mut pairs {
        // A difference that is NaN is not within the bound.
        pair.passed = pair.parameters.iter().all(|p| p.relative <= pair.bound);
    }
    Ok(Comparison {
        widths: input.network.widths().to_vec(),
        activation: input.network.hidden().to_string(),
        loss: loss_name(input.loss),
        batches: input.batches,
        batch: input.batch,
        passed: pairs.iter().all(|pair| pair.passed),
        pairs,
    })
}

/// The pairs to compare, with all differences 0.
fn blank_pairs(network: &Mlp) -> Vec<Pair> {
    let blank = |left, right, precision, bound| Pair {
        left,
        right,
        precision,
        bound,
        parameters: network
            .layout()
            .slices()
            .iter()
            .map(|slice| Difference {
                name: slice.name.clone(),
                shape: slice.shape.to_vec(),
                absolute: 0.0,
                relative: 0.0,
                index: None,
                batch: None,
            })
            .collect(),
        left_out: 0,
        passed: false,
    };
    vec![
        blank(Side::Tape, Side::Delta, precision::<f64>(), 1e-12),
        blank(Side::Tape, Side::Delta, precision::<f32>(), 1e-5),
        // The loops compute the same z as the others only in double precision. In single precision, z may be on the
        // other side of a kink, where both derivatives are right.
        blank(Side::Tape, Side::Loops, precision::<f64>(), 1e-12),
        blank(Side::Delta, Side::Loops, precision::<f64>(), 1e-12),
    ]
}

impl<D: Gather<Labelled<f32>> + Gather<Labelled<f64>>> ComparisonInput<'_, D> {
    fn one_batch(&self, single: &Parameters<f32>, number: usize, numbers: &[usize]) -> Vec<Pair> {
        let (x, targets): Labelled<f64> = self.data.gather(numbers);
        let samples = &Selection::new(self.data, Some(numbers));
        let loops = reference::gradient(self.network, self.loss, self.parameters, &x, &targets);
        let tape = self.gradient(Method::Tape, self.parameters, samples);
        let delta = self.gradient(Method::Delta, self.parameters, samples);
        let values: Vec<Vec<f64>> = loops
            .derivatives
            .iter()
            .map(|slice| slice.iter().map(|derivative| derivative.value).collect())
            .collect();
        let single_tape = self.gradient(Method::Tape, single, samples);
        let single_delta = self.gradient(Method::Delta, single, samples);

        let mut pairs = blank_pairs(self.network);
        let sides = [
            (&tape, &delta, range::<f64>()),
            (&single_tape, &single_delta, range::<f32>()),
            (&tape, &values, range::<f64>()),
            (&delta, &values, range::<f64>()),
        ];
        for (pair, (left, right, (smallest, largest))) in pairs.iter_mut().zip(sides) {
            let numbers = [left, right].into_iter().flatten().flatten().copied();
            let scales = loops.derivatives.iter().flatten().map(|sum| sum.scale);
            let within = loops.largest <= largest || numbers.chain(scales).all(f64::is_finite);
            if !within {
                pair.left_out = 1;
                continue;
            }
            // A difference below the smallest normal number may be lost to underflow.
            let least = smallest / pair.bound;
            for (slice, difference) in pair.parameters.iter_mut().enumerate() {
                let scales = loops.derivatives[slice].iter();
                let scales = scales.map(|sum| sum.scale.max(least));
                difference.measure(number, &left[slice], &right[slice], scales);
            }
        }
        pairs
    }

    /// The gradient of a batch, one list for each parameter slice.
    fn gradient<T: Real>(
        &self,
        method: Method,
        parameters: &Parameters<T>,
        samples: &impl Batch<Labelled<T>>,
    ) -> Vec<Vec<f64>> {
        let mut gradient = EitherGradient::<T>::new(self.network, self.loss, method);
        let (_, gradient) = gradient.compute(parameters, samples);
        let mut slices: Vec<Vec<f64>> = gradient
            .iter()
            .map(|(_, slice)| slice.data().iter().map(|x| x.to_f64()).collect())
            .collect();
        if self.planted == Some(method) {
            slices[0]
                .iter_mut()
                .for_each(|derivative| *derivative *= 1.001);
        }
        slices
    }
}

impl Difference {
    /// Updates the largest differences with a batch's two gradients.
    fn measure(
        &mut self,
        batch: usize,
        left: &[f64],
        right: &[f64],
        scales: impl IntoIterator<Item = f64>,
    ) {
        let mut worst = None;
        for (i, ((left, right), scale)) in left.iter().zip(right).zip(scales).enumerate() {
            if left == right {
                continue;
            }
            // `total_cmp` orders NaN above all numbers; `max` would drop it.
            let absolute = (left - right).abs();
            let relative = absolute / scale;
            if absolute.total_cmp(&self.absolute).is_gt() {
                self.absolute = absolute;
            }
            if relative.abs().total_cmp(&self.relative).is_gt() {
                self.relative = relative.abs();
                worst = Some(i);
            }
        }
        if let Some(flat) = worst {
            self.index = Some(unflatten(flat, &self.shape));
            self.batch = Some(batch);
        }
    }
}

/// The smallest positive normal number and the largest number of a precision.
fn range<T: Real>() -> (f64, f64) {
    if size_of::<T>() == 4 {
        (f32::MIN_POSITIVE.into(), f32::MAX.into())
    } else {
        (f64::MIN_POSITIVE, f64::MAX)
    }
}

/// Converts an index in row-major order to an index for each axis.
fn unflatten(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&extent| {
            let i = flat % extent;
            flat /= extent;
            i
        })
        .collect();
    index.reverse();
    index
}

/// Merges the differences of `next` into `all`, keeping the larger ones.
fn merge(all: &mut [Pair], next: &[Pair]) {
    for (all, next) in all.iter_mut().zip(next) {
        all.left_out += next.left_out;
        for (all, next) in all.parameters.iter_mut().zip(&next.parameters) {
            if next.absolute.total_cmp(&all.absolute).is_gt() {
                all.absolute = next.absolute;
            }
            if next.relative.total_cmp(&all.relative).is_gt() {
                all.relative = next.relative;
                all.index.clone_from(&next.index);
                all.batch = next.batch;
            }
        }
    }
}

#[cfg(test)]
mod tests;
