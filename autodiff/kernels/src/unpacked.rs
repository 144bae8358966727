//! Matrix products of operands where they lie, for those to which packing them first costs more than it saves.
//!
//! A product of the paper's network has ten rows or columns, a batch of one sample has one, and a chunk of samples has
//! few beside a wide layer; and what is read from a cache in time need not be copied first. There are two kernels, for
//! the two ways in which such operands lie; both keep a block of the result in registers.
//!
//! - [`Kind::Dots`]: rows of `a` times columns of `b`, both of which lie contiguous: `X Wᵀ`.
//! - [`Kind::Combinations`]: combinations of the rows of `b`, which lie contiguous: `Δᵀ X` and `Δ W`. Sums of several
//!   such products are formed in one go.
//! - [`Kind::CombinationsOfColumns`]: the same for `X Wᵀ` again, where its dots are short. `b` is copied after all, a few
//!   columns at a time.
//!
//! Dots of rows of bytes, and combinations of them, have kernels of their own, which pass over zeros.
//!
//! They are written once and compiled for AVX-512 and AVX2, in both precisions. What such a product gives depends on
//! its extents, on how its operands lie and on the class of CPU alone; an element of dots, on its own row and column
//! alone.
#![allow(unsafe_code)]

#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::matmul::Matrix;
use crate::{Epilogue, Write};

/// The extent up to which a side is narrow: the paper's ten digits, and a few more.
const NARROW: usize = 16;

/// The length from which on a dot product is worth its last step, the sum over a vector, whatever a copy of `b` costs.
const LONG: usize = 256;

/// The length below which that step takes longer than all the others.
const SHORT: usize = 16;

/// The number of rows up to which a strip of `b` stays in the second-level cache while rows of the result are formed of
/// it, so that a copy of it gains nothing.
const NEAR: usize = 512;

/// The same if rows of `b` and columns of `a` each begin on one line of the caches, which then hold few of them.
const NEAR_IF_REPEATED: usize = 192;

/// With fewer rows than this, `b` goes by once, and a copy of it costs more than it saves, however short the dots are.
const FEW_ROWS: usize = 4;

/// The most terms of a product that combinations add one after the other; a longer product is cut into runs of terms.
pub(crate) const UNCUT: usize = 512;
pub(crate) const RUN: usize = 128;

/// The most rows of bytes that are listed, with a number for each pair of factors.
const LISTED_ROWS: usize = 1152;

/// The sums that are kept while products are added along a tree, and the products that such a tree has.
const LEVELS: usize = 4;
const PRODUCTS: usize = 1 << LEVELS;

/// Which kernel computes a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Each element of the result is a dot product along contiguous memory.
    Dots,
    /// Each row of the result is a combination of rows of `b`.
    Combinations,
    /// The same, of columns that are contiguous, and are transposed first.
    CombinationsOfColumns,
}

impl Kind {
    /// The kernel for such a product; `None` if packing pays, or the operands lie in another way.
    fn of<A, B>(a: &Matrix<'_, A>, b: &Matrix<'_, B>) -> Option<Kind> {
        let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
        if a.column_step() == 1 && b.row_step() == 1 {
            // A copy of `b` costs the less, beside the product, the more rows there are.
            let pays = inner >= LONG || inner > 2 * rows || columns <= NARROW;
            if rows < FEW_ROWS || inner >= SHORT && pays {
                return Some(Kind::Dots);
            }
            // A copy of few columns is soon made, too, but not worth its while for few rows, or for one column.
            let pays = columns > NARROW || columns > 1 && rows >= NARROW;
            return pays.then_some(Kind::CombinationsOfColumns);
        }
        let near = if repeats::<A>(a.column_step()) && repeats::<B>(b.row_step()) {
            NEAR_IF_REPEATED
        } else {
            NEAR
        };
        let pays = rows <= NARROW || inner <= near;
        (b.column_step() == 1 && pays).then_some(Kind::Combinations)
    }
}

/// Whether elements so far apart fall on one line of the nearest cache, whose ways have 4096 bytes each.
fn repeats<T>(step: usize) -> bool {
    (step * size_of::<T>()).is_multiple_of(4096)
}

/// The two factors of a product.
pub type Factors<'a, A, B> = (Matrix<'a, A>, Matrix<'a, B>);

/// The products of the factors one by one, of which the long ones are cut into runs of terms.
#[cfg(target_arch = "x86_64")]
fn runs<'a, A: Copy, B: Copy>(
    factors: &[Factors<'a, A, B>],
) -> impl Iterator<Item = (Matrix<'a, A>, Matrix<'a, B>)> {
    factors.iter().flat_map(|&(a, b)| {
        let most = if a.columns() <= UNCUT { UNCUT } else { RUN };
        (0..a.columns()).step_by(most).map(move |k| {
            let run = k..a.columns().min(k + most);
            (a.some_columns(run.clone()), b.some_rows(run))
        })
    })
}

/// A type that the kernels are compiled for.
///
/// Each method writes or adds `scale` times a product, or a sum of products, to the row-major `out`, if there is a kernel
/// for it, and tells whether there was.
pub trait Unpacked: Copy {
    /// A product of two factors of numbers.
    ///
    /// # Safety
    ///
    /// The inner extents agree, and `out` has as many elements as the product.
    unsafe fn unpacked_product(
        scale: Self,
        a: &Matrix<'_, Self>,
        b: &Matrix<'_, Self>,
        out: &mut [Self],
        write: Write,
    ) -> bool;

