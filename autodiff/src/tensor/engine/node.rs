//! The nodes of a tape.

use crate::tensor::op::Saved;
use crate::tensor::ops::StoredOp;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use smallvec::SmallVec;
use std::panic::Location;

/// One recorded value, and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Node<T: Real> {
    pub(crate) operation: StoredOp<T>,
    pub(crate) inputs: Few<Edge>,
    pub(crate) value: Tensor<T>,
    pub(crate) saved: Saved,
    /// Whether it depends on a variable; adjoints of others are never formed.
    pub(crate) requires_grad: bool,
    /// Its number among the nodes whose adjoints are retained, counted from 1; 0 if it is none of them.
    pub(crate) retained: u32,
    pub(crate) location: &'static Location<'static>,
}

/// A list of what belongs to each input of an operation.
pub(super) type Few<E> = SmallVec<[E; 3]>;

/// What `of` makes of each input; of the usual numbers of inputs, without a loop.
#[inline(always)]
pub(super) fn few<'a, I, E: Copy>(inputs: &'a [I], of: impl Fn(&'a I) -> E) -> Few<E> {
    match inputs {
        [] => SmallVec::new(),
        [a] => SmallVec::from_buf_and_len([of(a); 3], 1),
        [a, b] => {
            let (a, b) = (of(a), of(b));
            SmallVec::from_buf_and_len([a, b, b], 2)
        }
        [a, b, c] => SmallVec::from_buf([of(a), of(b), of(c)]),
        _ => inputs.iter().map(of).collect(),
    }
}

/// Where an input comes from, and what becomes of its adjoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    /// The number of the node that the input is.
    pub(crate) node: u32,
    /// Whether its adjoint is needs_grad: it depends on a variable.
    pub(crate) needs_grad: bool,
    /// Whether its adjoint may stay an unevaluated product: it is a variable, before which nothing needs it.
    pub(crate) lazy: bool,
}

impl Edge {
    /// The edge from a node with the given number.
    #[inline(always)]
    pub(super) fn from<T: Real>(number: u32, node: &Node<T>) -> Edge {
        Edge {
            node: number,
            needs_grad: node.requires_grad,
            lazy: matches!(node.operation, StoredOp::Variable),
        }
    }
}

impl<T: Real> Node<T> {
    /// Checks that it depends on a variable, without which there is nothing to differentiate with respect to.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[inline]
    #[track_caller]
    pub(crate) fn check_requires_grad(&self, request: &str) {
        if !self.requires_grad {
            self.is_constant(request);
        }
    }

    #[cold]
    #[track_caller]
    fn is_constant(&self, request: &str) -> ! {
        panic!(
            "{request} the result of `{}`, which depends on no variable: record its value with `var` instead",
            self.operation.name()
        )
    }

    /// The numbers of the nodes that the inputs are.
    pub(crate) fn input_nodes(&self) -> impl Iterator<Item = usize> {
        self.inputs.iter().map(|edge| edge.node as usize)
    }
}
