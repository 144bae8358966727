//! The backward pass, which either computes gradients or records them so that they can be differentiated again.
//!
//! Its cost depends on the part of the recording that leads to the result, and not on the length of the recording.

mod recorded;

use super::adjoints::{Adjoint, AdjointList, Adjoints};
use super::gradients::Gradients;
use super::node::{Node, few};
use crate::tensor::algebra::Operand;
use crate::tensor::derivatives::general::jacobians;
use crate::tensor::list::List;
use crate::tensor::op::Point;
use crate::tensor::ops::StoredOp;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
pub(crate) use recorded::record_pull_back;
use smallvec::SmallVec;
use std::borrow::Borrow;

/// Derivatives.
impl<'t, T: Real> Var<'t, T> {
    /// Returns the gradients of this number with respect to every variable, by one backward pass.
    ///
    /// # Panics
    ///
    /// If `self` does not have exactly one element.
    #[must_use]
    #[track_caller]
    pub fn gradients(self) -> Gradients<T> {
        Gradients::of(self)
    }

    /// Returns the gradients of ⟨ȳ, y⟩, where y is `self`, with respect to every variable: the vector–Jacobian product.
    ///
    /// # Panics
    ///
    /// If `y_bar` does not have the shape of `self`.
    #[must_use]
    #[track_caller]
    pub fn vjp(self, y_bar: impl Into<Tensor<T>>) -> Gradients<T> {
        let mut gradients = Gradients::default();
        gradients.update_vjp(self, y_bar);
        gradients
    }

    /// Returns the gradient of this number with respect to each variable in `wrt`, recorded on the same tape: a
    /// gradient can be an operand of further operations, and can be differentiated again. There are as many gradients
    /// as variables: an array for an array, and a `Vec` for a slice.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var([2.0]);
    /// let y = x.powi(4).sum();
    /// let [slope] = y.recorded_gradients(&[x]); // 4 x³
    /// let [curvature] = slope.sum().recorded_gradients(&[x]); // 12 x²
    /// assert_eq!(curvature.value().data(), [48.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `self` does not have exactly one element, or a variable in `wrt` is on another tape or a constant.
    #[must_use]
    #[track_caller]
    pub fn recorded_gradients<L: List<Var<'t, T>>>(self, wrt: L) -> L::Results<Var<'t, T>> {
        let shape = self.shape();
        assert!(
            shape.size() == 1,
            "recorded_gradients: a tensor of shape {shape} is not one number"
        );
        self.check_wrt("recorded_gradients: with respect to", wrt.items());
        let y_bar = self.tape.constant(Tensor::full(shape, T::from_f64(1.0)));
        record_pull_back(self, y_bar, wrt)
    }

