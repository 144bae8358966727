//! A gated recurrent unit that learns to name the largest input at every step of a sequence:
//!
//! ```text
//! r, z = σ(W (x, h) + b)
//! n    = tanh(V x + c + r ⊙ (U h + d))
//! h′   = n + z ⊙ (h − n)
//! ```

use super::{Descent, layer, uniform};
use crate::peer::Peer;
use autodiff::elementwise::Unary;
use autodiff::tensor::{Tape, Tensor, Var};

/// The number of inputs, of units and of classes.
const WIDTH: usize = 64;
const STEPS: usize = 64;
pub(super) const BATCH: usize = 32;
pub(super) const BATCHES: usize = 8;
const RATE: f32 = 0.1;

pub(super) struct Training {
    batches: Vec<Sequences>,
    /// A matrix and a vector for each layer.
    descent: Descent<10>,
}

/// The inputs of each step, and the classes of all steps: the number of the largest input.
struct Sequences {
    inputs: Vec<Tensor<f32>>,
    classes: Tensor<u32>,
}

impl Training {
    pub(super) fn new(sequences: usize) -> Training {
        let batch = |batch| {
            let all = uniform(100 + batch, [STEPS, sequences, WIDTH], 1.0);
            Sequences {
                inputs: (0..STEPS)
                    .map(|step| all.view(step * sequences * WIDTH, [sequences, WIDTH]))
                    .collect(),
                classes: all.arg_max(2).reshape([STEPS * sequences]),
            }
        };
        Training {
            batches: (0..BATCHES as u32).map(batch).collect(),
            descent: Descent::new(parameters(), RATE),
        }
    }
}

fn parameters() -> [Tensor<f32>; 10] {
    let [w_r, b_r] = layer(1, WIDTH, 2 * WIDTH);
    let [w_z, b_z] = layer(2, WIDTH, 2 * WIDTH);
    let [[v, c], [u, d], [w_out, b_out]] = [3, 4, 5].map(|stream| layer(stream, WIDTH, WIDTH));
    [w_r, b_r, w_z, b_z, v, c, u, d, w_out, b_out]
}

/// The mean cross-entropy over all steps.
fn loss<'t>(
    tape: &'t Tape<f32>,
    batch: &Sequences,
    parameters: [Var<'t, f32>; 10],
) -> Var<'t, f32> {
    let [w_r, b_r, w_z, b_z, v, c, u, d, w_out, b_out] = parameters;
    let mut h = tape.constant(Tensor::zeros(batch.inputs[0].shape()));
    let mut states = [h; STEPS];
    for (x, state) in batch.inputs.iter().zip(&mut states) {
        let x = tape.constant(x.clone());
        let both = Var::concat(&[x, h], 1);
        let r = both.dense(w_r, b_r, Unary::Sigmoid);
        let z = both.dense(w_z, b_z, Unary::Sigmoid);
        let n = (x.linear(v, c) + r * h.linear(u, d)).tanh();
        h = n + z * (h - n);
        *state = h;
    }
    Var::concat(&states, 0)
        .linear(w_out, b_out)
        .cross_entropy(batch.classes.clone())
}

impl Peer for Training {
    fn setting(&self) -> String {
        "the tape".into()
    }

    fn reset(&mut self) {
        self.descent = Descent::new(parameters(), RATE);
    }

    fn step(&mut self, batch: usize) {
        let batch = &self.batches[batch];
        self.descent
            .step(|tape, parameters| loss(tape, batch, parameters));
    }

    fn cost(&mut self) -> f64 {
        self.descent.cost.into()
    }
}
