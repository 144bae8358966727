//! Operations with axes agree with plain loops over the elements, and variables agree with tensors.

mod reductions;

use autodiff::Tensor;
use autodiff::elementwise::Unary;
use autodiff::tensor::raw::{plain, transposed};
use autodiff::tensor::{CrossEntropy, Tape, Var};

/// All indices of a shape, in the order of the elements.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |indices, &extent| {
        let longer = |index: Vec<usize>| {
            (0..extent).map(move |last| index.iter().copied().chain([last]).collect())
        };
        indices.into_iter().flat_map(longer).collect()
    })
}

/// The tensor whose elements `element` returns.
fn made(shape: &[usize], element: impl Fn(&[usize]) -> f64) -> Tensor<f64> {
    let elements: Vec<f64> = indices(shape).iter().map(|index| element(index)).collect();
    Tensor::new(shape, elements)
}

/// Small integers, so that their sums and products are exact.
fn integers(shape: &[usize], seed: usize) -> Tensor<f64> {
    Tensor::from_flat_fn(shape, |i| ((i + seed) * 37 % 101) as f64 - 50.0)
}

#[test]
fn elements_are_moved_to_where_they_belong() {
    let x = integers(&[2, 3, 4], 2);
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let shape = order.map(|axis| x.shape()[axis]);
        let expected = made(&shape, |index| {
            let mut source = [0; 3];
            order
                .iter()
                .zip(index)
                .for_each(|(&axis, &i)| source[axis] = i);
            x.at(source)
        });
        assert_eq!(x.permute(&order[..]), expected, "{order:?}");
    }
    let matrix = integers(&[3, 4], 3);
    assert_eq!(
        matrix.transpose(),
        made(&[4, 3], |i| matrix.at([i[1], i[0]]))
    );
    for stretched in [[1, 1, 4], [1, 3, 1], [1, 3, 4], [1, 1, 1]] {
        let small = integers(&stretched, 4);
        let expected = made(&[2, 3, 4], |index| {
            let source: Vec<usize> = index
                .iter()
                .zip(stretched)
                .map(|(&i, extent)| i.min(extent - 1))
                .collect();
            small.at(&source)
        });
        assert_eq!(small.broadcast_to([2, 3, 4]), expected, "{stretched:?}");
    }
    let row = integers(&[4], 5);
    assert_eq!(
        row.broadcast_to([3, 4]),
        made(&[3, 4], |index| row.at(&index[1..]))
    );
}

#[test]
fn ranges_pieces_and_slices_are_where_they_belong() {
    let x = integers(&[2, 3, 4], 15);
    for axis in 0..3 {
        let extent = x.shape()[axis];
        let with = |index: &[usize], along: usize| {
            let mut index = index.to_vec();
            index[axis] = along;
            index
        };
        for (start, end) in (0..=extent).flat_map(|s| (s..=extent).map(move |e| (s, e))) {
            let expected = made(&with(x.shape(), end - start), |i| {
                x.at(with(i, start + i[axis]))
            });
            let narrowed = x.narrow(axis, start..end);
            assert_eq!(narrowed, expected);
            let is_inside = |i: &[usize]| (start..end).contains(&i[axis]);
            let expected = made(x.shape(), |i| if is_inside(i) { x.at(i) } else { 0.0 });
            assert_eq!(narrowed.pad(axis, start, extent - end), expected);
        }
        for first in 0..=extent {
            let pieces = x.split(axis, &[first, extent - first]);
            assert_eq!(pieces[0], x.narrow(axis, 0..first));
            assert_eq!(pieces[1], x.narrow(axis, first..extent));
            assert_eq!(Tensor::concat(&pieces, axis), x);
            let turned = made(x.shape(), |i| x.at(with(i, (i[axis] + first) % extent)));
            assert_eq!(Tensor::concat(&[&pieces[1], &pieces[0]], axis), turned);
        }
        let picks = Tensor::from_flat_fn([2, 5], |i| (i * i % extent) as u32);
        let mut shape = x.shape().to_vec();
        shape.splice(axis..=axis, [2, 5]);
        let source = |index: &[usize]| {
            let pick = picks.at(&index[axis..axis + 2]);
            let mut index = index.to_vec();
            index.splice(axis..axis + 2, [pick as usize]);
            index
        };
        let picked = made(&shape, |i| x.at(source(i)));
        assert_eq!(x.gather(axis, &picks), picked);
        let sums = made(x.shape(), |target| {
            let all = indices(&shape);
            let added = all.iter().filter(|i| source(i) == target);
            added.map(|i| picked.at(i)).sum()
        });
        assert_eq!(picked.scatter_add(axis, &picks, extent), sums);
    }
}

