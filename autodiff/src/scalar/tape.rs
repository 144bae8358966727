//! The tape: what is recorded, and where.

use super::node_ref::{NodeOffset, NodeRef, SINK};
use super::number::Scalar;
use super::store::Store;
use super::trace::{Operation, Trace};
use super::values::Values;
use super::var::Var;
use crate::recording::unique;
use std::cell::{Cell, RefCell};
use std::ops::Range;

/// Two inputs of a node, with the slope towards each: 24 bytes for `f64`. An input that is not used is the sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct InputPair<T> {
    pub(super) inputs: [u32; 2],
    pub(super) slopes: [T; 2],
}

/// Nodes that do not have one input pair each: variables and outputs of a checkpoint, which have none, or one node that has
/// several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first_pair: u32,
    pub(super) pair_count: u32,
    pub(super) first_node: u32,
    pub(super) node_count: u32,
}

impl Span {
    /// The positions of its input pairs.
    #[inline(always)]
    pub(super) fn pairs(&self) -> Range<usize> {
        self.first_pair as usize..(self.first_pair + self.pair_count) as usize
    }

    /// The indices of its nodes.
    #[inline(always)]
    pub(super) fn nodes(&self) -> Range<usize> {
        self.first_node as usize..(self.first_node + self.node_count) as usize
    }
}

/// A function of variables that can be recorded again.
pub(super) type Function<T> = Box<dyn for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send>;

/// A part that is recomputed in the backward pass: its function and where it was called.
pub(super) struct Checkpoint<T: Scalar> {
    /// The index of the first output.
    pub(super) first_output: u32,
    /// The number of outputs.
    pub(super) outputs: u32,
    pub(super) f: Function<T>,
    /// The value of each input, with its node; a constant has none.
    pub(super) inputs: Vec<(T, Option<u32>)>,
}

/// A length to which a tape can be cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pairs: u32,
    spans: u32,
    checkpoints: usize,
    steps: usize,
    offset: NodeOffset,
}

/// A recording of what is computed from its variables, which is walked backward for derivatives.
///
/// Operations append to it through shared references, so variables can be copied freely. The [module](super) explains
/// how it works.
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
    /// From the position of the next input pair to the node that it makes.
    offset: Cell<NodeOffset>,
    /// In the order of their outputs.
    pub(super) checkpoints: RefCell<Vec<Checkpoint<T>>>,
    /// A tape to record checkpoints on, whose memory is reused.
    pub(super) scratch: Cell<Option<Box<Tape<T>>>>,
    /// Memory for the input pairs of a sum, while its terms are being recorded.
    pub(super) pairs_of_sum: Cell<Vec<InputPair<T>>>,
    /// The marks that can be rewound to.
    pub(super) marks: RefCell<Vec<u64>>,
    /// Every operation, on a traced tape.
    pub(super) trace: Option<Box<RefCell<Trace<T>>>>,
    /// Tells this recording from every other: another tape, or this one before a reset or rewind.
    recording: u64,
    limit: u32,
}

/// Half the indices for input pairs and half for nodes without one, so that their sum is an index too.
const LIMIT: u32 = u32::MAX / 2;

impl Tape {
    /// An empty tape of `f64`. For another number write, for instance, `Tape::<f32>::default()`.
    // Not for any number: in `tape.var(3.0) * 2.0` the types of both literals would be open.
    #[must_use]
    pub fn new() -> Self {
        Tape::default()
    }

    /// An empty tape of `f64` with room for `nodes` operations on two variables, see [`reserve`](Tape::reserve).
    ///
    /// # Panics
    ///
    /// If a tape cannot hold that many: the limit is 2³¹ − 1.
    #[must_use]
    #[track_caller]
    pub fn with_capacity(nodes: usize) -> Self {
        let tape = Tape::new();
        tape.reserve(nodes);
        tape
    }
}

