//! The tape: what is recorded, and where.

use super::checkpoint::Segment;
use super::place::{Place, Shift};
use super::store::{Reading, Store};
use super::trace::Trace;
use super::{Mark, Point, Scalar, Var};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

/// The index of an adjoint that nobody reads: where the unused input of a slot points.
pub(super) const SINK: u32 = 0;

/// Up to two inputs of a node, with the slope towards each: 24 bytes for `f64`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<T> {
    pub(super) inputs: [u32; 2],
    pub(super) slopes: [T; 2],
}

/// A place on the tape where nodes and slots do not go one to one: variables, which have no slot, or one node whose
/// inputs fill several slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) slot: u32,
    pub(super) slots: u32,
    pub(super) node: u32,
    pub(super) nodes: u32,
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
/// let [x, y] = tape.variables([0.5, 4.2]);
/// let z = x * y + x.sin();
/// let gradients = z.gradients();
/// assert_eq!(gradients.wrt(x), 4.2 + 0.5_f64.cos());
/// assert_eq!(gradients.wrt(y), 0.5);
/// ```
pub struct Tape<T: Scalar = f64> {
    pub(super) slots: Store<Slot<T>>,
    pub(super) blocks: Store<Block>,
    /// The place of a node less the position of its slot, for the nodes that are recorded next.
    pub(super) shift: Cell<Shift>,
    /// The parts that are recomputed in the backward pass, in the order of their output nodes.
    pub(super) segments: RefCell<Vec<Segment<T>>>,
    /// Where such parts are recorded.
    pub(super) scratch: Cell<Option<Box<Tape<T>>>>,
    /// Memory for the slots of a sum, while its terms are being recorded.
    pub(super) slots_of_sum: Cell<Vec<Slot<T>>>,
    /// The marks that can be rewound to.
    pub(super) marks: RefCell<Vec<u64>>,
    /// Every operation, on a traced tape.
    pub(super) trace: Option<Box<RefCell<Trace<T>>>>,
    /// Tells this recording from every other: another tape, or this one before a reset or rewind.
    recording: u64,
    limit: u32,
}

/// Half the indices for slots and half for nodes without a slot, so that their sum is an index too.
const LIMIT: u32 = u32::MAX / 2;

pub(super) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Tape {
    /// An empty tape of `f64`. For another number write, for instance, `Tape::<f32>::default()`.
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
        let tape = Tape::default();
        tape.reserve(nodes);
        tape
    }

    /// An empty tape of `f64` that keeps every operation, see [`tracing`](Tape::tracing).
    #[must_use]
    pub fn traced() -> Self {
        Tape::default().tracing()
    }
}

impl<T: Scalar> Tape<T> {
    /// Makes an empty tape keep every operation, with its operands and the line of code that recorded it.
    ///
    /// Use it to find the origin of a NaN ([`find_nan`](Tape::find_nan)) or to draw a computation
    /// ([`to_dot`](Tape::to_dot)). The derivatives are the same as on any other tape; it takes several times the memory
    /// and time.
    ///
    /// # Panics
    ///
    /// If the tape is not empty.
    #[must_use]
    #[track_caller]
    pub fn tracing(mut self) -> Self {
        assert!(
            self.is_empty(),
            "tracing: something is recorded already, untraced"
        );
        self.trace = Some(Box::default());
        self.slots.watch();
        // Nodes lie otherwise on a traced tape, so no mark from before may be gone back to.
        self.reset();
        self
    }

    /// Makes room for that many more operations on two variables, so that recording them allocates nothing.
    ///
    /// # Panics
    ///
    /// If the tape cannot hold that many: the limit is 2³¹ − 1.
    #[track_caller]
    pub fn reserve(&self, nodes: usize) {
        self.slots.reserve(nodes);
    }

    pub(super) fn with_limit(limit: u32) -> Self {
        Tape {
            slots: Store::new(limit),
            blocks: Store::new(limit),
            shift: Cell::new(Shift::between(Place::on(SINK + 1, false), 0)),
            segments: RefCell::default(),
            scratch: Cell::default(),
            slots_of_sum: Cell::default(),
            marks: RefCell::default(),
            trace: None,
            recording: unique(),
            limit,
        }
    }

