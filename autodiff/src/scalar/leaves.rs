//! `Leaves`: a range of variables, whose values stay in the caller's slice.

use super::node_ref::SINK;
use super::number::Scalar;
use super::pairwise::sum_map;
use super::slices::assert_equal_lengths;
use super::softmax::softmax;
use super::tape::{InputPair, Tape};
use super::trace::Operation;
use super::var::{Var, refuse};
use std::fmt;
use std::ops::Range;

/// A variable for each number of a slice, made by [`Tape::leaves`].
///
/// It is the slice and the first of consecutive nodes, so it takes no memory for each variable, and can be copied. A
/// vector of variables, which [`Tape::vars`] returns, takes 32 bytes for each.
///
/// ```
/// use autodiff::scalar::{Tape, Var};
///
/// let tape = Tape::new();
/// let x = tape.leaves(&[1.0, 2.0, 3.0]);
/// let y = x.iter().map(|x| x * x).sum::<Var>() * x.get(0);
/// let mut gradient = [0.0; 3];
/// y.gradients().wrt_leaves_into(&x, &mut gradient);
/// assert_eq!(gradient, [16.0, 4.0, 6.0]);
/// ```
#[derive(Clone, Copy)]
pub struct Leaves<'t, 'v, T: Scalar = f64> {
    pub(super) tape: &'t Tape<T>,
    /// The index of the first variable's node.
    pub(super) first: u32,
    values: &'v [T],
}

/// # Recording many variables
impl<T: Scalar> Tape<T> {
    /// Records a variable for each number of a slice, and stores nothing else for it, see [`Leaves`]. Their derivatives
    /// are [`Gradients::wrt_leaves`](super::Gradients::wrt_leaves).
    ///
    /// # Panics
    ///
    /// If the tape is full: it can hold 2³¹ − 1 variables.
    #[must_use]
    #[track_caller]
    pub fn leaves<'t, 'v>(&'t self, values: &'v [T]) -> Leaves<'t, 'v, T> {
        let first = self.push_nodes_without_inputs(values.len());
        let leaves = Leaves {
            tape: self,
            first,
            values,
        };
        if self.is_traced() {
            for variable in leaves.iter() {
                variable.traced(Operation::Variable, Vec::new);
            }
        }
        leaves
    }
}

/// # The variables
impl<'t, 'v, T: Scalar> Leaves<'t, 'v, T> {
    /// The number of variables.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        self.values.len()
    }

    /// Returns whether there are no variables.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.values.is_empty()
    }

    /// The values of the variables.
    #[must_use]
    #[inline]
    pub fn values(self) -> &'v [T] {
        self.values
    }

    /// The variable at `index`.
    ///
    /// # Panics
    ///
    /// If there are not as many variables.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn get(self, index: usize) -> Var<'t, T> {
        match self.values.get(index) {
            Some(&value) => self.at(index, value),
            None => panic!(
                "get: the index is {index}, and the number of leaves is {}",
                self.len()
            ),
        }
    }

    /// Returns an iterator over the variables.
    #[inline]
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Var<'t, T>> + ExactSizeIterator + Clone {
        let values = self.values.iter().enumerate();
        values.map(move |(index, &value)| self.at(index, value))
    }

    /// The variables in a range of indices.
    ///
    /// ```
    /// let tape = autodiff::scalar::Tape::new();
    /// let parameters = tape.leaves(&[1.0, 2.0, 3.0, 4.0]);
    /// let (weights, bias) = (parameters.slice(0..3), parameters.get(3));
    /// assert_eq!((weights.sum() + bias).value(), 10.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If the range ends before its start, or after the last variable.
    #[must_use]
    #[track_caller]
    pub fn slice(self, range: Range<usize>) -> Self {
        let Some(values) = self.values.get(range.clone()) else {
            panic!(
                "slice: the range is {range:?}, and the number of leaves is {}",
                self.len()
            );
        };
        Leaves {
            first: self.first + range.start as u32,
            values,
            ..self
        }
    }

    /// The variable at `index`, which has this value.
    #[inline(always)]
    fn at(self, index: usize, value: T) -> Var<'t, T> {
        Var::at(
            self.tape,
            self.tape.node_ref(self.first + index as u32),
            value,
        )
    }
}

