//! A recurrent network that predicts characters.

use super::{Number, Problem, random, uniform};
use rand::RngExt;

/// An LSTM with diagonal weights that predicts each character of a text from the previous ones. This is ADBench's
/// objective: the mean over the text of −Σᵢ gᵢ (yᵢ − ln(2 + Σⱼ e^yⱼ)) / width, where g is the next character as bits
/// and y is its prediction. (The 2 is ADBench's.)
///
/// A layer with input u, hidden state h and cell s computes, for each component,
///
/// forget = σ(w u + b), ingate = σ(w h + b), outgate = σ(w u + b), change = tanh(w h + b),
/// s ← s forget + ingate change, h ← outgate tanh s,
///
/// with separate weights and biases for each gate. The parameters are: for each layer, the weights of the four gates
/// and their biases; then the weights of the input; then the weights and biases of the output. The initial state is
/// given.
pub struct Lstm {
    layers: usize,
    width: usize,
    /// The text, with `width` bits for each character.
    text: Vec<f64>,
    /// The initial hidden state and cell of each layer.
    state: Vec<f64>,
    start: Vec<f64>,
}

/// The values of one component of a layer at one character that the backward pass needs.
#[derive(Clone, Copy)]
struct Step {
    input: f64,
    hidden_before: f64,
    cell_before: f64,
    forget: f64,
    ingate: f64,
    outgate: f64,
    change: f64,
    /// tanh s of the new cell.
    squashed: f64,
}

/// The eight parameters of component `i` of a layer. They are `width` apart.
fn layer_parameters<N: Copy>(x: &[N], layer: usize, width: usize, i: usize) -> [N; 8] {
    std::array::from_fn(|kind| x[(layer * 8 + kind) * width + i])
}

impl Lstm {
    /// Creates a problem with `layers` layers on a text of `characters` characters of `width` bits.
    pub fn new(layers: usize, width: usize, characters: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        Lstm {
            layers,
            width,
            text: (0..characters * width)
                .map(|_| f64::from(random.random::<bool>()))
                .collect(),
            state: uniform(random, layers * 2 * width, -1.0, 1.0),
            start: uniform(random, (layers * 8 + 3) * width, -1.0, 1.0),
        }
    }

    /// The number of characters.
    fn characters(&self) -> usize {
        self.text.len() / self.width
    }

    /// The pairs of each character and the next one.
    fn pairs(&self) -> impl DoubleEndedIterator<Item = (&[f64], &[f64])> + ExactSizeIterator {
        let characters = self.text.chunks_exact(self.width);
        characters.clone().zip(characters.skip(1))
    }

    /// The number of bits predicted.
    fn predicted_bits(&self) -> f64 {
        ((self.characters() - 1) * self.width) as f64
    }
}

impl Problem for Lstm {
    fn name(&self) -> String {
        format!("lstm l={} c={}", self.layers, self.characters())
    }

    fn parameters(&self) -> &[f64] {
        &self.start
    }

    fn value<N: Number>(&self, x: &[N]) -> N {
        let width = self.width;
        let (main, ends) = x.split_at(self.layers * 8 * width);
        let [in_weights, out_weights, out_biases] =
            [0, 1, 2].map(|kind| &ends[kind * width..][..width]);
        let mut state: Vec<N> = self
            .state
            .iter()
            .map(|&state| x[0].constant(state))
            .collect();
        let mut layer_input = Vec::with_capacity(width);
        let mut prediction = Vec::with_capacity(width);
        let mut losses = Vec::with_capacity(self.characters());
        for (character, next) in self.pairs() {
            layer_input.clear();
            layer_input.extend(in_weights.iter().zip(character).map(|(&w, &bit)| w * bit));
            for (layer, state) in state.chunks_exact_mut(2 * width).enumerate() {
                let (hidden, cell) = state.split_at_mut(width);
                for i in 0..width {
                    let [
                        w_forget,
                        w_in,
                        w_out,
                        w_change,
                        b_forget,
                        b_in,
                        b_out,
                        b_change,
                    ] = layer_parameters(main, layer, width, i);
                    let forget = (layer_input[i] * w_forget + b_forget).sigmoid();
                    let ingate = (hidden[i] * w_in + b_in).sigmoid();
                    let outgate = (layer_input[i] * w_out + b_out).sigmoid();
                    let change = (hidden[i] * w_change + b_change).tanh();
                    cell[i] = cell[i] * forget + ingate * change;
                    hidden[i] = outgate * cell[i].tanh();
                }
                layer_input.copy_from_slice(hidden);
            }

            prediction.clear();
            prediction.extend((0..width).map(|i| layer_input[i] * out_weights[i] + out_biases[i]));
            let normaliser = (N::sum(prediction.iter().map(|y| y.exp())) + 2.0).ln();
            for y in &mut prediction {
                *y = *y - normaliser;
            }
            losses.push(N::dot_constants(&prediction, next));
        }
        N::sum(losses.into_iter()) * (-1.0 / self.predicted_bits())
    }

