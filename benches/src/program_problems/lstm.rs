//! A recurrent network on many short texts.

use super::{Points, Problem, Real};
use crate::scalar_problems::{random, uniform};
use autodiff::Number;
use rand::RngExt;

/// The LSTM of ADBench with one layer that is 8 wide, with diagonal weights, which predicts each of the characters 2 to 7
/// of a text from the previous ones. The loss is summed over the texts, and differentiated with respect to the 88
/// weights.
///
/// The weights are shared: those of the four gates, their biases, those of the input, and those and the biases of the
/// output, 8 each. A point is a text: 7 characters of 8 bits, each bit 0 or 1 as a number. Hidden state h and cell s begin
/// at zero. A character c is the input u = wᵢₙ c, and for each component
///
/// forget = σ(w u + b), ingate = σ(w h + b), outgate = σ(w u + b), change = tanh(w h + b),
/// s ← s forget + ingate change, h ← outgate tanh s,
///
/// with separate weights and biases for each gate. The prediction is y = wₒᵤₜ h + bₒᵤₜ, and the output is the mean over
/// the 48 predicted bits of −g (y − ln(2 + Σⱼ e^yⱼ)), where g is the bit of the next character. (The 2 is ADBench's.)
pub struct Lstm {
    weights: Vec<f64>,
    points: Points,
}

/// The bits of a character, and the components of the layer.
const WIDTH: usize = 8;

/// The number of predicted characters.
const STEPS: usize = 6;

/// The rows of weights.
const ROWS: usize = 11;

/// The factor of the sum of the losses.
const SCALE: f64 = -1.0 / (STEPS * WIDTH) as f64;

/// A number for each component.
type Row<N> = [N; WIDTH];

/// Shared inputs and the inputs of a point, in rows.
fn rows<'n, N>(weights: &'n [N], text: &'n [N]) -> (&'n [Row<N>; ROWS], &'n [Row<N>; STEPS + 1]) {
    let [weights, text] = [weights, text].map(|numbers| numbers.as_chunks().0);
    (
        weights.try_into().expect("all weights"),
        text.try_into().expect("all characters"),
    )
}

/// The values of one component at one character that the backward pass needs.
#[derive(Clone, Copy, Default)]
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

impl Lstm {
    /// Creates a problem with `points` texts.
    pub fn new(points: usize, seed: u64) -> Self {
        let random = &mut random(seed);
        let weights = uniform(random, ROWS * WIDTH, -1.0, 1.0);
        let width = (STEPS + 1) * WIDTH;
        let bits = (0..points * width).map(|_| f64::from(random.random::<bool>()));
        Lstm {
            weights,
            points: Points::new(width, bits.collect()),
        }
    }
}

impl Problem<1> for Lstm {
    fn name(&self) -> String {
        "lstm".into()
    }

    fn shared(&self) -> &[f64] {
        &self.weights
    }

    fn points(&self) -> &Points {
        &self.points
    }

    fn values<N: Real>(&self, weights: &[N], text: &[N]) -> [N; 1] {
        let (weights, text) = rows(weights, text);
        let [
            w_forget,
            w_ingate,
            w_outgate,
            w_change,
            b_forget,
            b_ingate,
            b_outgate,
            b_change,
            w_input,
            w_output,
            b_output,
        ] = weights;
        let zero = w_input[0].constant(0.0);
        let (mut hidden, mut cell) = ([zero; WIDTH], [zero; WIDTH]);
        let losses = text.array_windows().map(|[character, next]| {
            for i in 0..WIDTH {
                let input = w_input[i] * character[i];
                let forget = (w_forget[i] * input + b_forget[i]).sigmoid();
                let ingate = (w_ingate[i] * hidden[i] + b_ingate[i]).sigmoid();
                let outgate = (w_outgate[i] * input + b_outgate[i]).sigmoid();
                let change = (w_change[i] * hidden[i] + b_change[i]).tanh();
                cell[i] = cell[i] * forget + ingate * change;
                hidden[i] = outgate * cell[i].tanh();
            }
            let prediction: Row<N> = std::array::from_fn(|i| w_output[i] * hidden[i] + b_output[i]);
            let normaliser = (prediction.iter().map(|y| y.exp()).sum::<N>() + 2.0).ln();
            let bits = next.iter().zip(prediction);
            bits.map(|(&bit, y)| bit * (y - normaliser)).sum::<N>()
        });
        [losses.sum::<N>() * SCALE]
    }

