//! The unpacked kernels for x86: one module for each precision and instruction set.
//!
//! [`kernels!`] expands to a module for an instruction set. The loops are macros in the files next to this one, which
//! take only the target features. All other names are items of the module.
//!
//! The unchecked loads and stores rely on two facts: every element of a [`Matrix`](crate::matmul::Matrix) is inside its
//! data, and each kernel checks the extents of the factors and of the result.
#![allow(unsafe_code)]

mod index_list;
mod lanes;

#[macro_use]
mod axpy;
#[macro_use]
mod axpy_bytes;
#[macro_use]
mod block;
#[macro_use]
mod dot;
#[macro_use]
mod dot_bytes;
#[macro_use]
mod rank_one;
#[macro_use]
mod vector;

/// Divides rows of `inner` elements into parts of at most `most` elements, in whole vectors; returns their length.
#[inline(always)]
fn part_length(inner: usize, most: usize, lanes: usize) -> usize {
    // Most rows are a single part, and need no division.
    if inner <= most {
        inner.max(1)
    } else {
        inner.div_ceil(inner.div_ceil(most)).next_multiple_of(lanes)
    }
}

/// The kernels for one precision and one instruction set: the sizes of their blocks, and the instructions.
///
/// A block of the result is kept in registers: rows × columns of dot products, or at most rows × vectors of
/// combinations. Blocks of bytes have few rows or a single vector, so that more vectors are zero in the whole block and
/// are skipped.
macro_rules! kernels {
    (
        $module:ident: $T:ty, $features:literal, $Vector:ident of $lanes:literal, $Four:ident of 4,
        dot: 6 x $dot_columns:literal, narrow 4 x $narrow_dot_columns:literal,
        axpy: 6 x $axpy_vectors:literal,
        dot of bytes: 2 x $byte_dot_columns:literal, narrow 2 x $narrow_byte_dot_columns:literal,
        axpy of bytes: $byte_axpy_rows:literal x 1, $lists:literal lists by $nonzero_rows:ident,
        instructions { $($instruction:ident as $name:ident),* },
        transpose4: $transpose4:ident,
        bytes in $Bytes:ty: |$bytes:ident| $load_bytes:expr,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        load_part: |$from:ident, $from_len:ident| $load_part:expr,
        store_part: |$to:ident, $to_len:ident, $part:ident| $store_part:expr
    ) => {
        pub(super) mod $module {
            use crate::unpacked::algorithm::are_listed;
            use crate::unpacked::{LEVELS, LISTED_ROWS, MIN_LONG_DOT, NARROW, TERMS_PER_RUN, MAX_SEQUENTIAL_TERMS};
            use super::index_list::{IndexList, MARGIN, $nonzero_rows as nonzero_rows};
            use super::lanes::$transpose4 as transpose4;
            use super::part_length;
            use crate::matrix::{Factors, Matrix};
            use crate::{Epilogue, Write};
            use std::arch::x86_64::*;
            use std::arch::x86_64::{$($instruction as $name),*};
            use std::array::from_fn;
            use std::mem::MaybeUninit;
            use std::ops::Range;

            type Number = $T;
            type Vector = $Vector;
            type Four = $Four;
            type Bytes = $Bytes;
            const LANES: usize = $lanes;

            const DOT_COLUMNS: usize = $dot_columns;
            const NARROW_DOT_COLUMNS: usize = $narrow_dot_columns;
            const AXPY_VECTORS: usize = $axpy_vectors;
            const BYTE_DOT_COLUMNS: usize = $byte_dot_columns;
            const NARROW_BYTE_DOT_COLUMNS: usize = $narrow_byte_dot_columns;
            const BYTE_AXPY_ROWS: usize = $byte_axpy_rows;
            const LISTS: usize = $lists;

            vector! {
                $features,
                bytes: |$bytes| $load_bytes,
                sums_of_4: |$a, $b, $c, $d| $sums,
                load_part: |$from, $from_len| $load_part,
                store_part: |$to, $to_len, $part| $store_part
            }
            block!($features);
            dot!($features);
            dot_bytes!($features);
            axpy!($features);
            axpy_bytes!($features);
            rank_one!($features);
        }
    };
}

