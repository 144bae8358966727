//! The size of a recording, and its removal.

use super::{Checkpoint, Tape};
use crate::recording::unique;
use crate::scalar::node_ref::{NodeOffset, SINK};
use crate::scalar::number::Scalar;

/// The length of a recording, to which the tape can be truncated.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Position {
    pairs: u32,
    spans: u32,
    checkpoints: usize,
    steps: usize,
    offset: NodeOffset,
}

/// # Size and reuse
///
/// The recording grows with each operation until the tape is [reset](Tape::reset).
impl<T: Scalar> Tape<T> {
    /// The number of nodes: one for each variable and each recorded operation.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.next_node() - SINK - 1) as usize
    }

    /// Returns whether nothing is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the recording in bytes.
    ///
    /// With `f64` an operation on two nodes takes 24 bytes. A sum or another node with many inputs takes 12 bytes for
    /// each input, and about 16 more. [`Gradients`](crate::scalar::Gradients) take another 8 bytes for each node. The entries
    /// of a traced tape are not counted.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let checkpoints = self.checkpoints.borrow();
        let of_checkpoint = |checkpoint: &Checkpoint<T>| {
            size_of_val(checkpoint)
                + size_of_val(&*checkpoint.f)
                + size_of_val(&checkpoint.values[..])
                + size_of_val(&checkpoint.nodes[..])
        };
        let of_checkpoints: usize = checkpoints.iter().map(of_checkpoint).sum();
        self.pairs.bytes() + self.spans.bytes() + of_checkpoints
    }

    /// Removes all nodes, and keeps the memory for the next recording.
    ///
    /// The compiler rejects any later use of a variable of the removed recording:
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

    /// The length of the recording.
    pub(in super::super) fn position(&self) -> Position {
        let trace = self.trace.as_ref();
        Position {
            pairs: self.pairs.len(),
            spans: self.spans.len(),
            checkpoints: self.checkpoints.borrow().len(),
            steps: trace.map_or(0, |trace| trace.borrow().steps.len()),
            offset: self.offset.get(),
        }
    }

    /// Removes everything that was recorded after the position.
    pub(in super::super) fn cut(&mut self, to: Position) {
        self.pairs.truncate(to.pairs);
        self.spans.truncate(to.spans);
        self.offset.set(to.offset);
        self.recording = unique();
        if let Some(trace) = &mut self.trace {
            trace.get_mut().truncate(to.steps);
        }
        // Last, because dropping the function of a checkpoint drops the values that it captured, which may panic.
        self.checkpoints.get_mut().truncate(to.checkpoints);
    }
}
