//! What variables tell a [program](super::program) that is being recorded, apart from operations: comparisons, choices,
//! slopes of a user's own, and values that leave the recording.
//!
//! A tape on which a program is recorded is a traced tape, so an ordinary tape pays one test of a flag.

use super::custom::check_slopes;
use super::dual::Dual;
use super::node_ref::SINK;
use super::number::Scalar;
use super::program::{ProgramError, Recording, Relation};
use super::tape::Tape;
use super::var::{Var, common_tape, refuse};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::hint::cold_path;
use std::panic::Location;

impl<T: Scalar> Tape<T> {
    /// Returns an empty tape that records a program.
    pub(super) fn for_program(recording: Recording<T>) -> Self {
        let tape = Tape::default().tracing();
        tape.with_trace(|trace| trace.program = Some(recording));
        tape
    }

    /// The program that was recorded on this tape.
    pub(super) fn into_program(mut self) -> Recording<T> {
        let trace = self.trace.take().map(|trace| trace.into_inner());
        let program = trace.and_then(|trace| trace.program);
        program.expect("made by `for_program`")
    }

    /// Returns whether a program is being recorded on this tape.
    pub(super) fn is_for_program(&self) -> bool {
        self.trace
            .as_ref()
            .is_some_and(|trace| trace.borrow().program.is_some())
    }

    /// Calls `tell` with the program that is being recorded on this tape, if there is one.
    fn tell<R>(&self, tell: impl FnOnce(&mut Recording<T>) -> R) -> Option<R> {
        // The trace of another tape may be in use.
        if !self.is_for_program() {
            return None;
        }
        self.with_trace(|trace| trace.program.as_mut().map(tell))
            .flatten()
    }

    fn with_trace<R>(&self, act: impl FnOnce(&mut super::trace::Trace<T>) -> R) -> Option<R> {
        let trace = self.trace.as_deref().map(RefCell::borrow_mut);
        trace.map(|mut trace| act(&mut trace))
    }

    /// Notes that a plain number leaves the recording, if it is one of a program.
    #[cold]
    #[track_caller]
    pub(super) fn note_escape(&self, operation: &'static str) {
        let location = Location::caller();
        self.tell(|program| {
            program.fail(ProgramError::Escaped {
                operation,
                location,
            });
        });
    }
}

impl<'t, T: Scalar> Var<'t, T> {
    /// Returns the outcome of a comparison, and notes it if a program is being recorded.
    #[inline(always)]
    #[track_caller]
    pub(super) fn compared(self, relation: Relation, other: Self, outcome: bool) -> bool {
        if self.node.is_traced() || other.node.is_traced() {
            self.note_comparison(relation, other, outcome);
        }
        outcome
    }

    /// Returns the order of two numbers, and notes it if a program is being recorded.
    #[inline(always)]
    #[track_caller]
    pub(super) fn ordered(self, other: Self, order: Option<Ordering>) -> Option<Ordering> {
        if self.node.is_traced() || other.node.is_traced() {
            let is = |expected| order == Some(expected);
            self.note_comparison(Relation::Less, other, is(Ordering::Less));
            self.note_comparison(Relation::Equal, other, is(Ordering::Equal));
            other.note_comparison(Relation::Less, self, is(Ordering::Greater));
        }
        order
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn note_comparison(self, relation: Relation, other: Self, outcome: bool) {
        let location = Location::caller();
        if let Some(tape) = tape_of_program("comparison", [self, other]) {
            let operands = [self.input(), other.input()];
            tape.tell(|program| program.compare(relation, operands, outcome, location));
        }
    }

    /// Returns the outcome of a test of the sign bit, and notes it if a program is being recorded.
    #[inline]
    #[track_caller]
    pub(super) fn compared_sign(self, outcome: bool) -> bool {
        if self.node.is_traced() {
            cold_path();
            let location = Location::caller();
            if let Some(tape) = self.tape {
                tape.tell(|program| program.compare_sign(self.input(), outcome, location));
            }
        }
        outcome
    }

    /// Notes that the value leaves the recording, if a program is being recorded.
    #[inline(always)]
    #[track_caller]
    pub(super) fn leaves(self, operation: &'static str) {
        if self.node.is_traced() {
            cold_path();
            if let Some(tape) = self.tape {
                tape.note_escape(operation);
            }
        }
    }

    /// Notes that the value leaves the recording as text, if a program is being recorded.
    #[inline]
    pub(super) fn leaves_as_text(self) {
        if self.node.is_traced() {
            cold_path();
            if let Some(tape) = self.tape {
                tape.tell(Recording::fail_by_text);
            }
        }
    }

    /// Returns the value as a number of the program that is being recorded, to which no derivative flows.
    #[cold]
    #[track_caller]
    pub(super) fn detached_in_program(self) -> Option<Self> {
        let location = Location::caller();
        let tape = self.tape?;
        tape.tell(|program| program.detach(self.input(), location))?;
        Some(tape.constant_node(self.value))
    }

    /// Returns the value of a function with the slopes that it returns, if a program is being recorded.
    #[track_caller]
    pub(super) fn custom_in_program(
        x: &[Self],
        value_and_slopes: impl FnOnce(&[Self]) -> (Self, Vec<Self>),
    ) -> Option<Self> {
        if !x.iter().any(|x| x.node.is_traced()) {
            return None;
        }
        let tape = common_tape("custom", x.iter().map(|x| [x]))?;
        if !tape.is_for_program() {
            return None;
        }
        let location = Location::caller();
        let (value, slopes) = value_and_slopes(x);
        check_slopes(slopes.len(), x.len());
        if !slopes
            .iter()
            .chain([&value])
            .all(|y| y.is_on_or_constant(tape))
        {
            refuse("custom");
        }
        let terms = x.iter().zip(&slopes);
        let terms: Vec<_> = terms.map(|(x, slope)| [x.input(), slope.input()]).collect();
        tape.tell(|program| program.with_slopes(value.input(), &terms, location))?;
        Some(tape.constant_node(value.value))
    }

    /// Chooses between two numbers by a comparison. In a program it is an operation, not a branch.
    #[inline]
    #[track_caller]
    fn chosen(relation: Relation, operands: [Self; 4], outcome: bool) -> Self {
        let [_, _, then, otherwise] = operands;
        let result = if outcome { then } else { otherwise };
        if operands.iter().any(|x| x.node.is_traced()) {
            cold_path();
            let location = Location::caller();
            if let Some(tape) = tape_of_program("select", operands) {
                let inputs = operands.map(Var::input);
                tape.tell(|program| program.select(relation, inputs, location));
                return tape.constant_node(result.value);
            }
        }
        result
    }
}

/// The tape among those of the variables on which a program is being recorded. Panics if a variable lies on another tape.
#[track_caller]
fn tape_of_program<'t, T: Scalar, const N: usize>(
    operation: &'static str,
    variables: [Var<'t, T>; N],
) -> Option<&'t Tape<T>> {
    let mut tapes = variables.iter().filter_map(|x| x.tape);
    let tape = tapes.find(|tape| tape.is_for_program())?;
    if !variables.iter().all(|x| x.is_on_or_constant(tape)) {
        refuse(operation);
    }
    Some(tape)
}

