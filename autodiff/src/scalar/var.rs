//! The variable.

use super::node_ref::{NodeRef, SINK};
use super::number::{Scalar, chain, chain_two};
use super::tape::Tape;
use super::trace::{Input, Operation};
use crate::elementwise::Binary;
use std::fmt;
use std::hint::cold_path;

/// A number that remembers how it was computed.
///
/// It holds its value, a node of the tape, and its slope with respect to that node. A function of one variable changes
/// only value and slope and writes nothing; an operation on two different nodes makes a new one. A constant has no tape.
///
/// A variable can be used like an `f64`: it is copied freely, compared by value, and mixed with plain numbers in a
/// formula. Its functions are those of the [table](crate::elementwise).
// Value and slope lie apart, with the tape between them: of neighbours the compiler makes one load of 16 bytes, which
// has to wait until both, just stored one by one, have reached the cache.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Var<'t, T: Scalar = f64> {
    pub(super) value: T,
    /// `None` for a constant.
    pub(super) tape: Option<&'t Tape<T>>,
    /// The slope with respect to the node; 0 for a constant.
    pub(super) slope: T,
    pub(super) node: NodeRef,
}

impl<'t, T: Scalar> Var<'t, T> {
    /// A constant: it takes no space on a tape, and can be combined with the variables of any.
    #[must_use]
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Var {
            value,
            slope: T::from_f64(0.0),
            tape: None,
            node: NodeRef::CONSTANT,
        }
    }

    /// The variable that is this node.
    #[inline(always)]
    pub(super) fn at(tape: &'t Tape<T>, node: NodeRef, value: T) -> Self {
        Var {
            value,
            slope: T::from_f64(1.0),
            tape: Some(tape),
            node,
        }
    }

    /// The index of its node; that of a constant is the sink.
    #[inline(always)]
    pub(super) fn index(self) -> u32 {
        self.node.index()
    }

    /// The value.
    #[must_use]
    #[inline(always)]
    pub fn value(self) -> T {
        self.value
    }

    /// The same value as a constant, at which derivatives stop.
    #[must_use]
    #[inline(always)]
    pub fn detach(self) -> Self {
        Var::constant(self.value)
    }

    /// The tape on which the variable was recorded; a constant has none.
    #[must_use]
    pub fn tape(self) -> Option<&'t Tape<T>> {
        self.tape
    }

    /// The same variable as a node of its own, so that derivatives with respect to it can be asked for. They count what
    /// is computed from the retained variable, not from the original.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(3.0);
    /// let u = (x * 2.0).retain();
    /// let y = u * u;
    /// assert_eq!(y.gradients().wrt(u), 12.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If it is a constant: a plain number, a [detached](Var::detach) variable, or a function of nothing but those. To
    /// differentiate with respect to one, record its value with [`Tape::var`].
    #[must_use]
    #[track_caller]
    pub fn retain(self) -> Self {
        let Some(tape) = self.tape else {
            panic!(
                "retain: {} is a constant; to differentiate with respect to it, record it with `Tape::var`",
                self.value
            );
        };
        if self.node.is_node() {
            return self;
        }
        let slopes = [self.slope, T::from_f64(0.0)];
        Var::at(
            tape,
            tape.push_node([self.index(), SINK], slopes),
            self.value,
        )
    }

    /// The function of `self` alone that has this value and slope.
    #[inline(always)]
    #[track_caller]
    pub(super) fn chain_unary(self, operation: impl Fn() -> Operation, value: T, slope: T) -> Self {
        let slope = chain(self.slope, slope);
        self.derived(operation, || [Some(self.input()), None], value, slope)
    }

    /// The function of `self` and a constant, without the test which of the two is one.
    #[inline(always)]
    #[track_caller]
    pub(super) fn chain_with_constant(self, function: Binary, constant: Self) -> Self {
        let (value, (slope, _)) = self.value.binary_with_slopes(function, constant.value);
        let operation = || Operation::Binary(function);
        let inputs = || [self, constant].map(|x| Some(x.input()));
        self.derived(operation, inputs, value, chain(self.slope, slope))
    }

    /// The function of `self` and `other` that has this value and these slopes.
    #[inline(always)]
    #[track_caller]
    pub(super) fn chain_binary(
        self,
        operation: impl Fn() -> Operation,
        other: Self,
        value: T,
        slopes: (T, T),
    ) -> Self {
        if let Some(tape) = self.tape
            && other.is_on(tape)
        {
            let inputs = [self.index(), other.index()];
            let slopes = chain_two([self.slope, other.slope], slopes.into());
            if inputs[0] == inputs[1] {
                cold_path();
                let inputs = || [self, other].map(|x| Some(x.input()));
                return self.derived(operation, inputs, value, slopes[0] + slopes[1]);
            }
            if let Some(node) = tape.try_push_node(inputs, slopes) {
                return Var::at(tape, node, value);
            }
            let [a, b] = [(inputs[0], slopes[0]), (inputs[1], slopes[1])];
            let node = tape.record_binary(operation(), a, b, value);
            return Var::at(tape, node, value);
        }
        // At least one of the two is a constant.
        cold_path();
        let (variable, slope) = match (self.tape, other.tape) {
            (Some(_), Some(_)) => refuse(operation().name()),
            (Some(_), None) => (self, slopes.0),
            (None, _) => (other, slopes.1),
        };
        let inputs = || [self, other].map(|x| Some(x.input()));
        variable.derived(operation, inputs, value, chain(variable.slope, slope))
    }

    /// The variable with this value, and this slope with respect to the node of `self`. On a traced tape it is a new node.
    ///
    /// The inputs are made where they are needed: a variable whose address is taken would live in memory instead of
    /// registers, on untraced tapes as well.
    #[inline(always)]
    #[track_caller]
    fn derived(
        self,
        operation: impl Fn() -> Operation,
        inputs: impl Fn() -> [Option<Input<T>>; 2],
        value: T,
        slope: T,
    ) -> Self {
        let result = Var {
            value,
            slope,
            node: self.node.derived(),
            ..self
        };
        if self.node.is_traced() {
            // First of all: else the test for a tape would be made before, on untraced tapes as well.
            cold_path();
            if let Some(tape) = result.tape {
                let input = (result.index(), result.slope);
                let node = tape.record_derived(operation(), inputs(), input, result.value);
                return Var::at(tape, node, result.value);
            }
        }
        result
    }

    /// Whether the variable is a constant or lies on `tape`.
    #[inline(always)]
    pub(super) fn is_on_or_constant(self, tape: &Tape<T>) -> bool {
        self.is_on(tape) || self.tape.is_none()
    }

    /// Whether the variable lies on `tape`.
    #[inline(always)]
    pub(super) fn is_on(self, tape: &Tape<T>) -> bool {
        // As addresses, for one comparison is enough.
        let own = self.tape.map_or(std::ptr::null(), std::ptr::from_ref);
        std::ptr::eq(own, tape)
    }
}

