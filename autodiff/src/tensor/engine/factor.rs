//! Factors of matrix products, and products that are added to what is there.

use crate::tensor::algebra::Algebra;
use crate::tensor::storage::array::Tensor;
use crate::tensor::storage::buffer::Pooled;
use crate::tensor::storage::element::Real;
use autodiff_kernels::matmul::{self, Matrix};
use autodiff_kernels::{Epilogue, Write};
use smallvec::SmallVec;
use std::fmt;
use std::ops::Range;

/// A factor of a matrix product, read as it lies or transposed; made by [`plain`] and [`transposed`].
#[derive(Debug)]
pub struct Factor<'a, A> {
    pub(crate) array: &'a A,
    pub(crate) transposed: bool,
}

impl<A> Clone for Factor<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Factor<'_, A> {}

impl<A: Algebra> fmt::Display for Factor<'_, A> {
    /// The shape, with a `ᵀ` behind it if it is read transposed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transposed = if self.transposed { "ᵀ" } else { "" };
        write!(f, "{}{transposed}", self.array.shape())
    }
}

/// Whether a matrix product can be formed and has the shape of `x`.
#[inline]
pub(crate) fn product_fits<A: Algebra>(x: &A, a: Factor<'_, A>, b: Factor<'_, A>) -> bool {
    let matrix = |array: &A| {
        array.with_shape(|shape| match shape[..] {
            [rows, columns] => Some((rows, columns)),
            _ => None,
        })
    };
    let factor = |factor: Factor<'_, A>| {
        let (rows, columns) = matrix(factor.array)?;
        Some(if factor.transposed {
            (columns, rows)
        } else {
            (rows, columns)
        })
    };
    let (Some((rows, inner)), Some((inner_of_b, columns))) = (factor(a), factor(b)) else {
        return false;
    };
    inner == inner_of_b && matrix(x) == Some((rows, columns))
}

/// Adds the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, or `sum` has not as many elements as the product.
#[track_caller]
pub fn add_product<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    sum: &mut [T],
) {
    let [rows, _] = a.extents("add_product");
    add_product_rows(scale, a, b, 0..rows, sum);
}

/// Adds some rows of the matrix product `scale · a · b` to `sum`, row by row.
///
/// # Panics
///
/// If a factor is not a matrix, the inner extents differ, there are no such rows, or `sum` has not as many elements as
/// they have.
#[track_caller]
pub fn add_product_rows<T: Real>(
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    sum: &mut [T],
) {
    check_product_rows(a, b, &rows, sum);
    multiply("add_product", scale, a, b, rows, sum, Write::Add);
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
    let ([height, inner], [inner_of_b, columns]) =
        (a.extents("add_product"), b.extents("add_product"));
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

/// Writes some rows of a sum of matrix products, `Σ aₗ · bₗ`, row by row, if there is a kernel that reads and writes each
/// element once; returns whether there was.
///
/// The products are added along a binary tree over their numbers: the sum of n of them is that of the first 2ᵏ plus that of
/// the rest, where 2ᵏ is the largest power of two below n. The bits are those of products that are each
/// [added](add_product_rows) to zeros, and then to each other in that order.
///
/// # Panics
///
/// As [`add_product_rows`], for any of the products.
#[track_caller]
pub fn write_products_rows<T: Real>(
    products: &[[Factor<'_, Tensor<T>>; 2]],
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    products_rows_with(
        products.iter().copied(),
        rows,
        out,
        Epilogue::Write(Write::Set),
    )
}

/// Subtracts `rate` times what [`write_products_rows`] writes from `out`, if there is a kernel for that; returns whether there
/// was. The product with `rate` is rounded by itself.
///
/// # Panics
///
/// As [`add_product_rows`], for any of the products.
#[track_caller]
pub fn descend_products_rows<T: Real>(
    products: &[[Factor<'_, Tensor<T>>; 2]],
    rate: T,
    rows: Range<usize>,
    out: &mut [T],
) -> bool {
    products_rows_with(products.iter().copied(), rows, out, Epilogue::Descend(rate))
}

/// As many products are added without asking for memory.
const PRODUCTS: usize = 16;

/// Forms the sum of products that are alike, if there is a kernel for it; tells whether there was.
#[track_caller]
pub(super) fn products_rows_with<'a, T: Real>(
    products: impl Iterator<Item = [Factor<'a, Tensor<T>>; 2]> + Clone,
    rows: Range<usize>,
    out: &mut [T],
    epilogue: Epilogue<T>,
) -> bool {
    for [a, b] in products.clone() {
        check_product_rows(a, b, &rows, out);
    }
    let operation = "add_product";
    let factor_of_bytes = |b: Factor<'a, Tensor<T>>| b.array.bytes().map(|(_, factor)| factor);
    let Some(factor) = products.clone().next().map(|[_, b]| factor_of_bytes(b)) else {
        return false;
    };
    let differ = |[a, b]: [Factor<'a, Tensor<T>>; 2]| {
        a.array.bytes().is_some() || factor_of_bytes(b) != factor
    };
    if products.clone().any(differ) {
        return false;
    }
    let some_rows = |a: Factor<'a, Tensor<T>>| a.matrix(operation).some_rows(rows.clone());
    // The lists are large, so they are filled where they lie.
    if let Some(factor) = factor {
        let of_bytes = |[a, b]: [Factor<'a, Tensor<T>>; 2]| {
            let (bytes, _) = b.array.bytes()?;
            Some((some_rows(a), b.read(bytes, operation)))
        };
        let mut factors = SmallVec::<[_; PRODUCTS]>::new();
        factors.extend(products.filter_map(of_bytes));
        return matmul::sum_of_products_with_bytes(factor, &factors, out, epilogue, &Pooled);
    }
    let mut factors = SmallVec::<[_; PRODUCTS]>::new();
    factors.extend(products.map(|[a, b]| (some_rows(a), b.matrix(operation))));
    matmul::sum_of_products(T::from_f64(1.0), &factors, out, epilogue)
}

/// Writes or adds some rows of the matrix product `scale · a · b` to `out`: every product of two tensors comes by here.
///
/// A factor of bytes is read as it lies where a kernel does so, and otherwise as the numbers that it is.
///
/// # Panics
///
/// As [`add_product_rows`].
#[track_caller]
pub(crate) fn multiply<T: Real>(
    operation: &str,
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    out: &mut [T],
    write: Write,
) {
    let of_bytes = a.array.bytes().is_some() || b.array.bytes().is_some();
    if of_bytes && multiply_bytes(operation, scale, a, b, rows.clone(), out, write) {
        return;
    }
    let a = a.matrix(operation).some_rows(rows);
    matmul::matmul(scale, a, b.matrix(operation), out, write, &Pooled);
}

/// As [`multiply`], where a factor is made of bytes, if a kernel reads them as they lie; tells whether there was one.
#[inline(never)]
#[track_caller]
fn multiply_bytes<T: Real>(
    operation: &str,
    scale: T,
    a: Factor<'_, Tensor<T>>,
    b: Factor<'_, Tensor<T>>,
    rows: Range<usize>,
    out: &mut [T],
    write: Write,
) -> bool {
    if let Some((bytes, factor)) = a.array.bytes() {
        let bytes = a.read(bytes, operation).some_rows(rows.clone());
        if matmul::bytes_times(
            scale * factor,
            bytes,
            b.matrix(operation),
            out,
            write,
            &Pooled,
        ) {
            return true;
        }
    }
    let Some((bytes, factor)) = b.array.bytes() else {
        return false;
    };
    let (a, bytes) = (
        a.matrix(operation).some_rows(rows),
        b.read(bytes, operation),
    );
    let epilogue = Epilogue::Write(write);
    matmul::sum_of_products_with_bytes(scale * factor, &[(a, bytes)], out, epilogue, &Pooled)
}

impl<A: Clone> Factor<'_, A> {
    /// The factor with an array of its own, for later.
    pub(crate) fn kept(self) -> KeptFactor<A> {
        KeptFactor {
            array: self.array.clone(),
            transposed: self.transposed,
        }
    }
}

/// A [`Factor`] that holds its array.
#[derive(Clone, Debug)]
pub(crate) struct KeptFactor<A> {
    array: A,
    transposed: bool,
}

impl<A> KeptFactor<A> {
    pub(crate) fn as_factor(&self) -> Factor<'_, A> {
        Factor {
            array: &self.array,
            transposed: self.transposed,
        }
    }
}

impl<A> Factor<'_, A> {
    /// The transpose of the factor.
    #[must_use]
    pub fn flipped(self) -> Self {
        Factor {
            transposed: !self.transposed,
            ..self
        }
    }
}

/// A factor as it lies.
#[must_use]
pub fn plain<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: false,
    }
}

