//! `Graph`: a random graph of tensor operations, recorded on a tape while it is drawn.

use crate::operations::Operation;
use autodiff::tensor::{Shape, Tape, Tensor, Var};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// A tensor variable in double precision.
pub(crate) type Node<'t> = Var<'t, f64>;

/// The largest number of elements, of axes, and the largest magnitude of a result.
const LARGEST: (usize, usize, f64) = (64, 5, 1e3);

/// The number of draws of one operation before another one is drawn.
const TRIES: usize = 20;

/// The distance from a kink below which an operation is rejected.
pub(crate) const NEAR: f64 = 1e-6;

/// A random graph. Nodes are numbered: first the inputs, then one for each step.
pub(crate) struct Graph<'t> {
    pub(crate) rng: ChaCha8Rng,
    tape: &'t Tape<f64>,
    inputs: usize,
    nodes: Vec<Node<'t>>,
    steps: Vec<Step>,
    rejected: usize,
}

/// The application of an operation.
struct Step {
    name: String,
    of: Vec<usize>,
    arguments: Value,
}

/// The result of an operation that was drawn.
pub(crate) struct Drawn<'t> {
    pub(crate) of: Vec<usize>,
    pub(crate) arguments: Value,
    pub(crate) y: Node<'t>,
}

impl<'t> Graph<'t> {
    /// Draws a graph.
    pub(crate) fn draw(seed: u64, tape: &'t Tape<f64>, operations: &[Operation]) -> Self {
        let mut graph = Graph {
            rng: ChaCha8Rng::seed_from_u64(seed),
            tape,
            inputs: 0,
            nodes: Vec::new(),
            steps: Vec::new(),
            rejected: 0,
        };
        graph.inputs = graph.rng.random_range(1..=4);
        let first = graph.any_shape();
        for i in 0..graph.inputs {
            let shape = match i {
                0 => first.clone(),
                _ if graph.rng.random_bool(0.6) => graph.stretching_to(&first),
                _ => graph.any_shape(),
            };
            let x = graph.numbers(&shape, 2.0);
            graph.nodes.push(tape.var(x));
        }
        for _ in 0..graph.rng.random_range(1..=12) {
            while !graph.draw_step(operations) {}
        }
        graph
    }

    /// Draws an operation and its arguments; returns whether arguments were found.
    fn draw_step(&mut self, operations: &[Operation]) -> bool {
        let operation = &operations[self.rng.random_range(0..operations.len())];
        for _ in 0..TRIES {
            let nodes = self.nodes.len();
            match operation.draw(self) {
                Some(drawn) if is_acceptable(&drawn.y.value()) => {
                    self.push(operation.name(), drawn);
                    return true;
                }
                _ => self.remove_from(nodes),
            }
            self.rejected += 1;
        }
        false
    }

    /// Removes the nodes from number `nodes` on. They stay on the tape, where nothing depends on them.
    fn remove_from(&mut self, nodes: usize) {
        self.nodes.truncate(nodes);
        self.steps.truncate(nodes - self.inputs);
    }

    /// Adds a step and returns the number of its node.
    pub(crate) fn push(&mut self, name: impl Into<String>, drawn: Drawn<'t>) -> usize {
        let Drawn { of, arguments, y } = drawn;
        self.steps.push(Step {
            name: name.into(),
            of,
            arguments,
        });
        self.nodes.push(y);
        self.nodes.len() - 1
    }

    /// The number of arguments that were drawn in vain.
    pub(crate) fn rejected(&self) -> usize {
        self.rejected
    }

