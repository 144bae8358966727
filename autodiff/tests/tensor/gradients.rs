//! Gradients as values that are separate from their recording.

use autodiff::Tensor;
use autodiff::tensor::{Gradients, Tape, Var, raw};
use std::panic::{self, AssertUnwindSafe};

#[test]
fn gradients_outlive_the_recording_and_are_updated_in_the_same_memory() {
    let mut tape = Tape::new();
    let mut gradients = Gradients::default();
    for step in 1..=3 {
        let step = f64::from(step);
        let own = {
            let weight = tape.var(Tensor::full([1, 3], 0.5));
            let bias = tape.var([0.25]);
            let unused = tape.var([7.0, 8.0]);
            let x = tape.constant(Tensor::full([2, 3], step));
            let y = x.linear(weight, bias).sum();
            let late = tape.var(1.0);
            gradients.update(y);
            let expected = [
                Tensor::full([1, 3], 2.0 * step),
                Tensor::from([2.0]),
                Tensor::zeros([2]),
                Tensor::scalar(0.0),
            ];
            assert_eq!(gradients.wrt_all(&[weight, bias, unused, late]), expected);
            y.gradients()
        };
        tape.reset();
        // Found by the numbers of the variables, which remain valid without the recording.
        for gradients in [&gradients, &own, &own.clone()] {
            let of = |number| raw::gradient(gradients, number).map(|x| x.tensor());
            let expected = [
                Some(Tensor::full([1, 3], 2.0 * step)),
                Some(Tensor::from([2.0])),
                None,
            ];
            assert_eq!([0, 1, 2].map(of), expected);
        }
    }
    gradients.clear();
    assert!(raw::gradient(&gradients, 0).is_none());
}

#[test]
fn gradients_of_another_recording_are_refused() {
    let mut tape = Tape::new();
    let old = tape.var([1.0]).sum().gradients();
    tape.reset();
    let x = tape.var([1.0]);
    let mut sum = [0.0];
    for gradients in [old, Gradients::default()] {
        let asked: [&mut dyn FnMut(); 2] = [&mut || drop(gradients.wrt(x)), &mut || {
            gradients.add_to(x, 1.0, &mut sum);
        }];
        for ask in asked {
            let panic = panic::catch_unwind(AssertUnwindSafe(ask)).unwrap_err();
            let text = panic.downcast_ref::<&str>().unwrap();
            assert!(text.contains("wrt: the variable belongs to another recording"));
        }
    }
}

#[test]
fn an_update_leaves_nothing_of_the_previous_pass() {
    let tape = Tape::new();
    // The nodes are far apart, on different pages.
    let unused = tape.var([7.0]);
    for _ in 0..200 {
        let _ = tape.constant(0.0);
    }
    let x = tape.var([3.0]);
    let y = (x * x).sum();
    let mut gradients = Gradients::of((unused * 5.0).sum());
    for factor in [1.0, 2.0] {
        gradients.update(y * factor);
        let found = [unused, x].map(|x| gradients.wrt(x).item());
        assert_eq!(found, [0.0, 6.0 * factor]);
        gradients.update_vjp(x * factor, [0.5]);
        assert_eq!(gradients.wrt(x).item(), 0.5 * factor);
    }
}

#[test]
fn cleared_gradients_hold_no_tensors() {
    let x = Tensor::full([2, 3], 1.0);
    let mut tape = Tape::new();
    let weight = tape.var(Tensor::full([1, 3], 0.5));
    let y = tape.constant(&x).linear(weight, tape.var([0.25]));
    let mut gradients = y.sum().gradients();
    tape.reset();
    assert!(!x.is_unshared());
    gradients.clear();
    assert!(x.is_unshared());
}

