//! What the bits of a result depend on.

use super::*;
use std::ops::{Add, Mul, Sub};

/// The sum of products along the tree, each product formed separately.
fn tree<B: Copy, T: Number + Add<Output = T>>(
    kernel: SumKernel<B, T>,
    scale: T,
    factors: &[Factors<'_, T, B>],
    size: usize,
) -> Vec<T> {
    if let [one] = factors {
        let mut out = vec![T::from_f64(0.0); size];
        kernel(scale, &[*one], &mut out, Epilogue::Write(Write::Add));
        return out;
    }
    let (first, rest) = factors.split_at(factors.len().next_power_of_two() / 2);
    let [first, rest] = [first, rest].map(|part| tree(kernel, scale, part, size));
    first.into_iter().zip(rest).map(|(a, b)| a + b).collect()
}

#[test]
fn a_sum_of_products_has_the_bits_of_the_tree() {
    fn check_kernel<B, T>(kernel: SumKernel<B, T>, right: &[Vec<B>], [m, n]: [usize; 2])
    where
        B: Copy,
        T: Number + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
    {
        let left: Vec<Vec<T>> = (0..right.len())
            .map(|l| {
                let element = |i| T::from_f64(((i + 5 * l) as f64 * 0.37).sin());
                (0..right[l].len() / n * m).map(element).collect()
            })
            .collect();
        let all: Vec<Factors<'_, T, B>> = left
            .iter()
            .zip(right)
            .map(|(a, b)| {
                let k = b.len() / n;
                (Matrix::new(a, k, m).transposed(), Matrix::new(b, k, n))
            })
            .collect();
        for count in 1..=all.len() {
            let (factors, scale) = (&all[..count], T::from_f64(0.3));
            let expected = tree(kernel, scale, factors, m * n);
            let mut sum = vec![T::from_f64(f64::NAN); m * n];
            kernel(scale, factors, &mut sum, Epilogue::Write(Write::Set));
            assert!(sum == expected, "{count} products of {m}×{n}");
            let start = |i: usize| match i % 3 {
                0 => T::from_f64(-0.0),
                _ => T::from_f64((i as f64 * 0.11).cos()),
            };
            let rate = T::from_f64(0.7);
            let mut at: Vec<T> = (0..m * n).map(start).collect();
            kernel(scale, factors, &mut at, Epilogue::Descend(rate));
            for (i, (&found, &gradient)) in at.iter().zip(&expected).enumerate() {
                let expected = start(i) - rate * gradient;
                assert_eq!(found, expected, "{count} products of {m}×{n}");
                if found == T::from_f64(0.0) {
                    let signs = [found, expected].map(|zero| format!("{zero:?}"));
                    assert_eq!(signs[0], signs[1], "the sign of a zero");
                }
            }
        }
    }
    fn check<T>(kernels: &[Kernels<T>])
    where
        T: Number + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
    {
        let most = if cfg!(miri) { 3 } else { PRODUCTS };
        for kernels in kernels {
            // A single product of one sample is formed differently, and never together with others.
            for (products, least) in [(most, 2), (1, 1)] {
                for extents @ [_, n] in [[1, 1], [6, 16], [5, 37], [29, 70]] {
                    let samples = |l: usize| least + 3 * l % 7;
                    let numbers = |l: usize| -> Vec<T> {
                        let element = |i| match i % 4 {
                            0 => T::from_f64(0.0),
                            _ => T::from_f64(((i + l) as f64 * 0.71).sin()),
                        };
                        (0..samples(l) * n).map(element).collect()
                    };
                    let right: Vec<_> = (0..products).map(numbers).collect();
                    check_kernel(kernels.axpy, &right, extents);
                    for &black in BLACK {
                        let bytes = |l| pictures(samples(l), n, black);
                        let right: Vec<_> = (0..products).map(bytes).collect();
                        check_kernel(kernels.axpy_bytes, &right, extents);
                    }
                }
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}

/// An element of the result has the same bits in any block.
#[test]
fn a_dot_product_depends_on_its_row_and_column_alone() {
    fn check<T: Number>(kernels: &[Kernels<T>]) {
        // Short rows, and some that are cut; few columns, and many.
        let extents = [
            (5, 17, 6),
            (11, 45, 13),
            (5, 1700, 6),
            (17, 45, 19),
            (5, 1700, 21),
        ];
        let of_interest = if cfg!(miri) { &extents[..1] } else { &extents };
        for &(m, k, n) in of_interest {
            let values = |len: usize, step: f64| -> Vec<T> {
                (0..len)
                    .map(|i| T::from_f64((i as f64 * step).sin()))
                    .collect()
            };
            let (a, b) = (values(m * k, 0.37), values(k * n, 0.71));
            for kernels in kernels {
                check_elements(kernels.dot, &a, &b, k);
                for &black in BLACK {
                    check_elements(kernels.dot_bytes, &pictures(m, k, black), &b, k);
                }
            }
        }
    }
    fn check_elements<A, T: Number>(kernel: Kernel<A, T, T>, a: &[A], b: &[T], k: usize) {
        let product = |a: &[A], b: &[T]| {
            let (m, n) = (a.len() / k, b.len() / k);
            let mut out = vec![T::from_f64(0.3); m * n];
            let (a, b) = (Matrix::new(a, m, k), Matrix::new(b, n, k).transposed());
            kernel(T::from_f64(0.7), &a, &b, &mut out, Write::Add);
            out
        };
        let all = product(a, b);
        let n = b.len() / k;
        for (i, a) in a.chunks(k).enumerate() {
            for (j, b) in b.chunks(k).enumerate() {
                assert_eq!(product(a, b), [all[i * n + j]], "({i}, {j})");
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}
