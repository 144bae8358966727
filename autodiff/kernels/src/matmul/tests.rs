use super::*;
use crate::Heap;

/// Compares with the definition, for every orientation.
#[test]
fn it_agrees_with_the_plain_loop() {
    for (m, k, n) in [
        (1, 1, 1),
        (3, 5, 2),
        (10, 7, 33),
        (17, 64, 10),
        (4, 0, 3),
        (0, 4, 3),
        (2, 3, 0),
    ] {
        let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
        let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.71).cos()).collect();
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            let left = if ta {
                Matrix::new(&a, k, m).transposed()
            } else {
                Matrix::new(&a, m, k)
            };
            let right = if tb {
                Matrix::new(&b, n, k).transposed()
            } else {
                Matrix::new(&b, k, n)
            };
            let mut set = vec![f64::NAN; m * n];
            matmul(2.0, left, right, &mut set, Write::Set, &Heap);
            let mut added = vec![1.0; m * n];
            matmul(2.0, left, right, &mut added, Write::Add, &Heap);
            for i in 0..m {
                for j in 0..n {
                    let sum: f64 = (0..k).map(|l| left.at(i, l) * right.at(l, j)).sum();
                    assert!(
                        (set[i * n + j] - 2.0 * sum).abs() < 1e-13,
                        "{m}×{k}·{k}×{n} {ta} {tb}"
                    );
                    assert!((added[i * n + j] - 1.0 - 2.0 * sum).abs() < 1e-13);
                }
            }
        }
    }
}

#[test]
fn rows_of_a_factor_give_the_same_rows_of_the_product() {
    let extents = [
        (7, 5, 3),
        (7, 1, 20),
        (1, 4, 3),
        (5, 0, 2),
        (23, 300, 9),
        (40, 20, 33),
    ];
    for &(m, k, n) in &extents[..if cfg!(miri) { 4 } else { 6 }] {
        let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
        let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.71).cos()).collect();
        let right = Matrix::new(&b, k, n);
        for left in [Matrix::new(&a, m, k), Matrix::new(&a, k, m).transposed()] {
            let mut whole = vec![1.0; m * n];
            matmul(2.0, left, right, &mut whole, Write::Add, &Heap);
            for rows in [0..m, 0..1, m / 3..m, m / 2..m / 2, m..m] {
                let mut some = vec![1.0; rows.len() * n];
                matmul(
                    2.0,
                    left.some_rows(rows.clone()),
                    right,
                    &mut some,
                    Write::Add,
                    &Heap,
                );
                let expected = &whole[rows.start * n..rows.end * n];
                let differ = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-12;
                assert!(
                    !some.iter().zip(expected).any(differ),
                    "{m}×{k}·{k}×{n} {rows:?}"
                );
            }
        }
    }
}

/// Extents of products for each algorithm: dot products, combinations, and packing.
const EXTENTS: [(usize, usize); 5] = [(1, 1), (3, 2), (10, 24), (2, 17), (40, 1)];

/// The largest allowed error of a sum of equal terms, relative to the sum: the error of about 500 sequential terms.
const BOUND: f64 = 64.0 * f32::EPSILON as f64;

/// The largest relative error, in single precision, of products whose elements are sums of `terms` terms `0.1 · 3` or
/// `0.1 · 1`, over all orientations, written and added.
fn largest_error(m: usize, n: usize, terms: usize) -> f64 {
    let (a, b) = (vec![0.1_f32; m * terms], vec![3.0_f32; terms * n]);
    let bytes = [vec![1_u8; m * terms], vec![1_u8; terms * n]];
    let of = |m, n| [Matrix::new(&a, m, n), Matrix::new(&a, n, m).transposed()];
    let mut largest = 0.0_f64;
    let mut check = |out: &[f32], term: f32, begin: f64| {
        let exact = f64::from(term) * terms as f64 + begin;
        for &x in out {
            largest = largest.max((f64::from(x) / exact - 1.0).abs());
        }
    };
    for left in of(m, terms) {
        for right in [
            Matrix::new(&b, terms, n),
            Matrix::new(&b, n, terms).transposed(),
        ] {
            let mut out = vec![0.0; m * n];
            matmul(2.0, left, right, &mut out, Write::Set, &Heap);
            check(&out, 0.1 * 6.0, 0.0);
            matmul(1.0, left, right, &mut out, Write::Add, &Heap);
            check(&out, 0.1 * 9.0, 0.0);
        }
        let right = Matrix::new(&bytes[1], terms, n);
        let mut out = vec![1.0; m * n];
        if sum_of_products_with_right_bytes(
            1.0,
            &[(left, right)],
            &mut out,
            Epilogue::Write(Write::Add),
            &Heap,
        ) {
            check(&out, 0.1, 1.0);
        }
    }
    let left = Matrix::new(&bytes[0], m, terms);
    for right in [
        Matrix::new(&b, terms, n),
        Matrix::new(&b, n, terms).transposed(),
    ] {
        let mut out = vec![0.0; m * n];
        if matmul_with_left_bytes(0.1, left, right, &mut out, Write::Set, &Heap) {
            check(&out, 0.1 * 3.0, 0.0);
        }
    }
    largest
}