#[test]
fn a_gradient_added_by_rows_equals_the_whole_gradient() {
    let tape = Tape::new();
    let weight = tape.var(Tensor::from_flat_fn([7, 3], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_flat_fn([7], |i| i as f64 / 7.0));
    let twice = tape.var(Tensor::full([7, 7], 0.1));
    let unused = tape.var(Tensor::full([4, 2], 1.0));
    let x = tape.constant(Tensor::from_flat_fn([5, 3], |i| (i as f64).sin()));
    let y = x.linear(weight, bias).tanh();
    let y = y.matmul(twice).matmul(twice).sum();
    let gradients = y.gradients();
    // Nothing is added for a variable on which the result does not depend.
    assert!(raw::gradient(&gradients, 3).is_none());
    let mut sum = [1.0; 8];
    gradients.add_to(unused, 1.0, &mut sum);
    assert_eq!(sum, [1.0; 8]);
    for (number, variable) in [weight, bias, twice].into_iter().enumerate() {
        let gradient = raw::gradient(&gradients, number).unwrap();
        let shape = variable.shape();
        let (rows, row) = (shape[0], shape.size() / shape[0]);
        let mut whole = vec![1.0; shape.size()];
        gradients.add_to(variable, -2.0, &mut whole);
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
fn a_descent_along_a_row_has_the_bits_of_its_sum() {
    let tape = Tape::new();
    let weight = tape.var(Tensor::from_flat_fn([7, 20], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_flat_fn([7], |i| i as f64 / 7.0));
    let x = Tensor::from_flat_fn([1, 20], |i| (i as f64).sin());
    let y = tape.constant(x).linear(weight, bias).relu().sum();
    // The derivatives include zeros of both signs.
    for y in [y, y * -1.0] {
        let gradients = y.gradients();
        let gradient = raw::gradient(&gradients, 1).unwrap();
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
    let weight = tape.var(Tensor::from_flat_fn([7, 20], |i| (i as f64).cos()));
    let bias = tape.var(Tensor::from_flat_fn([7], |i| i as f64 / 7.0));
    let parts: Vec<Gradients<f64>> = [3, 2, 17]
        .into_iter()
        .map(|samples| {
            let x = Tensor::from_flat_fn([samples, 20], |i| (i as f64 * samples as f64).sin());
            let y = tape.constant(x).linear(weight, bias).tanh().sum();
            y.gradients()
        })
        .collect();
    let rows = 2..6;
    let gradients: Vec<_> = parts
        .iter()
        .filter_map(|part| raw::gradient(part, 0))
        .collect();
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
    // The gradient of a bias is a sum of rows, for which there is no kernel.
    let of_bias = parts.iter().filter_map(|part| raw::gradient(part, 1));
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

/// A table of embeddings, three words of which one occurs twice, and the gradient of their squares.
fn embedded(tape: &Tape<f64>) -> (Var<'_, f64>, Var<'_, f64>) {
    let table = tape.var(Tensor::new(
        [4, 2],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    ));
    let words = table.gather(0, [2, 0, 2]);
    (table, words.square().sum())
}

#[test]
fn the_gradient_of_a_table_holds_only_rows_that_were_used() {
    let tape = Tape::new();
    let (table, cost) = embedded(&tape);
    let gradients = cost.gradients();
    let used = gradients.rows_wrt(table).unwrap();
    assert_eq!(used.indices.data(), [2, 0, 2]);
    assert_eq!(used.rows.data(), [10.0, 12.0, 2.0, 4.0, 10.0, 12.0]);
    let dense = [2.0, 4.0, 0.0, 0.0, 20.0, 24.0, 0.0, 0.0];
    assert_eq!(gradients.wrt(table).data(), dense);
    let mut sum = [1.0; 8];
    gradients.add_to(table, 0.5, &mut sum);
    assert_eq!(sum, dense.map(|x| 1.0 + 0.5 * x));
    // Rows of the gradient, as threads share it.
    for rows in [0..4, 0..1, 1..3, 2..4] {
        let mut sum = vec![0.0; 2 * rows.len()];
        raw::add_rows_to(
            raw::gradient(&gradients, 0).unwrap(),
            1.0,
            rows.clone(),
            &mut sum,
        );
        assert_eq!(sum, dense[2 * rows.start..2 * rows.end]);
    }
}

#[test]
fn a_table_that_is_used_in_another_way_too_has_a_dense_gradient() {
    let tape = Tape::new();
    let (table, cost) = embedded(&tape);
    for cost in [
        cost + table.sum(),
        table.sum() + cost,
        cost + table.gather(0, [1]).sum(),
    ] {
        let gradients = cost.gradients();
        assert!(gradients.rows_wrt(table).is_none());
        let expected = cost.recorded_gradients(&[table])[0].value();
        assert_eq!(gradients.wrt(table), expected);
    }
}

#[test]
fn sums_of_iterators_are_sums() {
    let tape = Tape::new();
    let x = [1.0, 2.0, 3.0].map(|x| tape.var([x, 1.0]));
    let sum: Var<'_, f64> = x.iter().sum();
    assert_eq!(sum.value().data(), [6.0, 3.0]);
    assert_eq!(sum.sum().gradients().wrt(x[1]).data(), [1.0, 1.0]);
    let total: Tensor<f64> = x.into_iter().map(|x| x.value()).sum();
    assert_eq!(total.data(), [6.0, 3.0]);
}

#[test]
fn ranges_of_a_tensor_add_to_its_adjoint() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_flat_fn([2, 6], |i| i as f64));
    // Ranges that overlap, one of them empty, and another use of the whole.
    let parts = [0..2, 1..4, 5..5, 3..6].map(|range| x.narrow(1, range).square().sum());
    let cost: Var<'_, f64> = parts.into_iter().sum::<Var<'_, f64>>() + x.sum();
    let times = [1.0, 2.0, 1.0, 2.0, 1.0, 1.0];
    let expected = Tensor::from_fn([2, 6], |[i, j]| 2.0 * times[j] * (6 * i + j) as f64 + 1.0);
    assert_eq!(cost.gradients().wrt(x), expected);
    assert_eq!(cost.recorded_gradients(&[x])[0].value(), expected);
}