    fn gradient(&self, x: &[f64], out: &mut [f64]) -> f64 {
        let width = self.width;
        let (main, ends) = x.split_at(self.layers * 8 * width);
        let [in_weights, out_weights, out_biases] =
            [0, 1, 2].map(|kind| &ends[kind * width..][..width]);
        let mut state = self.state.clone();
        let steps_per_character = self.layers * width;
        let mut steps = Vec::with_capacity(self.pairs().len() * steps_per_character);
        // The output of the last layer and e^y / (2 + Σ e^y) at each character.
        let mut outputs = Vec::with_capacity(self.text.len());
        let mut shares = Vec::with_capacity(self.text.len());
        let mut value = 0.0;
        let mut layer_input = vec![0.0; width];
        let mut prediction = vec![0.0; width];
        for (character, next) in self.pairs() {
            for i in 0..width {
                layer_input[i] = in_weights[i] * character[i];
            }
            for (layer, state) in state.chunks_exact_mut(2 * width).enumerate() {
                let (hidden, cell) = state.split_at_mut(width);
                for i in 0..width {
                    let [
                        w_forget,
                        w_in,
                        w_out,
                        w_change,
                        b_forget,
                        b_in,
                        b_out,
                        b_change,
                    ] = layer_parameters(main, layer, width, i);
                    let (input, hidden_before, cell_before) = (layer_input[i], hidden[i], cell[i]);
                    let forget = (input * w_forget + b_forget).sigmoid();
                    let ingate = (hidden_before * w_in + b_in).sigmoid();
                    let outgate = (input * w_out + b_out).sigmoid();
                    let change = (hidden_before * w_change + b_change).tanh();
                    cell[i] = cell_before * forget + ingate * change;
                    let squashed = cell[i].tanh();
                    hidden[i] = outgate * squashed;
                    steps.push(Step {
                        input,
                        hidden_before,
                        cell_before,
                        forget,
                        ingate,
                        outgate,
                        change,
                        squashed,
                    });
                }
                layer_input.copy_from_slice(hidden);
            }

            let mut sum = 2.0;
            for i in 0..width {
                prediction[i] = layer_input[i] * out_weights[i] + out_biases[i];
                sum += prediction[i].exp();
            }
            let normaliser = sum.ln();
            for (y, bit) in prediction.iter().zip(next) {
                value += bit * (y - normaliser);
                shares.push((y - normaliser).exp());
            }
            outputs.extend_from_slice(&layer_input);
        }

        out.fill(0.0);
        let (main_bar, ends_bar) = out.split_at_mut(self.layers * 8 * width);
        let (in_weights_bar, ends_bar) = ends_bar.split_at_mut(width);
        let (out_weights_bar, out_biases_bar) = ends_bar.split_at_mut(width);
        let scale = -1.0 / self.predicted_bits();
        let mut hidden_bar = vec![0.0; steps_per_character];
        let mut cell_bar = vec![0.0; steps_per_character];
        // The adjoint of the input of the layer above.
        let mut input_bar = vec![0.0; width];
        let characters = self.pairs().zip(steps.chunks_exact(steps_per_character));
        let predictions = outputs.chunks_exact(width).zip(shares.chunks_exact(width));
        for (((character, next), steps), (output, shares)) in characters.zip(predictions).rev() {
            let bits: f64 = next.iter().sum();
            for i in 0..width {
                let prediction_bar = scale * (next[i] - bits * shares[i]);
                out_weights_bar[i] += prediction_bar * output[i];
                out_biases_bar[i] += prediction_bar;
                input_bar[i] = prediction_bar * out_weights[i];
            }
            for (layer, steps) in steps.chunks_exact(width).enumerate().rev() {
                for (i, step) in steps.iter().enumerate() {
                    let [w_forget, w_in, w_out, w_change, ..] =
                        layer_parameters(main, layer, width, i);
                    let at = layer * width + i;
                    let hidden = hidden_bar[at] + input_bar[i];
                    let cell = cell_bar[at]
                        + hidden * step.outgate * (1.0 - step.squashed * step.squashed);
                    let forget = cell * step.cell_before * step.forget * (1.0 - step.forget);
                    let ingate = cell * step.change * step.ingate * (1.0 - step.ingate);
                    let outgate = hidden * step.squashed * step.outgate * (1.0 - step.outgate);
                    let change = cell * step.ingate * (1.0 - step.change * step.change);
                    let sums = [forget, ingate, outgate, change];
                    let factors = [
                        step.input,
                        step.hidden_before,
                        step.input,
                        step.hidden_before,
                    ];
                    for gate in 0..4 {
                        main_bar[(layer * 8 + gate) * width + i] += sums[gate] * factors[gate];
                        main_bar[(layer * 8 + 4 + gate) * width + i] += sums[gate];
                    }
                    cell_bar[at] = cell * step.forget;
                    hidden_bar[at] = ingate * w_in + change * w_change;
                    input_bar[i] = forget * w_forget + outgate * w_out;
                }
            }
            for i in 0..width {
                in_weights_bar[i] += input_bar[i] * character[i];
            }
        }
        scale * value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_matches_differences() {
        crate::scalar_problems::checks::check(&Lstm::new(2, 3, 6, 1));
    }
}
