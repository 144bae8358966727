//! Word embeddings with negative sampling: `−ln σ(c · p) − Σ ln σ(−c · n)` for a word c, a word p next to it, and words
//! n drawn at random. Each word has a vector in two tables.

use super::{below, uniform};
use crate::peer::Peer;
use autodiff::tensor::{Gradients, Tape, Tensor};

const WORDS: usize = 50_000;
const WIDTH: usize = 64;
const PAIRS: usize = 1024;
const NEGATIVES: usize = 5;
pub(super) const BATCHES: usize = 64;
const RATE: f32 = 0.05;

pub(super) struct Training {
    batches: Vec<Pairs>,
    /// The vectors of the words c, and of the words p and n.
    tables: [Tensor<f32>; 2],
    tape: Tape<f32>,
    gradients: Gradients<f32>,
    cost: f32,
}

struct Pairs {
    centers: Tensor<u32>,
    /// For each pair, the word next to the center, and then the words drawn at random.
    contexts: Tensor<u32>,
}

impl Training {
    pub(super) fn new() -> Training {
        let batch = |batch| Pairs {
            centers: below(100 + batch, [PAIRS, 1], WORDS as u32),
            contexts: below(200 + batch, [PAIRS, 1 + NEGATIVES], WORDS as u32),
        };
        Training {
            batches: (0..BATCHES as u32).map(batch).collect(),
            tables: tables(),
            tape: Tape::new(),
            gradients: Gradients::default(),
            cost: f32::NAN,
        }
    }
}

fn tables() -> [Tensor<f32>; 2] {
    [1, 2].map(|stream| uniform(stream, [WORDS, WIDTH], 1.0))
}

impl Peer for Training {
    fn setting(&self) -> String {
        "the tape".into()
    }

    fn reset(&mut self) {
        self.tables = tables();
        self.tape = Tape::new();
        self.gradients = Gradients::default();
    }

    fn step(&mut self, batch: usize) {
        let Pairs { centers, contexts } = &self.batches[batch];
        let [center, context] = self
            .tables
            .each_ref()
            .map(|table| self.tape.var(table.clone()));
        let scores =
            (center.gather(0, centers.clone()) * context.gather(0, contexts.clone())).sum_over(2);
        let signs =
            Tensor::from_flat_fn([1 + NEGATIVES], |word| if word == 0 { -1.0 } else { 1.0 });
        let loss = (scores * signs).softplus().sum() / PAIRS as f64;
        self.cost = loss.item();
        self.gradients.update(loss);
        let used = [center, context].map(|table| self.gradients.rows_wrt(table));

        // The tape shares the memory of the tables, which are only written in place once it is reset.
        self.tape.reset();
        for (table, used) in self.tables.iter_mut().zip(used) {
            let used = used.expect("a table is gathered from once");
            used.add_to(-RATE, table.data_mut());
        }
    }

    fn cost(&mut self) -> f64 {
        self.cost.into()
    }
}
