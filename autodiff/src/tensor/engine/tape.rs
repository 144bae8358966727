//! `Tape`: recording.

mod place;

use super::node::{Edge, Node, few};
use crate::recording::unique;
use crate::tensor::op::{Op, Saved};
use crate::tensor::ops::StoredOp;
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
/// An operation's inputs precede its output, so that the backward pass is one loop from the end. A tape can be reused:
/// [`reset`](Tape::reset) drops the recording and keeps the memory.
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
    /// The number of retained nodes.
    retained: Cell<u32>,
    /// The number of this recording. It differs from every other recording, on this tape or another.
    recording: u64,
    /// Names of nodes, for pictures. They are not in the nodes, since few nodes have one.
    names: RefCell<Vec<(u32, Cow<'static, str>)>>,
    /// A cached scalar 1, the usual seed of a backward pass.
    one: Tensor<T>,
}

/// Recording.
impl<T: Real> Tape<T> {
    /// Creates an empty tape.
    #[must_use]
    pub fn new() -> Self {
        Tape::with_capacity(0)
    }

    /// Creates an empty tape with memory for `nodes` nodes.
    #[must_use]
    pub fn with_capacity(nodes: usize) -> Self {
        Tape {
            nodes: RefCell::new(Vec::with_capacity(nodes)),
            retained: Cell::new(0),
            recording: unique(),
            names: RefCell::default(),
            one: Tensor::scalar(T::from_f64(1.0)),
        }
    }

    /// Records a variable: a value to differentiate with respect to.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.leaf(true, value.into())
    }

    /// Records a constant: no gradient flows to it.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.leaf(false, value.into())
    }

    /// Computes and records an operation, typically a user-defined one; see [`Op`] for an example.
    ///
    /// # Panics
    ///
    /// If an input is on another tape, or the shapes of the inputs do not fit the operation.
    #[track_caller]
    pub fn apply<'t>(&'t self, op: impl Op<T>, inputs: &[Var<'t, T>]) -> Var<'t, T> {
        self.record(op, &few(inputs, |input| input))
    }

    /// Drops the recording and keeps the memory.
    ///
    /// It borrows the tape mutably, so that variables of the dropped recording cannot be used:
    ///
    /// ```compile_fail,E0502
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let x = tape.var([1.0, 2.0]);
    /// tape.reset();
    /// let y = x.sum(); // x is of the earlier recording
    /// ```
    pub fn reset(&mut self) {
        self.names.get_mut().clear();
        self.retained.set(0);
        self.recording = unique();
        // Last, because it drops user-defined operations, which may panic.
        self.nodes.get_mut().clear();
    }
}

/// Size of the recording.
impl<T: Real> Tape<T> {
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

    /// The bytes of the nodes, their values and their saved tensors. Memory that several nodes share is counted for
    /// each of them.
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
    /// If an input is on another tape, or the shapes of the inputs do not fit the operation.
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
        let requires_grad = any_requires_grad(&edges);
        let (value, saved) = compute(&op, &x, requires_grad);
        drop(x);
        drop(nodes);
        self.append(op.stored().0, &edges, requires_grad, value, saved)
    }

    /// Like [`record`](Tape::record), for a user-defined operation.
    #[inline(never)]
    #[track_caller]
    fn record_custom<'t>(&'t self, op: impl Op<T>, inputs: &[&Var<'t, T>]) -> Var<'t, T> {
        let edges = {
            let nodes = self.nodes();
            few(inputs, |input| {
                Edge::from(input.index, &nodes[input.index as usize])
            })
        };
        // The operation may record on this tape, so that the nodes cannot be borrowed while it runs.
        let x: SmallVec<[Tensor<T>; 3]> = inputs.iter().map(|x| x.value()).collect();
        let requires_grad = any_requires_grad(&edges);
        let (value, saved) = compute(&op, &few(&x, |x| x), requires_grad);
        self.append(op.stored().0, &edges, requires_grad, value, saved)
    }

    /// Checks that the inputs of an operation are on this tape.
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

    /// Appends a variable (if `requires_grad`) or a constant.
    #[inline(always)]
    #[track_caller]
    fn leaf(&self, requires_grad: bool, value: Tensor<T>) -> Var<'_, T> {
        let operation = if requires_grad {
            StoredOp::Variable
        } else {
            StoredOp::Constant
        };
        self.append(operation, &[], requires_grad, value, Saved::nothing())
    }

    /// Appends a node.
    #[inline(always)]
    #[track_caller]
    fn append(
        &self,
        operation: StoredOp<T>,
        edges: &[Edge],
        requires_grad: bool,
        value: Tensor<T>,
        saved: Saved,
    ) -> Var<'_, T> {
        let location = Location::caller();
        let mut nodes = self.nodes_mut();
        let Ok(index) = u32::try_from(nodes.len()) else {
            panic!("a tape cannot hold more than 2³² nodes")
        };
        Place::after(&mut nodes).fill(Node {
            operation,
            inputs: few(edges, |edge| *edge),
            value,
            saved,
            requires_grad,
            retained: 0,
            location,
        });
        Var { tape: self, index }
    }

    pub(crate) fn nodes(&self) -> Ref<'_, Vec<Node<T>>> {
        self.nodes.borrow()
    }

    /// The nodes, borrowed to append to them.
    ///
    /// # Panics
    ///
    /// If they are already borrowed: for example while the `name` method of a user-defined operation runs and records.
    #[inline(always)]
    #[track_caller]
    fn nodes_mut(&self) -> RefMut<'_, Vec<Node<T>>> {
        match self.nodes.try_borrow_mut() {
            Ok(nodes) => nodes,
            Err(_) => panic!("a tape cannot be recorded on while it is read"),
        }
    }

    /// Retains the adjoint of a node in later backward passes.
    ///
    /// # Panics
    ///
    /// If the node depends on no variable.
    #[track_caller]
    pub(crate) fn retain(&self, index: u32) {
        let node = &mut self.nodes_mut()[index as usize];
        node.check_requires_grad("retain:");
        if node.retained == 0 {
            self.retained.set(self.retained.get() + 1);
            node.retained = self.retained.get();
        }
    }

    /// The number of retained nodes.
    pub(crate) fn retained(&self) -> u32 {
        self.retained.get()
    }

    /// The number of this recording, which differs from every other recording.
    #[inline]
    pub(crate) fn recording(&self) -> u64 {
        self.recording
    }

    pub(crate) fn name(&self, index: u32, name: Cow<'static, str>) {
        self.names.borrow_mut().push((index, name));
    }

    /// The latest name given to a node.
    pub(crate) fn name_of(&self, index: usize) -> Option<Cow<'static, str>> {
        let names = self.names.borrow();
        let found = names
            .iter()
            .rev()
            .find(|(named, _)| *named as usize == index);
        found.map(|(_, name)| name.clone())
    }

    /// The usual seed of a backward pass, a scalar 1.
    pub(crate) fn one(&self) -> Tensor<T> {
        self.one.clone()
    }
}

/// Whether a node with these inputs depends on a variable. If not, it is a constant, and its rule never runs.
#[inline(always)]
fn any_requires_grad(edges: &[Edge]) -> bool {
    edges.iter().any(|edge| edge.needs_grad)
}

/// The value of an operation and, if its rule may run, the saved tensors.
#[inline(always)]
#[track_caller]
fn compute<T: Real>(op: &impl Op<T>, x: &[&Tensor<T>], requires_grad: bool) -> (Tensor<T>, Saved) {
    if requires_grad {
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
    /// Writes one line for each node: its number, operation, inputs and shape.
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
