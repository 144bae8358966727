//! The kernels in the instructions of x86: what each instruction set puts into them; the loops are in [`dots`],
//! [`combinations`] and [`bytes`].
//!
//! The unchecked loads and stores rest on two things: a [`Matrix`](super::Matrix) holds rows × columns elements,
//! whichever way it is read, and `product` checks the extents of the result.
#![allow(unsafe_code)]

#[macro_use]
mod bytes;
#[macro_use]
mod combinations;
#[macro_use]
mod dots;
mod list;

use std::arch::x86_64::*;

/// Whether the processor has what the kernels for AVX-512 use.
pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && has_avx2()
}

/// Whether the processor has what the kernels for AVX2 use.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// How much of rows of `inner` elements is gone along at a time: all, or equal parts of at most so many, in whole vectors.
#[inline(always)]
fn part_length(inner: usize, most: usize, lanes: usize) -> usize {
    // Most rows are one part, and need no division.
    if inner <= most {
        inner.max(1)
    } else {
        inner.div_ceil(inner.div_ceil(most)).next_multiple_of(lanes)
    }
}

/// The kernels for one precision and one instruction set: the size of their blocks, and the instructions.
///
/// A block of the result is kept in registers: of dots, so many rows × columns; of combinations, at most so
/// many rows × vectors. Of bytes, it has few rows or vectors of them, so that more are zeros alone.
macro_rules! kernels {
    (
        $module:ident: $T:ty, $features:literal, $Vector:ident of $lanes:literal,
        dots 6 x $dot_columns:literal, narrow 4 x $narrow_columns:literal,
        combinations 6 x $vectors:literal,
        of bytes: dots 2 x $byte_columns:literal, narrow 2 x $narrow_byte_columns:literal, combinations $byte_rows:literal x 1,
        vectors as $Bytes:ty, $lists:literal lists by $note_rows:ident,
        zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident,
        bytes: |$bytes:ident| $load_bytes:expr,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        four: $Four:ident, $four_splat:ident, $four_load:ident, $four_store:ident, $four_mul:ident, $four_add:ident,
        $four_transposed:path,
        load_part: |$from:ident, $from_len:ident| $load_part:expr,
        store_part: |$to:ident, $to_len:ident, $part:ident| $store_part:expr
    ) => {
        pub(super) mod $module {
            use super::super::{
                Epilogue, Factors, LEVELS, LISTED_ROWS, LONG, Matrix, NARROW, UNCUT, Write,
                are_listed, runs,
            };
            use super::list::{self, List, NOTED_AT_A_TIME};
            use super::part_length;
            use std::arch::x86_64::*;
            use std::array::from_fn;
            use std::mem::MaybeUninit;
            use std::ops::Range;

            type Number = $T;
            type Vector = $Vector;
            type Four = $Four;
            const LANES: usize = $lanes;

            /// Runs of so many elements, each so many after the one before.
            #[derive(Clone, Copy)]
            pub(in super::super) struct Runs<E> {
                from: *const E,
                step: usize,
                len: usize,
            }

            impl<E> Runs<E> {
                /// The part of the runs of `step` elements each in `data`, from one of them on.
                fn new(data: &[E], number: usize, step: usize, part: &Range<usize>) -> Self {
                    Runs {
                        from: data[number * step + part.start..].as_ptr(),
                        step,
                        len: part.len(),
                    }
                }
            }

            /// An element of a factor, which a vector of numbers is loaded from.
            pub(in super::super) trait Element: Copy {
                /// The vector of the elements behind the pointer.
                ///
                /// # Safety
                ///
                /// As many elements as a vector has can be read there, by a processor that has these instructions.
                unsafe fn load(from: *const Self) -> Vector;

                /// The vector of the first `len` elements behind the pointer, and zeros.
                ///
                /// # Safety
                ///
                /// So many elements can be read there, at most as many as a vector has, by such a processor.
                unsafe fn load_part(from: *const Self, len: usize) -> Vector;
            }

            impl Element for Number {
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load(from: *const Number) -> Vector {
                    // SAFETY: the caller vouches for the elements.
                    unsafe { $load(from) }
                }

                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load_part($from: *const Number, $from_len: usize) -> Vector {
                    debug_assert!($from_len <= LANES);
                    // SAFETY: the caller vouches for the elements, and the others are masked.
                    unsafe { $load_part }
                }
            }

            impl Element for u8 {
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load($bytes: *const u8) -> Vector {
                    // SAFETY: the caller vouches for as many bytes as a vector has elements.
                    unsafe { $load_bytes }
                }

                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load_part(from: *const u8, len: usize) -> Vector {
                    debug_assert!(len <= LANES);
                    let mut part = [0_u8; LANES];
                    // SAFETY: the caller vouches for the elements, and the array has room for as many; then it is loaded
                    // whole.
                    unsafe {
                        part.as_mut_ptr()
                            .copy_from_nonoverlapping(from, len.min(LANES));
                        u8::load(part.as_ptr())
                    }
                }
            }

            /// Has the line of the caches at an address fetched, whether or not anything lies there.
            #[inline]
            fn prefetch_line(at: *const u8) {
                // SAFETY: every processor has this instruction, which only gives a hint.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
            }

            /// Writes the first `len` elements of a vector.
            ///
            /// # Safety
            ///
            /// So many elements can be written there, at most as many as a vector has.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn store_part($to: *mut Number, $to_len: usize, $part: Vector) {
                debug_assert!($to_len <= LANES);
                // SAFETY: the caller vouches for the elements, and the others are masked.
                unsafe { $store_part }
            }

            dots! {
                $features, $dot_columns, $narrow_columns,
                zero: $zero, fma: $fma,
                sums_of_4: |$a, $b, $c, $d| $sums,
                four: $four_splat, $four_load, $four_store, $four_mul, $four_add
            }
            combinations! {
                $features, $vectors,
                zero: $zero, splat: $splat, store: $store, mul: $mul, fma: $fma,
                four: $four_load, $four_store, $four_transposed
            }
            bytes! {
                $features, $byte_columns, $narrow_byte_columns, $byte_rows, $Bytes,
                lists: $lists by $note_rows,
                zero: $zero, splat: $splat, store: $store, mul: $mul, fma: $fma
            }
        }
    };
}

