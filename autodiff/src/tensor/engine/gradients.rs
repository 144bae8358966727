//! `Gradients`: the result of a backward pass.

pub(crate) mod bound;
pub(crate) mod rows;

use super::adjoints::{Adjoint, AdjointList, IndexedSlices, sum_of_rows};
use super::products::add_product;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use autodiff_kernels::simd::{MIN_DISPATCH_LENGTH, vectorized};
use autodiff_kernels::{Write, reduce};

/// The gradients of one number with respect to the variables of a recording.
///
/// They are separate from the tape, which a backward pass does not change. One recording can be differentiated many
/// times, and the gradients of several results can exist together.
///
/// ```
/// use autodiff::tensor::{Gradients, Tape};
///
/// let mut tape = Tape::new();
/// let mut gradients = Gradients::default();
/// for step in 1..=3 {
///     let x = tape.var([f64::from(step), 2.0]);
///     gradients.update((x * x).sum()); // uses the memory of the previous pass
///     assert_eq!(gradients.wrt(x).data(), [2.0 * f64::from(step), 4.0]);
///     tape.reset();
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<T: Real> {
    pub(super) adjoints: AdjointList<Tensor<T>>,
    /// The recording that they belong to; `None` if there has been no pass.
    pub(super) recording: Option<u64>,
}

impl<T: Real> Gradients<T> {
    /// Returns the gradient with respect to `x`, in the shape of `x`; zeros if the result does not depend on `x`.
    ///
    /// # Panics
    ///
    /// If `x` is an intermediate result that was not [retained](Var::retain) before the backward pass, if it depends on
    /// no variable, or if it belongs to another recording.
    #[must_use]
    #[track_caller]
    pub fn wrt(&self, x: Var<'_, T>) -> Tensor<T> {
        match self.term(x) {
            Some(term) => term.materialize(),
            None => Tensor::zeros(x.shape()),
        }
    }