impl<T: Scalar> Tape<T> {
    /// Makes room for that many more operations on two variables, so that recording them allocates nothing.
    ///
    /// # Panics
    ///
    /// If the tape cannot hold that many: the limit is 2³¹ − 1.
    #[track_caller]
    pub fn reserve(&self, nodes: usize) {
        self.pairs.reserve(nodes);
    }

    pub(super) fn with_limit(limit: u32) -> Self {
        Tape {
            pairs: Store::new(limit),
            spans: Store::new(limit),
            offset: Cell::new(NodeOffset::between(NodeRef::node(SINK + 1, false), 0)),
            checkpoints: RefCell::default(),
            scratch: Cell::default(),
            pairs_of_sum: Cell::default(),
            marks: RefCell::default(),
            trace: None,
            recording: unique(),
            limit,
        }
    }

    /// Records a variable: a value to differentiate with respect to.
    ///
    /// # Panics
    ///
    /// As [`vars`](Tape::vars).
    #[must_use]
    #[track_caller]
    pub fn var(&self, value: T) -> Var<'_, T> {
        let [variable] = self.vars([value]);
        variable
    }

    /// Records a variable for each number of an array or a slice: an array gives an array, a slice a vector.
    ///
    /// # Panics
    ///
    /// If the tape is full, which takes 2³¹ variables.
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

    /// Returns a constant: no derivative flows to it. It is not recorded; [`Var::constant`] makes one without a tape.
    #[must_use]
    #[inline(always)]
    pub fn constant(&self, value: T) -> Var<'_, T> {
        Var::constant(value)
    }

    /// Appends `count` nodes without inputs and returns the index of the first.
    #[track_caller]
    pub(super) fn push_nodes_without_inputs(&self, count: usize) -> u32 {
        // While inputs are being appended, the node to come has its index already.
        self.pairs.check_open();
        let first_node = self.next_node();
        // Each pair still to come can add a node, and every index must fit. Numbers may have size 0, so `count` can be
        // anything.
        let later = u64::from(self.limit - self.pairs.len());
        let most = 2 * u64::from(self.limit) + 1 - later;
        let wanted = u64::from(first_node).checked_add(count as u64);
        assert!(
            wanted.is_some_and(|wanted| wanted <= most),
            "the tape is full: it can hold {} variables",
            self.limit
        );
        // No two spans have the same first node, by which a checkpoint is found.
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

    /// Appends a span, whose input pairs have been appended.
    #[track_caller]
    pub(super) fn push_span(&self, span: Span) {
        self.spans.push(span);
        let offset = self.offset.get();
        self.offset
            .set(offset.after(span.pair_count, span.node_count));
    }

    /// The node with this index.
    #[inline]
    pub(super) fn node_ref(&self, index: u32) -> NodeRef {
        NodeRef::node(index, self.is_traced())
    }

    /// The node that the pair at this position makes, which is the next one or was appended after the last span.
    #[inline(always)]
    pub(super) fn node_of_pair(&self, pair: u32) -> NodeRef {
        self.offset.get().node(pair)
    }

    /// The index that the next node gets.
    #[inline(always)]
    pub(super) fn next_node(&self) -> u32 {
        self.node_of_pair(self.pairs.len()).index()
    }

    /// Appends a node of two inputs.
    #[inline(always)]
    #[track_caller]
    pub(super) fn push_node(&self, inputs: [u32; 2], slopes: [T; 2]) -> NodeRef {
        self.node_of_pair(self.pairs.push(InputPair { inputs, slopes }))
    }

    /// The same, if it can be done at once: not where memory has to grow first, and not on a traced tape.
    #[inline(always)]
    pub(super) fn try_push_node(&self, inputs: [u32; 2], slopes: [T; 2]) -> Option<NodeRef> {
        let pair = self.pairs.try_push(InputPair { inputs, slopes })?;
        Some(self.node_of_pair(pair))
    }

    /// What tells this recording from every other.
    #[inline]
    pub(super) fn recording(&self) -> u64 {
        self.recording
    }

    /// The number of nodes: the variables, and the operations that were recorded.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.next_node() - SINK - 1) as usize
    }

    /// Whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that the recording takes. With `f64` an operation on two nodes takes 24, and a sum or another node with
    /// many inputs 12 for each input and about 16 more. [`Gradients`](super::Gradients) take another 8 for each node.
    /// What a traced tape keeps in addition is not counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let checkpoints = self.checkpoints.borrow();
        let of_checkpoint = |checkpoint: &Checkpoint<T>| {
            size_of_val(checkpoint)
                + size_of_val(&*checkpoint.f)
                + size_of_val(&checkpoint.inputs[..])
        };
        let of_checkpoints: usize = checkpoints.iter().map(of_checkpoint).sum();
        self.pairs.bytes() + self.spans.bytes() + of_checkpoints
    }

    /// Forgets the recording, but keeps the memory for the next one.
    ///
    /// Its variables can no longer be used; the compiler sees to that:
    ///
    /// ```compile_fail
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(1.0);
    /// tape.reset();
    /// println!("{}", x + 1.0); // error: `tape` is borrowed by `x`
    /// ```
    pub fn reset(&mut self) {
        self.marks.get_mut().clear();
        self.cut(Position {
            pairs: 0,
            spans: 0,
            checkpoints: 0,
            steps: 0,
            offset: NodeOffset::between(self.node_ref(SINK + 1), 0),
        });
    }

    /// The current length.
    pub(super) fn position(&self) -> Position {
        let trace = self.trace.as_ref();
        Position {
            pairs: self.pairs.len(),
            spans: self.spans.len(),
            checkpoints: self.checkpoints.borrow().len(),
            steps: trace.map_or(0, |trace| trace.borrow().steps.len()),
            offset: self.offset.get(),
        }
    }

    /// Forgets what was recorded after the position.
    pub(super) fn cut(&mut self, to: Position) {
        self.pairs.truncate(to.pairs);
        self.spans.truncate(to.spans);
        self.offset.set(to.offset);
        self.recording = unique();
        if let Some(trace) = &mut self.trace {
            trace.get_mut().truncate(to.steps);
        }
        // Last, because the functions of checkpoints drop what they captured, which may panic.
        self.checkpoints.get_mut().truncate(to.checkpoints);
    }
}

