//! What gradients promise that are kept apart from their recording.

use autodiff::Tensor;
use autodiff::tensor::{KeptGradients, Tape, raw};
use std::panic::{self, AssertUnwindSafe};

#[test]
fn kept_gradients_outlive_the_recording_and_are_kept_in_the_same_memory() {
    let mut tape = Tape::new();
    let mut kept = KeptGradients::default();
    for step in 1..=3 {
        let step = f64::from(step);
        let (wide, narrow) = {
            let x = tape.constant(Tensor::full([2, 3], step));
            let weight = tape.var(Tensor::full([1, 3], 0.5));
            let bias = tape.var([0.25]);
            let y = x.linear(weight, bias).sum();
            let (unused, late) = (tape.var([7.0, 8.0]), tape.var(1.0));
            let wrt = [bias, weight, unused, bias, late];
            y.gradients().keep_in(&wrt, &mut kept);
            (y.gradients().keep(&wrt), y.gradients().keep(&[weight]))
        };
        tape.reset();
        let expected = [
            Tensor::from([2.0]),
            Tensor::full([1, 3], 2.0 * step),
            Tensor::zeros([2]),
            Tensor::from([2.0]),
            Tensor::scalar(0.0),
        ];
        for gradients in [&kept, &wide] {
            assert!(gradients.iter().map(|x| x.tensor()).eq(expected.clone()));
        }
        assert_eq!((kept.len(), narrow.len()), (5, 1));
        assert_eq!(narrow.get(0).unwrap().tensor(), expected[1]);
        assert!(narrow.get(1).is_none());
    }
    kept.clear();
    assert!(kept.is_empty() && kept.get(0).is_none());
}

#[test]
fn gradients_of_a_later_pass_are_kept_as_those_of_the_first() {
    let tape = Tape::new();
    // Far from each other, and asked for more than once.
    let unused = tape.var([7.0]);
    for _ in 0..200 {
        let _ = tape.constant(0.0);
    }
    let x = tape.var([3.0]);
    let y = (x * x).sum();
    let mut kept = KeptGradients::default();
    for factor in [1.0, 2.0] {
        let wrt = [unused, x, unused, x, x];
        (y * factor).gradients().keep_in(&wrt, &mut kept);
        let slopes = [0.0, 6.0, 0.0, 6.0, 6.0].map(|slope| slope * factor);
        assert!(kept.iter().map(|x| x.tensor().item()).eq(slopes));
    }
}

#[test]
fn cleared_gradients_hold_no_tensors() {
    let x = Tensor::full([2, 3], 1.0);
    let mut tape = Tape::new();
    let weight = tape.var(Tensor::full([1, 3], 0.5));
    let y = tape.constant(&x).linear(weight, tape.var([0.25]));
    let mut kept = y.sum().gradients().keep(&[weight]);
    tape.reset();
    assert!(!x.is_unshared());
    kept.clear();
    assert!(x.is_unshared());
}

