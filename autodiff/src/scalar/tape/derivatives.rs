//! Derivatives of a function on a tape that is reused.

use super::Tape;
use crate::scalar::general::{LANES, Mode};
use crate::scalar::leaves::Leaves;
use crate::scalar::node_ref::NodeRef;
use crate::scalar::number::{Scalar, unit};
use crate::scalar::store::kept::Kept;
use crate::scalar::store::memory::Memory;
use crate::scalar::sweep::{Gradients, Tangents};
use crate::scalar::var::Var;

/// Memory of the derivative functions, which is reused.
pub(in super::super) struct Buffers<T: Scalar> {
    pub(super) variables: Kept<WithoutTape<T>>,
    /// Adjoints or tangents in one direction.
    pub(in super::super) one: Kept<[T; 1]>,
    /// Adjoints or tangents in several directions.
    pub(in super::super) many: Kept<[T; LANES]>,
    /// A point that moves along a direction, and its gradient.
    pub(super) moving: Kept<T>,
}

impl<T: Scalar> Buffers<T> {
    /// Keeps the memory of earlier variables and of earlier adjoints.
    pub(super) fn new(variables: Memory, one: Memory) -> Self {
        Buffers {
            variables: Kept::new(variables),
            one: Kept::new(one),
            many: Kept::default(),
            moving: Kept::default(),
        }
    }

    /// Returns an empty vector, in kept memory.
    pub(in super::super) fn take_variables<'t>(&self) -> Vec<Var<'t, T>> {
        emptied(self.variables.take())
    }

    /// Keeps the memory of the vector.
    pub(in super::super) fn put_variables(&self, variables: Vec<Var<'_, T>>) {
        self.variables.put(emptied(variables));
    }
}

/// An item with the layout of a [`Var`], as a tape cannot hold variables that borrow it.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(dead_code, reason = "only the layout matters")]
pub(super) struct WithoutTape<T> {
    value: T,
    tape: usize,
    slope: T,
    node: NodeRef,
}

/// Returns an empty vector with the memory of `items`. The standard library reuses it where both layouts are equal.
fn emptied<A: Copy, B>(mut items: Vec<A>) -> Vec<B> {
    items.clear();
    items.into_iter().map(|_| unreachable!()).collect()
}

/// # Derivatives of a function
///
/// Each method resets the tape, records the function on it, and returns derivatives. It is like the function of the same
/// name in [`general`](crate::scalar::general), which does this on a new tape, but reuses all memory. With the methods that
/// write to slices, a function that is evaluated again and again allocates nothing.
impl<T: Scalar> Tape<T> {
    /// Returns the gradient of a function of several numbers, by one backward pass.
    ///
    /// ```
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let mut x = vec![3.0, -1.0];
    /// for _ in 0..100 {
    ///     let slopes = tape.gradient(|x| (x[0] - 1.0).square() + (x[0] + x[1]).square(), &x);
    ///     x.iter_mut().zip(slopes).for_each(|(x, slope)| *x -= 0.2 * slope);
    /// }
    /// assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] + 1.0).abs() < 1e-6);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gradient<F>(&mut self, f: F, x: &[T]) -> Vec<T>
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
    {
        self.value_and_gradient(f, x).1
    }

    /// Returns the value and the gradient of a function of several numbers, by one backward pass.
    #[must_use]
    #[track_caller]
    pub fn value_and_gradient<F>(&mut self, f: F, x: &[T]) -> (T, Vec<T>)
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
    {
        let mut gradient = zeros(x.len());
        let value = self.value_and_gradient_into(f, x, &mut gradient);
        (value, gradient)
    }

    /// Returns the value of a function of several numbers, and writes its gradient to `gradient`.
    ///
    /// # Panics
    ///
    /// If the lengths of `gradient` and `x` differ.
    #[track_caller]
    pub fn value_and_gradient_into<F>(&mut self, f: F, x: &[T], gradient: &mut [T]) -> T
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Var<'t, T>,
    {
        check(
            "value_and_gradient_into",
            gradient,
            "derivatives",
            x.len(),
            "inputs",
        );
        self.reset();
        let leaves = self.leaves(x);
        let variables = leaves.in_kept_memory();
        let y = f(&variables);
        let mut gradients = Gradients::with_memory(self.buffers.one.take());
        gradients.update([y]);
        gradients.wrt_leaves_into(&leaves, gradient);
        self.buffers.one.put(gradients.into_memory());
        self.buffers.put_variables(variables);
        y.value()
    }