    /// The adjoint of a prediction y is (g − e^y / (2 + Σⱼ e^yⱼ) Σⱼ gⱼ) times the factor of the mean. It is passed back
    /// through the equations of the layer, last character first, with σ' = σ (1 − σ) and tanh' = 1 − tanh².
    fn by_hand(&self, text: &[f64], _: &mut Vec<f64>, derivatives: &mut [f64]) -> [f64; 1] {
        let (weights, text) = rows(&self.weights, text);
        let [
            w_forget,
            w_ingate,
            w_outgate,
            w_change,
            b_forget,
            b_ingate,
            b_outgate,
            b_change,
            w_input,
            w_output,
            b_output,
        ] = weights;
        let mut steps = [[Step::default(); WIDTH]; STEPS];
        let mut prediction_bars = [[0.0; WIDTH]; STEPS];
        let (mut hidden, mut cell) = ([0.0; WIDTH], [0.0; WIDTH]);
        let mut value = 0.0;
        let results = steps.iter_mut().zip(&mut prediction_bars);
        for ([character, next], (steps, prediction_bar)) in text.array_windows().zip(results) {
            for i in 0..WIDTH {
                let (hidden_before, cell_before) = (hidden[i], cell[i]);
                let input = w_input[i] * character[i];
                let forget = (w_forget[i] * input + b_forget[i]).sigmoid();
                let ingate = (w_ingate[i] * hidden_before + b_ingate[i]).sigmoid();
                let outgate = (w_outgate[i] * input + b_outgate[i]).sigmoid();
                let change = Number::tanh(w_change[i] * hidden_before + b_change[i]);
                cell[i] = cell_before * forget + ingate * change;
                let squashed = Number::tanh(cell[i]);
                hidden[i] = outgate * squashed;
                steps[i] = Step {
                    input,
                    hidden_before,
                    cell_before,
                    forget,
                    ingate,
                    outgate,
                    change,
                    squashed,
                };
            }
            let prediction: Row<f64> =
                std::array::from_fn(|i| w_output[i] * hidden[i] + b_output[i]);
            let powers = prediction.map(f64::exp);
            let sum = powers.iter().sum::<f64>() + 2.0;
            let normaliser = sum.ln();
            let bits: f64 = next.iter().sum();
            for i in 0..WIDTH {
                value += next[i] * (prediction[i] - normaliser);
                prediction_bar[i] = SCALE * (next[i] - bits / sum * powers[i]);
            }
        }

        let bars: &mut [Row<f64>; ROWS] = derivatives
            .as_chunks_mut()
            .0
            .try_into()
            .expect("a derivative for each weight");
        let (mut hidden_bar, mut cell_bar) = ([0.0; WIDTH], [0.0; WIDTH]);
        for ((character, steps), prediction_bar) in
            text.iter().zip(&steps).zip(&prediction_bars).rev()
        {
            for (i, step) in steps.iter().enumerate() {
                bars[9][i] += prediction_bar[i] * step.outgate * step.squashed;
                bars[10][i] += prediction_bar[i];
                let hidden = hidden_bar[i] + prediction_bar[i] * w_output[i];
                let cell =
                    cell_bar[i] + hidden * step.outgate * (1.0 - step.squashed * step.squashed);
                let forget = cell * step.cell_before * step.forget * (1.0 - step.forget);
                let ingate = cell * step.change * step.ingate * (1.0 - step.ingate);
                let outgate = hidden * step.squashed * step.outgate * (1.0 - step.outgate);
                let change = cell * step.ingate * (1.0 - step.change * step.change);
                bars[0][i] += forget * step.input;
                bars[1][i] += ingate * step.hidden_before;
                bars[2][i] += outgate * step.input;
                bars[3][i] += change * step.hidden_before;
                bars[4][i] += forget;
                bars[5][i] += ingate;
                bars[6][i] += outgate;
                bars[7][i] += change;
                bars[8][i] += (forget * w_forget[i] + outgate * w_outgate[i]) * character[i];
                cell_bar[i] = cell * step.forget;
                hidden_bar[i] = ingate * w_ingate[i] + change * w_change[i];
            }
        }
        [SCALE * value]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_by_hand_are_the_tapes() {
        crate::program_problems::checks::check(&Lstm::new(6, 1), 0);
    }

    #[test]
    fn without_weights_every_bit_has_the_same_loss() {
        let problem = Lstm::new(1, 1);
        let text = problem.points.numbers();
        let bits: f64 = text[WIDTH..].iter().sum();
        let [value] = problem.values(&[0.0; ROWS * WIDTH], text);
        assert!((value - bits / 48.0 * 10.0_f64.ln()).abs() < 1e-14);
    }
}
