//! The tape of tensor operations: recording.

mod place;

use super::adjoints::AdjointList;
use super::node::{Edge, Node, few};
use crate::tensor::op::{Op, Saved};
use crate::tensor::ops::Operation;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use place::Place;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::panic::Location;

/// A list of tensor operations in the order in which they were computed.
///
/// Inputs precede outputs on it, so the backward pass is one loop from the end. A tape is made to be used again:
/// [`reset`](Tape::reset) forgets the recording and keeps the memory.
///
/// ```
/// use autodiff::tensor::Tape;
///
/// let mut tape = Tape::new();
/// for step in 1..=3 {
///     let x = tape.var([f64::from(step), 2.0]);
///     let y = (x * x).sum();
///     assert_eq!(y.gradients().wrt(x).data(), [2.0 * f64::from(step), 4.0]);
///     tape.reset();
/// }
/// ```
pub struct Tape<T: Real> {
    nodes: RefCell<Vec<Node<T>>>,
    /// The number of nodes that were anchored.
    anchors: Cell<u32>,
    /// Lists of adjoints from sweeps that are over, for the next ones.
    #[expect(
        clippy::vec_box,
        reason = "a list is handed from sweep to sweep, which moves but one pointer"
    )]
    spare_adjoints: RefCell<Vec<Box<AdjointList<Tensor<T>>>>>,
    /// Names that nodes were given, for pictures; beside the nodes, since few have one.
    names: RefCell<Vec<(u32, Cow<'static, str>)>>,
    /// The number 1: the adjoint that almost every sweep begins with, so that it is not made each time.
    one: Tensor<T>,
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Tape::with_capacity(0)
    }

    /// An empty tape with room for so many nodes.
    #[must_use]
    pub fn with_capacity(nodes: usize) -> Self {
        Tape {
            nodes: RefCell::new(Vec::with_capacity(nodes)),
            anchors: Cell::new(0),
            spare_adjoints: RefCell::default(),
            names: RefCell::default(),
            one: Tensor::scalar(T::from_f64(1.0)),
        }
    }

    /// Records a variable: a value to differentiate with respect to.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.leaf(true, value.into())
    }

    /// Records a constant: a value that no adjoint is formed of.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.leaf(false, value.into())
    }

    /// Computes and records any operation, of any number of inputs: one of the user's own; see [`Op`] for an example.
    ///
    /// # Panics
    ///
    /// If an input is of another tape, or the operation refuses its shapes.
    #[track_caller]
    pub fn apply<'t>(&'t self, op: impl Op<T>, inputs: &[Var<'t, T>]) -> Var<'t, T> {
        self.record(op, &few(inputs, |input| input))
    }

    /// Forgets everything recorded, and keeps the memory.
    ///
    /// It takes the tape mutably, so that neither variables nor gradients from before can be used after.
    ///
    /// ```compile_fail,E0502
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// tape.reset();
    /// let y = x.sum(); // x is of the earlier recording
    /// ```
    ///
    /// ```compile_fail,E0502
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let gradients = tape.var([1.0, 2.0]).sum().gradients();
    /// tape.reset();
    /// drop(gradients); // of the earlier recording
    /// ```
    pub fn reset(&mut self) {
        self.names.get_mut().clear();
        self.anchors.set(0);
        // Last, because operations of the user's are dropped, which may panic.
        self.nodes.get_mut().clear();
    }

    /// The number of nodes: variables, constants and results of operations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that the recorded values hold, counting memory that several nodes share once for each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |tensor: &Tensor<T>| tensor.size() * size_of::<T>();
        let node = |node: &Node<T>| size_of::<Node<T>>() + of(&node.value) + node.saved.bytes();
        self.nodes.borrow().iter().map(node).sum()
    }

    /// Computes an operation and appends it.
    ///
    /// # Panics
    ///
    /// If an input is of another tape, or the operation refuses its shapes.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn record<'t, O: Op<T>>(&'t self, op: O, inputs: &[&Var<'t, T>]) -> Var<'t, T> {
        self.check(inputs, &op);
        if !O::BUILT_IN {
            return self.record_custom(op, inputs);
        }
        let nodes = self.nodes();
        let node = |input: &&Var<'t, T>| &nodes[input.index as usize];
        let edges = few(inputs, |input| Edge::from(input.index, node(input)));
        let x = few(inputs, |input| &node(input).value);
        let tracked = is_tracked(&edges);
        let (value, saved) = compute(&op, &x, tracked);
        drop(x);
        drop(nodes);
        self.append(op.stored().0, &edges, tracked, value, saved)
    }

    /// As [`record`](Tape::record), for an operation of the user's own.
    #[inline(never)]
    #[track_caller]
    fn record_custom<'t>(&'t self, op: impl Op<T>, inputs: &[&Var<'t, T>]) -> Var<'t, T> {
        let edges = {
            let nodes = self.nodes();
            few(inputs, |input| {
                Edge::from(input.index, &nodes[input.index as usize])
            })
        };
        // The user's code may record on this tape, so the nodes are not borrowed while it runs.
        let x: SmallVec<[Tensor<T>; 3]> = inputs.iter().map(|x| x.value()).collect();
        let tracked = is_tracked(&edges);
        let (value, saved) = compute(&op, &few(&x, |x| x), tracked);
        self.append(op.stored().0, &edges, tracked, value, saved)
    }

    /// Checks that the inputs of an operation are of this tape.
    #[inline(always)]
    #[track_caller]
    fn check(&self, inputs: &[&Var<'_, T>], op: &impl Op<T>) {
        for input in inputs {
            assert!(
                std::ptr::eq(input.tape, self),
                "{}: an input is a variable of another tape",
                op.name()
            );
        }
    }

    /// Appends a variable, whose adjoint is tracked, or a constant.
    #[inline(always)]
    #[track_caller]
    fn leaf(&self, tracked: bool, value: Tensor<T>) -> Var<'_, T> {
        let operation = if tracked {
            Operation::Variable
        } else {
            Operation::Constant
        };
        self.append(operation, &[], tracked, value, Saved::nothing())
    }

    /// Appends a node.
    #[inline(always)]
    #[track_caller]
    fn append(
        &self,
        operation: Operation<T>,
        edges: &[Edge],
        tracked: bool,
        value: Tensor<T>,
        saved: Saved,
    ) -> Var<'_, T> {
        let caller = Location::caller();
        let mut nodes = self.nodes_mut();
        let Ok(index) = u32::try_from(nodes.len()) else {
            panic!("a tape cannot hold more than 2³² nodes")
        };
        Place::after(&mut nodes).fill(Node {
            operation,
            inputs: few(edges, |edge| *edge),
            value,
            saved,
            tracked,
            anchor: 0,
            caller,
        });
        Var { tape: self, index }
    }

    pub(crate) fn nodes(&self) -> Ref<'_, Vec<Node<T>>> {
        self.nodes.borrow()
    }

    /// The nodes, to append to.
    ///
    /// # Panics
    ///
    /// If code of the user's runs while they are borrowed: the name of an operation, say, that records one.
    #[inline(always)]
    #[track_caller]
    fn nodes_mut(&self) -> RefMut<'_, Vec<Node<T>>> {
        match self.nodes.try_borrow_mut() {
            Ok(nodes) => nodes,
            Err(_) => panic!("a tape cannot be recorded on while it is read"),
        }
    }

    /// Has later backward passes keep the adjoint of a node.
    ///
    /// # Panics
    ///
    /// If it depends on no variable.
    #[track_caller]
    pub(crate) fn anchor(&self, index: u32) {
        let node = &mut self.nodes_mut()[index as usize];
        node.check_tracked("anchor:");
        if node.anchor == 0 {
            self.anchors.set(self.anchors.get() + 1);
            node.anchor = self.anchors.get();
        }
    }

    pub(crate) fn name(&self, index: u32, name: Cow<'static, str>) {
        self.names.borrow_mut().push((index, name));
    }

    /// The latest name of a node.
    pub(crate) fn name_of(&self, index: usize) -> Option<Cow<'static, str>> {
        let names = self.names.borrow();
        let found = names
            .iter()
            .rev()
            .find(|(named, _)| *named as usize == index);
        found.map(|(_, name)| name.clone())
    }

    /// The adjoint of a scalar that a sweep begins with.
    pub(crate) fn one(&self) -> Tensor<T> {
        self.one.clone()
    }

    /// An empty list for the adjoints of a sweep over so many nodes.
    pub(crate) fn spare_adjoints(&self, nodes: usize) -> Box<AdjointList<Tensor<T>>> {
        let spare = self.spare_adjoints.borrow_mut().pop();
        let mut adjoints = spare.unwrap_or_default();
        adjoints.begin(nodes, self.anchors.get());
        adjoints
    }

    /// Takes a list of adjoints back, for the next sweep.
    pub(crate) fn return_adjoints(&self, mut adjoints: Box<AdjointList<Tensor<T>>>) {
        adjoints.clear();
        self.spare_adjoints.borrow_mut().push(adjoints);
    }
}

/// Whether a node with these inputs depends on a variable. If not it is a constant, and no rule asks what was saved.
#[inline(always)]
fn is_tracked(edges: &[Edge]) -> bool {
    edges.iter().any(|edge| edge.wanted)
}

/// The value of an operation, and what is to be saved for its rule.
#[inline(always)]
#[track_caller]
fn compute<T: Real>(op: &impl Op<T>, x: &[&Tensor<T>], tracked: bool) -> (Tensor<T>, Saved) {
    if tracked {
        op.value_and_saved(x)
    } else {
        (op.value(x), Saved::nothing())
    }
}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Tape::new()
    }
}

impl<T: Real> fmt::Debug for Tape<T> {
    /// One line a node: its number, operation, inputs and shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, node) in self.nodes.borrow().iter().enumerate() {
            writeln!(
                f,
                "%{index} = {} {:?} {}",
                node.operation.name(),
                node.input_nodes().collect::<Vec<_>>(),
                node.value.shape()
            )?;
        }
        Ok(())
    }
}