/// # Functions of all variables
///
/// Each records the same node as the function of the same name for a slice of variables, in less time.
impl<'t, T: Scalar> Leaves<'t, '_, T> {
    /// The sum, as one node. The sum of no variables is 0.
    #[must_use]
    #[track_caller]
    pub fn sum(self) -> Var<'t, T> {
        let (values, one) = (self.values, T::from_f64(1.0));
        let value = sum_map(values, values, |&x, _| x);
        self.record(Operation::Sum, value, values, |_| one, || self.to_vec())
    }

    /// The dot product `Σᵢ xᵢ yᵢ`, as one node. Its slopes are yᵢ towards xᵢ, and xᵢ towards yᵢ.
    ///
    /// # Panics
    ///
    /// If the numbers of variables differ, or if they lie on different tapes.
    #[must_use]
    #[track_caller]
    pub fn dot(self, other: Leaves<'t, '_, T>) -> Var<'t, T> {
        assert_equal_lengths("dot", self.len(), other.len());
        if !std::ptr::eq(self.tape, other.tape) {
            refuse("dot");
        }
        let value = sum_map(self.values, other.values, |&a, &b| a * b);
        let inputs = || self.iter().chain(other.iter()).collect();
        if self.first == other.first || self.is_empty() {
            return self.record(Operation::Dot, value, self.values, |&x| x + x, inputs);
        }
        let pairs = self.values.iter().zip(other.values).enumerate();
        let pairs = pairs.map(|(i, (&a, &b))| InputPair {
            inputs: [self.first + i as u32, other.first + i as u32],
            slopes: [b, a],
        });
        Var::at(self.tape, self.tape.push_many(pairs, None), value).traced(Operation::Dot, inputs)
    }

    /// The linear combination `Σᵢ cᵢ xᵢ` with constants cᵢ, as one node. Its slope towards xᵢ is cᵢ.
    ///
    /// # Panics
    ///
    /// If the number of constants differs from the number of variables.
    #[must_use]
    #[track_caller]
    pub fn linear_combination(self, c: &[T::Plain]) -> Var<'t, T> {
        assert_equal_lengths("linear_combination", c.len(), self.len());
        let value = sum_map(c, self.values, |&c, &x| x * c);
        let constants = || c.iter().map(|&c| Var::from_plain(c));
        let inputs = || self.iter().chain(constants()).collect();
        let slope = |&c: &T::Plain| T::from_plain(c);
        self.record(Operation::LinearCombination, value, c, slope, inputs)
    }

    /// The Euclidean norm `√(Σᵢ xᵢ²)`, as one node, see [`norm`](super::norm).
    #[must_use]
    #[track_caller]
    pub fn norm(self) -> Var<'t, T> {
        let zero = T::from_f64(0.0);
        let value = T::norm(self.values);
        let slope = |&x: &T| if value == zero { zero } else { x / value };
        self.record(Operation::Norm, value, self.values, slope, || self.to_vec())
    }

    /// The logarithm `ln Σᵢ exp xᵢ`, as one node, see [`log_sum_exp`](super::log_sum_exp).
    #[must_use]
    #[track_caller]
    pub fn log_sum_exp(self) -> Var<'t, T> {
        let mut powers = self.tape.powers.take();
        let (value, factor) = softmax(self.values.iter().copied(), &mut powers);
        let slope = |&power: &T| power * factor;
        let result = self.record(Operation::LogSumExp, value, &powers, slope, || {
            self.to_vec()
        });
        self.tape.powers.put(powers);
        result
    }

    /// The variables, for a trace.
    fn to_vec(self) -> Vec<Var<'t, T>> {
        self.iter().collect()
    }

    /// Records one node with this value. The slope towards variable `i` is `slope(&s[i])`.
    #[track_caller]
    #[inline(always)]
    fn record<S>(
        self,
        operation: Operation,
        value: T,
        s: &[S],
        slope: impl Fn(&S) -> T,
        inputs: impl FnOnce() -> Vec<Var<'t, T>>,
    ) -> Var<'t, T> {
        if self.is_empty() {
            return Var::constant(value);
        }
        let (twos, last) = s.as_chunks();
        let pairs = twos.iter().enumerate().map(|(i, [a, b])| {
            let input = self.first + 2 * i as u32;
            InputPair {
                inputs: [input, input + 1],
                slopes: [slope(a), slope(b)],
            }
        });
        let last = last.first().map(|last| InputPair {
            inputs: [self.first + s.len() as u32 - 1, SINK],
            slopes: [slope(last), T::from_f64(0.0)],
        });
        let node = self.tape.push_many(pairs, last);
        Var::at(self.tape, node, value).traced(operation, inputs)
    }
}

impl<T: Scalar> fmt::Debug for Leaves<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
