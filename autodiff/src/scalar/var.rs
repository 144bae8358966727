//! `Var`: a number on a tape, and how an operation on variables is recorded.

use super::node_ref::{NodeRef, SINK};
use super::number::{Scalar, chain, chain_two};
use super::tape::Tape;
use super::trace::{Input, Operation};
use crate::elementwise::Binary;
use std::fmt;
use std::hint::cold_path;

/// A number on a [`Tape`], or a constant.
///
/// A variable is used like an `f64`: it is copied freely, compared by value, and mixed with plain numbers in a formula.
/// Its methods are the functions of the [table](crate::elementwise).
///
/// It holds its value, a node of the tape, and its slope with respect to that node. A function of one variable changes
/// only the value and the slope, and records nothing; an operation on two different nodes appends a new node. A
/// constant has no tape. An operation on a variable and a constant whose slope is exactly 0, such as `x * 0.0`, returns
/// a constant, unless the tape is [traced](Tape::traced).
///
/// ```
/// use autodiff::scalar::Tape;
///
/// let tape = Tape::new();
/// let x = tape.var(2.0);
/// let y = if x > 1.0 { 3.0 * x * x } else { x.exp() };
/// assert_eq!(y.value(), 12.0);
/// assert_eq!(y.gradients().wrt(x), 12.0);
/// ```
// Value and slope are not adjacent: the compiler would load adjacent ones as 16 bytes, right after two stores of 8
// bytes, which is a store-forwarding stall.
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

/// # Values, constants and nodes
impl<'t, T: Scalar> Var<'t, T> {
    /// Returns a constant. It takes no space on a tape, and can be combined with variables of any tape.
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

    /// The variable that is the node `node`.
    #[inline(always)]
    pub(super) fn at(tape: &'t Tape<T>, node: NodeRef, value: T) -> Self {
        Var {
            value,
            slope: T::from_f64(1.0),
            tape: Some(tape),
            node,
        }
    }

    /// The index of the variable's node; the sink for a constant.
    #[inline(always)]
    pub(super) fn index(self) -> u32 {
        self.node.index()
    }

    /// The value.
    #[must_use]
    #[inline(always)]
    #[track_caller]
    pub fn value(self) -> T {
        self.leaves("value");
        self.value
    }

    /// Returns the value as a constant, to which no derivative flows.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let x = tape.var(3.0);
    /// assert_eq!((x * x.detach()).gradients().wrt(x), 3.0);
    /// ```
    #[must_use]
    #[inline(always)]
    #[track_caller]
    pub fn detach(self) -> Self {
        if self.node.is_traced() {
            cold_path();
            if let Some(detached) = self.detached_in_program() {
                return detached;
            }
        }
        Var::constant(self.value)
    }

    /// The tape on which the variable is recorded; `None` for a constant, which an operation with a constant may
    /// return: `x * 0.0` is one.
    #[must_use]
    pub fn tape(self) -> Option<&'t Tape<T>> {
        self.tape
    }

    /// Returns the variable as a node of its own, which retains its adjoint, so that derivatives with respect to it can
    /// be computed.
    ///
    /// These derivatives include only the operations on the returned variable, not those on the original one. A
    /// variable that is a node is returned unchanged.
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
    /// If the variable is a constant: a plain number, a [detached](Var::detach) variable, a function of constants only,
    /// or a function of a variable and a constant whose slope is 0, as in `x * 0.0`. To differentiate with respect to a
    /// constant, record its value with [`Tape::var`].
    #[must_use]
    #[track_caller]
    pub fn retain(self) -> Self {
        let Some(tape) = self.tape else {
            panic!(
                "retain: {} is a constant, which depends on no variable, or on one with slope 0; \
                 to differentiate with respect to it, record it with `Tape::var`",
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

    /// Returns a function of `self` with this value and slope.
    #[inline(always)]
    #[track_caller]
    pub(super) fn chain_unary(self, operation: impl Fn() -> Operation, value: T, slope: T) -> Self {
        let slope = chain(self.slope, slope);
        self.derived(operation, || [Some(self.input()), None], value, slope)
    }

    /// Returns a function of `self` and a constant, without testing which operand is the constant.
    #[inline(always)]
    #[track_caller]
    pub(super) fn chain_with_constant(self, function: Binary, constant: Self) -> Self {
        let (value, (slope, _)) = self.value.binary_with_slopes(function, constant.value);
        let operation = || Operation::Binary(function);
        let inputs = || [self, constant].map(|x| Some(x.input()));
        self.chain_with_slope(operation, inputs, value, slope)
    }

    /// Returns a function of `self` and `other` with this value and these slopes.
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
            (None, Some(_)) => (other, slopes.1),
            (None, None) => return Var::constant(value),
        };
        let inputs = || [self, other].map(|x| Some(x.input()));
        variable.chain_with_slope(operation, inputs, value, slope)
    }

    /// Returns a function of `self` and a constant, with this slope towards `self`.
    #[inline(always)]
    #[track_caller]
    fn chain_with_slope(
        self,
        operation: impl Fn() -> Operation,
        inputs: impl Fn() -> [Option<Input<T>>; 2],
        value: T,
        slope: T,
    ) -> Self {
        let mut product = self.slope * slope;
        // If the slope is 0, the product is 0 or NaN. So one comparison finds that, and what `chain` looks for.
        if product.is_nan_or_zero() {
            cold_path();
            if !slope.is_safe_factor() {
                // No derivative flows through a slope of 0, so whatever follows need not be recorded. But a trace holds
                // every operation, and in a program the slope may differ at other points.
                if slope.is_constant_zero() && !self.node.is_traced() {
                    return Var::constant(value);
                }
                product = chain(self.slope, slope);
            }
        }
        self.derived(operation, inputs, value, product)
    }

    /// Returns the variable with this value, and this slope with respect to the node of `self`. On a traced tape it is
    /// a new node.
    ///
    /// The inputs are passed as a closure and made only where they are needed: a variable whose address is taken would
    /// be kept in memory instead of registers, on untraced tapes too.
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
            // Comes first, because otherwise the compiler tests for a tape before, on untraced tapes too.
            cold_path();
            if let Some(tape) = result.tape {
                let input = (result.index(), result.slope);
                let node = tape.record_derived(operation(), inputs(), input, result.value);
                return Var::at(tape, node, result.value);
            }
        }
        result
    }

    /// Whether the variable is a constant or is recorded on `tape`.
    #[inline(always)]
    pub(super) fn is_on_or_constant(self, tape: &Tape<T>) -> bool {
        self.is_on(tape) || self.tape.is_none()
    }

    /// Whether the variable is recorded on `tape`.
    #[inline(always)]
    pub(super) fn is_on(self, tape: &Tape<T>) -> bool {
        // Compares addresses, with null for a constant, so that one comparison is enough.
        let own = self.tape.map_or(std::ptr::null(), std::ptr::from_ref);
        std::ptr::eq(own, tape)
    }
}

/// Returns the tape of the variables in `rows`; `None` if all are constants. Panics if they lie on different tapes.
#[track_caller]
#[inline(always)]
pub(super) fn common_tape<'a, 't: 'a, T: Scalar, const N: usize>(
    operation: &'static str,
    mut rows: impl Iterator<Item = [&'a Var<'t, T>; N]> + Clone,
) -> Option<&'t Tape<T>> {
    let tape = rows
        .clone()
        .find_map(|row| row.iter().find_map(|x| x.tape))?;
    // Most lists hold no constants. Testing that needs no branch for each variable.
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

/// Panics because the inputs of `operation` lie on different tapes.
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
