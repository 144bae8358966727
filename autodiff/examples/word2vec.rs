//! Learns vectors of words from the words around them: skip-gram with negative sampling (Mikolov et al. 2013).
//!
//! A batch uses a few rows of the tables of vectors. Their gradients are those rows, and only those rows are updated.

use autodiff::tensor::{RowGradient, Tape, Tensor, Var};
use rand::distr::weighted::WeightedIndex;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Kinds of words; words of a kind occur in the same places.
const KINDS: [(&str, &str); 4] = [
    ("COLOUR", "black brown grey red white yellow"),
    ("ANIMAL", "cat dog fox horse mouse owl"),
    ("FOOD", "bread cheese corn fish rice soup"),
    ("PLACE", "barn field forest garden house kitchen"),
];
const SENTENCES: [&str; 4] = [
    "the COLOUR ANIMAL eats FOOD in the PLACE",
    "an ANIMAL and an ANIMAL sleep near the PLACE",
    "we cook FOOD with FOOD for dinner",
    "she painted her PLACE all COLOUR and COLOUR",
];
const WIDTH: usize = 16;
const WINDOW: usize = 2;
const NEGATIVES: usize = 5;
const BATCH: usize = 128;
const RATE: f32 = 0.2;
const BOUND: usize = 22;

/// A sentence in which every kind is replaced by one of its words.
fn sentence(rng: &mut ChaCha8Rng) -> Vec<&'static str> {
    let words = SENTENCES.choose(rng).unwrap().split(' ');
    let replaced = |word| match KINDS.iter().find(|kind| kind.0 == word) {
        Some((_, members)) => members.split(' ').choose(rng).unwrap(),
        None => word,
    };
    words.map(replaced).collect()
}

/// The mean cost of word vectors `v`, [samples, width], with context vectors `u`, [samples, 1 + negatives, width]: for
/// each sample −ln σ(u₀·v), where word 0 occurs near the word, and −ln σ(−uᵢ·v) for every negative sample i ≥ 1.
fn cost<'t>(v: Var<'t, f32>, u: Var<'t, f32>) -> Var<'t, f32> {
    let signs = Tensor::from_flat_fn([1 + NEGATIVES], |i| if i == 0 { 1.0 } else { -1.0 });
    let scores = (u * v.unsqueeze(1)).sum_over(2);
    -(scores * signs).log_sigmoid().sum_over(1).mean()
}

/// A step of Adagrad (Duchi et al. 2011) on the rows that were used, one after the other.
fn adagrad(table: &mut [f32], squares: &mut [f32], used: &RowGradient<f32>) {
    for (i, &row) in used.indices.iter().enumerate() {
        for j in 0..WIDTH {
            let (at, g) = (row as usize * WIDTH + j, used.rows.at([i, j]));
            squares[at] += g * g;
            table[at] -= RATE * g / (squares[at].sqrt() + 1e-8);
        }
    }
}

fn main() -> Result<(), &'static str> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let text: Vec<_> = (0..1000).map(|_| sentence(&mut rng)).collect();
    let mut counts = BTreeMap::new();
    for &word in text.iter().flatten() {
        *counts.entry(word).or_insert(0.0) += 1.0;
    }
    let words: Vec<_> = counts.keys().copied().collect();
    let number = |word: &str| words.binary_search(&word).unwrap();

    let mut pairs = Vec::new();
    for sentence in &text {
        for (i, centre) in sentence.iter().enumerate() {
            let window = i.saturating_sub(WINDOW)..(i + WINDOW + 1).min(sentence.len());
            for j in window.filter(|&j| j != i) {
                pairs.push([centre, sentence[j]].map(|word| number(word) as u32));
            }
        }
    }
    let noise = WeightedIndex::new(counts.values().map(|count: &f64| count.powf(0.75))).unwrap();

    let shape = [words.len(), WIDTH];
    let mut tables = [(); 2].map(|()| Tensor::uniform(shape, -0.5..0.5, &mut rng));
    let mut squares = [(); 2].map(|()| Tensor::zeros(shape));
    let (mut tape, batches) = (Tape::new(), pairs.len() / BATCH);
    for epoch in 1..=5 {
        pairs.shuffle(&mut rng);
        let mut sum = 0.0;
        for batch in pairs.chunks_exact(BATCH) {
            let centres: Tensor<u32> = batch.iter().map(|pair| pair[0]).collect();
            let near = Tensor::from_fn([BATCH, 1], |[i, _]| batch[i][1]);
            let drawn = Tensor::from_fn([BATCH, NEGATIVES], |_| noise.sample(&mut rng) as u32);
            let [v, u] = tables.each_ref().map(|table| tape.var(table));
            let others = u.gather(0, Tensor::concat(&[near, drawn], 1));
            let cost = cost(v.gather(0, centres), others);
            let gradients = cost.gradients();
            let used = [v, u].map(|table| gradients.rows_wrt(table).unwrap());
            sum += cost.item();
            // The tape lets go of the tables, so that their rows are changed in place.
            tape.reset();
            for i in 0..2 {
                adagrad(tables[i].data_mut(), squares[i].data_mut(), &used[i]);
            }
        }
        println!("epoch {epoch}: cost {:.4}", sum / batches as f32);
    }

    let vectors = &tables[0] / tables[0].norm_over_keepdims(1);
    let (_, nearest) = vectors.matmul(vectors.transpose()).top_k(4, 1);
    let mut alike = 0;
    for (kind, members) in KINDS {
        println!("{kind}");
        for word in members.split(' ') {
            // The first is the word itself.
            let nearest = nearest.slice((number(word), 1..));
            let nearest: Vec<_> = nearest.iter().map(|&i| words[i as usize]).collect();
            println!("  {word:8} {}", nearest.join(", "));
            alike += usize::from(members.split(' ').any(|member| member == nearest[0]));
        }
    }
    println!("The nearest word is of the same kind for {alike} words of 24, bound {BOUND}.");
    (alike >= BOUND).then_some(()).ok_or("these are too few")
}