    /// Returns the Jacobian matrix of a function with several outputs: row `i` is the gradient of output `i`. The mode
    /// is chosen by the numbers of inputs and outputs.
    #[must_use]
    #[track_caller]
    pub fn jacobian<F>(&mut self, f: F, x: &[T]) -> Vec<Vec<T>>
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.jacobian_by(Mode::ByShape, f, x)
    }

    /// Returns the Jacobian matrix of a function with several outputs, computed in the given mode: row `i` is the
    /// gradient of output `i`.
    #[must_use]
    #[track_caller]
    pub fn jacobian_by<F>(&mut self, mode: Mode, f: F, x: &[T]) -> Vec<Vec<T>>
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.rows_of_jacobian(mode, f, x).1
    }

    /// Returns the outputs of a function, and its Jacobian matrix: row `i` is the gradient of output `i`.
    #[must_use]
    #[track_caller]
    pub fn value_and_jacobian<F>(&mut self, f: F, x: &[T]) -> (Vec<T>, Vec<Vec<T>>)
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.rows_of_jacobian(Mode::ByShape, f, x)
    }

    #[track_caller]
    fn rows_of_jacobian<F>(&mut self, mode: Mode, f: F, x: &[T]) -> (Vec<T>, Vec<Vec<T>>)
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.reset();
        let leaves = self.leaves(x);
        let variables = leaves.in_kept_memory();
        let y = f(&variables);
        let mut rows = vec![zeros(x.len()); y.len()];
        leaves.for_each_derivative(mode, &y, |i, j, derivative| rows[i][j] = derivative);
        self.buffers.put_variables(variables);
        (values(&y), rows)
    }

    /// Writes the outputs of a function to `values`, and its Jacobian matrix to `jacobian`, row by row: the gradient of
    /// output 0 comes first.
    ///
    /// ```
    /// let mut tape = autodiff::scalar::Tape::new();
    /// let (mut y, mut jacobian) = ([0.0; 2], [0.0; 4]);
    /// tape.value_and_jacobian_into(|x| vec![x[0] * x[1], x[0]], &[2.0, 3.0], &mut y, &mut jacobian);
    /// assert_eq!((y, jacobian), ([6.0, 2.0], [3.0, 2.0, 1.0, 0.0]));
    /// ```
    ///
    /// # Panics
    ///
    /// If the length of `values` is not the number of outputs, or if the length of `jacobian` is not the product of the
    /// numbers of outputs and inputs.
    #[track_caller]
    pub fn value_and_jacobian_into<F>(
        &mut self,
        f: F,
        x: &[T],
        values: &mut [T],
        jacobian: &mut [T],
    ) where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.reset();
        let leaves = self.leaves(x);
        let variables = leaves.in_kept_memory();
        let y = f(&variables);
        check(
            "value_and_jacobian_into",
            values,
            "values",
            y.len(),
            "outputs",
        );
        let entries = x.len() * y.len();
        check(
            "value_and_jacobian_into",
            jacobian,
            "derivatives",
            entries,
            "entries",
        );
        for (value, y) in values.iter_mut().zip(&y) {
            *value = y.value();
        }
        leaves.for_each_derivative(Mode::ByShape, &y, |i, j, derivative| {
            jacobian[i * x.len() + j] = derivative;
        });
        self.buffers.put_variables(variables);
    }

    /// Returns the outputs of a function, and the product `J ẋ` of its Jacobian matrix with `x_dot`.
    ///
    /// # Panics
    ///
    /// If the lengths of `x_dot` and `x` differ.
    #[must_use]
    #[track_caller]
    pub fn jvp<F>(&mut self, f: F, x: &[T], x_dot: &[T]) -> (Vec<T>, Vec<T>)
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        check("jvp", x_dot, "tangents", x.len(), "inputs");
        self.reset();
        let leaves = self.leaves(x);
        let variables = leaves.in_kept_memory();
        let y = f(&variables);
        let seeds = leaves.iter().zip(x_dot).map(|(x, &x_dot)| (x, [x_dot]));
        let tangents = Tangents::along(self, seeds, &y, self.buffers.one.take());
        let y_dot = y.iter().map(|&y| tangents.of(y)[0]).collect();
        self.buffers.one.put(tangents.into_memory());
        self.buffers.put_variables(variables);
        (values(&y), y_dot)
    }

    /// Returns the outputs of a function, and the product `Jᵀ ȳ` of its transposed Jacobian matrix with `y_bar`.
    ///
    /// # Panics
    ///
    /// If the length of `y_bar` differs from the number of outputs.
    #[must_use]
    #[track_caller]
    pub fn vjp<F>(&mut self, f: F, x: &[T], y_bar: &[T]) -> (Vec<T>, Vec<T>)
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        self.reset();
        let leaves = self.leaves(x);
        let variables = leaves.in_kept_memory();
        let y = f(&variables);
        check("vjp", y_bar, "adjoints", y.len(), "outputs");
        let seeds = y.iter().zip(y_bar).map(|(&y, &y_bar)| (y, [y_bar]));
        let mut gradients = Gradients::with_memory(self.buffers.one.take());
        gradients.pull_back(&seeds.collect::<Vec<_>>());
        let x_bar = gradients.wrt_leaves(&leaves);
        self.buffers.one.put(gradients.into_memory());
        self.buffers.put_variables(variables);
        (values(&y), x_bar)
    }
}