    /// Bytes become numbers as they are loaded, for each block of columns anew.
    ///
    /// # Safety
    ///
    /// As [`unpacked_product`](Unpacked::unpacked_product).
    unsafe fn unpacked_bytes_times(
        scale: Self,
        a: &Matrix<'_, u8>,
        b: &Matrix<'_, Self>,
        out: &mut [Self],
        write: Write,
    ) -> bool;

    /// The sum of products along a binary tree, each element of which is read and written once. It has the same bits as if
    /// each product were formed by itself, by [`unpacked_product`](Unpacked::unpacked_product) added to zeros.
    ///
    /// # Safety
    ///
    /// As [`unpacked_product`](Unpacked::unpacked_product), for every pair of factors.
    unsafe fn unpacked_sum(
        scale: Self,
        factors: &[Factors<'_, Self, Self>],
        out: &mut [Self],
        epilogue: Epilogue<Self>,
    ) -> bool;

    /// The same with bytes on the right, which become numbers as they are loaded, for each block of rows anew.
    ///
    /// # Safety
    ///
    /// As [`unpacked_product`](Unpacked::unpacked_product), for every pair of factors.
    unsafe fn unpacked_sum_of_bytes(
        scale: Self,
        factors: &[Factors<'_, Self, u8>],
        out: &mut [Self],
        epilogue: Epilogue<Self>,
    ) -> bool;
}

/// Whether products can be added along a tree, or descended along, with the bits that each has by itself: none is cut into
/// runs, and none of several is of one sample, whose scale is rounded in another way.
fn is_tree<T, A, B>(factors: &[Factors<'_, A, B>], epilogue: &Epilogue<T>) -> bool {
    let least = if factors.len() > 1 { 2 } else { 1 };
    let fits = |(a, _): &Factors<'_, A, B>| (least..=UNCUT).contains(&a.columns());
    matches!((factors, epilogue), ([_], Epilogue::Write(_)))
        || factors.len() <= PRODUCTS && factors.iter().all(fits)
}

/// Whether the rows of bytes can be listed, and none of the products is cut into runs.
fn are_listed<T>(factors: &[Factors<'_, T, u8>]) -> bool {
    let inner: usize = factors.iter().map(|(a, _)| a.columns()).sum();
    factors.len() + inner <= LISTED_ROWS && factors.iter().all(|(a, _)| a.columns() <= UNCUT)
}

/// Whether all are combinations.
fn are_combinations<T>(factors: &[Factors<'_, T, T>]) -> bool {
    let mut kinds = factors.iter().map(|(a, b)| Kind::of(a, b));
    kinds.all(|kind| kind == Some(Kind::Combinations))
}

/// Whether the columns of every `a` lie contiguous, and the rows of every `b`: combinations of bytes need that.
fn are_read_along<T>(factors: &[Factors<'_, T, u8>]) -> bool {
    let mut factors = factors.iter();
    factors.all(|(a, b)| a.row_step() == 1 && b.column_step() == 1)
}

macro_rules! unpacked {
    ($T:ty: $avx512:ident, $avx2:ident) => {
        impl Unpacked for $T {
            unsafe fn unpacked_product(
                scale: $T,
                a: &Matrix<'_, $T>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) -> bool {
                match Kind::of(a, b) {
                    Some(Kind::Dots) => unpacked!(dots(scale, a, b, out, write) in $avx512, $avx2),
                    Some(Kind::Combinations) => {
                        let (factors, epilogue) = (&[(*a, *b)], Epilogue::Write(write));
                        unpacked!(combinations(scale, factors, out, epilogue) in $avx512, $avx2)
                    }
                    Some(Kind::CombinationsOfColumns) => {
                        unpacked!(combinations_of_columns(scale, a, b, out, write) in $avx512, $avx2)
                    }
                    None => false,
                }
            }

            unsafe fn unpacked_bytes_times(
                scale: $T,
                a: &Matrix<'_, u8>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) -> bool {
                Kind::of(a, b) == Some(Kind::Dots)
                    && unpacked!(dots_of_bytes(scale, a, b, out, write) in $avx512, $avx2)
            }

            unsafe fn unpacked_sum(
                scale: $T,
                factors: &[Factors<'_, $T, $T>],
                out: &mut [$T],
                epilogue: Epilogue<$T>,
            ) -> bool {
                are_combinations(factors)
                    && is_tree(factors, &epilogue)
                    && unpacked!(combinations(scale, factors, out, epilogue) in $avx512, $avx2)
            }

            unsafe fn unpacked_sum_of_bytes(
                scale: $T,
                factors: &[Factors<'_, $T, u8>],
                out: &mut [$T],
                epilogue: Epilogue<$T>,
            ) -> bool {
                let is_written = matches!((factors, epilogue), ([_], Epilogue::Write(_)));
                are_read_along(factors)
                    && is_tree(factors, &epilogue)
                    && (is_written || are_listed(factors))
                    && unpacked!(combinations_of_bytes(scale, factors, out, epilogue) in $avx512, $avx2)
            }
        }
    };
    // The kernel for the machine's widest vectors; false if it has none of them.
    ($kernel:ident($($argument:ident),*) in $avx512:ident, $avx2:ident) => {{
        #[cfg(target_arch = "x86_64")]
        if x86::has_avx512() {
            // SAFETY: the processor has these instructions.
            unsafe { x86::$avx512::$kernel($($argument),*) };
            return true;
        } else if x86::has_avx2() {
            // SAFETY: as above.
            unsafe { x86::$avx2::$kernel($($argument),*) };
            return true;
        }
        let _ = ($($argument),*);
        false
    }};
}
unpacked!(f32: f32_avx512, f32_avx2);
unpacked!(f64: f64_avx512, f64_avx2);