    /// Returns the gradients with respect to several variables, each as [`wrt`](Gradients::wrt) does.
    ///
    /// # Panics
    ///
    /// If one of `variables` is an intermediate result that was not [retained](Var::retain) before the backward pass,
    /// depends on no variable, or belongs to another recording.
    #[must_use]
    #[track_caller]
    pub fn wrt_all(&self, variables: &[Var<'_, T>]) -> Vec<Tensor<T>> {
        // A loop: a closure would hide the caller's line from `#[track_caller]`.
        let mut gradients = Vec::with_capacity(variables.len());
        for &x in variables {
            gradients.push(self.wrt(x));
        }
        gradients
    }

    /// Returns the gradient with respect to `x` as the rows of `x` that were used, if the only use of `x` was one
    /// [`gather`](Var::gather) along the first axis. Returns `None` after any other use, or if the gradient is zero.
    ///
    /// A batch uses a few rows of a large table of embeddings. The gradient of all other rows is zero and not stored.
    ///
    /// ```
    /// # use autodiff::tensor::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let table = tape.var(Tensor::full([1000, 2], 0.5));
    /// let gradients = table.gather(0, [7, 3, 7]).square().sum().gradients();
    /// let used = gradients.rows_wrt(table).unwrap();
    /// assert_eq!(used.indices.data(), [7, 3, 7]);
    /// assert_eq!(used.rows, Tensor::full([3, 2], 1.0));
    /// ```
    ///
    /// # Panics
    ///
    /// As [`wrt`](Gradients::wrt).
    #[doc(alias = "sparse")]
    #[must_use]
    #[track_caller]
    pub fn rows_wrt(&self, x: Var<'_, T>) -> Option<RowGradient<T>> {
        match self.term(x)? {
            Adjoint::Scattered(IndexedSlices {
                indices, slices, ..
            }) => {
                let row = &slices.shape()[indices.shape().rank()..];
                let count = indices.size();
                Some(RowGradient {
                    indices: indices.reshape([count]),
                    rows: slices.reshape(Shape::joined([&[count], row, &[]])),
                })
            }
            _ => None,
        }
    }

    /// Adds `scale` times the gradient with respect to `x` to `sum`, in row-major order.
    ///
    /// The gradient of a weight matrix is a matrix product, and the gradient of a table of embeddings some of its rows.
    /// They are added directly to `sum`, without a temporary array.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0]]);
    /// let weight = tape.var([[0.5, -0.5]]);
    /// let y = x.linear(weight, tape.var([0.0])).sum();
    /// let mut parameters = [0.5, -0.5];
    /// y.gradients().add_to(weight, -0.1, &mut parameters);
    /// assert_eq!(parameters, [0.4, -0.7]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `sum` and `x` do not have the same number of elements, or if [`wrt`](Gradients::wrt) panics for `x`.
    #[track_caller]
    pub fn add_to(&self, x: Var<'_, T>, scale: T, sum: &mut [T]) {
        match self.term(x) {
            Some(term) => Gradient(term).add_to(scale, sum),
            None => check_size("add_to", x.size(), sum),
        }
    }

    /// Drops the gradients and the tensors that they hold, and keeps the memory of the list.
    pub fn clear(&mut self) {
        self.adjoints.clear();
        self.recording = None;
    }

    /// The adjoint accumulated for `x`; `None` if it is zero.
    #[inline]
    #[track_caller]
    fn term(&self, x: Var<'_, T>) -> Option<&Adjoint<Tensor<T>>> {
        assert!(
            self.recording == Some(x.tape.recording()),
            "wrt: the variable belongs to another recording than these gradients"
        );
        let term = self.adjoints.get(x.index as usize);
        if term.is_none() {
            self.check_retained(x);
        }
        term
    }

    /// Checks that the pass would have kept a node's adjoint.
    #[cold]
    #[track_caller]
    fn check_retained(&self, x: Var<'_, T>) {
        let node = &x.tape.nodes()[x.index as usize];
        node.check_requires_grad("wrt:");
        let retained_before_pass = 1..=self.adjoints.retained();
        assert!(
            node.operation.is_leaf() || retained_before_pass.contains(&node.retained),
            "wrt: the adjoint of the result of `{}` was not kept; call `retain()` on it before the backward pass",
            node.operation.name()
        );
    }
}

/// A gradient that is zero but for some rows; see [`Gradients::rows_wrt`].
#[derive(Clone, Debug)]
pub struct RowGradient<T: Real> {
    /// The number of the row that each row of `rows` is added to. A number may occur several times.
    pub indices: Tensor<u32>,
    /// The rows.
    pub rows: Tensor<T>,
}

impl<T: Real> RowGradient<T> {
    /// Adds `scale` times the rows to those rows of `table`, in row-major order.
    ///
    /// ```
    /// # use autodiff::tensor::{Gradients, Tape, Tensor};
    /// let mut table = Tensor::full([1000, 2], 0.5);
    /// let mut tape = Tape::new();
    /// let used = {
    ///     let rows = tape.var(&table);
    ///     let cost = rows.gather(0, [7, 3]).square().sum();
    ///     cost.gradients().rows_wrt(rows).unwrap()
    /// };
    /// tape.reset(); // Drops the tape's reference, so that `data_mut` does not copy the table.
    /// used.add_to(-0.1, table.data_mut());
    /// assert_eq!(table.at([7, 0]), 0.4);
    /// ```
    ///
    /// # Panics
    ///
    /// If `table` has too few elements for a row.
    #[track_caller]
    pub fn add_to(&self, scale: T, table: &mut [T]) {
        let row: usize = self.rows.shape()[1..].iter().product();
        let last = self.indices.data().iter().max();
        let needed = last.map_or(0, |&last| (last as usize + 1) * row);
        assert!(
            needed <= table.len(),
            "add_to: rows of {row} elements up to row {last:?}, and a table of {} elements",
            table.len()
        );
        add_to_rows(scale, &self.rows, &self.indices, row, table);
    }
}

/// Adds `scale` times each row, of `row` elements, to the row of `table` with its index.
fn add_to_rows<T: Real>(
    scale: T,
    rows: &Tensor<T>,
    indices: &Tensor<u32>,
    row: usize,
    table: &mut [T],
) {
    for (term, &index) in rows.data().chunks_exact(row.max(1)).zip(indices.data()) {
        add_scaled(scale, term, &mut table[index as usize * row..][..row]);
    }
}

impl<T: Real> Default for Gradients<T> {
    /// Returns gradients of no result, to be [updated](Gradients::update).
    fn default() -> Self {
        Gradients {
            adjoints: AdjointList::default(),
            recording: None,
        }
    }
}

/// The gradient with respect to one variable. A weight matrix's gradient may be a product that is not evaluated yet.
#[derive(Clone, Copy, Debug)]
pub struct Gradient<'a, T: Real>(&'a Adjoint<Tensor<T>>);