impl<T: Scalar> Default for Tape<T> {
    /// An empty tape.
    fn default() -> Self {
        Tape::with_limit(LIMIT)
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

#[cfg(test)]
mod tests {
    use super::Tape;
    use crate::scalar::{Var, dot};

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 5 nodes")]
    fn more_nodes_than_an_index_can_hold_are_refused() {
        let tape: Tape = Tape::with_limit(5);
        let [x, y] = tape.vars([1.0, 2.0]);
        let mut z = x;
        for _ in 0..6 {
            z *= y;
        }
    }

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 5 variables")]
    fn more_variables_than_an_index_can_hold_are_refused() {
        let tape: Tape = Tape::with_limit(5);
        let _ = tape.vars([1.0; 3]);
        let _ = tape.vars([1.0; 3]);
    }

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 5 nodes")]
    fn a_node_with_more_inputs_than_there_is_room_is_refused() {
        let tape: Tape = Tape::with_limit(5);
        let x = tape.vars([1.0; 5]);
        let y: [Var<'_>; 8] = std::array::from_fn(|i| x[i % 5]);
        let _ = dot(&y, &[x[0]; 8]);
    }

    #[test]
    fn a_full_tape_is_full_to_the_last_index() {
        let tape: Tape = Tape::with_limit(5);
        let [x, y, ..] = tape.vars([2.0; 5]);
        let z = (0..5).fold(x, |z, _| z * y);
        assert_eq!((z.value(), tape.len()), (64.0, 10));
        assert_eq!(z.gradients().wrt(y), 160.0);
    }
}
