//! What a backward pass gives: the gradient with respect to each variable.

pub(crate) mod bound;
pub(crate) mod rows;

use super::adjoints::{AdjointList, Term, sum_of_rows};
use super::products::add_product;
use super::tape::Tape;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::recycle::{Recycle, Recycled};
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use autodiff_kernels::simd::{FEW, vectorized};
use autodiff_kernels::{Write, reduce};

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
        for (number, &x) in wrt.iter().enumerate() {
            self.check(x);
            let term = match self.0.adjoints.move_out(x.index as usize) {
                Some(term) => term,
                None => match wrt[..number].iter().position(|y| y.index == x.index) {
                    Some(earlier) => kept.terms[earlier].clone(),
                    None => Term::Dense(self.zeros(x)),
                },
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
pub struct Gradient<'a, T: Real>(&'a Term<Tensor<T>>);

impl<T: Real> Gradient<'_, T> {
    /// The gradient, in the shape of the variable.
    #[must_use]
    pub fn tensor(&self) -> Tensor<T> {
        self.0.evaluated()
    }

    /// The shape of the variable.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self.0 {
            Term::Dense(sum) => sum.shape().clone(),
            Term::Rows(rows) => rows.shape().reduced(&[0], false),
            Term::Product(a, b) => {
                let [rows, _] = a.as_factor().extents("gradient");
                let [_, columns] = b.as_factor().extents("gradient");
                Shape::from([rows, columns])
            }
        }
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