impl<T: Scalar> Tape<T> {
    /// Appends a node with this value and without derivatives, which the program computes.
    #[track_caller]
    fn constant_node(&self, value: T) -> Var<'_, T> {
        let zero = T::from_f64(0.0);
        Var::at(self, self.push_node([SINK, SINK], [zero, zero]), value)
    }
}

/// Choices without a branch, for a type with the given choice by the outcome of a comparison.
macro_rules! choices {
    ([$($generics:tt)*] $V:ty: |$relation:ident, $operands:ident, $outcome:ident| $chosen:expr; $(
        $(#[$doc:meta])*
        $name:ident by $Relation:ident;
    )+) => {
        /// # Choices
        ///
        /// An `if` on a comparison is a branch: a [program](super::program) is recorded again for points that take the
        /// other side. These methods choose without a branch.
        impl<$($generics)* T: Scalar> $V { $(
            $(#[$doc])*
            #[must_use]
            #[inline]
            #[track_caller]
            pub fn $name(
                a: impl Into<Self>,
                b: impl Into<Self>,
                then: impl Into<Self>,
                otherwise: impl Into<Self>,
            ) -> Self {
                let (a, b) = (a.into(), b.into());
                let ($relation, $operands) = (Relation::$Relation, [a, b, then.into(), otherwise.into()]);
                let $outcome = $relation.holds(a.value, b.value);
                $chosen
            }
        )+ }
    };
    ($($type:tt)*) => {
        choices! { $($type)*
            /// Returns `then` if `a < b`, by value, and `otherwise` if not. The other one has no influence on
            /// derivatives, not even if it is infinite or NaN.
            ///
            /// Both are computed. A branch computes one of them, so it is better if they are long and most points take
            /// the same side.
            ///
            /// ```
            /// # fn main() -> Result<(), autodiff::scalar::program::ProgramError> {
            /// use autodiff::scalar::Var;
            /// use autodiff::scalar::program::{Points, Program};
            ///
            /// // A loss that is quadratic near 0 and linear elsewhere (Huber's).
            /// let mut loss = Program::new(0, 1, |_, x| {
            ///     let size = x[0].abs();
            ///     vec![Var::select_less(size, 1.0, size.square() * 0.5, size - 0.5)]
            /// });
            /// let points = Points::Rows(&[0.5, -3.0]);
            /// let (values, gradients) = loss.values_and_gradients(&[], points)?;
            /// assert_eq!((&values[..], &gradients[..]), (&[0.125, 2.5][..], &[0.5, -1.0][..]));
            /// // Both points took the same path.
            /// assert_eq!(loss.paths().compiled, [2]);
            /// # Ok(()) }
            /// ```
            select_less by Less;
            /// Returns `then` if `a == b`, by value, and `otherwise` if not. The other one has no influence on
            /// derivatives, not even if it is infinite or NaN.
            select_equal by Equal;
        }
    };
}

choices! { ['t,] Var<'t, T>: |relation, operands, outcome| Var::chosen(relation, operands, outcome); }
choices! { [const K: usize,] Dual<T, K>: |relation, operands, outcome| if outcome { operands[2] } else { operands[3] }; }
