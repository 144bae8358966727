//! Trains a recurrent network to predict the next character of a nursery rhyme, and lets it recite.
//!
//! The network is generic over [`Algebra`]: it is trained with variables on a tape, and recites with tensors, where
//! nothing is recorded.

use autodiff::tensor::{Algebra, Gradients, Tape, Tensor, Var};
use rand::distr::weighted::WeightedIndex;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const RHYME: &str = "\
There was a crooked man, and he walked a crooked mile,
He found a crooked sixpence upon a crooked stile;
He bought a crooked cat, which caught a crooked mouse,
And they all lived together in a little crooked house.
";

const WIDTH: usize = 64;
const BATCH: usize = 16;
const LENGTH: usize = 40;
const STEPS: i32 = 300;
const BOUND: f32 = 0.2;

/// The state of a gated recurrent unit (Cho et al. 2014, with the reset gate after the product, as in cuDNN) after it
/// has read a character in each sample.
///
/// The parameters are a table with the input of the gates for each character, the recurrent weight and bias, and the
/// weight and bias of the output layer.
fn next_state<A: Algebra>(parameters: &[A; 5], h: &A, characters: impl Into<Tensor<u32>>) -> A {
    let [table, weight, bias, ..] = parameters;
    let (read, kept) = (table.gather(0, characters), h.linear(weight, bias));
    let gate = |a: &A, gate: usize| a.slice_axis(1, gate * WIDTH..(gate + 1) * WIDTH);
    let reset = (gate(&read, 0) + gate(&kept, 0)).sigmoid();
    let update = (gate(&read, 1) + gate(&kept, 1)).sigmoid();
    let candidate = (gate(&read, 2) + reset * gate(&kept, 2)).tanh();
    &candidate + update * (h - &candidate)
}

/// The mean cross-entropy of the predictions; a column of `text` is a sample.
fn cost<'t>(parameters: &[Var<'t, f32>; 5], text: &Tensor<u32>) -> Var<'t, f32> {
    let [.., weight, bias] = *parameters;
    let mut h = weight.tape().constant(Tensor::zeros([BATCH, WIDTH]));
    let mut states = Vec::new();
    for t in 0..LENGTH {
        h = next_state(parameters, &h, text.slice(t));
        states.push(h);
    }
    let logits = Var::concat(&states, 0).linear(weight, bias);
    logits.cross_entropy(text.slice(1..).flatten())
}

/// Returns a text of the rhyme's length that begins with `first`. Its characters are drawn at a temperature of 0.5.
fn recite(parameters: &[Tensor<f32>; 5], first: u32, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let [.., weight, bias] = parameters;
    let (mut h, mut text) = (Tensor::zeros([1, WIDTH]), vec![first]);
    while text.len() < RHYME.len() {
        h = next_state(parameters, &h, &text[text.len() - 1..]);
        let probabilities = (h.linear(weight, bias) / 0.5).softmax(1);
        let next = WeightedIndex::new(probabilities.data()).unwrap();
        text.push(next.sample(rng) as u32);
    }
    text
}

fn main() -> Result<(), &'static str> {
    let alphabet: Vec<char> = BTreeSet::from_iter(RHYME.chars()).into_iter().collect();
    let number = |c| alphabet.binary_search(&c).unwrap() as u32;
    let text: Vec<u32> = RHYME.chars().map(number).collect();

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (n, gates) = (alphabet.len(), 3 * WIDTH);
    let shapes: [&[usize]; 5] = [&[n, gates], &[gates, WIDTH], &[gates], &[n, WIDTH], &[n]];
    let mut parameters = shapes.map(|shape| Tensor::uniform(shape, -0.125..0.125, &mut rng));
    let mut moments = shapes.map(|shape| [Tensor::zeros(shape), Tensor::zeros(shape)]);

    let (mut tape, mut gradients, mut last) = (Tape::new(), Gradients::default(), f32::NAN);
    for step in 1..=STEPS {
        let starts = [(); BATCH].map(|()| rng.random_range(0..text.len() - LENGTH));
        let batch = Tensor::from_fn([LENGTH + 1, BATCH], |[t, sample]| text[starts[sample] + t]);
        let variables = parameters.each_ref().map(|parameter| tape.var(parameter));
        let cost = cost(&variables, &batch);
        gradients.update(cost);
        // Adam (Kingma and Ba 2015).
        let rate = 0.01 * (1.0 - 0.999_f64.powi(step)).sqrt() / (1.0 - 0.9_f64.powi(step));
        for ((parameter, [m, v]), x) in parameters.iter_mut().zip(&mut moments).zip(variables) {
            let gradient = gradients.wrt(x);
            *m = 0.9 * &*m + 0.1 * &gradient;
            *v = 0.999 * &*v + 0.001 * gradient.square();
            *parameter -= rate * &*m / (v.sqrt() + 1e-8);
        }
        last = cost.item();
        if step % 50 == 0 {
            println!("step {step}: {last:.3} nats per character");
        }
        tape.reset();
    }

    let recited = recite(&parameters, number('\n'), &mut rng);
    let recited: String = recited.iter().map(|&c| alphabet[c as usize]).collect();
    println!("{recited}\nlast cost {last:.3}, bound {BOUND}");
    (last < BOUND).then_some(()).ok_or("the cost is too high")
}