#[test]
fn operations_that_move_no_element_share_memory() {
    let x = integers(&[2, 3, 4], 16);
    let shares = |y: &Tensor<f64>| x.data().as_ptr_range().contains(&y.data().as_ptr());
    assert!(shares(&x.narrow(0, 1..2)) && !shares(&x.narrow(1, 1..2)));
    assert!((0..3).all(|axis| shares(&x.narrow(axis, 0..x.shape()[axis]))));
    assert!(shares(&x.broadcast_to([2, 3, 4])) && !shares(&x.broadcast_to([1, 2, 3, 4])));
    assert!(shares(&(&x * &Tensor::scalar(1.0))) && !shares(&(&x * &Tensor::scalar(2.0))));
}

#[test]
fn products_of_batches_are_products_of_their_matrices() {
    let batches: [[&[usize]; 3]; 8] = [
        [&[], &[], &[]],
        [&[2], &[2], &[2]],
        [&[2], &[], &[2]],
        [&[], &[2, 3], &[2, 3]],
        [&[2, 1], &[3], &[2, 3]],
        [&[1], &[4], &[4]],
        [&[2, 3], &[2, 1], &[2, 3]],
        [&[0], &[1], &[0]],
    ];
    for (seed, [of_a, of_b, of_both]) in batches.into_iter().enumerate() {
        let a = integers(&[of_a, &[3, 4]].concat(), seed);
        let b = integers(&[of_b, &[4, 2]].concat(), seed + 9);
        // The matrix of a broadcast batch at a position of the common batch.
        let at = |x: &Tensor<f64>, before: &[usize], batch: &[usize], i: usize, j: usize| {
            let own = batch[batch.len() - before.len()..].iter().zip(before);
            let index = own.map(|(&i, &extent)| i.min(extent - 1)).chain([i, j]);
            x.at(index.collect::<Vec<_>>())
        };
        let expected = made(&[of_both, &[3, 2]].concat(), |index| {
            let (batch, matrix) = index.split_at(of_both.len());
            let term = |k| at(&a, of_a, batch, matrix[0], k) * at(&b, of_b, batch, k, matrix[1]);
            (0..4).map(term).sum()
        });
        assert_eq!(a.matmul(&b), expected);
        let turned = |x: &Tensor<f64>| {
            let rank = x.shape().rank();
            let mut order: Vec<usize> = (0..rank).collect();
            order.swap(rank - 1, rank - 2);
            x.permute(&order[..])
        };
        let (a_turned, b_turned) = (turned(&a), turned(&b));
        assert_eq!(Tensor::product(transposed(&a_turned), plain(&b)), expected);
        assert_eq!(Tensor::product(plain(&a), transposed(&b_turned)), expected);
        let both = Tensor::product(transposed(&a_turned), transposed(&b_turned));
        assert_eq!(both, expected);
    }
}

#[test]
fn products_and_distances_are_sums_of_products() {
    let (a, b) = (integers(&[3, 4], 6), integers(&[4, 5], 7));
    let sum = |n: usize, term: &dyn Fn(usize) -> f64| (0..n).map(term).sum::<f64>();
    let product = made(&[3, 5], |i| sum(4, &|k| a.at([i[0], k]) * b.at([k, i[1]])));
    assert_eq!(a.matmul(&b), product);
    let (weight, bias) = (b.transpose(), integers(&[5], 8));
    let affine = made(&[3, 5], |i| product.at(i) + bias.at(&i[1..]));
    assert_eq!(a.linear(&weight, &bias), affine);
    assert_eq!(
        a.dense(&weight, &bias, Unary::Relu),
        affine.map(|z: f64| z.max(0.0))
    );
    let other = integers(&[3, 4], 9);
    let squares = indices(&[3, 4])
        .into_iter()
        .map(|i| (a.at(&i) - other.at(&i)).powi(2));
    assert_eq!(a.squared_distance(&other).item(), squares.sum::<f64>());
}

#[test]
fn softmax_and_cross_entropy_are_their_formulas() {
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{a} and {b}");
    let z = &integers(&[3, 4], 10) * 0.05;
    let softmax = made(&[3, 4], |i| {
        let sum: f64 = (0..4).map(|class| z.at([i[0], class]).exp()).sum();
        z.at(i).exp() / sum
    });
    for index in indices(&[3, 4]) {
        close(z.softmax(1).at(&index), softmax.at(&index));
        close(z.log_softmax(1).at(&index), softmax.at(&index).ln());
        let of_columns = z.transpose().softmax(0);
        close(of_columns.at([index[1], index[0]]), softmax.at(&index));
    }

    let classes = Tensor::from([2_u32, 0, 3]);
    let one_hot = made(&[3, 4], |i| {
        f64::from(u8::from(classes.at(&i[..1]) as usize == i[1]))
    });
    let smooth = made(&[3, 4], |i| 0.9 * one_hot.at(i) + 0.1 / 4.0);
    let cost = |targets: &Tensor<f64>| {
        let terms = indices(&[3, 4])
            .into_iter()
            .map(|i| -targets.at(&i) * softmax.at(i).ln());
        terms.sum::<f64>()
    };
    let entropy = CrossEntropy::new(classes);
    close(
        z.cross_entropy(entropy.clone()).item(),
        cost(&one_hot) / 3.0,
    );
    close(
        z.cross_entropy(one_hot.clone()).item(),
        cost(&one_hot) / 3.0,
    );
    close(
        z.cross_entropy(entropy.clone().summed()).item(),
        cost(&one_hot),
    );
    close(
        z.cross_entropy(entropy.clone().weighted(0.7)).item(),
        0.7 * cost(&one_hot),
    );
    close(
        z.cross_entropy(entropy.label_smoothing(0.1)).item(),
        cost(&smooth) / 3.0,
    );
}