kernels! {
    f32_avx512: f32, "avx512f,avx2,fma", __m512 of 16, __m128 of 4,
    dot: 6 x 4, narrow 4 x 5,
    axpy: 6 x 4,
    dot of bytes: 2 x 8, narrow 2 x 10,
    axpy of bytes: 24 x 1, 4 lists by nonzero_rows_avx512,
    instructions {
        _mm512_setzero_ps as zero, _mm512_set1_ps as splat, _mm512_loadu_ps as loadu, _mm512_storeu_ps as storeu,
        _mm512_mul_ps as mul, _mm512_fmadd_ps as fmadd,
        _mm_set1_ps as splat4, _mm_loadu_ps as loadu4, _mm_storeu_ps as storeu4, _mm_mul_ps as mul4, _mm_add_ps as add4
    },
    transpose4: transpose4_ps,
    bytes in u128: |from| _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))),
    sums_of_4: |a, b, c, d| {
        // The sums of a, b, c and d within each quarter of the vectors, and then over the quarters.
        let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
        let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
        let quarters = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
        let other = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(quarters));
        let half = _mm256_add_ps(_mm512_castps512_ps256(quarters), _mm256_castpd_ps(other));
        _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half))
    },
    load_part: |from, len| _mm512_maskz_loadu_ps(((1_u32 << len) - 1) as __mmask16, from),
    store_part: |to, len, part| _mm512_mask_storeu_ps(to, ((1_u32 << len) - 1) as __mmask16, part)
}

kernels! {
    f64_avx512: f64, "avx512f,avx2,fma", __m512d of 8, __m256d of 4,
    dot: 6 x 4, narrow 4 x 5,
    axpy: 6 x 4,
    dot of bytes: 2 x 8, narrow 2 x 10,
    axpy of bytes: 24 x 1, 8 lists by nonzero_rows_avx512,
    instructions {
        _mm512_setzero_pd as zero, _mm512_set1_pd as splat, _mm512_loadu_pd as loadu, _mm512_storeu_pd as storeu,
        _mm512_mul_pd as mul, _mm512_fmadd_pd as fmadd,
        _mm256_set1_pd as splat4, _mm256_loadu_pd as loadu4, _mm256_storeu_pd as storeu4, _mm256_mul_pd as mul4,
        _mm256_add_pd as add4
    },
    transpose4: transpose4_pd,
    bytes in u64: |from| _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let quarters = _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            let half = _mm256_add_pd(_mm512_castpd512_pd256(quarters), _mm512_extractf64x4_pd::<1>(quarters));
            _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd::<1>(half))
        };
        _mm256_set_m128d(sums_of_2(c, d), sums_of_2(a, b))
    },
    load_part: |from, len| _mm512_maskz_loadu_pd(((1_u32 << len) - 1) as __mmask8, from),
    store_part: |to, len, part| _mm512_mask_storeu_pd(to, ((1_u32 << len) - 1) as __mmask8, part)
}

kernels! {
    f32_avx2: f32, "avx2,fma", __m256 of 8, __m128 of 4,
    dot: 6 x 2, narrow 4 x 2,
    axpy: 6 x 2,
    dot of bytes: 2 x 4, narrow 2 x 4,
    axpy of bytes: 12 x 1, 4 lists by nonzero_rows,
    instructions {
        _mm256_setzero_ps as zero, _mm256_set1_ps as splat, _mm256_loadu_ps as loadu, _mm256_storeu_ps as storeu,
        _mm256_mul_ps as mul, _mm256_fmadd_ps as fmadd,
        _mm_set1_ps as splat4, _mm_loadu_ps as loadu4, _mm_storeu_ps as storeu4, _mm_mul_ps as mul4, _mm_add_ps as add4
    },
    transpose4: transpose4_ps,
    bytes in u64: |from| _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
        let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
        let halves = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
        _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves))
    },
    load_part: |from, len| _mm256_maskload_ps(from, super::lanes::first_of_8(len)),
    store_part: |to, len, part| _mm256_maskstore_ps(to, super::lanes::first_of_8(len), part)
}

kernels! {
    f64_avx2: f64, "avx2,fma", __m256d of 4, __m256d of 4,
    dot: 6 x 2, narrow 4 x 2,
    axpy: 6 x 2,
    dot of bytes: 2 x 4, narrow 2 x 4,
    axpy of bytes: 12 x 1, 4 lists by nonzero_rows,
    instructions {
        _mm256_setzero_pd as zero, _mm256_set1_pd as splat, _mm256_loadu_pd as loadu, _mm256_storeu_pd as storeu,
        _mm256_mul_pd as mul, _mm256_fmadd_pd as fmadd,
        _mm256_set1_pd as splat4, _mm256_loadu_pd as loadu4, _mm256_storeu_pd as storeu4, _mm256_mul_pd as mul4,
        _mm256_add_pd as add4
    },
    transpose4: transpose4_pd,
    bytes in u32: |from| _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_loadu_si32(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let halves = _mm256_add_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            _mm_add_pd(_mm256_castpd256_pd128(halves), _mm256_extractf128_pd::<1>(halves))
        };
        _mm256_set_m128d(sums_of_2(c, d), sums_of_2(a, b))
    },
    load_part: |from, len| _mm256_maskload_pd(from, super::lanes::first_of_4(len)),
    store_part: |to, len, part| _mm256_maskstore_pd(to, super::lanes::first_of_4(len), part)
}
