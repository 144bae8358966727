//! Hostile safe code: operations, conversions, closures and drops that record on the tape during an operation, panic,
//! or return wrong results. Whatever they do, the tape and the free lists stay whole: later results are right, and a
//! write to one tensor changes no other.
//!
//! These tests also run under Miri, where any undefined behaviour is an error.

mod closures;
mod deeds;
mod lifetimes;
mod operations;
mod strange;
mod threads;

use autodiff::Tensor;
use autodiff::tensor::{Tape, Var};

/// The values that [`assert_whole`] expects in its variables.
const WHOLE: [[[f64; 3]; 2]; 2] = [
    [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    [[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]],
];

/// Checks that operations recorded with these variables have the right derivatives.
fn assert_whole<'t>(tape: &'t Tape<f64>, [a, b]: [Var<'t, f64>; 2]) {
    let before = tape.len();
    let scale = tape.var(2.0);
    let cubic = (a * a * b * scale).sum();
    let product = a.matmul(b.transpose()).sum();
    let total = (cubic + product).retain();
    assert_eq!((cubic.item(), product.item()), (392.0, 139.0));
    // ∂/∂a = 4 a b + the sum of the rows of b; ∂/∂b = 2 a² + the sum of the rows of a.
    let expected = [
        Tensor::from([[33.0, 47.0, 53.0], [57.0, 47.0, 29.0]]),
        Tensor::from([[7.0, 15.0, 27.0], [37.0, 57.0, 81.0]]),
        Tensor::from(196.0),
    ];
    let variables = [a, b, scale];
    let gradients = total.gradients();
    assert_eq!(variables.map(|x| gradients.wrt(x)), expected);
    if !cfg!(miri) {
        let recorded = total.recorded_gradients(&variables);
        assert!(recorded.iter().map(|x| x.value()).eq(expected.clone()));
    }
    assert_eq!(total.vjp(1.0).wrt_all(&variables), expected);
    assert_eq!([a, b].map(Var::value), WHOLE.map(Tensor::from));
    assert!(tape.len() > before + 8);
    assert_lists_whole();
}

/// Checks that a write to a new tensor changes no other tensor.
fn assert_lists_whole() {
    const SIZES: &[usize] = if cfg!(miri) {
        &[0, 1, 9]
    } else {
        &[0, 1, 2, 8, 9, 33, 100]
    };
    // The second round reuses the memory that the first round frees.
    for _ in 0..2 {
        let mut tensors: Vec<Tensor<f64>> = (0..2 * SIZES.len())
            .map(|number| Tensor::full([SIZES[number % SIZES.len()]], number as f64))
            .collect();
        let scalars = [0.5, 0.25].map(Tensor::scalar);
        let halves: Vec<_> = tensors
            .iter()
            .map(|whole| whole.rows(whole.size() / 2..whole.size()))
            .collect();
        let all_are =
            |tensor: &Tensor<f64>, number: f64| tensor.data().iter().all(|&x| x == number);
        for (number, tensor) in tensors.iter_mut().enumerate() {
            assert!(all_are(tensor, number as f64));
            tensor.data_mut().fill(-1.0);
        }
        for (number, half) in halves.iter().enumerate() {
            assert!(all_are(half, number as f64));
            assert!(all_are(&tensors[number], -1.0));
        }
        assert_eq!(scalars.map(|x| x.item()), [0.5, 0.25]);
    }
}
