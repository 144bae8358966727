//! `checkpoint`: parts of a computation that are recomputed in the backward pass.

use crate::tensor::engine::sweep::record_pull_back;
use crate::tensor::engine::tape::Tape;
use crate::tensor::op::closure::ClosureRule;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use crate::tensor::var::Var;
use std::sync::{Arc, OnceLock};

/// Returns `f(inputs)` without keeping its intermediate results. The backward pass computes and records `f` again when
/// it reaches the checkpoint, which saves memory and costs a second evaluation.
///
/// The gradient equals the gradient of the plain recording, to the bit if no input has another use. An output that is
/// not used has an adjoint of zero; a plain recording does not visit it.
///
/// `f` must compute the same values each time. The tape stores `f`, so `f` cannot capture a variable, which borrows its
/// tape: pass every variable as an input.
///
/// ```
/// use autodiff::tensor::{Tape, checkpoint};
///
/// let tape = Tape::new();
/// let (x, weight) = (tape.var([[0.5, -0.25]]), tape.var([[0.1, 0.2], [0.3, -0.4]]));
/// let mut state = x;
/// for _ in 0..10 {
///     // Ten steps, of which only the result is kept.
///     let steps = checkpoint(
///         |x| vec![(0..10).fold(x[0], |state, _| state.matmul(x[1]).tanh())],
///         &[state, weight],
///     );
///     state = steps[0];
/// }
/// let gradients = state.sum().gradients();
/// assert_eq!(gradients.wrt(weight).shape(), [2, 2]);
/// ```
///
/// # Panics
///
/// If there are no inputs, the inputs lie on different tapes, or `f` returns a variable of another tape than its
/// arguments'. The backward pass panics if `f` returns outputs of other shapes when it is recomputed.
#[must_use]
#[track_caller]
pub fn checkpoint<'t, T, F>(f: F, inputs: &[Var<'t, T>]) -> Vec<Var<'t, T>>
where
    T: Real,
    F: for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send + Sync + 'static,
{
    let segment = Arc::new(Segment {
        f: Box::new(f),
        shapes: OnceLock::new(),
    });
    let all = Checkpoint(Arc::clone(&segment)).apply(inputs);
    let shapes = segment.shapes.get().map_or(&[][..], |shapes| shapes);
    if let [shape] = shapes {
        return vec![all.reshape(shape)];
    }
    let sizes: Vec<usize> = shapes.iter().map(|shape| shape.size()).collect();
    let parts = all.split(0, &sizes).into_iter().zip(shapes);
    parts.map(|(part, shape)| part.reshape(shape)).collect()
}

/// A function that is recomputed.
struct Segment<T: Real> {
    f: Box<Function<T>>,
    /// The shapes of the outputs, from the first evaluation.
    shapes: OnceLock<Vec<Shape>>,
}

type Function<T> = dyn for<'s> Fn(&[Var<'s, T>]) -> Vec<Var<'s, T>> + Send + Sync;

impl<T: Real> Segment<T> {
    /// Records the function at `x`. Returns the elements of all outputs, one output after the other.
    #[track_caller]
    fn record<'s>(&self, x: &[Var<'s, T>]) -> Var<'s, T> {
        let outputs = (self.f)(x);
        let tape = x[0].tape();
        assert!(
            outputs.iter().all(|y| std::ptr::eq(y.tape(), tape)),
            "checkpoint: the function returned a variable of another tape than its arguments'"
        );
        let shapes: Vec<Shape> = outputs.iter().map(|y| y.shape()).collect();
        let first = self.shapes.get_or_init(|| shapes.clone());
        assert!(
            *first == shapes,
            "checkpoint: the function had outputs of shapes {first:?}, and {shapes:?} when it was computed again"
        );
        let flat = |y: &Var<'s, T>| y.reshape([y.size()]);
        match &outputs[..] {
            [] => tape.constant(Tensor::zeros([0])),
            [y] => flat(y),
            outputs => Var::concat(&outputs.iter().map(flat).collect::<Vec<_>>(), 0),
        }
    }
}

/// The operation whose rule records the function again.
struct Checkpoint<T: Real>(Arc<Segment<T>>);

impl<T: Real> ClosureRule<T> for Checkpoint<T> {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    #[track_caller]
    fn value(&self, x: &[&Tensor<T>]) -> Tensor<T> {
        let tape = Tape::new();
        let x: Vec<_> = x.iter().map(|&x| tape.constant(x)).collect();
        self.0.record(&x).value()
    }

