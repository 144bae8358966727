//! Training steps of three models that are written on the tensor tape: a physics-informed network, a recurrent network
//! and word embeddings.
//!
//! Their initial weights and their data are hashed from the index of each number, so that other tools can compute the
//! same numbers; see `benches/peers/models/workloads.py`.

mod embedding;
mod gru;
mod pinn;

use crate::peer::Peer;
use autodiff::tensor::{Gradients, Shape, Tape, Tensor, Var};

/// Returns the training of the model with the given name, before its first step, and the number of its batches.
///
/// | name | model |
/// |---|---|
/// | `W8` | a network that solves Burgers' equation, with its derivatives in the cost |
/// | `W9` | a gated recurrent unit over 64 steps |
/// | `W10` | word embeddings with negative sampling |
#[must_use]
pub fn prepare(name: &str) -> Option<(Box<dyn Peer>, usize)> {
    with_samples(name, pinn::POINTS, gru::BATCH)
}

/// Like [`prepare`], with so few samples that no matrix product packs its factors, for which it would allocate memory.
#[must_use]
pub fn prepare_small(name: &str) -> Option<(Box<dyn Peer>, usize)> {
    with_samples(name, 64, 2)
}

fn with_samples(name: &str, points: usize, sequences: usize) -> Option<(Box<dyn Peer>, usize)> {
    Some(match name {
        "W8" => (Box::new(pinn::Training::new(points)), 1),
        "W9" => (Box::new(gru::Training::new(sequences)), gru::BATCHES),
        "W10" => (Box::new(embedding::Training::new()), embedding::BATCHES),
        _ => return None,
    })
}

/// Numbers between −`bound` and `bound`.
fn uniform(stream: u32, shape: impl Into<Shape>, bound: f32) -> Tensor<f32> {
    // 24 bits, so that nothing is rounded before the product with the bound.
    let unit = |index| (bits(stream, index) >> 8) as f32 / 16_777_216.0;
    Tensor::from_flat_fn(shape, |index| bound * (2.0 * unit(index) - 1.0))
}

/// Numbers below `limit`.
fn below(stream: u32, shape: impl Into<Shape>, limit: u32) -> Tensor<u32> {
    Tensor::from_flat_fn(shape, |index| bits(stream, index) % limit)
}

/// Hashed bits for the number with this index in a stream.
fn bits(stream: u32, index: usize) -> u32 {
    mix(mix(stream).wrapping_add(index as u32))
}

/// The last step of the hash function MurmurHash3.
fn mix(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// The weights, of shape (out, in), and the biases of a layer; a layer has a stream of its own.
fn layer(stream: u32, outputs: usize, inputs: usize) -> [Tensor<f32>; 2] {
    let bound = (inputs as f64).sqrt().recip() as f32;
    [
        uniform(stream, [outputs, inputs], bound),
        Tensor::zeros([outputs]),
    ]
}

/// Gradient descent on one tape, which is reused.
struct Descent<const N: usize> {
    parameters: [Tensor<f32>; N],
    rate: f32,
    tape: Tape<f32>,
    gradients: Gradients<f32>,
    /// The cost of the latest step.
    cost: f32,
}

impl<const N: usize> Descent<N> {
    fn new(parameters: [Tensor<f32>; N], rate: f32) -> Self {
        Descent {
            parameters,
            rate,
            tape: Tape::new(),
            gradients: Gradients::default(),
            cost: f32::NAN,
        }
    }

    /// Takes a step on the cost that `record` records for the parameters.
    fn step(
        &mut self,
        record: impl for<'t> FnOnce(&'t Tape<f32>, [Var<'t, f32>; N]) -> Var<'t, f32>,
    ) {
        let parameters = self.parameters.each_ref();
        let variables = parameters.map(|parameter| self.tape.var(parameter));
        let cost = record(&self.tape, variables);
        self.cost = cost.item();
        self.gradients.update(cost);
        // The tape shares the memory of the parameters, so that writing copies them.
        for (variable, parameter) in variables.into_iter().zip(&mut self.parameters) {
            self.gradients
                .add_to(variable, -self.rate, parameter.data_mut());
        }
        self.tape.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hashed_as_the_other_tools_do() {
        // By workloads.py.
        assert_eq!(below(1, [3], 1000).data(), [951, 882, 924]);
        assert_eq!(
            uniform(2, [3], 0.5).data(),
            [0.210_271_18, -0.284_671_55, -0.324_534_36]
        );
    }

    #[test]
    fn first_costs_are_those_of_the_other_tools() {
        for (name, expected) in [("W8", 3.713_631e-4), ("W9", 4.167_491), ("W10", 7.615_686)] {
            let (mut peer, _) = prepare(name).expect("it is one");
            peer.step(0);
            let error = peer.cost() / expected - 1.0;
            assert!(error.abs() < 1e-5, "{name}: {}", peer.cost());
        }
    }

    #[test]
    fn networks_learn() {
        // The embeddings change too little in a few steps.
        for name in ["W8", "W9"] {
            let (mut peer, batches) = prepare(name).expect("it is one");
            let mut cost = |batch| {
                peer.step(batch);
                peer.cost()
            };
            let first = cost(0);
            let later = (1..=batches).map(|step| cost(step % batches)).last();
            assert!(later < Some(first), "{name}: from {first} to {later:?}");
        }
    }
}