impl<'t, T: Scalar> Leaves<'t, '_, T> {
    /// The variables, in memory of the tape.
    fn in_kept_memory(self) -> Vec<Var<'t, T>> {
        let mut variables = self.tape.buffers.take_variables();
        variables.extend(self.iter());
        variables
    }

    /// Calls `set` with each row, column and entry of the Jacobian matrix of `y` with respect to these leaves.
    #[track_caller]
    fn for_each_derivative(
        self,
        mode: Mode,
        y: &[Var<'t, T>],
        mut set: impl FnMut(usize, usize, T),
    ) {
        let by_columns = match mode {
            Mode::Forward => true,
            Mode::ByShape => self.len() < y.len(),
            Mode::Reverse => false,
        };
        let mut lanes = self.tape.buffers.many.take();
        if by_columns {
            for first in (0..self.len()).step_by(LANES) {
                let columns = first..self.len().min(first + LANES);
                let seeds = self.slice(columns.clone()).iter().enumerate();
                let seeds = seeds.map(|(lane, x)| (x, unit(lane)));
                let tangents = Tangents::along(self.tape, seeds, y, lanes);
                for (row, &y) in y.iter().enumerate() {
                    let entries = columns.clone().zip(tangents.of(y));
                    entries.for_each(|(column, entry)| set(row, column, entry));
                }
                lanes = tangents.into_memory();
            }
        } else {
            let mut gradients = Gradients::with_memory(lanes);
            for (first, y) in (0..).step_by(LANES).zip(y.chunks(LANES)) {
                // Lanes without an output hold a constant, whose gradient is zero.
                gradients.update(std::array::from_fn::<_, LANES, _>(|lane| {
                    y.get(lane).copied().unwrap_or_default()
                }));
                for (column, x) in self.iter().enumerate() {
                    let entries = (first..first + y.len()).zip(gradients.each_wrt(x));
                    entries.for_each(|(row, entry)| set(row, column, entry));
                }
            }
            lanes = gradients.into_memory();
        }
        self.tape.buffers.many.put(lanes);
    }
}

/// Panics unless `numbers`, which are called `what`, are `expected` many, one for each of `these`.
#[track_caller]
pub(super) fn check<T>(operation: &str, numbers: &[T], what: &str, expected: usize, these: &str) {
    let count = numbers.len();
    assert!(
        count == expected,
        "{operation}: {count} {what} for {expected} {these}"
    );
}

pub(super) fn zeros<T: Scalar>(count: usize) -> Vec<T> {
    vec![T::from_f64(0.0); count]
}

fn values<T: Scalar>(variables: &[Var<'_, T>]) -> Vec<T> {
    variables.iter().map(|variable| variable.value()).collect()
}