/// The tape of the variables in some rows that are no constants.
#[track_caller]
#[inline(always)]
pub(super) fn common_tape<'a, 't: 'a, T: Scalar, const N: usize>(
    operation: &'static str,
    mut rows: impl Iterator<Item = [&'a Var<'t, T>; N]> + Clone,
) -> Option<&'t Tape<T>> {
    let tape = rows
        .clone()
        .find_map(|row| row.iter().find_map(|x| x.tape))?;
    // Most lists have no constants, which is found without a branch for each variable.
    let with_others = rows.clone().filter(|row| {
        let others = row.iter().map(|x| !x.is_on(tape));
        others.fold(false, |any, other| any | other)
    });
    if with_others.count() > 0 {
        cold_path();
        if !rows.all(|row| row.iter().all(|x| x.is_on_or_constant(tape))) {
            refuse(operation);
        }
    }
    Some(tape)
}

/// Reports inputs that lie on two tapes.
#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn refuse(operation: &'static str) -> ! {
    panic!("{operation}: the inputs lie on different tapes")
}

impl<T: Scalar> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tape, self.node.is_node()) {
            (None, _) => write!(f, "Var({:?})", self.value),
            (_, true) => write!(f, "Var({:?}, node {})", self.value, self.index()),
            _ => write!(
                f,
                "Var({:?}, slope {:?} to node {})",
                self.value,
                self.slope,
                self.index()
            ),
        }
    }
}
