//! Nodes of the tensor tape on tensors so small that the time is mostly bookkeeping.

use autodiff::tensor::{Tape, Tensor, Var};

/// A kind of node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The name.
    pub name: &'static str,
    /// Records a chain of the given number of nodes, each with the previous one as input.
    pub record: for<'t> fn(Leaves<'t>, usize) -> Var<'t, f32>,
}

/// The number of nodes recorded at a time.
pub const CHAIN: usize = 100;

/// The inputs of the nodes: a row of four numbers, and a layer of four neurons.
#[derive(Clone, Copy, Debug)]
pub struct Leaves<'t> {
    /// A row of four numbers.
    pub x: Var<'t, f32>,
    /// The weights of the neurons.
    pub weight: Var<'t, f32>,
    /// The biases of the neurons.
    pub bias: Var<'t, f32>,
    /// The weights as a constant, which has no gradient.
    pub fixed_weight: Var<'t, f32>,
    /// The biases as a constant.
    pub fixed_bias: Var<'t, f32>,
}

/// The kinds of nodes in a network.
pub const NODES: [Node; 5] = [
    Node {
        name: "relu",
        record: |leaves, count| (0..count).fold(leaves.x, |y, _| y.relu()),
    },
    Node {
        name: "add",
        record: |leaves, count| (0..count).fold(leaves.x, |y, _| y + leaves.x),
    },
    Node {
        name: "linear, constant weights",
        record: |leaves, count| {
            let (weight, bias) = (leaves.fixed_weight, leaves.fixed_bias);
            (0..count).fold(leaves.x, |y, _| y.linear(weight, bias))
        },
    },
    Node {
        name: "linear",
        record: |leaves, count| {
            (0..count).fold(leaves.x, |y, _| y.linear(leaves.weight, leaves.bias))
        },
    },
    Node {
        // A cost is a single number, so a chain of them needs sums.
        name: "cross-entropy and add",
        record: |leaves, count| {
            let cost = || leaves.x.cross_entropy(Tensor::from([2_u32]));
            (1..count).fold(cost(), |sum, _| sum + cost())
        },
    },
];

impl Node {
    /// Records a chain of [`CHAIN`] nodes on an empty tape.
    pub fn chain<'t>(&self, tape: &'t Tape<f32>) -> Var<'t, f32> {
        // An identity layer keeps the values the same in a chain of any length.
        let identity = || Tensor::eye(4);
        let leaves = Leaves {
            x: tape.var([[0.1, 0.2, 0.3, 0.4]]),
            weight: tape.var(identity()),
            bias: tape.var(Tensor::zeros([4])),
            fixed_weight: tape.constant(identity()),
            fixed_bias: tape.constant(Tensor::zeros([4])),
        };
        (self.record)(leaves, CHAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_has_its_nodes() {
        for node in NODES {
            let tape = Tape::new();
            node.chain(&tape);
            assert!(tape.len() >= CHAIN, "{}: {} nodes", node.name, tape.len());
        }
    }
}