    /// Returns the graph with its value and derivatives. The value is the sum of the elements, each with a random weight,
    /// of all results that no operation takes.
    pub(crate) fn evaluate(mut self, seed: u64) -> Value {
        let inputs = self.nodes[..self.inputs].to_vec();
        let is_taken = |i: &usize| self.steps.iter().any(|step| step.of.contains(i));
        let ends: Vec<usize> = (0..self.nodes.len()).filter(|i| !is_taken(i)).collect();
        let (mut y, mut weights) = (self.tape.constant(0.0), Vec::new());
        for &end in &ends {
            let weight = self.numbers(&self.nodes[end].shape(), 1.0);
            y += (self.nodes[end] * &weight).sum();
            weights.push(json!({"node": end, "weight": weight.data()}));
        }
        let gradients = y.gradients().wrt_all(&inputs);
        let recorded = y.recorded_gradients(&inputs);
        let direction: Vec<Tensor<f64>> = inputs
            .iter()
            .map(|x| self.numbers(&x.shape(), 1.0))
            .collect();
        // It depends on the inputs, even if the gradient does not.
        let mut slope = y * 0.0;
        for (gradient, v) in recorded.iter().zip(&direction) {
            slope += (*gradient * v).sum();
        }
        let product = slope.gradients().wrt_all(&inputs);
        let recorded: Vec<Tensor<f64>> = recorded.iter().map(|x| x.value()).collect();
        let shapes: Vec<Vec<usize>> = self.nodes.iter().map(|x| x.shape().to_vec()).collect();
        let steps = self.steps.iter().zip(&shapes[self.inputs..]);
        let steps = steps.map(|(s, shape)| json!({"name": s.name, "of": s.of, "arguments": s.arguments, "shape": shape}));
        json!({
            "seed": seed,
            "inputs": inputs.iter().map(|x| real(&x.value())).collect::<Vec<_>>(),
            "steps": steps.collect::<Vec<_>>(),
            "ends": weights,
            "direction": flat(&direction),
            "value": y.item(),
            "gradient": flat(&gradients),
            "recorded_gradient": flat(&recorded),
            "hessian_product": flat(&product),
        })
    }
}

