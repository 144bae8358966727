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
const BATCH: usize = 32;
pub(super) const BATCHES: usize = 8;
const RATE: f32 = 0.1;

pub(super) struct Training {
    batches: Vec<Sequences>,
    descent: Descent,
}

/// The inputs of each step, and the classes of all steps: the number of the largest input.
struct Sequences {
    inputs: Vec<Tensor<f32>>,
    classes: Tensor<u32>,
}

impl Training {
    pub(super) fn new() -> Training {
        let batch = |batch| {
            let all = uniform(100 + batch, [STEPS, BATCH, WIDTH], 1.0);
            Sequences {
                inputs: (0..STEPS)
                    .map(|step| all.view(step * BATCH * WIDTH, [BATCH, WIDTH]))
                    .collect(),
                classes: all.arg_max(2).reshape([STEPS * BATCH]),
            }
        };
        Training {
            batches: (0..BATCHES as u32).map(batch).collect(),
            descent: Descent::new(parameters(), RATE),
        }
    }
}

fn parameters() -> Vec<Tensor<f32>> {
    let layers = [
        (1, 2 * WIDTH),
        (2, 2 * WIDTH),
        (3, WIDTH),
        (4, WIDTH),
        (5, WIDTH),
    ];
    layers
        .into_iter()
        .flat_map(|(stream, inputs)| layer(stream, WIDTH, inputs))
        .collect()
}

/// The mean cross-entropy over all steps.
fn loss<'t>(tape: &'t Tape<f32>, batch: &Sequences, parameters: &[Var<'t, f32>]) -> Var<'t, f32> {
    let &[w_r, b_r, w_z, b_z, v, c, u, d, w_out, b_out] = parameters else {
        unreachable!("there are five layers")
    };
    let mut h = tape.constant(Tensor::zeros([BATCH, WIDTH]));
    let mut states = Vec::with_capacity(STEPS);
    for x in &batch.inputs {
        let x = tape.constant(x.clone());
        let both = Var::concat(&[x, h], 1);
        let r = both.dense(w_r, b_r, Unary::Sigmoid);
        let z = both.dense(w_z, b_z, Unary::Sigmoid);
        let n = (x.linear(v, c) + r * h.linear(u, d)).tanh();
        h = n + z * (h - n);
        states.push(h);
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
