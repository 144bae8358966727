//! Matrix products that are added to an array, and sums of products that are written in one pass.

use super::factor::{Factor, multiply};
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use autodiff_kernels::{Epilogue, Write, matmul};
use smallvec::SmallVec;
use std::ops::Range;

/// The operation's name in messages.
const OPERATION: &str = "add_product";

/// Adds the matrix product `scale · a · b` to `sum`, in row-major order.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, or `sum` and the product do not have the same number of
/// elements.
#[track_caller]
pub fn add_product<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    sum: &mut [T],
) {
    let [rows, _] = a.extents(OPERATION);
    add_product_rows(scale, a, b, 0..rows, sum);
}

/// Adds the given rows of the matrix product `scale · a · b` to `sum`, in row-major order.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, a row does not exist, or `sum` and the rows do not have the
/// same number of elements.
#[track_caller]
pub fn add_product_rows<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    sum: &mut [T],
) {
    check_product_rows(a, b, &rows, sum);
    multiply(OPERATION, scale, a, b, rows, sum, Write::Add);
}

/// # Panics
///
/// As [`add_product_rows`].
#[track_caller]
fn check_product_rows<T: Real>(
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: &Range<usize>,
    sum: &[T],
) {
    let ([height, inner], [inner_of_b, columns]) = (a.extents(OPERATION), b.extents(OPERATION));
    assert!(
        inner == inner_of_b,
        "add_product: shapes {a} and {b} do not fit"
    );
    assert!(
        rows.start <= rows.end && rows.end <= height,
        "add_product: rows {rows:?} lie outside of a product of shapes {a} and {b}"
    );
    assert!(
        rows.len().checked_mul(columns) == Some(sum.len()),
        "add_product: {} rows of a product of shapes {a} and {b}, and a sum of {} elements",
        rows.len(),
        sum.len()
    );
}