/// Nodes and numbers for the arguments of an operation.
impl<'t> Graph<'t> {
    /// The variable of a node.
    pub(crate) fn var(&self, node: usize) -> Node<'t> {
        self.nodes[node]
    }

    /// A node: the newest one, or any.
    pub(crate) fn pick(&mut self) -> usize {
        match self.rng.random_bool(0.5) {
            true => self.nodes.len() - 1,
            false => self.rng.random_range(0..self.nodes.len()),
        }
    }

    /// A node with exactly two axes.
    pub(crate) fn pick_matrix(&mut self) -> usize {
        let x = self.pick();
        let shape = self.var(x).shape();
        if shape.rank() == 2 {
            return x;
        }
        let rows = shape[..shape.rank() / 2].iter().product();
        let columns = shape[shape.rank() / 2..].iter().product();
        let (arguments, y) = (
            json!({"to": [rows, columns]}),
            self.var(x).reshape([rows, columns]),
        );
        self.push(
            "reshape",
            Drawn {
                of: vec![x],
                arguments,
                y,
            },
        )
    }

    /// A node of the given shape, of elements of another one; `None` if that has none.
    pub(crate) fn pick_of_shape(&mut self, shape: &[usize]) -> Option<usize> {
        let x = self.pick();
        if self.var(x).shape()[..] == *shape {
            return Some(x);
        }
        let size = self.var(x).size();
        if size == 0 && !shape.contains(&0) {
            return None;
        }
        let y = self.var(x).flatten();
        let x = self.push(
            "flatten",
            Drawn {
                of: vec![x],
                arguments: json!({}),
                y,
            },
        );
        let indices = self.indices(shape, size);
        let arguments = json!({"axis": 0, "indices": integers(&indices)});
        let y = self.var(x).gather(0, indices);
        Some(self.push(
            "gather",
            Drawn {
                of: vec![x],
                arguments,
                y,
            },
        ))
    }

    /// A node that can be broadcast together with `x`.
    pub(crate) fn pick_beside(&mut self, x: usize) -> Option<usize> {
        let (other, shape) = (self.pick(), self.var(x).shape());
        if shape.broadcast(&self.var(other).shape()).is_some() {
            return Some(other);
        }
        let shape = self.stretching_to(&shape);
        self.pick_of_shape(&shape)
    }

    /// A shape of up to three axes, some of extent 0 or 1.
    fn any_shape(&mut self) -> Shape {
        let rank = self.rng.random_range(0..=3);
        let extents: Vec<usize> = (0..rank).map(|_| self.extent()).collect();
        Shape::from(&extents[..])
    }

    /// An extent.
    pub(crate) fn extent(&mut self) -> usize {
        *[0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4]
            .choose(&mut self.rng)
            .unwrap_or(&1)
    }

    /// A shape that can be broadcast to the given one.
    pub(crate) fn stretching_to(&mut self, shape: &[usize]) -> Shape {
        let first = self.rng.random_range(0..=shape.len());
        let first = if self.rng.random_bool(0.5) { 0 } else { first };
        let extents: Vec<usize> = shape[first..]
            .iter()
            .map(|&n| if self.rng.random_bool(0.25) { 1 } else { n })
            .collect();
        Shape::from(&extents[..])
    }

    /// An axis of a node, from either end; `None` if it has none.
    pub(crate) fn axis(&mut self, x: usize) -> Option<isize> {
        let rank = self.var(x).shape().rank() as isize;
        (rank > 0).then(|| self.integer(-rank..=rank - 1))
    }

    /// An axis of a node, as an argument and as a number from 0.
    pub(crate) fn axis_and_number(&mut self, x: usize) -> Option<(isize, usize)> {
        let (axis, rank) = (self.axis(x)?, self.var(x).shape().rank());
        Some((
            axis,
            if axis < 0 {
                rank - axis.unsigned_abs()
            } else {
                axis as usize
            },
        ))
    }

    /// Some of the axes of a node, in any order and from either end.
    pub(crate) fn axes(&mut self, x: usize) -> Vec<isize> {
        let mut axes = self.order(x);
        let count = self.rng.random_range(0..=axes.len());
        axes.truncate(count);
        axes
    }

    /// All axes of a node, in any order and from either end.
    pub(crate) fn order(&mut self, x: usize) -> Vec<isize> {
        let rank = self.var(x).shape().rank() as isize;
        let mut axes: Vec<isize> = (0..rank).collect();
        axes.shuffle(&mut self.rng);
        axes.iter()
            .map(|&axis| {
                if self.rng.random_bool(0.5) {
                    axis - rank
                } else {
                    axis
                }
            })
            .collect()
    }

    /// An integer, which may be negative.
    pub(crate) fn integer(&mut self, range: RangeInclusive<isize>) -> isize {
        self.rng
            .random_range(*range.start() as i64..=*range.end() as i64) as isize
    }

    /// Numbers between `−largest` and `largest`.
    pub(crate) fn numbers(&mut self, shape: &[usize], largest: f64) -> Tensor<f64> {
        Tensor::from_flat_fn(shape, |_| self.rng.random_range(-largest..largest))
    }

    /// Indices below `extent`, which is not 0 unless the shape has no elements.
    pub(crate) fn indices(&mut self, shape: &[usize], extent: usize) -> Tensor<u32> {
        Tensor::from_flat_fn(shape, |_| self.rng.random_range(0..extent) as u32)
    }

    /// A mask that can be broadcast to the given shape.
    pub(crate) fn mask(&mut self, shape: &[usize]) -> Tensor<u8> {
        let shape = self.stretching_to(shape);
        Tensor::from_flat_fn(shape, |_| u8::from(self.rng.random_bool(0.6)))
    }
}

/// Whether a result is small enough to compute with further.
fn is_acceptable(y: &Tensor<f64>) -> bool {
    let (size, rank, magnitude) = LARGEST;
    y.size() <= size && y.shape().rank() <= rank && y.iter().all(|y| y.abs() <= magnitude)
}

/// A tensor of numbers in JSON.
pub(crate) fn real(x: &Tensor<f64>) -> Value {
    json!({"shape": x.shape().to_vec(), "data": x.data()})
}

/// A tensor of indices or a mask in JSON.
pub(crate) fn integers<T: autodiff::tensor::Element + Into<u64>>(x: &Tensor<T>) -> Value {
    let data: Vec<u64> = x.data().iter().map(|&x| x.into()).collect();
    json!({"shape": x.shape().to_vec(), "data": data})
}

/// The elements of several tensors.
fn flat(tensors: &[Tensor<f64>]) -> Vec<f64> {
    tensors.iter().flat_map(|x| x.data().to_vec()).collect()
}