    /// Returns the gradients of ⟨ȳ, y⟩, where y is `self`, with respect to each variable in `wrt`, recorded on the same
    /// tape, as [`recorded_gradients`](Var::recorded_gradients) does. ȳ may itself be a variable.
    ///
    /// ```
    /// # use autodiff::tensor::Tape;
    /// let tape = Tape::new();
    /// let (x, y_bar) = (tape.var([2.0, 3.0]), tape.var([1.0, 10.0]));
    /// let [x_bar] = x.square().recorded_vjp(y_bar, &[x]); // 2 x ȳ
    /// assert_eq!(x_bar.value().data(), [4.0, 60.0]);
    /// assert_eq!(x_bar.sum().gradients().wrt(y_bar).data(), [4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `y_bar` does not have the shape of `self`, or a variable in `wrt` is on another tape or a constant.
    #[must_use]
    #[track_caller]
    pub fn recorded_vjp<L: List<Var<'t, T>>>(
        self,
        y_bar: impl Operand<Var<'t, T>>,
        wrt: L,
    ) -> L::Results<Var<'t, T>> {
        let y_bar = *y_bar.beside(&self).borrow();
        assert!(
            y_bar.shape() == self.shape(),
            "recorded_vjp: an adjoint of shape {} for a tensor of shape {}",
            y_bar.shape(),
            self.shape()
        );
        self.check_wrt("recorded_vjp: with respect to", wrt.items());
        record_pull_back(self, y_bar, wrt)
    }

    /// # Panics
    ///
    /// If one of `wrt` is on another tape, or a constant.
    #[track_caller]
    fn check_wrt(self, request: &str, wrt: &[Var<'t, T>]) {
        for x in wrt {
            assert!(
                std::ptr::eq(self.tape, x.tape),
                "{request} a variable of another tape"
            );
            self.tape.nodes()[x.index as usize].check_requires_grad(request);
        }
    }

    /// Returns the Jacobian ∂yᵢ/∂xⱼ of `self` with respect to `x`: a matrix with a row for each element of `self` and a
    /// column for each element of `x`. It takes one backward pass per row.
    ///
    /// # Panics
    ///
    /// If `x` is an intermediate result that was not [retained](Var::retain), depends on no variable, or belongs to
    /// another recording.
    #[must_use]
    #[track_caller]
    pub fn jacobian(self, x: Var<'t, T>) -> Tensor<T> {
        let (rows, columns) = (self.size(), x.size());
        jacobians(self, &[x])[0].reshape([rows, columns])
    }

    /// The seed of a backward pass: an adjoint of 1 for this number.
    #[track_caller]
    pub(super) fn unit_adjoint(self) -> Tensor<T> {
        let node = &self.tape.nodes()[self.index as usize];
        match node.value.shape() {
            // Almost every cost is a scalar, whose shape is not copied.
            scalar if scalar.is_scalar() => self.tape.one(),
            shape => {
                assert!(
                    shape.size() == 1,
                    "gradients: of a tensor of shape {shape}; reduce it to one number, or use `vjp`"
                );
                Tensor::full(shape, T::from_f64(1.0))
            }
        }
    }

    #[track_caller]
    fn check_adjoint(self, y_bar: &Tensor<T>) {
        let node = &self.tape.nodes()[self.index as usize];
        assert!(
            y_bar.shape() == node.value.shape(),
            "vjp: an adjoint of shape {} for a tensor of shape {}",
            y_bar.shape(),
            node.value.shape()
        );
    }
}

/// Backward passes.
impl<T: Real> Gradients<T> {
    /// Computes the gradients of `y` by one backward pass.
    ///
    /// # Panics
    ///
    /// If `y` does not have exactly one element.
    #[must_use]
    #[track_caller]
    pub fn of(y: Var<'_, T>) -> Self {
        let mut gradients = Gradients::default();
        gradients.update(y);
        gradients
    }

    /// Replaces these gradients by the gradients of `y`, in the same memory.
    ///
    /// # Panics
    ///
    /// If `y` does not have exactly one element.
    #[track_caller]
    pub fn update(&mut self, y: Var<'_, T>) {
        let y_bar = y.unit_adjoint();
        self.pull_back(y, y_bar);
    }

    /// Replaces these gradients by the gradients of ⟨ȳ, y⟩, in the same memory; see [`Var::vjp`].
    ///
    /// # Panics
    ///
    /// If `y_bar` does not have the shape of `y`.
    #[track_caller]
    pub fn update_vjp(&mut self, y: Var<'_, T>, y_bar: impl Into<Tensor<T>>) {
        let y_bar = y_bar.into();
        y.check_adjoint(&y_bar);
        self.pull_back(y, y_bar);
    }

    fn pull_back(&mut self, y: Var<'_, T>, y_bar: Tensor<T>) {
        self.clear();
        pull_back(y, y_bar, &mut self.adjoints);
        self.recording = Some(y.tape.recording());
    }
}