#[test]
fn variables_compute_what_tensors_do() {
    type OnVariables = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;
    type OnTensors = fn(&[Tensor<f64>]) -> Tensor<f64>;
    let block: [(OnVariables, OnTensors); 13] = [
        (|x| x[0].sum(), |x| x[0].sum()),
        (|x| x[0].sum_over([0, 2]), |x| x[0].sum_over([0, 2])),
        (
            |x| x[0].sum_over_keepdims([1]),
            |x| x[0].sum_over_keepdims([1]),
        ),
        (|x| x[0].mean(), |x| x[0].mean()),
        (|x| x[0].mean_over([2]), |x| x[0].mean_over([2])),
        (
            |x| x[0].mean_over_keepdims([0, 1]),
            |x| x[0].mean_over_keepdims([0, 1]),
        ),
        (|x| x[0].max_over(1), |x| x[0].max_over(1)),
        (|x| x[0].max_over_keepdims(2), |x| x[0].max_over_keepdims(2)),
        (|x| x[0].softmax(1), |x| x[0].softmax(1)),
        (|x| x[0].log_softmax(0), |x| x[0].log_softmax(0)),
        (|x| x[0].reshape([4, 6]), |x| x[0].reshape([4, 6])),
        (|x| x[0].permute([2, 0, 1]), |x| x[0].permute([2, 0, 1])),
        (
            |x| x[0].broadcast_to([5, 2, 3, 4]),
            |x| x[0].broadcast_to([5, 2, 3, 4]),
        ),
    ];
    let matrices: [(OnVariables, OnTensors); 9] = [
        (|x| x[0].transpose(), |x| x[0].transpose()),
        (
            |x| x[0].matmul(x[1].transpose()),
            |x| x[0].matmul(x[1].transpose()),
        ),
        (|x| x[0].linear(x[1], x[2]), |x| x[0].linear(&x[1], &x[2])),
        (
            |x| x[0].dense(x[1], x[2], Unary::Tanh),
            |x| x[0].dense(&x[1], &x[2], Unary::Tanh),
        ),
        (
            |x| x[0].dense(x[1], x[2], Unary::Sin),
            |x| x[0].dense(&x[1], &x[2], Unary::Sin),
        ),
        (
            |x| x[0].squared_distance(x[1]),
            |x| x[0].squared_distance(&x[1]),
        ),
        (
            |x| x[0].cross_entropy(x[1].value()),
            |x| x[0].cross_entropy(x[1].clone()),
        ),
        (
            |x| Var::select(&x[0].value().less(x[1].value()), x[0], x[1]),
            |x| x[0].min(&x[1]),
        ),
        (
            |x| x[0] - x[1] * x[0] / x[2].sum(),
            |x| &x[0] - &x[1] * &x[0] / x[2].sum(),
        ),
    ];
    let numbers = |shape: &[usize], seed| &integers(shape, seed) * 0.03;
    let inputs_of_block = [numbers(&[2, 3, 4], 11)];
    let inputs_of_matrices = [
        numbers(&[3, 4], 12),
        numbers(&[3, 4], 13),
        numbers(&[3], 15),
    ];
    let tape = Tape::new();
    let check = |functions: &[(OnVariables, OnTensors)], x: &[Tensor<f64>]| {
        let variables: Vec<_> = x.iter().map(|x| tape.var(x)).collect();
        for (number, (on_variables, on_tensors)) in functions.iter().enumerate() {
            let (found, expected) = (on_variables(&variables).value(), on_tensors(x));
            assert_eq!(found.shape(), expected.shape(), "number {number}");
            let mut pairs = found.data().iter().zip(expected.data());
            // A NaN does not equal itself.
            let same = pairs.all(|(a, b)| a == b || a.is_nan() && b.is_nan());
            assert!(same, "number {number}: {found:?}, not {expected:?}");
        }
    };
    check(&block, &inputs_of_block);
    check(&matrices, &inputs_of_matrices);
}
