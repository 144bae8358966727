//! Shape operations compute the same on tensors of numbers and of integers, on variables, and through the algebra.

use autodiff::Tensor;
use autodiff::tensor::{Algebra, Padding, Tape, Var, step};

/// The results of the shape operations on a tensor of shape [2, 3, 4].
macro_rules! results {
    ($A:ty, $x:expr) => {{
        let x = $x;
        let mut results: Vec<$A> = vec![
            x.slice((1, step(.., -2), 1..=2)),
            x.slice((.., -1)),
            x.slice_axis(-1, step(1.., 2)),
            x.slice_axis(0, 1),
            x.spread(-1, step(.., -2), 8),
            x.unsqueeze(-2),
            x.unsqueeze(0).squeeze(0),
            x.flatten(),
            x.swap_axes(0, -1),
            x.flip([0, 2]),
            x.roll(1, -4),
            x.repeat(1, 2),
            x.repeat_interleave(-1, 3),
            x.diagonal(1),
            x.to_diagonal(-2),
            x.tril(-1),
            x.triu(1),
        ];
        results.push(<$A>::stack(&[&results[7], &results[7]], 1));
        results.extend(x.unstack(1));
        results
    }};
}

/// The results of the operations that put real numbers into a tensor.
macro_rules! padded {
    ($A:ty, $x:expr) => {{
        let x = $x;
        let results: Vec<$A> = vec![
            x.pad_with(0, 1, 2, Padding::Constant(-3.0)),
            x.pad_with(1, 2, 1, Padding::Reflect),
            x.pad_with(-1, 2, 1, Padding::Replicate),
            x.pad_with(2, 5, 6, Padding::Circular),
        ];
        results
    }};
}

fn generic_results<A: Algebra>(x: &A) -> Vec<Tensor<A::Element>> {
    let (results, padded) = (results!(A, x), padded!(A, x));
    results.iter().chain(&padded).map(A::value).collect()
}

#[test]
fn shape_operations_agree_on_tensors_and_variables() {
    let x = Tensor::from_flat_fn([2, 3, 4], |i| i as f64 + 1.0);
    let tape = Tape::new();
    let mut expected = results!(Tensor<f64>, &x);
    expected.extend(padded!(Tensor<f64>, &x));
    assert_eq!(generic_results(&x), expected);
    assert_eq!(generic_results(&tape.var(&x)), expected);
    let on_variables = results!(Var<'_, f64>, tape.var(&x));
    let padded = padded!(Var<'_, f64>, tape.var(&x));
    let on_variables = on_variables.into_iter().chain(padded).map(Var::value);
    assert_eq!(on_variables.collect::<Vec<_>>(), expected);
}

#[test]
fn shape_operations_move_elements_of_any_type() {
    let x = Tensor::from_flat_fn([2, 3, 4], |i| i as f64 + 1.0);
    let of_integers = results!(Tensor<i32>, &x.cast::<i32>());
    let expected = results!(Tensor<f64>, &x);
    for (number, (integers, expected)) in of_integers.iter().zip(&expected).enumerate() {
        assert_eq!(&integers.cast::<f64>(), expected, "result {number}");
    }
}