kernels! {
    f32_avx512: f32, "avx512f,avx2,fma", __m512 of 16,
    dots 6 x 4, narrow 4 x 5, combinations 6 x 4,
    of bytes: dots 2 x 8, narrow 2 x 10, combinations 24 x 1,
    vectors as u128, 4 lists by note_rows_of_lines,
    zero: _mm512_setzero_ps, splat: _mm512_set1_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    mul: _mm512_mul_ps, fma: _mm512_fmadd_ps,
    bytes: |from| _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))),
    sums_of_4: |a, b, c, d| {
        // Within each quarter of the vectors, the sums of a, b, c and d; then the quarters.
        let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
        let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
        let quarters = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
        let other = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(quarters));
        let half = _mm256_add_ps(_mm512_castps512_ps256(quarters), _mm256_castpd_ps(other));
        _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half))
    },
    four: __m128, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_mul_ps, _mm_add_ps, super::transposed_ps,
    load_part: |from, len| _mm512_maskz_loadu_ps(((1_u32 << len) - 1) as __mmask16, from),
    store_part: |to, len, part| _mm512_mask_storeu_ps(to, ((1_u32 << len) - 1) as __mmask16, part)
}

kernels! {
    f64_avx512: f64, "avx512f,avx2,fma", __m512d of 8,
    dots 6 x 4, narrow 4 x 5, combinations 6 x 4,
    of bytes: dots 2 x 8, narrow 2 x 10, combinations 24 x 1,
    vectors as u64, 8 lists by note_rows_of_lines,
    zero: _mm512_setzero_pd, splat: _mm512_set1_pd, load: _mm512_loadu_pd, store: _mm512_storeu_pd,
    mul: _mm512_mul_pd, fma: _mm512_fmadd_pd,
    bytes: |from| _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let quarters = _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            let half = _mm256_add_pd(_mm512_castpd512_pd256(quarters), _mm512_extractf64x4_pd::<1>(quarters));
            _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd::<1>(half))
        };
        _mm256_set_m128d(sums_of_2(c, d), sums_of_2(a, b))
    },
    four: __m256d, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_mul_pd, _mm256_add_pd, super::transposed_pd,
    load_part: |from, len| _mm512_maskz_loadu_pd(((1_u32 << len) - 1) as __mmask8, from),
    store_part: |to, len, part| _mm512_mask_storeu_pd(to, ((1_u32 << len) - 1) as __mmask8, part)
}