/// Writes the given rows of a sum of matrix products, `Σ aₗ · bₗ`, to `out`, if a kernel reads and writes each element
/// once; returns whether one did.
///
/// The products are added along a binary tree over their numbers. The sum of n products is the sum of the first 2ᵏ plus
/// the sum of the rest, where 2ᵏ is the largest power of two below n. The bits are the same as if each product were
/// [added](add_product_rows) to zeros, and these were then added in that order.
///
/// # Panics
///
/// As [`add_product_rows`], for any product.
#[track_caller]
pub fn write_products_rows<T: Real>(
    products: &[[Factor<'_, Tensor<T>>; 2]],
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    products_rows_with(products, rows, out, Epilogue::Write(Write::Set))
}

/// Subtracts `rate` times the sum that [`write_products_rows`] writes from `out`, if there is a kernel for it; returns
/// whether there was. The product with `rate` is rounded separately.
///
/// # Panics
///
/// As [`add_product_rows`], for any product.
#[track_caller]
pub fn descend_products_rows<T: Real>(
    products: &[[Factor<'_, Tensor<T>>; 2]],
    rate: T,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    products_rows_with(products, rows, out, Epilogue::Descend(rate))
}

/// Forms the sum of products of the same kind, if there is a kernel for it; returns whether there was.
#[track_caller]
pub(super) fn products_rows_with<T: Real>(
    products: &[[Factor<'_, Tensor<T>>; 2]],
    rows: Range<usize>,
    out: &mut [T],
    epilogue: Epilogue<T>,
) -> bool {
    for &[a, b] in products {
        check_product_rows(a, b, &rows, out);
    }
    let [[_, first], rest @ ..] = products else {
        return false;
    };
    let scale = |factor: &Factor<'_, Tensor<T>>| factor.array.bytes().map(|(_, scale)| scale);
    let scale_of_first = scale(first);
    if products.iter().any(|[a, _]| a.array.bytes().is_some())
        || rest.iter().any(|[_, b]| scale(b) != scale_of_first)
    {
        return false;
    }
    match scale_of_first {
        Some(scale) => with_each(
            products,
            |&[a, b]| {
                let (bytes, _) = b.array.bytes().unwrap_or_default();
                (
                    a.matrix(OPERATION).some_rows(rows.clone()),
                    b.read(bytes, b.extents(OPERATION)),
                )
            },
            |factors| {
                matmul::sum_of_products_with_right_bytes(scale, factors, out, epilogue, &Pooled)
            },
        ),
        None => with_each(
            products,
            |&[a, b]| {
                (
                    a.matrix(OPERATION).some_rows(rows.clone()),
                    b.matrix(OPERATION),
                )
            },
            |factors| matmul::sum_of_products(T::from_f64(1.0), factors, out, epilogue),
        ),
    }
}

/// Calls `work` with `of` of each product. One product needs no list, and up to sixteen need no allocation.
#[inline(always)]
fn with_each<P, E, R>(products: &[P], of: impl Fn(&P) -> E, work: impl FnOnce(&[E]) -> R) -> R {
    if let [product] = products {
        return work(&[of(product)]);
    }
    // The list is large, so it is filled in place.
    let mut list = SmallVec::<[E; 16]>::new();
    list.extend(products.iter().map(of));
    work(&list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::engine::factor::{plain, transposed};

    /// The factors of some products of 30 rows. The right factors are pictures; in product number `other` their scale
    /// differs.
    fn factors(products: usize, other: Option<usize>) -> Vec<[Tensor<f64>; 2]> {
        (0..products)
            .map(|number| {
                let samples = 5 + 2 * number;
                let delta =
                    Tensor::from_flat_fn([samples, 30], |i| ((i + number) as f64 * 0.7).sin());
                let bytes = Tensor::<u8>::from_flat_fn([samples, 40], |i| (i * 37 % 256) as u8);
                let scale = if Some(number) == other { 0.5 } else { 0.25 };
                let x = Tensor::from_scaled_bytes(&bytes, scale);
                assert!(x.bytes().is_some(), "they are read as they lie");
                [delta, x]
            })
            .collect()
    }

    /// The sum of products along the tree, each product formed separately.
    fn tree(products: &[[Factor<'_, Tensor<f64>>; 2]], rows: &Range<usize>) -> Vec<f64> {
        if let &[[a, b]] = products {
            let mut sum = vec![0.0; rows.len() * 40];
            add_product_rows(1.0, a, b, rows.clone(), &mut sum);
            return sum;
        }
        let (first, rest) = products.split_at(products.len().next_power_of_two() / 2);
        let pairs = tree(first, rows).into_iter().zip(tree(rest, rows));
        pairs.map(|(a, b)| a + b).collect()
    }

    #[test]
    fn sums_in_registers_have_the_bits_of_the_tree() {
        let mut formed = 0;
        // Pictures of one scale, and of two scales.
        for (products, other) in (1..=17).map(|n| (n, None)).chain([(3, Some(1))]) {
            let of_bytes = factors(products, other);
            let mut of_both = of_bytes.clone();
            let mut of_numbers = of_bytes.clone();
            let become_numbers = |[_, x]: &mut [Tensor<f64>; 2]| *x = -&-&*x;
            of_both.iter_mut().step_by(2).for_each(become_numbers);
            of_numbers.iter_mut().for_each(become_numbers);
            for factors in [of_bytes, of_both, of_numbers] {
                let products: Vec<_> = factors
                    .iter()
                    .map(|[delta, x]| [transposed(delta), plain(x)])
                    .collect();
                for rows in [3..15, 0..30, 7..8] {
                    let expected = tree(&products, &rows);
                    let mut sum = vec![f64::NAN; expected.len()];
                    if !write_products_rows(&products, rows.clone(), &mut sum) {
                        assert!(sum.iter().all(|sum| sum.is_nan()));
                        continue;
                    }
                    assert!(sum == expected, "{} products, {rows:?}", products.len());
                    let start = |i: usize| (i as f64 * 0.3).cos();
                    let mut at: Vec<f64> = (0..sum.len()).map(start).collect();
                    assert!(descend_products_rows(&products, 0.7, rows, &mut at));
                    let pairs = at.iter().zip(&expected).enumerate();
                    for (i, (&found, &gradient)) in pairs {
                        assert_eq!(found, start(i) - 0.7 * gradient);
                    }
                    formed += 1;
                }
            }
        }
        let is_off = std::env::var_os("AUTODIFF_SIMD").is_some_and(|limit| limit == "scalar");
        let has_kernels = cfg!(target_arch = "x86_64") && !is_off;
        assert!(formed >= 90 || !has_kernels, "{formed}");
        assert!(!write_products_rows::<f64>(&[], 0..0, &mut []));
    }

    #[test]
    #[should_panic(expected = "add_product: shapes [3, 2]ᵀ and [4, 5] do not fit")]
    fn factors_that_do_not_fit_are_refused_among_several() {
        let [a, b, c] = [[3, 2], [3, 5], [4, 5]].map(Tensor::<f32>::zeros);
        let products = [[transposed(&a), plain(&b)], [transposed(&a), plain(&c)]];
        let _ = write_products_rows(&products, 0..2, &mut [0.0; 10]);
    }
}
