//! Models of sequences of words.

use autodiff::tensor::{Algebra, Real, Tape, Tensor};
use nn::layers::{Embedding, Gru, Layer};
use nn::{Adam, BatchGradient, Builder, Context, Layout, Model, Pass, mean_cost};
use std::sync::Arc;

/// A model that predicts the next word: an embedding, a recurrent unit, and logits by the table of the embedding.
struct Words {
    table: Embedding,
    unit: Gru,
    layout: Arc<Layout>,
}

impl Model for Words {
    /// Sequences, and the next word of each sequence.
    type Chunk<T: Real> = (Tensor<u32>, Tensor<u32>);

    fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    fn cost<A: Algebra>(&self, pass: &Pass<'_, A>, (words, next): (Tensor<u32>, Tensor<u32>)) -> A {
        let h = self.unit.forward(pass, &self.table.forward(pass, &words));
        let logits = self.table.logits(pass, &h);
        logits.cross_entropy(autodiff::tensor::CrossEntropy::new(next).summed())
    }
}

#[test]
fn a_recurrent_model_of_words_learns_what_comes_next() {
    let b = Builder::new();
    let model = Words {
        table: Embedding::new(&b, 7, 8),
        unit: Gru::new(&b.at("unit"), 8, 8),
        layout: b.layout(),
    };
    // Each word is 2 more than its predecessor, modulo 7.
    let words = Tensor::from_fn([42, 3], |[i, j]| ((i + 2 * j) % 7) as u32);
    let next = Tensor::from_flat_fn([42], |i| ((i + 6) % 7) as u32);
    let batch = (words, next);
    let mut parameters = model.layout().init::<f64>(1);
    let (mut gradient, mut adam) = (BatchGradient::tape(&model), Adam::new(0.02));
    for _ in 0..150 {
        gradient.step(&mut parameters, &batch, &mut adam).unwrap();
    }
    let cost = mean_cost(&model, &parameters, &batch);
    assert!(cost < 0.1, "{cost}");
}

#[test]
fn an_embedding_selects_rows_and_only_these_have_a_gradient() {
    let b = Builder::new();
    let table = Embedding::new(&b, 5, 2);
    let parameters = b.layout().init::<f64>(1);
    let tape = Tape::new();
    let slices = parameters.record(&tape);
    let context = Context::evaluation(0..2);
    let pass = Pass::new(&parameters, &slices, &context);
    let words = Tensor::from([[4_u32, 1, 4], [1, 1, 0]]);
    let rows = table.forward(&pass, &words);
    assert_eq!(rows.shape()[..], [2, 3, 2]);
    assert_eq!(rows.value().at([0, 2, 1]), parameters.tensor(0).at([4, 1]));
    let gradient = rows.sum().gradients().wrt(slices[0]);
    assert_eq!(
        gradient,
        Tensor::from([1.0, 3.0, 0.0, 0.0, 2.0].map(|count| [count; 2]))
    );
}
