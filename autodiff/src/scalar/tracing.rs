//! Recording on a traced tape, which keeps every operation.

use super::node_ref::{NodeRef, SINK};
use super::number::Scalar;
use super::tape::Tape;
use super::trace::{Input, Operation, TraceEntry};
use super::var::Var;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::cell::Ref;
use std::panic::Location;

/// # Making a traced tape
impl Tape {
    /// Returns an empty traced tape of `f64`, which keeps every operation. See [`tracing`](Tape::tracing).
    ///
    /// ```
    /// use autodiff::scalar::Tape;
    ///
    /// let tape = Tape::traced();
    /// let x = tape.var(2.0).named("x");
    /// let _ = x.sin();
    /// let trace = tape.trace().unwrap();
    /// assert_eq!(trace[1].operation.to_string(), "sin");
    /// ```
    #[must_use]
    pub fn traced() -> Self {
        Tape::default().tracing()
    }
}

/// # Tracing
///
/// A traced tape keeps every operation, with its operands and the line of code that recorded it.
impl<T: Scalar> Tape<T> {
    /// Turns an empty tape into a traced one, which keeps every operation, with its operands and the line of code that
    /// recorded it.
    ///
    /// A traced tape finds the origin of a NaN ([`first_non_finite`](Tape::first_non_finite)) and draws a computation
    /// ([`to_dot`](Tape::to_dot)). The derivatives are the same as on any other tape; tracing takes several times the
    /// memory and time.
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
        self.pairs.disable_fast_path();
        // References to nodes of a traced tape have a flag, so the tape must not be rewound to a mark from before.
        self.reset();
        self
    }

    /// Returns whether the tape is traced: whether it keeps every operation.
    #[inline(always)]
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Returns the operations in the order in which they were recorded; `None` if the tape is not traced.
    ///
    /// Recording on the tape panics while the result is in use.
    #[must_use]
    pub fn trace(&self) -> Option<Ref<'_, [TraceEntry<T>]>> {
        let trace = self.trace.as_ref()?;
        Some(Ref::map(trace.borrow(), |trace| trace.steps.as_slice()))
    }

    /// The [name](Var::named) of a node; `None` if it has none.
    pub(super) fn name(&self, node: u32) -> Option<String> {
        self.trace
            .as_ref()?
            .borrow()
            .names
            .get(&node)
            .map(Cow::to_string)
    }

    /// Appends a node with two inputs where the [fast path](Tape::try_push_node) cannot, and keeps the operation if the
    /// tape is traced.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn record_binary(
        &self,
        operation: Operation,
        a: (u32, T),
        b: (u32, T),
        value: T,
    ) -> NodeRef {
        let node = self.push_node([a.0, b.0], [a.1, b.1]);
        if self.is_traced() {
            let inputs = [a.0, b.0].map(Input::Node);
            self.keep_entry(operation, &inputs, value, node.index());
        }
        node
    }

    /// Appends a node with one input, and keeps the operation.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) fn record_derived(
        &self,
        operation: Operation,
        inputs: [Option<Input<T>>; 2],
        (input, slope): (u32, T),
        value: T,
    ) -> NodeRef {
        let node = self.push_node([input, SINK], [slope, T::from_f64(0.0)]);
        let inputs: SmallVec<[_; 2]> = inputs.into_iter().flatten().collect();
        self.keep_entry(operation, &inputs, value, node.index());
        node
    }

    /// Keeps an operation with any number of inputs.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn keep_many(&self, operation: Operation, inputs: Vec<Var<'_, T>>, value: T, node: u32) {
        let inputs: Vec<_> = inputs.into_iter().map(Var::input).collect();
        self.keep_entry(operation, &inputs, value, node);
    }

    /// Appends an entry to the trace, or an operation to the program.
    #[cold]
    #[track_caller]
    fn keep_entry(&self, operation: Operation, inputs: &[Input<T>], value: T, node: u32) {
        let Some(trace) = &self.trace else { return };
        let Ok(mut trace) = trace.try_borrow_mut() else {
            panic!("{operation}: recorded on a traced tape while its steps were being read");
        };
        let location = Location::caller();
        if let Some(program) = &mut trace.program {
            return program.add(operation, inputs, value, location);
        }
        trace.steps.push(TraceEntry {
            operation,
            inputs: inputs.to_vec(),
            value,
            node,
            location,
        });
    }
}

/// # Names
impl<'t, T: Scalar> Var<'t, T> {
    /// Gives the variable a name, which reports and drawings of a [traced](Tape::traced) tape show. Returns the
    /// variable. On a tape that is not traced the name is ignored.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        if let Some(trace) = self.tape.and_then(|tape| tape.trace.as_ref()) {
            // The conversion is the caller's code, which may record on the tape, so the trace must not be borrowed yet.
            let name = name.into();
            trace.borrow_mut().names.insert(self.index(), name);
        }
        self
    }

    /// Keeps the operation that made this node, if the tape is traced, and returns the variable.
    #[inline(always)]
    #[track_caller]
    pub(super) fn traced(
        self,
        operation: Operation,
        inputs: impl FnOnce() -> Vec<Var<'t, T>>,
    ) -> Self {
        if let Some(tape) = self.tape
            && tape.is_traced()
        {
            tape.keep_many(operation, inputs(), self.value, self.index());
        }
        self
    }

    /// The variable as an operand of an entry.
    #[inline(always)]
    pub(super) fn input(self) -> Input<T> {
        match self.tape {
            Some(_) => Input::Node(self.index()),
            None => Input::Constant(self.value),
        }
    }
}