#[test]
#[cfg_attr(miri, ignore = "rounding over many terms, which Miri takes long for")]
fn the_error_of_long_products_does_not_grow_with_the_length() {
    for (m, n) in EXTENTS {
        // A length that is cut evenly, and one that is not.
        for terms in [1 << 17, (1 << 17) + 12_345] {
            let error = largest_error(m, n, terms);
            assert!(error <= BOUND, "{m}×{n}, {terms} terms: {error:e}");
        }
    }
    // A sequential sum exceeds the bound by far.
    let plain: f32 = std::iter::repeat_n(0.1, 1 << 17).sum();
    assert!((f64::from(plain) / (0.1 * f64::from(1 << 17)) - 1.0).abs() > 1e-4);
}

#[test]
#[ignore = "2²⁵ terms, which take some seconds and 2 GB"]
fn the_error_of_the_longest_products_is_no_larger() {
    for (m, n) in [(1, 1), (3, 2), (2, 9)] {
        let error = largest_error(m, n, 1 << 25);
        assert!(error <= BOUND, "{m}×{n}: {error:e}");
    }
}

/// A product is the sum of the products over parts of the inner extent, whichever kernels form them.
#[test]
fn parts_of_the_inner_extent_add_up_to_the_product() {
    let extents = [
        (1, 9, 3),
        (7, 300, 4),
        (40, 20, 33),
        (20, 600, 20),
        (3, 3000, 18),
        (30, 3000, 1),
    ];
    for &(m, k, n) in &extents[..if cfg!(miri) { 2 } else { 6 }] {
        let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
        let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.71).cos()).collect();
        let bytes: Vec<u8> = (0..m.max(n) * k).map(|i| (i % 7 * (i % 3)) as u8).collect();
        let lefts = [Matrix::new(&a, m, k), Matrix::new(&a, k, m).transposed()];
        let rights = [Matrix::new(&b, k, n), Matrix::new(&b, n, k).transposed()];
        let bytes = [
            Matrix::new(&bytes[..m * k], m, k),
            Matrix::new(&bytes[..k * n], k, n),
        ];
        let rows = m / 3..m;
        for (left, right) in lefts
            .into_iter()
            .flat_map(|left| rights.map(|right| (left, right)))
        {
            let (left, of_bytes) = (
                left.some_rows(rows.clone()),
                bytes[0].some_rows(rows.clone()),
            );
            for cut in [k / 2, k / 2 + 3, k - 1] {
                let mut sums =
                    [const { Vec::new() }; 3].map(|_: Vec<f64>| vec![1.0; rows.len() * n]);
                let mut is_read = [true; 2];
                for part in [0..cut, cut..k] {
                    let (a, b) = (
                        left.some_columns(part.clone()),
                        right.some_rows(part.clone()),
                    );
                    matmul(2.0, a, b, &mut sums[0], Write::Add, &Heap);
                    let a_of_bytes = of_bytes.some_columns(part.clone());
                    is_read[0] &=
                        matmul_with_left_bytes(2.0, a_of_bytes, b, &mut sums[1], Write::Add, &Heap);
                    let factors = [(a, bytes[1].some_rows(part))];
                    is_read[1] &= sum_of_products_with_right_bytes(
                        2.0,
                        &factors,
                        &mut sums[2],
                        Epilogue::Write(Write::Add),
                        &Heap,
                    );
                }
                agrees(&sums[0], left, right);
                if is_read[0] {
                    agrees(&sums[1], of_bytes, right);
                }
                if is_read[1] {
                    agrees(&sums[2], left, bytes[1]);
                }
            }
        }
    }
}

/// Compares 1 + 2 · a · b with the plain loop.
#[track_caller]
fn agrees<A, B>(found: &[f64], a: Matrix<'_, A>, b: Matrix<'_, B>)
where
    A: Copy + Into<f64>,
    B: Copy + Into<f64>,
{
    let (m, k, n) = (a.rows(), a.columns(), b.columns());
    for (at, found) in found.iter().enumerate() {
        let (i, j) = (at / n, at % n);
        let sum: f64 = (0..k).map(|l| a.at(i, l).into() * b.at(l, j).into()).sum();
        assert!(
            (found - 1.0 - 2.0 * sum).abs() < 1e-14 * (10 * k) as f64,
            "{m}×{k}·{k}×{n} at ({i}, {j}): {found} and not {}",
            1.0 + 2.0 * sum
        );
    }
}

#[test]
#[should_panic(expected = "rows 1..4 of 3")]
fn rows_that_do_not_exist_are_refused() {
    let _ = Matrix::new(&[0.0; 6], 2, 3).transposed().some_rows(1..4);
}

#[test]
#[should_panic(expected = "a product of 2×3 and 2×3")]
fn inner_extents_that_differ_are_refused() {
    let x = [0.0; 6];
    matmul(
        1.0,
        Matrix::new(&x, 2, 3),
        Matrix::new(&x, 2, 3),
        &mut [0.0; 4],
        Write::Set,
        &Heap,
    );
}
