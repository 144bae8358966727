//! `lstm`: the loss of a long short-term memory network that predicts the next element of a sequence.
//!
//! All weights are diagonal. In a layer with the input v, the cell c and the hidden state h,
//! f = σ(v Wf + bf), g = σ(h Wi + bi), o = σ(v Wo + bo), a = tanh(h Wc + bc), c' = c f + g a and h' = o tanh c'.
//! The gradient is one backward pass over a recording of the whole sequence.

use crate::call::{Answer, Call};
use crate::error::{Error, ensure};
use crate::memory;
use autodiff::scalar::{Scalar, Tape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    main_params: Vec<Vec<f64>>,
    extra_params: Vec<Vec<f64>>,
    state: Vec<Vec<f64>>,
    sequence: Vec<Vec<f64>>,
}

fn sigmoid<T: Scalar<Plain = f64>>(x: T) -> T {
    ((-x).exp() + 1.0).recip()
}

/// Computes a layer of one unit, given its four weights and biases. Replaces its hidden state and its cell.
fn unit<T: Scalar<Plain = f64>>(
    weights: [T; 4],
    biases: [T; 4],
    input: T,
    hidden: &mut T,
    cell: &mut T,
) {
    let [wf, wi, wo, wc] = weights;
    let [bf, bi, bo, bc] = biases;
    let forget = sigmoid(input * wf + bf);
    let ingate = sigmoid(*hidden * wi + bi);
    let outgate = sigmoid(input * wo + bo);
    let change = (*hidden * wc + bc).tanh();
    *cell = *cell * forget + ingate * change;
    *hidden = outgate * cell.tanh();
}

/// Returns the loss. `params` are the rows of the main and of the extra parameters, one after the other.
fn loss<T: Scalar<Plain = f64>>(params: &[T], input: &Input) -> T {
    let width = input.sequence[0].len();
    let rows: Vec<&[T]> = params.chunks(width).collect();
    let (layers, extra) = rows.split_at(rows.len() - 3);
    let [in_weight, out_weight, out_bias] = [extra[0], extra[1], extra[2]];
    let four = |rows: &[&[T]], i: usize| [rows[0][i], rows[1][i], rows[2][i], rows[3][i]];

    let constants = |row: &Vec<f64>| row.iter().map(|&x| T::from_f64(x)).collect();
    let mut state: Vec<Vec<T>> = input.state.iter().map(constants).collect();
    let mut total = T::default();
    let mut y = vec![T::default(); width];
    for (element, next) in input.sequence.iter().zip(&input.sequence[1..]) {
        for i in 0..width {
            let mut v = in_weight[i] * element[i];
            for (layer, state) in layers.chunks(8).zip(state.chunks_mut(2)) {
                let [hidden, cell] = state else { continue };
                let (weights, biases) = layer.split_at(4);
                unit(
                    four(weights, i),
                    four(biases, i),
                    v,
                    &mut hidden[i],
                    &mut cell[i],
                );
                v = hidden[i];
            }
            y[i] = v * out_weight[i] + out_bias[i];
        }
        let normalizer = (y.iter().map(|y| y.exp()).sum::<T>() + 2.0).ln();
        total += T::linear_combination(next, &y) - normalizer * next.iter().sum::<f64>();
    }
    let count = (input.sequence.len() - 1) * width;
    -total / count as f64
}

fn check(input: &Input) -> Result<(), Error> {
    let Input {
        main_params,
        extra_params,
        state,
        sequence,
    } = input;
    ensure!(sequence.len() > 1, "the sequence is shorter than 2");
    let width = sequence[0].len();
    ensure!(width > 0, "the elements of the sequence are empty");
    let are = |rows: &[Vec<f64>], length| rows.iter().all(|row| row.len() == length);
    ensure!(
        are(sequence, width) && are(state, width) && are(extra_params, width),
        "the rows of sequence, state and extra_params are not all of length {width}"
    );
    ensure!(
        are(main_params, 4 * width),
        "the rows of main_params are not all of length {}",
        4 * width
    );
    ensure!(
        extra_params.len() == 3,
        "extra_params has {} rows, not 3",
        extra_params.len()
    );
    ensure!(
        state.len() == main_params.len() && state.len() % 2 == 0,
        "state has {} rows and main_params {}; both have two for each layer",
        state.len(),
        main_params.len()
    );
    Ok(())
}

pub(super) fn evaluate(call: &Call<'_>) -> Result<Answer, Error> {
    let input: Input = call.input()?;
    check(&input)?;
    let params = [&input.main_params[..], &input.extra_params[..]]
        .concat()
        .concat();
    match call.function.as_str() {
        "objective" => call.time(|| loss(&params, &input)),
        "jacobian" => {
            // Some 12 operations of 32 bytes for each unit.
            let units = [input.sequence.len(), params.len() / 8 + 1];
            memory::check(memory::product([units[0], units[1], 12 * 32]))?;
            let mut tape = Tape::new();
            call.time(|| tape.gradient(|params| loss(params, &input), &params))
        }
        _ => Err(call.unknown()),
    }
}
