//! `Tape`: the recording of a computation, and the operations that append to it.

use super::node_ref::{NodeOffset, NodeRef, SINK};
use super::number::Scalar;
use super::store::Store;
use super::store::kept::Kept;
use super::store::memory::{self, Memory};
use super::trace::{Operation, Trace};
use super::values::Values;
use super::var::Var;
use crate::recording::unique;
use derivatives::Buffers;
pub(super) use size::Position;
use std::cell::{Cell, RefCell};
use std::ops::Range;

/// Two inputs of a node, with the slope towards each: 24 bytes for `f64`. An unused input is the sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct InputPair<T> {
    pub(super) inputs: [u32; 2],
    pub(super) slopes: [T; 2],
}

/// Nodes that do not have exactly one input pair each: variables and outputs of a checkpoint, which have none, or one
/// node that has several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first_pair: u32,
    pub(super) pair_count: u32,
    pub(super) first_node: u32,
    pub(super) node_count: u32,
}

impl Span {
    /// The positions of the span's input pairs.
    #[inline(always)]
    pub(super) fn pairs(&self) -> Range<usize> {
        self.first_pair as usize..(self.first_pair + self.pair_count) as usize
    }

    /// The indices of the span's nodes.
    #[inline(always)]
    pub(super) fn nodes(&self) -> Range<usize> {
        self.first_node as usize..(self.first_node + self.node_count) as usize
    }
}

/// The function of a checkpoint, which is recorded again in each backward pass.
pub(super) type Function<T> = Box<dyn for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send>;

/// A part of a computation that is recomputed in the backward pass: its function, inputs and outputs.
pub(super) struct Checkpoint<T: Scalar> {
    /// The index of the first output.
    pub(super) first_output: u32,
    /// The number of outputs that are no constants.
    pub(super) outputs: u32,
    pub(super) f: Function<T>,
    /// The values of the inputs.
    pub(super) values: Vec<T>,
    /// The nodes of the inputs, in their order.
    pub(super) nodes: Vec<Nodes>,
}

/// Consecutive nodes, or a number of constants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nodes {
    /// The first node; the sink for constants.
    pub(super) first: u32,
    pub(super) count: u32,
}

/// A recording of the operations on its variables, for derivatives by a backward pass.
///
/// Operations append to the tape through shared references, so variables can be copied freely. A tape can be reused:
/// [`reset`](Tape::reset) keeps its memory. It can be sent to another thread, but not shared between threads. The
/// [module](super) explains how it works.
///
/// ```
/// use autodiff::scalar::Tape;
///
/// let tape = Tape::new();
/// let [x, y] = tape.vars([0.5, 4.2]);
/// let z = x * y + x.sin();
/// let gradients = z.gradients();
/// assert_eq!(gradients.wrt(x), 4.2 + 0.5_f64.cos());
/// assert_eq!(gradients.wrt(y), 0.5);
/// ```
pub struct Tape<T: Scalar = f64> {
    pub(super) pairs: Store<InputPair<T>>,
    pub(super) spans: Store<Span>,
    /// The difference between the node that the next input pair makes and the position of this pair.
    offset: Cell<NodeOffset>,
    /// The checkpoints, in the order of their outputs.
    pub(super) checkpoints: RefCell<Vec<Checkpoint<T>>>,
    /// The tape on which parts of a computation are recorded apart; its memory is reused.
    pub(super) scratch: Cell<Option<Box<Tape<T>>>>,
    /// Reused memory for the input pairs of a sum while its terms are being recorded.
    pub(super) pairs_of_sum: Kept<InputPair<T>>,
    /// Reused memory for the powers of a [`softmax`](super::softmax).
    pub(super) powers: Kept<T>,
    /// Reused memory of the derivative functions.
    pub(super) buffers: Buffers<T>,
    /// The identifiers of the marks to which the tape can be rewound.
    pub(super) marks: RefCell<Vec<u64>>,
    /// Every operation, on a traced tape.
    pub(super) trace: Option<Box<RefCell<Trace<T>>>>,
    /// Identifies this recording: it differs on another tape, and on this tape before a reset or rewind.
    recording: u64,
    limit: u32,
}

/// Half of the indices are for input pairs, and half for nodes without one, so that every node has an index.
const LIMIT: u32 = u32::MAX / 2;

/// # Making a tape
///
/// `Tape::new` makes a tape of `f64`, `Tape::default` a tape of any [number](Scalar), [`Tape::traced`] a tape that
/// stores every operation.
impl Tape {
    /// Returns an empty tape of `f64`. For another number use `Tape::default`, for instance `Tape::<f32>::default()`.
    // Not generic over the number: in `tape.var(3.0) * 2.0` the types of both literals would be ambiguous.
    #[must_use]
    pub fn new() -> Self {
        Tape::default()
    }

    /// Returns an empty tape of `f64` with memory for `nodes` operations on two variables, see
    /// [`reserve`](Tape::reserve).
    ///
    /// # Panics
    ///
    /// If `nodes` is larger than 2³¹ − 1, the most that a tape can hold.
    #[must_use]
    #[track_caller]
    pub fn with_capacity(nodes: usize) -> Self {
        let tape = Tape::new();
        tape.reserve(nodes);
        tape
    }
}

/// # Recording
///
/// A variable is recorded explicitly. Each operation on variables then appends to their tape.
impl<T: Scalar> Tape<T> {
    /// Reserves memory for `nodes` more operations on two variables, so that recording them allocates nothing.
    ///
    /// # Panics
    ///
    /// If the tape would hold more than 2³¹ − 1 of them.
    #[track_caller]
    pub fn reserve(&self, nodes: usize) {
        self.pairs.reserve(nodes);
    }

