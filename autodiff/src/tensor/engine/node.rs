//! The nodes of a tape.

use crate::tensor::op::Saved;
use crate::tensor::ops::Operation;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use smallvec::SmallVec;
use std::panic::Location;

/// One recorded value, and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Node<T: Real> {
    pub(crate) operation: Operation<T>,
    pub(crate) inputs: Few<Edge>,
    pub(crate) value: Tensor<T>,
    pub(crate) saved: Saved,
    /// Whether it depends on a variable; adjoints of others are never formed.
    pub(crate) tracked: bool,
    /// Which anchor of the tape it is, counted from 1; 0 if it is none.
    pub(crate) anchor: u32,
    pub(crate) caller: &'static Location<'static>,
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
    /// Whether its adjoint is wanted: it depends on a variable.
    pub(crate) wanted: bool,
    /// Whether its adjoint may stay an unevaluated product: it is a variable, before which nothing needs it.
    pub(crate) lazy: bool,
}

impl Edge {
    /// The edge from a node with the given number.
    #[inline(always)]
    pub(super) fn from<T: Real>(number: u32, node: &Node<T>) -> Edge {
        Edge {
            node: number,
            wanted: node.tracked,
            lazy: matches!(node.operation, Operation::Variable),
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
    pub(crate) fn check_tracked(&self, request: &str) {
        if !self.tracked {
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
