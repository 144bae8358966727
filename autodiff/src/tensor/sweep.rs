//! The backward pass, in its two readings: computed at once, and recorded to be differentiated again.

use super::algebra::{self, Algebra, Factor};
use super::array::Tensor;
use super::element::Real;
use super::kernels::simd::{FEW, vectorized};
use super::kernels::{Write, reduce};
use super::op::Point;
use super::place::Place;
use super::shape::Shape;
use super::tape::{Edge, Tape};
use super::var::Var;
use crate::elementwise::{Binary, Unary};
use smallvec::SmallVec;
use std::mem;
use std::ops::Range;

/// The adjoint of one node, as far as it has been added up: nothing yet, or a sum, or its one term.
#[derive(Debug)]
pub(crate) struct Slot<A>(Option<Term<A>>);

/// What has been added up to an adjoint.
#[derive(Debug)]
#[repr(u64)] // A tag as long as what follows, so that both are copied in the pieces in which they were written.
enum Term<A> {
    /// The sum.
    Sum(A),
    /// One term in the shape that the input was stretched to, not yet summed back: a bias, and its samples.
    Stretched(A),
    /// One matrix product, which nobody has asked for yet.
    ///
    /// The gradient of a weight matrix is such a product. Left as it is, it can be added straight to wherever the
    /// gradient goes, and is never written down by itself.
    Product {
        a: A,
        a_transposed: bool,
        b: A,
        b_transposed: bool,
    },
}

impl<A> Slot<A> {
    const EMPTY: Self = Slot(None);

    fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl<A: Algebra> Slot<A> {
    /// The sum so far, for in-place addition to an adjoint of the given shape.
    fn open(&mut self, shape: impl FnOnce() -> Shape) -> Option<A> {
        match self.0.take()? {
            Term::Sum(sum) => Some(sum),
            deferred => Some(deferred.evaluated(shape)),
        }
    }

    /// A sum that shares memory with what is here.
    fn evaluated(&self, shape: impl FnOnce() -> Shape) -> Option<A> {
        self.0.as_ref().map(|term| term.evaluated(shape))
    }

    fn close(&mut self, sum: Option<A>) {
        self.0 = sum.map(Term::Sum);
    }
}

impl<A: Algebra> Term<A> {
    fn evaluated(&self, shape: impl FnOnce() -> Shape) -> A {
        match self {
            Term::Sum(sum) => sum.clone(),
            Term::Stretched(term) => term.sum_to(&shape()),
            Term::Product {
                a,
                a_transposed,
                b,
                b_transposed,
            } => A::product(factor(a, *a_transposed), factor(b, *b_transposed)),
        }
    }
}

fn factor<A>(array: &A, transposed: bool) -> Factor<'_, A> {
    Factor { array, transposed }
}

/// The adjoints of an operation's inputs, to which its rule adds.
///
/// Every method names the input by its number. What is added to an input that leads to no variable is not even
/// computed; a term in the output's shape is summed back over the axes along which the input was stretched.
#[derive(Debug)]
pub struct Adjoints<'a, A> {
    slots: &'a mut [Slot<A>],
    x: &'a [&'a A],
    edges: &'a [Edge],
}

impl<A: Algebra> Adjoints<'_, A> {
    /// Adds the term that `compute` gives.
    pub fn add(&mut self, input: usize, compute: impl FnOnce() -> A) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let mut term = compute();
        let x = self.x[input];
        let target = &mut self.slots[slot];
        if !term.has_extents_of(x) {
            if self.edges[input].deferred && target.is_empty() {
                target.0 = Some(Term::Stretched(term));
                return;
            }
            term = term.sum_to(&x.extents());
        }
        let mut sum = target.open(|| x.extents());
        A::add_to(&mut sum, term);
        target.close(sum);
    }

    /// Adds the matrix product `a · b`.
    pub fn add_product(&mut self, input: usize, a: Factor<'_, A>, b: Factor<'_, A>) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let target = &mut self.slots[slot];
        if self.edges[input].deferred && target.is_empty() {
            target.0 = Some(Term::Product {
                a: a.array.clone(),
                a_transposed: a.transposed,
                b: b.array.clone(),
                b_transposed: b.transposed,
            });
            return;
        }
        let mut sum = target.open(|| self.x[input].extents());
        A::add_product_to(&mut sum, a, b);
        target.close(sum);
    }

    /// Adds ȳ ⊙ f′(x), for a function of one variable at `at`.
    pub(crate) fn add_unary_vjp(
        &mut self,
        input: usize,
        function: Unary,
        at: &Point<'_, A>,
        y_bar: A,
    ) {
        let Some(slot) = self.wanted(input) else {
            return;
        };
        let mut sum = self.slots[slot].open(|| at.x[input].extents());
        A::add_unary_vjp_to(&mut sum, function, at.x[input], at.y, y_bar);
        self.slots[slot].close(sum);
    }

    /// Adds ȳ ⊙ ∂f/∂(input), for a function of two variables at `at`.
    pub(crate) fn add_binary_vjp(
        &mut self,
        input: usize,
        function: Binary,
        at: &Point<'_, A>,
        y_bar: &A,
    ) {
        self.add(input, || {
            A::binary_vjp(function, input, at.x[0], at.x[1], at.y, y_bar)
        });
    }

    fn wanted(&self, input: usize) -> Option<usize> {
        let edge = &self.edges[input];
        edge.wanted.then_some(edge.node as usize)
    }
}

