//! What a backward pass gives: the gradient with respect to each variable.

mod bound;

use super::adjoints::{AdjointList, Slot, Term, sum_of_rows};
use super::factor::{Factor, add_product, add_product_rows, products_rows_with};
use super::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::recycle::{Recycle, Recycled};
use crate::tensor::var::Var;
use autodiff_kernels::simd::{FEW, vectorized};
use autodiff_kernels::{Epilogue, Write, reduce};
pub use bound::largest_magnitude;
use std::iter;
use std::ops::Range;

/// The adjoints of the variables of a recording, from one backward pass.
///
/// It stands apart from the tape's values, so one recording can be walked back many times. It holds memory in proportion to
/// the recording up to the result; what is to stay for long is better [kept](Gradients::keep).
#[derive(Debug)]
pub struct Gradients<'t, T: Real>(Recycled<Lent<'t, T>>);

/// A list of adjoints that a tape has lent.
#[derive(Debug)]
struct Lent<'t, T: Real> {
    tape: &'t Tape<T>,
    adjoints: Box<AdjointList<Tensor<T>>>,
}

impl<T: Real> Recycle for Lent<'_, T> {
    fn recycle(self) {
        self.tape.return_adjoints(self.adjoints);
    }
}

impl<'t, T: Real> Gradients<'t, T> {
    pub(super) fn new(tape: &'t Tape<T>, adjoints: Box<AdjointList<Tensor<T>>>) -> Self {
        Gradients(Recycled::new(Lent { tape, adjoints }))
    }

    /// The gradient with respect to `x`, in the shape of `x`: zeros if the result does not depend on it.
    ///
    /// # Panics
    ///
    /// If `x` is an intermediate result that was not [anchored](Var::anchor) before the backward pass, if it depends on no
    /// variable, or if it is of another tape.
    #[must_use]
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Tensor<T> {
        self.check(x);
        let adjoints = &self.0.adjoints;
        match adjoints.get(x.index as usize) {
            Some(term) => term.evaluated(),
            None => self.zeros(x),
        }
    }

    /// The gradients with respect to some variables by themselves, which outlive the recording.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0]]);
    /// let weight = tape.var([[0.5, -0.5]]);
    /// let y = x.linear(weight, tape.var([0.0])).sum();
    /// let kept = y.gradients().keep(&[weight]);
    /// tape.reset();
    /// let mut descended = [0.5, -0.5];
    /// kept.get(0).unwrap().add_to(-0.1, &mut descended);
    /// assert_eq!(descended, [0.4, -0.7]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`wrt`](Gradients::wrt).
    #[must_use]
    #[track_caller]
    pub fn keep(self, wrt: &[Var<'t, T>]) -> KeptGradients<T> {
        let mut kept = KeptGradients::default();
        self.keep_in(wrt, &mut kept);
        kept
    }

    /// As [`keep`](Gradients::keep), in place of gradients kept earlier, whose memory is used again.
    ///
    /// # Panics
    ///
    /// As [`wrt`](Gradients::wrt).
    #[track_caller]
    pub fn keep_in(mut self, wrt: &[Var<'t, T>], kept: &mut KeptGradients<T>) {
        kept.clear();
        for (number, &x) in (0..).zip(wrt) {
            self.check(x);
            let term = match self.0.adjoints.move_out(x.index as usize, number) {
                Slot::Filled(term) => term,
                // It is asked for twice.
                Slot::Moved(earlier) => kept.terms[earlier as usize].clone(),
                Slot::Empty => Term::Dense(self.zeros(x)),
            };
            kept.terms.push(term);
        }
    }

    #[inline]
    #[track_caller]
    fn check(&self, x: Var<'t, T>) {
        assert!(
            std::ptr::eq(self.0.tape, x.tape),
            "gradient: with respect to a variable of another tape"
        );
    }

    /// The gradient of a node that nothing was accumulated for, which is zero if it would have been kept.
    #[cold]
    #[track_caller]
    fn zeros(&self, x: Var<'t, T>) -> Tensor<T> {
        let node = &self.0.tape.nodes()[x.index as usize];
        node.check_tracked("gradient: with respect to");
        let anchors_of_pass = 1..=self.0.adjoints.anchors();
        assert!(
            node.operation.is_leaf() || anchors_of_pass.contains(&node.anchor),
            "gradient: with respect to the result of `{}`, whose adjoint was not kept: anchor it before the backward pass",
            node.operation.name()
        );
        Tensor::zeros(node.value.shape())
    }
}

/// The gradients with respect to some variables, apart from the recording; [`Gradients::keep`] gives them.
///
/// The gradient of a weight matrix is not formed yet, but a product that waits to be added to where it is wanted.
#[derive(Debug, Default)]
pub struct KeptGradients<T: Real> {
    terms: Vec<Term<Tensor<T>>>,
}

impl<T: Real> KeptGradients<T> {
    /// The number of gradients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The gradient with the given number, in the order in which they were asked for, if there is one.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Gradient<'_, T>> {
        self.terms.get(number).map(Gradient)
    }

    /// All gradients, in the order in which they were asked for.
    pub fn iter(&self) -> impl Iterator<Item = Gradient<'_, T>> {
        self.terms.iter().map(Gradient)
    }