/// Returns the gradient with respect to variable number `variable` of the tape; `None` if the gradient is zero.
///
/// The number remains valid after a reset of the tape.
#[must_use]
pub fn gradient<T: Real>(gradients: &Gradients<T>, variable: usize) -> Option<Gradient<'_, T>> {
    gradients.adjoints.get(variable).map(Gradient)
}

impl<T: Real> Gradient<'_, T> {
    /// Returns the gradient as a tensor, in the shape of the variable.
    #[must_use]
    pub fn tensor(&self) -> Tensor<T> {
        self.0.materialize()
    }

    /// Returns the shape of the variable.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self.0 {
            Adjoint::Array(sum) => sum.shape().clone(),
            Adjoint::RowSum(rows) => rows.shape().reduced(&[0], false),
            Adjoint::Product(a, b) => {
                let [rows, _] = a.as_factor().extents("gradient");
                let [_, columns] = b.as_factor().extents("gradient");
                Shape::from([rows, columns])
            }
            Adjoint::Scattered(IndexedSlices {
                indices,
                slices,
                extent,
            }) => {
                let row = &slices.shape()[indices.shape().rank()..];
                Shape::from(&[&[*extent], row].concat()[..])
            }
        }
    }

    /// Adds `scale` times the gradient to `sum`, in row-major order.
    ///
    /// # Panics
    ///
    /// If `sum` and the variable do not have the same number of elements.
    #[track_caller]
    pub fn add_to(&self, scale: T, sum: &mut [T]) {
        match self.0 {
            Adjoint::Array(gradient) => {
                check_size("add_to", gradient.size(), sum);
                add_scaled(scale, gradient.data(), sum);
            }
            Adjoint::Product(a, b) => add_product(scale, a.as_factor(), b.as_factor(), sum),
            Adjoint::RowSum(rows) => {
                let samples = rows.shape()[0];
                check_size("add_to", rows.shape()[1..].iter().product(), sum);
                if samples <= FEW_ROWS {
                    // Row by row, without a temporary array for the sum.
                    for row in 0..samples {
                        add_scaled(scale, &rows.data()[row * sum.len()..][..sum.len()], sum);
                    }
                } else if scale == T::from_f64(1.0) {
                    reduce::sum(rows.data(), samples, sum.len(), sum, Write::Add, &Pooled);
                } else {
                    add_scaled(scale, sum_of_rows(rows).data(), sum);
                }
            }
            Adjoint::Scattered(IndexedSlices {
                indices,
                slices,
                extent,
            }) => {
                let row: usize = slices.shape()[indices.shape().rank()..].iter().product();
                check_size("add_to", extent * row, sum);
                add_to_rows(scale, slices, indices, row, sum);
            }
        }
    }
}

/// # Panics
///
/// If `sum` does not have `size` elements.
#[track_caller]
fn check_size<T>(operation: &str, size: usize, sum: &[T]) {
    assert!(
        sum.len() == size,
        "{operation}: {size} elements of a gradient, and a sum of {} elements",
        sum.len()
    );
}

/// At most this many rows are added sequentially: the rounding error of such a short sum hardly grows.
const FEW_ROWS: usize = 32;

fn add_scaled<T: Real>(scale: T, term: &[T], sum: &mut [T]) {
    update(
        sum,
        term,
        #[inline(always)]
        move |sum, x| sum + scale * x,
    );
}

/// Replaces each number x by `new(x, term)` with the corresponding term.
fn update<T: Real>(numbers: &mut [T], terms: &[T], new: impl Fn(T, T) -> T) {
    if numbers.len() < MIN_DISPATCH_LENGTH {
        return update_each(numbers, terms, new);
    }
    vectorized(
        #[inline(always)]
        move || update_each(numbers, terms, new),
    );
}

#[inline(always)]
fn update_each<T: Real>(numbers: &mut [T], terms: &[T], new: impl Fn(T, T) -> T) {
    for (x, &term) in numbers.iter_mut().zip(terms) {
        *x = new(*x, term);
    }
}
