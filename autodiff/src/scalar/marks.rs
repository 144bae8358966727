//! Going back to an earlier state of a tape.

use super::place::{Place, Shift};
use super::tape::unique;
use super::{Scalar, Tape, Var};

/// A position on a tape that can be gone back to, and the variables that survive going back.
#[derive(Clone, Debug)]
pub struct Mark<T: Scalar = f64> {
    /// Tells this mark from every other.
    pub(super) id: u64,
    pub(super) slots: u32,
    pub(super) blocks: u32,
    pub(super) segments: usize,
    pub(super) steps: usize,
    pub(super) shift: Shift,
    survivors: Vec<Survivor<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Survivor<T> {
    value: T,
    slope: T,
    /// `None` for a constant.
    place: Option<Place>,
}

impl<T: Scalar> Mark<T> {
    /// The beginning of a tape whose first node lies at `first`.
    pub(super) fn start(first: Place) -> Self {
        Mark {
            id: 0,
            slots: 0,
            blocks: 0,
            segments: 0,
            steps: 0,
            shift: Shift::between(first, 0),
            survivors: Vec::new(),
        }
    }
}

impl<T: Scalar> Tape<T> {
    /// Marks the current position, so that the tape can be [rewound](Tape::rewind) to it. The mark remembers the given
    /// variables; after a rewind [`survivors`](Tape::survivors) hands them back.
    ///
    /// ```
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.variable(2.0);
    /// let mark = tape.mark(&[x * x]);
    /// for factor in [3.0, 5.0] {
    ///     tape.rewind(&mark);
    ///     let square = tape.survivors(&mark)[0];
    ///     let y = tape.variable(factor) * square;
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
            let here = variable.tape.is_none_or(|tape| std::ptr::eq(tape, self));
            assert!(
                here,
                "mark: the variable {} lies on another tape",
                variable.value
            );
        }
        let survivors = survivors.iter().map(|variable| Survivor {
            value: variable.value,
            slope: variable.slope,
            place: variable.tape.map(|_| variable.place),
        });
        self.position(survivors.collect())
    }

    fn position(&self, survivors: Vec<Survivor<T>>) -> Mark<T> {
        let id = unique();
        self.marks.borrow_mut().push(id);
        Mark {
            id,
            slots: self.slots.len(),
            blocks: self.blocks.len(),
            segments: self.segments.borrow().len(),
            steps: self
                .trace
                .as_ref()
                .map_or(0, |trace| trace.borrow().steps.len()),
            shift: self.shift.get(),
            survivors,
        }
    }

    /// Forgets everything recorded after the mark, but keeps the memory. A mark can be rewound to any number of times.
    ///
    /// Variables from before the rewind can no longer be used, except those that the mark remembers, which
    /// [`survivors`](Tape::survivors) hands back:
    ///
    /// ```compile_fail
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let x = tape.variable(1.0);
    /// let mark = tape.mark(&[]);
    /// tape.rewind(&mark);
    /// println!("{}", x + 1.0); // error: `tape` is borrowed by `x`
    /// ```
    ///
    /// # Panics
    ///
    /// If the mark is of another tape or from before a reset, or if the tape has since been rewound to an earlier
    /// position.
    #[track_caller]
    pub fn rewind(&mut self, mark: &Mark<T>) {
        let marks = self.marks.get_mut();
        let place = marks.iter().rposition(|&id| id == mark.id);
        marks.truncate(place.map_or(marks.len(), |place| place + 1));
        assert!(place.is_some(), "rewind: {FOREIGN}");
        self.forget(mark);
    }

    /// The variables that the mark remembers, in the order in which they were given to [`mark`](Tape::mark).
    ///
    /// # Panics
    ///
    /// As [`rewind`](Tape::rewind).
    #[must_use]
    #[track_caller]
    pub fn survivors(&self, mark: &Mark<T>) -> Vec<Var<'_, T>> {
        assert!(
            self.marks.borrow().contains(&mark.id),
            "survivors: {FOREIGN}"
        );
        let survivors = mark.survivors.iter().map(|survivor| match survivor.place {
            Some(place) => Var {
                value: survivor.value,
                slope: survivor.slope,
                tape: Some(self),
                place,
            },
            None => Var::constant(survivor.value),
        });
        survivors.collect()
    }
}

const FOREIGN: &str = "the mark is of another tape, or what it marked has been forgotten";