#[test]
fn a_gradient_is_added_up_by_rows_as_it_is_as_a_whole() {
    let tape = Tape::new();
    let x = tape.constant(Tensor::from_fn([5, 3], |i| (i as f64).sin()));
    let weight = tape.var(Tensor::from_fn([7, 3], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_fn([7], |i| i as f64 / 7.0));
    let twice = tape.var(Tensor::full([7, 7], 0.1));
    let unused = tape.var(Tensor::full([4, 2], 1.0));
    let y = x.linear(weight, bias).tanh();
    let y = y.matmul(twice).matmul(twice).sum();
    let variables = [weight, bias, twice, unused];
    let gradients = y.gradients().keep(&variables);
    for (variable, gradient) in variables.into_iter().zip(gradients.iter()) {
        let shape = variable.shape();
        let (rows, row) = (shape[0], shape.size() / shape[0]);
        let mut whole = vec![1.0; shape.size()];
        gradient.add_to(-2.0, &mut whole);
        let mut pieces = vec![1.0; shape.size()];
        for range in [0..2, 2..2, 2..3, 3..rows] {
            let piece = &mut pieces[range.start * row..range.end * row];
            raw::add_rows_to(gradient, -2.0, range, piece);
        }
        let differ = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-14;
        assert!(!whole.iter().zip(&pieces).any(differ), "{shape}");
        let too_many =
            AssertUnwindSafe(|| raw::add_rows_to(gradient, 1.0, 1..rows + 1, &mut whole));
        assert!(panic::catch_unwind(too_many).is_err(), "{shape}");
    }
}

#[test]
fn a_row_is_descended_along_with_the_bits_of_its_sum() {
    let tape = Tape::new();
    let weight = tape.var(Tensor::from_fn([7, 20], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_fn([7], |i| i as f64 / 7.0));
    let x = Tensor::from_fn([1, 20], |i| (i as f64).sin());
    let y = tape.constant(x).linear(weight, bias).relu().sum();
    // Zeros of either sign are among the derivatives.
    for y in [y, y * -1.0] {
        let kept = y.gradients().keep(&[bias]);
        let gradient = kept.get(0).unwrap();
        let mut sum = [0.0; 7];
        gradient.add_to(1.0, &mut sum);
        let start = |i: usize| if i.is_multiple_of(2) { -0.0 } else { i as f64 };
        let mut at: [f64; 7] = std::array::from_fn(start);
        assert!(raw::descend_rows_of_sum([gradient], 0.3, 0..7, &mut at));
        for (i, (at, sum)) in at.into_iter().zip(sum).enumerate() {
            assert_eq!(at.to_bits(), (start(i) - 0.3 * sum).to_bits(), "{i}");
        }
        let some = &mut at[..6];
        assert!(!raw::descend_rows_of_sum([gradient], 0.3, 0..6, some));
    }
}

#[test]
fn a_sum_of_gradients_has_the_bits_of_the_tree() {
    let tape = Tape::new();
    let weight = tape.var(Tensor::from_fn([7, 20], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_fn([7], |i| i as f64 / 7.0));
    let kept: Vec<KeptGradients<f64>> = [3, 2, 17]
        .into_iter()
        .map(|samples| {
            let x = Tensor::from_fn([samples, 20], |i| (i as f64 * samples as f64).sin());
            let y = tape.constant(x).linear(weight, bias).tanh().sum();
            y.gradients().keep(&[weight, bias])
        })
        .collect();
    let rows = 2..6;
    let gradients: Vec<_> = kept.iter().filter_map(|kept| kept.get(0)).collect();
    let single = |number: usize| {
        let mut sum = vec![0.0; 4 * 20];
        raw::add_rows_to(gradients[number], 1.0, rows.clone(), &mut sum);
        sum
    };
    let add = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
    let sums = [single(0), add(single(0), single(1)), {
        add(add(single(0), single(1)), single(2))
    }];
    for (count, expected) in (1..).zip(sums) {
        let mut found = vec![f64::NAN; 4 * 20];
        let gradients = gradients[..count].iter().copied();
        if raw::write_rows_of_sum(gradients.clone(), rows.clone(), &mut found) {
            assert_eq!(found, expected);
            let mut at = vec![1.0; 4 * 20];
            let is_formed = raw::descend_rows_of_sum(gradients, 0.5, rows.clone(), &mut at);
            assert!(is_formed);
            let expected = expected.iter().map(|gradient| 1.0 - 0.5 * gradient);
            assert!(at.into_iter().eq(expected));
        }
    }
    // The gradient of a bias is a sum of rows, for which there is no such kernel.
    let of_bias = kept.iter().filter_map(|kept| kept.get(1));
    let mut untouched = [1.0; 4];
    assert!(!raw::write_rows_of_sum(
        of_bias.clone(),
        rows.clone(),
        &mut untouched
    ));
    assert!(!raw::descend_rows_of_sum(
        of_bias,
        0.5,
        rows,
        &mut untouched
    ));
    assert_eq!(untouched, [1.0; 4]);
}
