//! `ClosureOp`: an operation that is defined by a user's function of variables.

use crate::tensor::algebra::{Algebra, Dispatch};
use crate::tensor::engine::adjoints::Adjoints;
use crate::tensor::engine::tape::Tape;
use crate::tensor::op::{Op, Point};
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::var::Var;
use std::fmt;

/// An operation whose rule records a user's function. The rule cannot be written against [`Algebra`], since a closure is
/// not generic, so it is written for variables, and for tensors where that takes less memory.
pub(crate) struct ClosureOp<R>(R);

/// The value and the rule of a [`ClosureOp`].
pub(crate) trait ClosureRule<T: Real>: Send + Sync + 'static {
    /// The operation's name in messages and pictures.
    fn name(&self) -> &'static str;

    /// Computes the value at the inputs `x`.
    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T>;

    /// Returns the terms of the inputs' adjoints, recorded on the tape of the inputs.
    fn record_terms<'t>(
        &self,
        x: &[Var<'t, T>],
        y: Var<'t, T>,
        y_bar: Var<'t, T>,
    ) -> Vec<Var<'t, T>>;

    /// Returns the terms of the inputs' adjoints. By default they are recorded on a tape that is dropped.
    fn compute_terms(&self, x: &[&Tensor<T>], y: &Tensor<T>, y_bar: &Tensor<T>) -> Vec<Tensor<T>> {
        let tape = Tape::new();
        let x: Vec<_> = x.iter().map(|&x| tape.var(x)).collect();
        let terms = self.record_terms(&x, tape.var(y), tape.constant(y_bar));
        terms.iter().map(|term| term.value()).collect()
    }

    /// Records the operation on the tape of the inputs.
    ///
    /// # Panics
    ///
    /// If there are no inputs, or they lie on different tapes.
    #[track_caller]
    fn apply<'t>(self, inputs: &[Var<'t, T>]) -> Var<'t, T>
    where
        Self: Sized,
    {
        let Some(first) = inputs.first() else {
            panic!("{}: there are no inputs", self.name())
        };
        first.tape().apply(ClosureOp(self), inputs)
    }
}

impl<R> fmt::Debug for ClosureOp<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClosureOp")
    }
}

impl<T: Real, R: ClosureRule<T>> Op<T> for ClosureOp<R> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        self.0.value(x)
    }

    fn vjp<A: Algebra<Element = T>>(
        &self,
        at: &Point<'_, A>,
        y_bar: A,
        x_bar: &mut Adjoints<'_, A>,
    ) {
        let terms = A::dispatch(Terms, (&self.0, at.x, at.y, &y_bar));
        for (input, term) in terms.into_iter().enumerate() {
            x_bar.add(input, || term);
        }
    }
}

/// Calls the method of a rule for tensors or for variables.
struct Terms;

/// The rule, the inputs, the output and its adjoint.
type RuleAt<'i, A> = (
    &'i dyn ClosureRule<<A as Algebra>::Element>,
    &'i [&'i A],
    &'i A,
    &'i A,
);

impl Terms {
    fn of_tensors<T: Real>((rule, x, y, y_bar): RuleAt<'_, Tensor<T>>) -> Vec<Tensor<T>> {
        rule.compute_terms(x, y, y_bar)
    }

    fn of_variables<'t, T: Real>((rule, x, y, y_bar): RuleAt<'_, Var<'t, T>>) -> Vec<Var<'t, T>> {
        let x: Vec<Var<'t, T>> = x.iter().map(|&&x| x).collect();
        rule.record_terms(&x, *y, *y_bar)
    }
}

impl Dispatch for Terms {
    type Input<'i, A: Algebra + 'i> = RuleAt<'i, A>;
    type Output<A: Algebra> = Vec<A>;

    fn tensor_f32<'i>(self, input: RuleAt<'i, Tensor<f32>>) -> Vec<Tensor<f32>> {
        Terms::of_tensors(input)
    }

    fn tensor_f64<'i>(self, input: RuleAt<'i, Tensor<f64>>) -> Vec<Tensor<f64>> {
        Terms::of_tensors(input)
    }

    fn var_f32<'i, 't: 'i>(self, input: RuleAt<'i, Var<'t, f32>>) -> Vec<Var<'t, f32>> {
        Terms::of_variables(input)
    }

    fn var_f64<'i, 't: 'i>(self, input: RuleAt<'i, Var<'t, f64>>) -> Vec<Var<'t, f64>> {
        Terms::of_variables(input)
    }
}