kernels! {
    f32_avx2: f32, "avx2,fma", __m256 of 8,
    dots 6 x 2, narrow 4 x 2, combinations 6 x 2,
    of bytes: dots 2 x 4, narrow 2 x 4, combinations 12 x 1,
    vectors as u64, 4 lists by note_rows,
    zero: _mm256_setzero_ps, splat: _mm256_set1_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    mul: _mm256_mul_ps, fma: _mm256_fmadd_ps,
    bytes: |from| _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
        let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
        let halves = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
        _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves))
    },
    four: __m128, _mm_set1_ps, _mm_loadu_ps, _mm_storeu_ps, _mm_mul_ps, _mm_add_ps, super::transposed_ps,
    load_part: |from, len| _mm256_maskload_ps(from, super::first_of_8(len)),
    store_part: |to, len, part| _mm256_maskstore_ps(to, super::first_of_8(len), part)
}

kernels! {
    f64_avx2: f64, "avx2,fma", __m256d of 4,
    dots 6 x 2, narrow 4 x 2, combinations 6 x 2,
    of bytes: dots 2 x 4, narrow 2 x 4, combinations 12 x 1,
    vectors as u32, 4 lists by note_rows,
    zero: _mm256_setzero_pd, splat: _mm256_set1_pd, load: _mm256_loadu_pd, store: _mm256_storeu_pd,
    mul: _mm256_mul_pd, fma: _mm256_fmadd_pd,
    bytes: |from| _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_loadu_si32(from.cast()))),
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let halves = _mm256_add_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            _mm_add_pd(_mm256_castpd256_pd128(halves), _mm256_extractf128_pd::<1>(halves))
        };
        _mm256_set_m128d(sums_of_2(c, d), sums_of_2(a, b))
    },
    four: __m256d, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_mul_pd, _mm256_add_pd, super::transposed_pd,
    load_part: |from, len| _mm256_maskload_pd(from, super::first_of_4(len)),
    store_part: |to, len, part| _mm256_maskstore_pd(to, super::first_of_4(len), part)
}

/// A mask of the first `len` of eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn first_of_8(len: usize) -> __m256i {
    _mm256_cmpgt_epi32(
        _mm256_set1_epi32(len as i32),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
    )
}

/// A mask of the first `len` of four lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn first_of_4(len: usize) -> __m256i {
    _mm256_cmpgt_epi64(
        _mm256_set1_epi64x(len as i64),
        _mm256_setr_epi64x(0, 1, 2, 3),
    )
}

/// The transpose of four by four numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed_ps([a, b, c, d]: [__m128; 4]) -> [__m128; 4] {
    let (ab, ab_behind) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
    let (cd, cd_behind) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    [
        _mm_movelh_ps(ab, cd),
        _mm_movehl_ps(cd, ab),
        _mm_movelh_ps(ab_behind, cd_behind),
        _mm_movehl_ps(cd_behind, ab_behind),
    ]
}

/// The same in double precision.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed_pd([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    let (ab, ab_behind) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (cd, cd_behind) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab, cd),
        _mm256_permute2f128_pd::<0x20>(ab_behind, cd_behind),
        _mm256_permute2f128_pd::<0x31>(ab, cd),
        _mm256_permute2f128_pd::<0x31>(ab_behind, cd_behind),
    ]
}