    fn record_terms<'t>(
        &self,
        x: &[Var<'t, T>],
        _y: Var<'t, T>,
        y_bar: Var<'t, T>,
    ) -> Vec<Var<'t, T>> {
        // The terms of an input that is given twice are separate.
        let arguments: Vec<_> = x.iter().map(|x| x.as_new_node()).collect();
        let y = self.0.record(&arguments);
        record_pull_back(y, y_bar, &arguments)
    }

    fn compute_terms(&self, x: &[&Tensor<T>], _y: &Tensor<T>, y_bar: &Tensor<T>) -> Vec<Tensor<T>> {
        let tape = Tape::new();
        let x: Vec<_> = x.iter().map(|&x| tape.var(x)).collect();
        let gradients = self.0.record(&x).vjp(y_bar);
        gradients.wrt_all(&x)
    }
}

#[cfg(test)]
mod tests {
    use super::checkpoint;
    use crate::gradcheck::Gradcheck;
    use crate::tensor::{Tape, Tensor, Var};

    fn step<'t>(x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        let product = x[0].matmul(x[1]).tanh();
        vec![product, (product * x[0]).sum()]
    }

    #[test]
    fn gradients_have_the_bits_of_the_plain_recording() {
        let tape = Tape::new();
        let x = tape.var([[0.5, -0.25], [1.0, 0.75]]);
        let w = tape.var([[0.1, 0.2], [0.3, -0.4]]);
        let cost = |y: &[Var<'_, f64>]| (y[0].square().sum() * y[1]).gradients().wrt_all(&[x, w]);
        let plain = cost(&step(&[x, w]));
        assert_eq!(cost(&checkpoint(step, &[x, w])), plain);
    }

    #[test]
    fn derivatives_of_every_order_are_right() {
        let constant = Tensor::from([[2.0, 0.5], [-1.0, 0.25]]);
        let inputs = [
            Tensor::from([[0.5, -0.25], [1.0, 0.75]]),
            Tensor::from([[0.1, 0.2], [0.3, -0.4]]),
        ];
        let check = Gradcheck::new();
        check
            .first_order(
                |x| checkpoint(step, x)[0].square() * checkpoint(step, x)[1],
                &inputs,
            )
            .unwrap();
        check
            .second_order(
                |x| checkpoint(step, x)[0].square() * checkpoint(step, x)[1],
                &inputs,
            )
            .unwrap();
        // An input that is a constant.
        check
            .second_order(
                |x| checkpoint(step, &[x[0], x[0].tape().constant(&constant)])[1],
                &inputs[..1],
            )
            .unwrap();
        // An input that is given twice.
        check
            .second_order(
                |x| checkpoint(|x| vec![x[0] * x[1]], &[x[0], x[0]])[0],
                &inputs,
            )
            .unwrap();
    }

    #[test]
    fn only_results_are_kept() {
        let tape = Tape::new();
        let x = tape.var([0.5_f64, 0.25]);
        let y = checkpoint(|x| vec![(0..1000).fold(x[0], |y, _| (y + 0.1).sin())], &[x]);
        assert!(tape.len() <= 3, "{}", tape.len());
        assert!(
            y[0].sum()
                .gradients()
                .wrt(x)
                .data()
                .iter()
                .all(|x| x.is_finite())
        );
    }

    #[test]
    fn a_function_without_outputs_or_with_constant_ones_is_no_mistake() {
        let tape = Tape::<f64>::new();
        let x = tape.var([0.5, 0.25]);
        assert!(checkpoint(|_| Vec::new(), &[x]).is_empty());
        let y = checkpoint(|x| vec![x[0].tape().constant(2.0)], &[x])[0];
        assert_eq!(y.gradients().wrt(x).data(), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "outputs of shapes [[2]], and [[1]] when it was computed again")]
    fn a_function_whose_outputs_change_is_refused() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let tape = Tape::new();
        let x = tape.var([0.5, 0.25]);
        let y = checkpoint(
            |x| vec![x[0].narrow(0, 0..2 - CALLS.fetch_add(1, Ordering::Relaxed))],
            &[x],
        );
        let _ = y[0].sum().gradients();
    }
}
