//! The nodes of a tape.

use crate::tensor::op::Saved;
use crate::tensor::ops::StoredOp;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use smallvec::SmallVec;
use std::panic::Location;

/// A recorded value, and the operation and inputs that it was computed from.
#[derive(Clone, Debug)]
pub(crate) struct Node<T: Real> {
    pub(crate) operation: StoredOp<T>,
    pub(crate) inputs: Few<Edge>,
    pub(crate) value: Tensor<T>,
    pub(crate) saved: Saved,
    /// Whether it depends on a variable. If not, its adjoint is never computed.
    pub(crate) requires_grad: bool,
    /// Its position among the retained nodes, from 1; 0 if it is not retained.
    pub(crate) retained: u32,
    pub(crate) location: &'static Location<'static>,
}

/// One item for each input of an operation.
pub(super) type Few<E> = SmallVec<[E; 3]>;

/// `of` of each input; without a loop for the most frequent numbers of inputs.
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

/// Where an input comes from, and how its adjoint is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    /// The number of the input's node.
    pub(crate) node: u32,
    /// Whether its adjoint is needed: it depends on a variable.
    pub(crate) needs_grad: bool,
    /// Whether its adjoint may stay a lazy product: a variable has no rule that would read it.
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
    /// Checks that the node depends on a variable, so that there is something to differentiate with respect to.
    ///
    /// # Panics
    ///
    /// If it depends on none.
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

    /// The numbers of the inputs' nodes.
    pub(crate) fn input_nodes(&self) -> impl Iterator<Item = usize> {
        self.inputs.iter().map(|edge| edge.node as usize)
    }
}