    pub(super) fn with_limit(limit: u32) -> Self {
        let [pairs, spans, variables, adjoints] =
            memory::take::<InputPair<T>>().unwrap_or_default();
        Tape {
            pairs: Store::in_memory(pairs.into_vec(), limit),
            spans: Store::in_memory(spans.into_vec(), limit),
            offset: Cell::new(NodeOffset::between(NodeRef::node(SINK + 1, false), 0)),
            checkpoints: RefCell::default(),
            scratch: Cell::default(),
            pairs_of_sum: Kept::default(),
            powers: Kept::default(),
            buffers: Buffers::new(variables, adjoints),
            marks: RefCell::default(),
            trace: None,
            recording: unique(),
            limit,
        }
    }

    /// Records a variable with this value, and returns it. Derivatives with respect to it can be computed.
    ///
    /// # Panics
    ///
    /// If the tape is full: it can hold 2³¹ − 1 variables.
    #[must_use]
    #[track_caller]
    pub fn var(&self, value: T) -> Var<'_, T> {
        let [variable] = self.vars([value]);
        variable
    }

    /// Records a variable for each number of an array or a slice. Returns an array for an array, and a vector for a
    /// slice or a vector.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let [x, y] = tape.vars([1.0, 2.0]);
    /// let more = tape.vars(&vec![3.0; 10]);
    /// assert_eq!((x + y + more[9]).value(), 6.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If the tape is full: it can hold 2³¹ − 1 variables.
    #[must_use]
    #[track_caller]
    pub fn vars<P: Values<Number = T>>(&self, values: P) -> P::Like<Var<'_, T>> {
        let count = values.as_slice().len();
        let mut index = self.push_nodes_without_inputs(count);
        let variables = values.map(|value| {
            let variable = Var::at(self, self.node_ref(index), value);
            index += 1;
            variable
        });
        if self.is_traced() {
            for variable in variables.as_ref() {
                variable.traced(Operation::Variable, Vec::new);
            }
        }
        variables
    }

    /// Returns a constant, to which no derivative flows. It is not recorded; [`Var::constant`] makes one without a
    /// tape.
    #[must_use]
    #[inline(always)]
    pub fn constant(&self, value: T) -> Var<'_, T> {
        Var::constant(value)
    }

    /// Appends `count` nodes without inputs, and returns the index of the first.
    #[track_caller]
    pub(super) fn push_nodes_without_inputs(&self, count: usize) -> u32 {
        // While the inputs of a node are being appended, the index of that node is taken.
        self.pairs.check_open();
        let first_node = self.next_node();
        // Each pair that can still be appended may add a node, and every index must fit. Numbers may have size 0, so
        // `count` can be any number.
        let later = u64::from(self.limit - self.pairs.len());
        let most = 2 * u64::from(self.limit) + 1 - later;
        let wanted = u64::from(first_node).checked_add(count as u64);
        assert!(
            wanted.is_some_and(|wanted| wanted <= most),
            "the tape is full: it can hold {} variables",
            self.limit
        );
        // A checkpoint is found by the first node of its span, so no two spans may have the same one.
        if count > 0 {
            self.push_span(Span {
                first_pair: self.pairs.len(),
                pair_count: 0,
                first_node,
                node_count: count as u32,
            });
        }
        first_node
    }

    /// Appends a span. Its input pairs have been appended before.
    #[track_caller]
    pub(super) fn push_span(&self, span: Span) {
        self.spans.push(span);
        let offset = self.offset.get();
        self.offset
            .set(offset.after(span.pair_count, span.node_count));
    }

    /// The reference to the node with this index.
    #[inline]
    pub(super) fn node_ref(&self, index: u32) -> NodeRef {
        NodeRef::node(index, self.is_traced())
    }

    /// The node of the pair at position `pair`, which must lie after the last span or be the next pair.
    #[inline(always)]
    pub(super) fn node_of_pair(&self, pair: u32) -> NodeRef {
        self.offset.get().node(pair)
    }

    /// The index of the next node.
    #[inline(always)]
    pub(super) fn next_node(&self) -> u32 {
        self.node_of_pair(self.pairs.len()).index()
    }

    /// Appends a node with two inputs.
    #[inline(always)]
    #[track_caller]
    pub(super) fn push_node(&self, inputs: [u32; 2], slopes: [T; 2]) -> NodeRef {
        self.node_of_pair(self.pairs.push(InputPair { inputs, slopes }))
    }

    /// Appends a node with two inputs on the fast path; `None` if memory must grow first, or if the tape is traced.
    #[inline(always)]
    pub(super) fn try_push_node(&self, inputs: [u32; 2], slopes: [T; 2]) -> Option<NodeRef> {
        let pair = self.pairs.try_push(InputPair { inputs, slopes })?;
        Some(self.node_of_pair(pair))
    }

    /// The identifier of this recording.
    #[inline]
    pub(super) fn recording(&self) -> u64 {
        self.recording
    }
}

impl<T: Scalar> Default for Tape<T> {
    /// Returns an empty tape of any number.
    fn default() -> Self {
        Tape::with_limit(LIMIT)
    }
}

impl<T: Scalar> Drop for Tape<T> {
    fn drop(&mut self) {
        memory::keep([
            self.pairs.take_memory(),
            self.spans.take_memory(),
            Memory::of(self.buffers.variables.take()),
            Memory::of(self.buffers.one.take()),
        ]);
    }
}

impl<T: Scalar> std::fmt::Debug for Tape<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape")
            .field("nodes", &self.len())
            .field("bytes", &self.bytes())
            .field("traced", &self.is_traced())
            .finish()
    }
}

// In the order of their sections on the page of `Tape`.
mod size;

mod derivatives;
mod second_derivatives;

#[cfg(test)]
mod tests;
