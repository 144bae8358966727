//! Recording on a traced tape.

use super::node_ref::{NodeRef, SINK};
use super::number::Scalar;
use super::tape::Tape;
use super::trace::{Input, Operation, TraceEntry};
use super::var::Var;
use std::borrow::Cow;
use std::cell::Ref;
use std::panic::Location;

impl Tape {
    /// An empty tape of `f64` that keeps every operation, see [`tracing`](Tape::tracing).
    #[must_use]
    pub fn traced() -> Self {
        Tape::default().tracing()
    }
}

impl<T: Scalar> Tape<T> {
    /// Makes an empty tape keep every operation, with its inputs and the line of code that recorded it.
    ///
    /// Use it to find the origin of a NaN ([`first_non_finite`](Tape::first_non_finite)) or to draw a computation
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
        self.pairs.disable_fast_path();
        // Nodes of a traced tape are marked as such, so no mark from before may be gone back to.
        self.reset();
        self
    }

    /// Whether the tape keeps every operation.
    #[inline(always)]
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// The operations in the order in which they were recorded; `None` if the tape is not traced.
    ///
    /// Nothing can be recorded while the result is in use: that panics.
    #[must_use]
    pub fn trace(&self) -> Option<Ref<'_, [TraceEntry<T>]>> {
        let trace = self.trace.as_ref()?;
        Some(Ref::map(trace.borrow(), |trace| trace.steps.as_slice()))
    }

    /// The name that a node was [given](Var::named).
    pub(super) fn name(&self, node: u32) -> Option<String> {
        self.trace
            .as_ref()?
            .borrow()
            .names
            .get(&node)
            .map(Cow::to_string)
    }

    /// Appends a node of two inputs where that cannot be done [at once](Tape::try_push_node), and keeps the operation if the
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
            let inputs = vec![Input::Node(a.0), Input::Node(b.0)];
            self.keep_entry(operation, inputs, value, node.index());
        }
        node
    }

    /// Appends a node of one input, and keeps the operation.
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
        let inputs = inputs.into_iter().flatten().collect();
        self.keep_entry(operation, inputs, value, node.index());
        node
    }

    #[cold]
    #[track_caller]
    fn keep_entry(&self, operation: Operation, inputs: Vec<Input<T>>, value: T, node: u32) {
        let Some(trace) = &self.trace else { return };
        let Ok(mut trace) = trace.try_borrow_mut() else {
            panic!("{operation}: recorded on a traced tape while its steps were being read");
        };
        trace.steps.push(TraceEntry {
            operation,
            inputs,
            value,
            node,
            location: Location::caller(),
        });
    }
}

impl<'t, T: Scalar> Var<'t, T> {
    /// Names the variable, for the reports and drawings of a traced tape. On any other tape this does nothing.
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        if let Some(trace) = self.tape.and_then(|tape| tape.trace.as_ref()) {
            // The conversion is the caller's code, which may record on the tape.
            let name = name.into();
            trace.borrow_mut().names.insert(self.index(), name);
        }
        self
    }

    /// Keeps the operation that made this node, if its tape is traced.
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
            let inputs = inputs().into_iter().map(Var::input).collect();
            tape.keep_entry(operation, inputs, self.value, self.index());
        }
        self
    }

    /// The variable as an input of a step.
    #[inline(always)]
    pub(super) fn input(self) -> Input<T> {
        match self.tape {
            Some(_) => Input::Node(self.index()),
            None => Input::Constant(self.value),
        }
    }
}