    /// Forgets the gradients, and keeps the memory.
    pub fn clear(&mut self) {
        self.terms.clear();
    }
}

/// The gradient with respect to one variable, one of [`KeptGradients`].
#[derive(Clone, Copy, Debug)]
pub struct Gradient<'a, T: Real>(pub(super) &'a Term<Tensor<T>>);

impl<'a, T: Real> Gradient<'a, T> {
    /// The gradient, in the shape of the variable.
    #[must_use]
    pub fn tensor(&self) -> Tensor<T> {
        self.0.evaluated()
    }

    /// Adds `scale` times the gradient to `sum`, row by row.
    ///
    /// The gradient of a weight matrix is then never formed by itself: its last product is added to `sum` at once.
    ///
    /// # Panics
    ///
    /// If `sum` has not as many elements as the variable.
    #[track_caller]
    pub fn add_to(&self, scale: T, sum: &mut [T]) {
        match self.0 {
            Term::Dense(gradient) => {
                check_size("add_to", gradient.size(), sum);
                add_scaled(scale, gradient.data(), sum);
            }
            Term::Product(a, b) => add_product(scale, a.as_factor(), b.as_factor(), sum),
            Term::Rows(rows) => {
                let samples = rows.shape()[0];
                check_size("add_to", rows.shape()[1..].iter().product(), sum);
                if samples <= FEW_ROWS {
                    // So few are added one by one; their sum is not made by itself.
                    for row in 0..samples {
                        add_scaled(scale, &rows.data()[row * sum.len()..][..sum.len()], sum);
                    }
                } else if scale == T::from_f64(1.0) {
                    reduce::sum(rows.data(), samples, sum.len(), sum, Write::Add, &Pooled);
                } else {
                    add_scaled(scale, sum_of_rows(rows).data(), sum);
                }
            }
        }
    }

    /// Adds `scale` times some rows of the gradient, a run along its first axis, to `sum`; so several threads can
    /// share a gradient, or one form it piece by piece.
    ///
    /// # Panics
    ///
    /// If there are no such rows, or `sum` has not as many elements as they have.
    #[track_caller]
    pub fn add_rows_to(&self, scale: T, rows: Range<usize>, sum: &mut [T]) {
        let extent = match self.0 {
            Term::Product(a, b) => {
                return add_product_rows(scale, a.as_factor(), b.as_factor(), rows, sum);
            }
            Term::Dense(gradient) => gradient.shape().first(),
            Term::Rows(rows) => rows.shape().get(1),
        };
        if rows.start == 0 && extent == Some(&rows.end) {
            return self.add_to(scale, sum);
        }
        let rows = self.tensor().rows(rows);
        check_size("add_rows_to", rows.size(), sum);
        add_scaled(scale, rows.data(), sum);
    }

    /// Writes some rows of the sum of several gradients, those of one variable by the parts of a batch, say, if they are
    /// products for whose sum there is a kernel; returns whether there was. They are added along a
    /// [tree](crate::tensor::write_products_rows).
    ///
    /// ```
    /// # use autodiff::tensor::{Gradient, Tape};
    /// # let tape = Tape::new();
    /// # let weight = tape.var([[0.5, -0.5]]);
    /// # let bias = tape.var([0.0]);
    /// let kept = [[[1.0, 2.0], [0.0, 1.0]], [[3.0, 4.0], [1.0, 1.0]]].map(|x| {
    ///     let y = tape.constant(x).linear(weight, bias).sum();
    ///     y.gradients().keep(&[weight])
    /// });
    /// let gradients = kept.each_ref().map(|kept| kept.get(0).unwrap());
    /// let mut sum = [0.0, 0.0];
    /// if !Gradient::write_rows_of_sum(gradients, 0..1, &mut sum) {
    ///     for gradient in gradients {
    ///         gradient.add_rows_to(1.0, 0..1, &mut sum);
    ///     }
    /// }
    /// assert_eq!(sum, [5.0, 8.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`add_rows_to`](Gradient::add_rows_to), for any of them.
    #[track_caller]
    pub fn write_rows_of_sum(
        gradients: impl IntoIterator<Item = Self, IntoIter: Clone>,
        rows: Range<usize>,
        out: &mut [T],
    ) -> bool {
        Gradient::rows_of_sum_with(
            gradients.into_iter(),
            rows,
            out,
            Epilogue::Write(Write::Set),
        )
    }

