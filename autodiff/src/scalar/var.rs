//! The variable.

use super::number::{chain, chain_two};
use super::place::Place;
use super::tape::SINK;
use super::trace::{Operand, Operation};
use super::{Scalar, Tape};
use crate::Number;
use crate::elementwise::{Binary, Unary, elementwise_table, inherent_methods};
use std::cmp::Ordering;
use std::fmt;
use std::hint::cold_path;
use std::panic::Location;

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
    pub(super) place: Place,
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
            place: Place::NOWHERE,
        }
    }

    /// The variable that is the node at `place`.
    #[inline(always)]
    pub(super) fn at(tape: &'t Tape<T>, place: Place, value: T) -> Self {
        Var {
            value,
            slope: T::from_f64(1.0),
            tape: Some(tape),
            place,
        }
    }

    /// The index of its node; that of a constant is the sink.
    #[inline(always)]
    pub(super) fn node(self) -> u32 {
        self.place.node()
    }

    /// Whether the variable is the node itself.
    #[inline(always)]
    pub(super) fn is_node(self) -> bool {
        self.place.is_node()
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
    /// is computed from the anchored variable, not from the original.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let x = tape.variable(3.0);
    /// let u = (x * 2.0).anchor();
    /// let y = u * u;
    /// assert_eq!(y.gradients().wrt(u), 12.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If it is a constant: a plain number, a [detached](Var::detach) variable, or a function of nothing but those. To
    /// differentiate with respect to one, record its value with [`Tape::variable`].
    #[must_use]
    #[track_caller]
    pub fn anchor(self) -> Self {
        let Some(tape) = self.tape else {
            panic!(
                "anchor: {} is a constant; to differentiate with respect to it, record it with `Tape::variable`",
                self.value
            );
        };
        if self.is_node() {
            return self;
        }
        let zero = T::from_f64(0.0);
        let place = tape.pair([self.node(), SINK], [self.slope, zero]);
        Var::at(tape, place, self.value)
    }

    /// Your own function of one variable: `f` is given the value, and returns the function's value and slope there.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let x = tape.variable(2.0);
    /// let cube = x.custom(|x: f64| (x.powi(3), 3.0 * x * x));
    /// assert_eq!(cube.gradients().wrt(x), 12.0);
    /// ```
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn custom(self, f: impl FnOnce(T) -> (T, T)) -> Self {
        let (value, slope) = f(self.value);
        self.follow(|| Operation::Custom, value, slope)
    }

    /// `a` if the condition holds, and `b` if not. The one that is not taken leaves no trace in the derivatives.
    #[must_use]
    #[inline]
    pub fn select(condition: bool, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        if condition { a.into() } else { b.into() }
    }

    /// `self · a + b`, rounded twice.
    #[must_use]
    #[track_caller]
    #[inline(always)]
    pub fn mul_add(self, a: impl Into<Self>, b: impl Into<Self>) -> Self {
        self * a.into() + b.into()
    }

    elementwise_table!(inherent_methods);

    /// The function of `self` alone that has this value and slope.
    #[inline(always)]
    #[track_caller]
    pub(super) fn follow(self, operation: impl Fn() -> Operation, value: T, slope: T) -> Self {
        let result = Var {
            value,
            slope: chain(self.slope, slope),
            place: self.place.beside(),
            ..self
        };
        if self.place.is_traced() {
            cold_path();
            return result.traced(operation, || [Some(self.operand()), None]);
        }
        result
    }

    /// The function of `self` and a constant: [`binary`](Number::binary) without the question which of the two is one.
    #[inline(always)]
    #[track_caller]
    pub(super) fn beside(self, function: Binary, constant: Self) -> Self {
        let (value, (slope, _)) = self.value.binary_with_slopes(function, constant.value);
        let result = Var {
            value,
            slope: chain(self.slope, slope),
            place: self.place.beside(),
            ..self
        };
        if self.place.is_traced() {
            cold_path();
            return result.traced(
                || Operation::Binary(function),
                || [self, constant].map(|x| Some(x.operand())),
            );
        }
        result
    }

    /// The function of `self` and `other` that has this value and these slopes.
    #[inline(always)]
    #[track_caller]
    pub(super) fn join(
        self,
        operation: impl Fn() -> Operation,
        other: Self,
        value: T,
        slopes: (T, T),
    ) -> Self {
        if let Some(tape) = self.tape
            && other.is_on(tape)
        {
            let slopes = chain_two([self.slope, other.slope], slopes.into());
            if self.node() == other.node() {
                cold_path();
                let result = Var {
                    value,
                    slope: slopes[0] + slopes[1],
                    place: self.place.beside(),
                    ..self
                };
                return result.traced(operation, || [self, other].map(|x| Some(x.operand())));
            }
            if let Some(place) = tape.try_pair([self.node(), other.node()], slopes) {
                return Var::at(tape, place, value);
            }
            let [a, b] = slopes;
            let place = tape.join_slowly(operation(), (self.node(), a), (other.node(), b), value);
            return Var::at(tape, place, value);
        }
        // At most one of the two is no constant.
        cold_path();
        let (variable, slope) = match (self.tape, other.tape) {
            (Some(_), Some(_)) => refuse(operation().name()),
            (Some(_), None) => (self, slopes.0),
            (None, _) => (other, slopes.1),
        };
        let result = Var {
            value,
            slope: chain(variable.slope, slope),
            place: variable.place.beside(),
            ..variable
        };
        if variable.place.is_traced() {
            cold_path();
            return result.traced(operation, || [self, other].map(|x| Some(x.operand())));
        }
        result
    }

    /// Keeps the operation that made this variable and makes it a node, on a traced tape.
    ///
    /// Everything is handed over in pieces that are made where they are needed: a variable whose address is taken
    /// would live in memory instead of registers, on untraced tapes as well.
    #[inline(always)]
    #[track_caller]
    fn traced(
        self,
        operation: impl Fn() -> Operation,
        operands: impl Fn() -> [Option<Operand<T>>; 2],
    ) -> Self {
        let Some(tape) = self.tape else { return self };
        if !tape.is_traced() {
            return self;
        }
        cold_path();
        let place = tape.trace_function(
            operation(),
            operands(),
            self.value,
            (self.node(), self.slope),
            Location::caller(),
        );
        Var::at(tape, place, self.value)
    }

    /// Whether the variable is a constant or lies on `tape`.
    #[inline(always)]
    pub(super) fn suits(self, tape: &Tape<T>) -> bool {
        self.is_on(tape) || self.tape.is_none()
    }

    /// Whether the variable lies on `tape`.
    #[inline(always)]
    pub(super) fn is_on(self, tape: &Tape<T>) -> bool {
        // As addresses, for one comparison is enough.
        let own = self.tape.map_or(std::ptr::null(), std::ptr::from_ref);
        std::ptr::eq(own, tape)
    }

    #[inline(always)]
    pub(super) fn operand(self) -> Operand<T> {
        match self.tape {
            Some(_) => Operand::Node(self.node()),
            None => Operand::Constant(self.value),
        }
    }
}

