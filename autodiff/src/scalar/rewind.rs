//! `Mark`: an earlier state of a tape, to which it can be rewound.

use super::node_ref::{NodeRef, SINK};
use super::number::Scalar;
use super::tape::{Position, Tape};
use super::var::Var;
use crate::recording::unique;

/// A position on a tape to which it can be [rewound](Tape::rewind), and the variables that survive the rewind.
///
/// [`Tape::mark`] makes a mark.
#[derive(Clone, Debug)]
pub struct Mark<T: Scalar = f64> {
    /// Identifies the mark.
    id: u64,
    position: Position,
    survivors: Vec<Survivor<T>>,
}

/// A variable without its tape.
#[derive(Clone, Copy, Debug)]
struct Survivor<T> {
    value: T,
    slope: T,
    node: NodeRef,
}

/// # Rewinding
///
/// A loop that needs the same first part of a recording in each pass marks its end, and rewinds to it.
impl<T: Scalar> Tape<T> {
    /// Marks the current position, so that the tape can be [rewound](Tape::rewind) to it. The mark keeps the variables
    /// `survivors`; after a rewind [`kept_variables`](Tape::kept_variables) returns them.
    ///
    /// ```
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(2.0);
    /// let mark = tape.mark(&[x * x]);
    /// for factor in [3.0, 5.0] {
    ///     tape.rewind(&mark);
    ///     let square = tape.kept_variables(&mark)[0];
    ///     let y = tape.var(factor) * square;
    ///     assert_eq!(y.value(), factor * 4.0);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If a variable lies on another tape.
    #[must_use]
    #[track_caller]
    pub fn mark(&self, survivors: &[Var<'_, T>]) -> Mark<T> {
        for variable in survivors {
            assert!(
                variable.is_on_or_constant(self),
                "mark: the variable {} lies on another tape",
                variable.value
            );
        }
        let survivors = survivors.iter().map(|variable| Survivor {
            value: variable.value,
            slope: variable.slope,
            node: variable.node,
        });
        let mark = Mark {
            id: unique(),
            position: self.position(),
            survivors: survivors.collect(),
        };
        self.marks.borrow_mut().push(mark.id);
        mark
    }

    /// Removes everything recorded after the mark, and keeps the memory. The tape can be rewound to a mark any number
    /// of times.
    ///
    /// The compiler rejects any later use of an earlier variable. [`kept_variables`](Tape::kept_variables) returns the
    /// variables that the mark keeps:
    ///
    /// ```compile_fail
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(1.0);
    /// let mark = tape.mark(&[]);
    /// tape.rewind(&mark);
    /// println!("{}", x + 1.0); // error: `tape` is borrowed by `x`
    /// ```
    ///
    /// # Panics
    ///
    /// If the mark is of another tape or from before a reset, or if the tape has been rewound to an earlier mark since.
    #[track_caller]
    pub fn rewind(&mut self, mark: &Mark<T>) {
        let marks = self.marks.get_mut();
        let Some(known) = marks.iter().rposition(|&id| id == mark.id) else {
            panic!("rewind: {FOREIGN}");
        };
        marks.truncate(known + 1);
        self.cut(mark.position);
    }

    /// Returns the variables that the mark keeps, in the order in which they were passed to [`mark`](Tape::mark).
    ///
    /// # Panics
    ///
    /// If the mark is of another tape or from before a reset, or if the tape has been rewound to an earlier mark since.
    #[must_use]
    #[track_caller]
    pub fn kept_variables(&self, mark: &Mark<T>) -> Vec<Var<'_, T>> {
        assert!(
            self.marks.borrow().contains(&mark.id),
            "kept_variables: {FOREIGN}"
        );
        let survivors = mark.survivors.iter().map(|survivor| Var {
            value: survivor.value,
            slope: survivor.slope,
            tape: (survivor.node.index() != SINK).then_some(self),
            node: survivor.node,
        });
        survivors.collect()
    }
}

const FOREIGN: &str = "the mark is of another tape, or what it marked has been forgotten";