    /// Subtracts `rate` times what [`write_rows_of_sum`](Gradient::write_rows_of_sum) writes from `out`, if there is a kernel
    /// for that; returns whether there was. The product with `rate` is rounded by itself. A single gradient that is there
    /// need not be a product.
    ///
    /// # Panics
    ///
    /// As [`add_rows_to`](Gradient::add_rows_to), for any of them.
    #[track_caller]
    pub fn descend_rows_of_sum(
        gradients: impl IntoIterator<Item = Self, IntoIter: Clone>,
        rate: T,
        rows: Range<usize>,
        out: &mut [T],
    ) -> bool {
        let gradients = gradients.into_iter();
        let mut first = gradients.clone();
        if let (Some(gradient), None) = (first.next(), first.next()) {
            return gradient.descend_rows(rate, rows, out);
        }
        Gradient::rows_of_sum_with(gradients, rows, out, Epilogue::Descend(rate))
    }

    /// As [`descend_rows_of_sum`](Gradient::descend_rows_of_sum), along one gradient.
    #[track_caller]
    fn descend_rows(self, rate: T, rows: Range<usize>, out: &mut [T]) -> bool {
        if let Some(product) = self.factors() {
            return products_rows_with(iter::once(product), rows, out, Epilogue::Descend(rate));
        }
        match self.formed() {
            Some(gradient) if gradient.len() == out.len() => {
                descend(rate, gradient, out);
                true
            }
            _ => false,
        }
    }

    /// Forms the sum of some rows, if all gradients are products and there is a kernel for it; tells whether there was.
    #[track_caller]
    fn rows_of_sum_with(
        mut gradients: impl Iterator<Item = Self> + Clone,
        rows: Range<usize>,
        out: &mut [T],
        epilogue: Epilogue<T>,
    ) -> bool {
        let products = gradients.clone().filter_map(Gradient::factors);
        gradients.all(|gradient| gradient.factors().is_some())
            && products_rows_with(products, rows, out, epilogue)
    }

    /// The elements of the gradient, if they need not be computed first.
    fn formed(self) -> Option<&'a [T]> {
        match self.0 {
            Term::Dense(gradient) => Some(gradient.data()),
            Term::Rows(rows) if rows.shape()[0] == 1 => Some(rows.data()),
            _ => None,
        }
    }

    /// The factors of the product that it is, if it is one.
    fn factors(self) -> Option<[Factor<'a, Tensor<T>>; 2]> {
        match self.0 {
            Term::Product(a, b) => Some([a.as_factor(), b.as_factor()]),
            _ => None,
        }
    }
}

/// # Panics
///
/// If a sum has not as many elements as what is added to it.
#[track_caller]
fn check_size<T>(operation: &str, size: usize, sum: &[T]) {
    assert!(
        sum.len() == size,
        "{operation}: {size} elements of a gradient, and a sum of {} elements",
        sum.len()
    );
}

/// Up to so many rows are added one after the other: the error of so short a sum hardly grows.
const FEW_ROWS: usize = 32;

fn add_scaled<T: Real>(scale: T, term: &[T], sum: &mut [T]) {
    update(
        sum,
        term,
        #[inline(always)]
        move |sum, x| sum + scale * x,
    );
}

/// Descends along a gradient as if it were first added to zeros.
fn descend<T: Real>(rate: T, gradient: &[T], x: &mut [T]) {
    update(
        x,
        gradient,
        #[inline(always)]
        move |x, g| x - rate * (T::default() + g),
    );
}

/// Replaces each of some numbers by a function of it and the corresponding term.
fn update<T: Real>(numbers: &mut [T], terms: &[T], new: impl Fn(T, T) -> T) {
    if numbers.len() < FEW {
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