/// Computes the backward pass from `y`, whose adjoint is `y_bar`.
fn pull_back<T: Real>(y: Var<'_, T>, y_bar: Tensor<T>, adjoints: &mut AdjointList<Tensor<T>>) {
    let tape = y.tape;
    let last = y.index as usize;
    adjoints.begin(last + 1, tape.retained());
    let mut nodes = tape.nodes();
    if nodes[last].requires_grad {
        adjoints.set(last, Adjoint::Array(y_bar));
    }
    while let Some(page) = adjoints.visit_page() {
        for index in (page.start..page.end.min(last + 1)).rev() {
            #[cfg(test)]
            tests::VISITED.set(tests::VISITED.get() + 1);
            let node = &nodes[index];
            if node.operation.is_leaf() {
                continue;
            }
            let y_bar = if node.retained != 0 {
                adjoints.sum(index).cloned()
            } else {
                adjoints.take(index)
            };
            let Some(y_bar) = y_bar else { continue };
            if matches!(node.operation, StoredOp::Custom(_)) {
                let node = node.clone();
                let x: SmallVec<[Tensor<T>; 3]> = node
                    .input_nodes()
                    .map(|input| nodes[input].value.clone())
                    .collect();
                // The user's rule may record on this tape, so that the nodes cannot be borrowed while it runs.
                drop(nodes);
                apply_rule(&node, &few(&x, |x| x), y_bar, adjoints);
                nodes = tape.nodes();
            } else {
                let x = few(&node.inputs, |edge| &nodes[edge.node as usize].value);
                apply_rule(node, &x, y_bar, adjoints);
            }
        }
    }
}

/// Runs a node's rule: adds to the adjoints of its inputs `x` their terms from its own adjoint `y_bar`.
#[inline(always)]
pub(super) fn apply_rule<T: Real>(
    node: &Node<T>,
    x: &[&Tensor<T>],
    y_bar: Tensor<T>,
    list: &mut AdjointList<Tensor<T>>,
) {
    let Some(op) = node.operation.op() else {
        return;
    };
    let (y, edges) = (&node.value, &node.inputs[..]);
    let mut x_bar = Adjoints {
        list,
        x,
        edges,
        node,
    };
    op.vjp_computed(&Point { x, y, node }, y_bar, &mut x_bar);
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tape;
    use crate::tensor::engine::adjoints::PAGE;
    use std::cell::Cell;

    thread_local! {
        /// The number of slots that this thread's passes have visited.
        pub(in crate::tensor::engine) static VISITED: Cell<usize> = const { Cell::new(0) };
    }

    /// The number of slots that `pass` visits.
    fn visited(pass: impl FnOnce()) -> usize {
        let before = VISITED.get();
        pass();
        VISITED.get() - before
    }

    #[test]
    fn a_pass_visits_only_nodes_that_lead_to_the_result() {
        let tape = Tape::new();
        let x = tape.var(0.5);
        let shared = x.sin();
        let step = || (shared * 2.0).exp() * x;
        for _ in 0..1000 {
            let _ = step();
        }
        let last = step();
        // At most the page of the step's nodes and the page of the shared nodes.
        assert!((5..=2 * PAGE).contains(&visited(|| _ = last.gradients())));
        // The shared result and the three nodes of the step that are not constants; and `x`.
        assert_eq!(visited(|| _ = last.recorded_gradients(&[shared])), 4);
        assert_eq!(visited(|| _ = last.recorded_gradients(&[x])), 5);
        // The path from another variable is not visited: only the sum and its other term are.
        let other = tape.var(0.25).cos();
        let sum = other + last;
        assert_eq!(visited(|| _ = sum.recorded_gradients(&[last])), 2);
        assert_eq!(visited(|| _ = tape.constant(1.0).gradients()), 0);
    }

    #[test]
    fn passes_over_a_tape_that_is_never_reset_give_the_same_gradient() {
        let tape = Tape::new();
        let x = tape.var([0.5, 0.25]);
        let step = || (x.sin() * x).sum();
        let first = step().gradients().wrt(x);
        for _ in 0..100 {
            let cost = step();
            assert_eq!(cost.gradients().wrt(x), first);
            assert_eq!(cost.recorded_gradients(&[x])[0].value(), first);
        }
    }
}