/// The adjoints of the variables of a recording, from one backward pass.
///
/// It stands apart from the tape's values, so one recording can be walked back many times.
#[derive(Debug)]
pub struct Gradients<'t, T: Real> {
    tape: &'t Tape<T>,
    slots: Vec<Slot<Tensor<T>>>,
}

impl<'t, T: Real> Gradients<'t, T> {
    /// The gradient with respect to `x`, in the shape of `x`: zeros if the result does not depend on it.
    ///
    /// # Panics
    ///
    /// If `x` is neither a variable nor [anchored](Var::anchor) before the backward pass, or is of another tape.
    #[must_use]
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Tensor<T> {
        let shape = self.shape_of_kept(x);
        let slot = self.slots.get(x.index as usize);
        let gradient = slot.and_then(|slot| slot.evaluated(|| shape.clone()));
        gradient.unwrap_or_else(|| Tensor::zeros(shape))
    }

    /// The gradient with respect to `x` by itself, apart from these: [`wrt`](Gradients::wrt) gives zeros afterwards.
    ///
    /// It outlives the recording. The gradient of a weight matrix is not formed yet, but a product that waits to be
    /// added to where it is wanted.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let mut tape = Tape::new();
    /// let x = tape.constant([[1.0, 2.0]]);
    /// let weight = tape.var([[0.5, -0.5]]);
    /// let y = x.linear(weight, tape.var([0.0])).sum();
    /// let gradient = y.gradients().take(weight);
    /// tape.reset();
    /// let mut descended = [0.5, -0.5];
    /// gradient.add_to(-0.1, &mut descended);
    /// assert_eq!(descended, [0.4, -0.7]);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`wrt`](Gradients::wrt).
    #[must_use]
    #[track_caller]
    pub fn take(&mut self, x: Var<'t, T>) -> Gradient<T> {
        let shape = self.shape_of_kept(x);
        let slot = self.slots.get_mut(x.index as usize);
        Gradient {
            slot: slot.map_or(Slot::EMPTY, |slot| mem::replace(slot, Slot::EMPTY)),
            shape,
        }
    }

    /// The shape of `x`, whose adjoint was kept.
    #[track_caller]
    fn shape_of_kept(&self, x: Var<'t, T>) -> Shape {
        assert!(
            std::ptr::eq(self.tape, x.tape),
            "gradient: with respect to a variable of another tape"
        );
        let nodes = self.tape.nodes();
        let node = &nodes[x.index as usize];
        assert!(
            node.anchored,
            "gradient: with respect to the result of `{}`, whose adjoint was not kept: anchor it before the backward pass",
            node.operation.name()
        );
        node.value.shape().clone()
    }
}

/// The gradient with respect to one variable; [`Gradients::take`] gives it.
#[derive(Debug)]
pub struct Gradient<T: Real> {
    slot: Slot<Tensor<T>>,
    shape: Shape,
}

impl<T: Real> Gradient<T> {
    /// The gradient, in the shape of the variable.
    #[must_use]
    pub fn tensor(&self) -> Tensor<T> {
        let gradient = self.slot.evaluated(|| self.shape.clone());
        gradient.unwrap_or_else(|| Tensor::zeros(&self.shape))
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
        let size = self.shape.size();
        assert!(
            sum.len() == size,
            "add_to: a gradient of shape {} and {} elements",
            self.shape,
            sum.len()
        );
        let Slot(Some(term)) = &self.slot else { return };
        match term {
            Term::Sum(gradient) => add_scaled(scale, gradient, sum),
            Term::Product {
                a,
                a_transposed,
                b,
                b_transposed,
            } => {
                let (a, b) = (factor(a, *a_transposed), factor(b, *b_transposed));
                algebra::add_product(scale, a, b, sum);
            }
            Term::Stretched(rows) if rows.size() == size => {
                // One sample: its row is the sum.
                add_scaled(scale, rows, sum);
            }
            Term::Stretched(rows)
                if scale == T::from_f64(1.0) && rows.shape().ends_with(&self.shape) =>
            {
                reduce::sum(
                    rows.data(),
                    rows.size() / size.max(1),
                    size,
                    sum,
                    Write::Add,
                );
            }
            Term::Stretched(rows) => add_scaled(scale, &rows.sum_to(&self.shape), sum),
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
        match self.slot.0 {
            Some(Term::Product {
                ref a,
                a_transposed,
                ref b,
                b_transposed,
            }) => {
                let (a, b) = (factor(a, a_transposed), factor(b, b_transposed));
                algebra::add_product_rows(scale, a, b, rows, sum);
            }
            _ if self.shape.first() == Some(&rows.end) && rows.start == 0 => {
                self.add_to(scale, sum);
            }
            _ => {
                let rows = self.tensor().rows(rows);
                assert!(
                    sum.len() == rows.size(),
                    "add_rows_to: rows of shape {} and {} elements",
                    rows.shape(),
                    sum.len()
                );
                add_scaled(scale, &rows, sum);
            }
        }
    }
}

fn add_scaled<T: Real>(scale: T, term: &Tensor<T>, sum: &mut [T]) {
    if sum.len() < FEW {
        for (sum, &x) in sum.iter_mut().zip(term.data()) {
            *sum = *sum + scale * x;
        }
        return;
    }
    vectorized(
        #[inline(always)]
        move || {
            for (sum, &x) in sum.iter_mut().zip(term.data()) {
                *sum = *sum + scale * x;
            }
        },
    );
}

impl<T: Real> Drop for Gradients<'_, T> {
    fn drop(&mut self) {
        self.tape.return_slots(mem::take(&mut self.slots));
    }
}