    /// A new variable: something to differentiate with respect to.
    ///
    /// # Panics
    ///
    /// As [`variables`](Tape::variables).
    #[must_use]
    #[track_caller]
    pub fn variable(&self, value: T) -> Var<'_, T> {
        let [variable] = self.variables([value]);
        variable
    }

    /// New variables, one for each number of an array or a slice: an array gives an array, a slice a vector.
    ///
    /// # Panics
    ///
    /// If the tape is full, which takes 2³¹ variables.
    #[must_use]
    #[track_caller]
    pub fn variables<P: Point<Number = T>>(&self, values: P) -> P::Like<Var<'_, T>> {
        let count = values.as_slice().len();
        let mut node = self.leaves(count);
        let variables = values.map(|value| {
            let variable = Var::at(self, self.place(node), value);
            node += 1;
            variable
        });
        if self.is_traced() {
            self.trace_variables(variables.as_ref());
        }
        variables
    }

    /// Appends `count` nodes without inputs and returns the index of the first.
    #[track_caller]
    pub(super) fn leaves(&self, count: usize) -> u32 {
        // The node whose slots are being written has its place already.
        self.slots.check_open();
        let node = self.next_node();
        // Each slot still to come can add a node, and every index must fit. Numbers may have size 0, so `count` can be
        // anything.
        let later = u64::from(self.limit - self.slots.len());
        let most = 2 * u64::from(self.limit) + 1 - later;
        let wanted = u64::from(node).checked_add(count as u64);
        assert!(
            wanted.is_some_and(|wanted| wanted <= most),
            "the tape is full: it can hold {} variables",
            self.limit
        );
        // A block has a node of its own, by which a checkpoint finds its function.
        if count > 0 {
            self.block(Block {
                slot: self.slots.len(),
                slots: 0,
                node,
                nodes: count as u32,
            });
        }
        node
    }

    /// Appends a block, whose slots have been written.
    #[track_caller]
    pub(super) fn block(&self, block: Block) {
        self.blocks.push(block);
        self.shift
            .set(self.shift.get().after(block.slots, block.nodes));
    }

    /// The place of the node with this index.
    #[inline]
    pub(super) fn place(&self, node: u32) -> Place {
        Place::on(node, self.is_traced())
    }

    /// The index that the next node gets.
    #[inline(always)]
    pub(super) fn next_node(&self) -> u32 {
        self.shift.get().place(self.slots.len()).node()
    }

    /// Appends a node of two inputs and returns its place.
    #[inline(always)]
    #[track_caller]
    pub(super) fn pair(&self, inputs: [u32; 2], slopes: [T; 2]) -> Place {
        let slot = self.slots.push(Slot { inputs, slopes });
        self.shift.get().place(slot)
    }

    /// The same, if it can be done at once: not where memory has to grow first, and not on a traced tape.
    #[inline(always)]
    pub(super) fn try_pair(&self, inputs: [u32; 2], slopes: [T; 2]) -> Option<Place> {
        let slot = self.slots.try_push(Slot { inputs, slopes })?;
        Some(self.shift.get().place(slot))
    }

    /// Whether the tape keeps every operation.
    #[inline(always)]
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
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
        let segments: usize = self.segments.borrow().iter().map(Segment::bytes).sum();
        self.slots.bytes() + self.blocks.bytes() + segments
    }

    /// Forgets the recording, but keeps the memory for the next one.
    ///
    /// Its variables can no longer be used; the compiler sees to that:
    ///
    /// ```compile_fail
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.variable(1.0);
    /// tape.reset();
    /// println!("{}", x + 1.0); // error: `tape` is borrowed by `x`
    /// ```
    pub fn reset(&mut self) {
        self.marks.get_mut().clear();
        let start = Mark::start(self.place(SINK + 1));
        self.forget(&start);
    }

    /// Forgets what was recorded after the mark.
    pub(super) fn forget(&mut self, mark: &Mark<T>) {
        self.slots.truncate(mark.slots);
        self.blocks.truncate(mark.blocks);
        self.shift.set(mark.shift);
        self.recording = unique();
        if let Some(trace) = &mut self.trace {
            trace.get_mut().truncate(mark.steps);
        }
        // Last, because the functions of checkpoints drop what they captured, which may panic.
        self.segments.get_mut().truncate(mark.segments);
    }

    pub(super) fn read(&self) -> (Reading<'_, Slot<T>>, Reading<'_, Block>) {
        (self.slots.read(), self.blocks.read())
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
        let [x, y] = tape.variables([1.0, 2.0]);
        let mut z = x;
        for _ in 0..6 {
            z *= y;
        }
    }

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 5 variables")]
    fn more_variables_than_an_index_can_hold_are_refused() {
        let tape: Tape = Tape::with_limit(5);
        let _ = tape.variables([1.0; 3]);
        let _ = tape.variables([1.0; 3]);
    }

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 5 nodes")]
    fn a_node_with_more_inputs_than_there_is_room_is_refused() {
        let tape: Tape = Tape::with_limit(5);
        let x = tape.variables([1.0; 5]);
        let y: [Var<'_>; 8] = std::array::from_fn(|i| x[i % 5]);
        let _ = dot(&y, &[x[0]; 8]);
    }

    #[test]
    fn a_full_tape_is_full_to_the_last_index() {
        let tape: Tape = Tape::with_limit(5);
        let [x, y, ..] = tape.variables([2.0; 5]);
        let z = (0..5).fold(x, |z, _| z * y);
        assert_eq!((z.value(), tape.len()), (64.0, 10));
        assert_eq!(z.gradients().wrt(y), 160.0);
    }
}