/// Reports operands that lie on two tapes.
#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn refuse(operation: &'static str) -> ! {
    panic!("{operation}: the operands lie on different tapes")
}

impl<T: Scalar> Number for Var<'_, T> {
    type Mask = bool;

    #[inline(always)]
    fn constant(self, c: f64) -> Self {
        Var::constant(self.value.constant(c))
    }

    #[inline(always)]
    fn less(self, other: Self) -> bool {
        self.value.less(other.value)
    }

    #[inline(always)]
    fn equal(self, other: Self) -> bool {
        self.value.equal(other.value)
    }

    #[inline(always)]
    fn select(mask: &bool, a: Self, b: Self) -> Self {
        if *mask { a } else { b }
    }

    #[inline(always)]
    #[track_caller]
    fn unary(self, function: Unary) -> Self {
        let (value, slope) = self.value.unary_with_slope(function);
        self.follow(|| Operation::Unary(function), value, slope)
    }

    #[inline(always)]
    #[track_caller]
    fn binary(self, function: Binary, other: Self) -> Self {
        let (value, slopes) = self.value.binary_with_slopes(function, other.value);
        self.join(|| Operation::Binary(function), other, value, slopes)
    }
}

impl<T: Scalar> Scalar for Var<'_, T> {
    type Plain = T::Plain;

    #[inline]
    fn from_f64(c: f64) -> Self {
        Var::constant(T::from_f64(c))
    }

    #[inline]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }

    #[inline]
    fn has_nan(self) -> bool {
        self.value.has_nan()
    }
}

impl<T: Scalar<Plain = f64>> From<f64> for Var<'_, T> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Var::constant(T::from_f64(value))
    }
}

impl<T: Scalar<Plain = f32>> From<f32> for Var<'_, T> {
    #[inline(always)]
    fn from(value: f32) -> Self {
        Var::constant(T::from_f64(f64::from(value)))
    }
}

impl<T: Scalar> Default for Var<'_, T> {
    /// The constant 0.
    fn default() -> Self {
        Var::constant(T::from_f64(0.0))
    }
}

impl<T: Scalar> fmt::Display for Var<'_, T> {
    /// The value, with the options of a plain number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<T: Scalar> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tape, self.is_node()) {
            (None, _) => write!(f, "Var({:?})", self.value),
            (_, true) => write!(f, "Var({:?}, node {})", self.value, self.node()),
            _ => write!(
                f,
                "Var({:?}, slope {:?} to node {})",
                self.value,
                self.slope,
                self.node()
            ),
        }
    }
}

impl<T: Scalar> PartialEq for Var<'_, T> {
    /// Whether the values are equal.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Scalar> PartialOrd for Var<'_, T> {
    /// The order of the values.
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}