/// Walks the tape back from `y`, whose adjoint is `y_bar`, computing.
pub(crate) fn pull_back<'t, T: Real>(y: Var<'t, T>, y_bar: Tensor<T>) -> Gradients<'t, T> {
    let nodes = y.tape.nodes();
    let last = y.index as usize;
    let mut slots = y.tape.take_slots();
    slots.resize_with(last, || Slot::EMPTY);
    Place::after(&mut slots).fill(Slot(Some(Term::Sum(y_bar))));
    for index in (0..=last).rev() {
        let node = &nodes[index];
        if !node.tracked || node.operation.is_leaf() {
            continue;
        }
        let (before, here) = slots.split_at_mut(index);
        let slot = &mut here[0];
        let y_bar = if node.anchored {
            slot.evaluated(|| node.value.shape().clone())
        } else {
            slot.open(|| node.value.shape().clone())
        };
        let Some(y_bar) = y_bar else { continue };
        // In place, since a list that is collected is copied once more.
        let mut few = [&node.value; 3];
        let mut many = Vec::new();
        let x = if node.inputs.len() <= few.len() {
            &mut few[..node.inputs.len()]
        } else {
            many.resize(node.inputs.len(), &node.value);
            &mut many
        };
        for (x, input) in x.iter_mut().zip(node.input_nodes()) {
            *x = &nodes[input].value;
        }
        let at = Point {
            x,
            y: &node.value,
            saved: node.saved.as_ref(),
        };
        node.operation.vjp_computed(
            &at,
            y_bar,
            &mut Adjoints {
                slots: before,
                x,
                edges: &node.inputs,
            },
        );
    }
    drop(nodes);
    Gradients {
        tape: y.tape,
        slots,
    }
}

/// Walks the tape back from `y`, whose adjoint is `y_bar`, recording; gives the adjoint of each variable in `wrt`.
pub(crate) fn record_pull_back<'t, T: Real>(
    y: Var<'t, T>,
    y_bar: Var<'t, T>,
    wrt: &[Var<'t, T>],
) -> Vec<Var<'t, T>> {
    let tape = y.tape;
    let last = y.index as usize;

    // Only what lies between `wrt` and `y` is walked; all else counts as constant.
    let mut leads_to_wrt = vec![false; last + 1];
    for x in wrt.iter().filter(|x| x.index as usize <= last) {
        leads_to_wrt[x.index as usize] = true;
    }
    for (index, node) in tape.nodes().iter().enumerate().take(last + 1) {
        leads_to_wrt[index] |= node.tracked && node.input_nodes().any(|input| leads_to_wrt[input]);
    }

    let mut slots: Vec<Slot<Var<'t, T>>> = Vec::new();
    slots.resize_with(last + 1, || Slot::EMPTY);
    slots[last] = Slot(Some(Term::Sum(y_bar)));
    for index in (0..=last).rev().filter(|&index| leads_to_wrt[index]) {
        // The node is copied, since its rule appends to the tape.
        let node = tape.nodes()[index].clone();
        if node.operation.is_leaf() {
            continue;
        }
        let (before, here) = slots.split_at_mut(index);
        let Slot(Some(Term::Sum(y_bar))) = &here[0] else {
            continue;
        };
        let edge = |edge: &Edge| Edge {
            wanted: leads_to_wrt[edge.node as usize],
            deferred: false,
            ..*edge
        };
        let edges: SmallVec<[Edge; 3]> = node.inputs.iter().map(edge).collect();
        let input = |edge: &Edge| Var {
            tape,
            index: edge.node,
        };
        let inputs: SmallVec<[Var<'t, T>; 3]> = edges.iter().map(input).collect();
        let x: SmallVec<[&Var<'t, T>; 3]> = inputs.iter().collect();
        let y = Var {
            tape,
            index: index as u32,
        };
        let at = Point {
            x: &x,
            y: &y,
            saved: node.saved.as_ref(),
        };
        node.operation.vjp_recorded(
            &at,
            *y_bar,
            &mut Adjoints {
                slots: before,
                x: &x,
                edges: &edges,
            },
        );
    }
    wrt.iter()
        .map(|x| match slots.get(x.index as usize) {
            Some(Slot(Some(Term::Sum(x_bar)))) => *x_bar,
            _ => tape.constant(Tensor::zeros(x.shape())),
        })
        .collect()
}