/// A factor transposed, without moving its data.
#[must_use]
pub fn transposed<A>(array: &A) -> Factor<'_, A> {
    Factor {
        array,
        transposed: true,
    }
}

impl<'a, T: Real> Factor<'a, Tensor<T>> {
    /// The numbers of rows and columns.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn extents(self, operation: &str) -> [usize; 2] {
        match self.array.shape()[..] {
            [rows, columns] if self.transposed => [columns, rows],
            [rows, columns] => [rows, columns],
            _ => panic!(
                "{operation}: a matrix is wanted, and the shape is {}",
                self.array.shape()
            ),
        }
    }

    /// The factor as the matrix kernel takes it.
    ///
    /// # Panics
    ///
    /// If it is not a matrix.
    #[inline(always)]
    #[track_caller]
    fn matrix(self, operation: &str) -> Matrix<'a, T> {
        self.read(self.array.data(), operation)
    }

    /// The elements in the order in which the factor is read.
    #[inline(always)]
    #[track_caller]
    fn read<E>(self, elements: &'a [E], operation: &str) -> Matrix<'a, E> {
        let [rows, columns] = self.extents(operation);
        if self.transposed {
            Matrix::new(elements, columns, rows).transposed()
        } else {
            Matrix::new(elements, rows, columns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The left factors and the right ones of some products of 30 rows, with pictures on the right, whose scale is another
    /// in the given one.
    fn factors(products: usize, other: Option<usize>) -> Vec<[Tensor<f64>; 2]> {
        (0..products)
            .map(|number| {
                let samples = 5 + 2 * number;
                let delta = Tensor::from_fn([samples, 30], |i| ((i + number) as f64 * 0.7).sin());
                let bytes = Tensor::<u8>::from_fn([samples, 40], |i| (i * 37 % 256) as u8);
                let scale = if Some(number) == other { 0.5 } else { 0.25 };
                let x = Tensor::from_bytes(&bytes, scale);
                assert!(x.bytes().is_some(), "they are read as they lie");
                [delta, x]
            })
            .collect()
    }

    /// The sum of products along the tree, each formed by itself.
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
        // Pictures of one scale, and of two.
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
