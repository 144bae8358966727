//! The kernels in the instructions of x86: the loops once, and below them what each instruction set puts into them.
//!
//! The unchecked loads and stores rest on two things: a [`Matrix`](super::Matrix) holds rows × columns elements, whichever way
//! it is read, and `product` checks the extents of the result.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

/// Whether the processor has what the kernels for AVX-512 use.
pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && has_avx2()
}

/// Whether the processor has what the kernels for AVX2 use.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The kernels for one precision and one instruction set: the size of their blocks, and the instructions.
///
/// A block of the result is kept in registers: of dots, so many rows × columns; of combinations, so many rows × vectors.
macro_rules! kernels {
    (
        $module:ident: $T:ty, $features:literal, $Vector:ident of $lanes:literal,
        dots 4 x $dot_columns:literal, combinations $rows:literal x $vectors:literal,
        zero: $zero:ident, splat: $splat:ident, load: $load:ident, store: $store:ident, mul: $mul:ident, fma: $fma:ident,
        sums_of_4: |$a:ident, $b:ident, $c:ident, $d:ident| $sums:expr,
        load_part: |$from:ident, $from_len:ident| $load_part:expr,
        store_part: |$to:ident, $to_len:ident, $part:ident| $store_part:expr
    ) => {
        pub(super) mod $module {
            use super::super::{Kind, Matrix, Write};
            use std::arch::x86_64::*;
            use std::array::from_fn;

            const LANES: usize = $lanes;

            #[target_feature(enable = $features)]
            pub(in super::super) fn product(
                kind: Kind,
                scale: $T,
                a: Matrix<'_, $T>,
                b: Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) {
                assert_eq!(out.len(), a.rows() * b.columns());
                assert_eq!(a.columns(), b.rows());
                match kind {
                    Kind::Dots => dots(scale, a, b, out, write),
                    Kind::Combinations => combinations(scale, a, b, out, write),
                }
            }

            /// A vector of the first `len` elements behind the pointer, and zeros.
            ///
            /// # Safety
            ///
            /// So many elements can be read there, at most as many as a vector has.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load_part($from: *const $T, $from_len: usize) -> $Vector {
                debug_assert!($from_len <= LANES);
                // SAFETY: the caller vouches for the elements, and the others are masked.
                unsafe { $load_part }
            }

            /// Writes the first `len` elements of a vector.
            ///
            /// # Safety
            ///
            /// So many elements can be written there, at most as many as a vector has.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn store_part($to: *mut $T, $to_len: usize, $part: $Vector) {
                debug_assert!($to_len <= LANES);
                // SAFETY: the caller vouches for the elements, and the others are masked.
                unsafe { $store_part }
            }

            /// The sums of the elements of each of four vectors.
            #[inline]
            #[target_feature(enable = $features)]
            fn sums_of_4([$a, $b, $c, $d]: [$Vector; 4]) -> [$T; 4] {
                $sums
            }

            /// Rows of `a` times columns of `b`, both contiguous.
            #[target_feature(enable = $features)]
            fn dots(scale: $T, a: Matrix<'_, $T>, b: Matrix<'_, $T>, out: &mut [$T], write: Write) {
                const M: usize = 4;
                const N: usize = $dot_columns;
                let (rows, columns, inner) = (a.rows(), b.columns(), a.columns());
                // Few columns of b at a time, so that they stay in the nearest cache while the rows of a go by.
                let mut j = 0;
                while j < columns {
                    let n = if columns - j < N { 1 } else { N };
                    let mut i = 0;
                    while i < rows {
                        let m = if rows - i < M { 1 } else { M };
                        let a = &a.data()[i * inner..(i + m) * inner];
                        let b = &b.data()[j * inner..(j + n) * inner];
                        let out = &mut out[i * columns + j..];
                        match (m == M, n == N) {
                            (true, true) => dot_block::<M, N>(scale, a, b, out, columns, write),
                            (true, false) => dot_block::<M, 1>(scale, a, b, out, columns, write),
                            (false, true) => dot_block::<1, N>(scale, a, b, out, columns, write),
                            (false, false) => dot_block::<1, 1>(scale, a, b, out, columns, write),
                        }
                        i += m;
                    }
                    j += n;
                }
            }

            /// The products of M runs in `a` and N runs in `b`; the results of a run in `a` are a row of `out`, and
            /// `columns` apart from the next.
            #[inline]
            #[target_feature(enable = $features)]
            fn dot_block<const M: usize, const N: usize>(
                scale: $T,
                a: &[$T],
                b: &[$T],
                out: &mut [$T],
                columns: usize,
                write: Write,
            ) {
                let inner = a.len() / M;
                assert_eq!((a.len(), b.len()), (M * inner, N * inner));
                let mut sums = [[$zero(); N]; M];
                let whole = inner / LANES * LANES;
                for k in (0..whole).step_by(LANES) {
                    let x: [$Vector; M] = from_fn(|i| {
                        // SAFETY: a has M runs of `inner` elements, and b has N; k + LANES ≤ whole ≤ inner.
                        unsafe { $load(a.as_ptr().add(i * inner + k)) }
                    });
                    for j in 0..N {
                        // SAFETY: as above.
                        let y = unsafe { $load(b.as_ptr().add(j * inner + k)) };
                        for i in 0..M {
                            sums[i][j] = $fma(x[i], y, sums[i][j]);
                        }
                    }
                }
                if whole < inner {
                    let rest = inner - whole;
                    let x: [$Vector; M] = from_fn(|i| {
                        // SAFETY: `rest` elements of each run are left, fewer than a vector has.
                        unsafe { load_part(a.as_ptr().add(i * inner + whole), rest) }
                    });
                    for j in 0..N {
                        // SAFETY: as above.
                        let y = unsafe { load_part(b.as_ptr().add(j * inner + whole), rest) };
                        for i in 0..M {
                            sums[i][j] = $fma(x[i], y, sums[i][j]);
                        }
                    }
                }
                for j in 0..N {
                    // A block of one row has its sum formed as one of four, so that it is added up in the same order.
                    let products = sums_of_4(from_fn(|i| sums[i.min(M - 1)][j]));
                    for i in 0..M {
                        let out = &mut out[i * columns + j];
                        let product = scale * products[i];
                        *out = if write == Write::Add {
                            *out + product
                        } else {
                            product
                        };
                    }
                }
            }

            /// Combinations of the rows of `b`, which are contiguous.
            #[target_feature(enable = $features)]
            fn combinations(
                scale: $T,
                a: Matrix<'_, $T>,
                b: Matrix<'_, $T>,
                out: &mut [$T],
                write: Write,
            ) {
                const M: usize = $rows;
                const C: usize = $vectors;
                let (rows, columns) = (a.rows(), b.columns());
                let mut j = 0;
                while j < columns {
                    let width = match columns - j {
                        left if left >= C * LANES => C * LANES,
                        left => left.min(LANES),
                    };
                    let mut i = 0;
                    while i < rows {
                        let m = if rows - i < M { 1 } else { M };
                        let at = (i, j);
                        // SAFETY: rows i to i + m and columns j to j + width are inside the result, and `width` is C
                        // vectors, or one, or a part of one.
                        unsafe {
                            match (m == M, width) {
                                (true, LANES) => {
                                    block::<M, 1, false>(scale, &a, &b, out, at, width, write)
                                }
                                (false, LANES) => {
                                    block::<1, 1, false>(scale, &a, &b, out, at, width, write)
                                }
                                (true, ..LANES) => {
                                    block::<M, 1, true>(scale, &a, &b, out, at, width, write)
                                }
                                (false, ..LANES) => {
                                    block::<1, 1, true>(scale, &a, &b, out, at, width, write)
                                }
                                (true, _) => {
                                    block::<M, C, false>(scale, &a, &b, out, at, width, write)
                                }
                                (false, _) => {
                                    block::<1, C, false>(scale, &a, &b, out, at, width, write)
                                }
                            }
                        }
                        i += m;
                    }
                    j += width;
                }
            }

            /// The block of M rows and C vectors at (i, j); if it is a `PART`, of `width` elements of one vector.
            ///
            /// # Safety
            ///
            /// It lies inside the result.
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn block<const M: usize, const C: usize, const PART: bool>(
                scale: $T,
                a: &Matrix<'_, $T>,
                b: &Matrix<'_, $T>,
                out: &mut [$T],
                (i, j): (usize, usize),
                width: usize,
                write: Write,
            ) {
                let columns = b.columns();
                let mut sums = [[$zero(); C]; M];
                for k in 0..a.columns() {
                    // SAFETY: row k of b has elements j to j + width, by the caller's word.
                    let row: [$Vector; C] = from_fn(|c| unsafe {
                        let from = b.data().as_ptr().add(k * columns + j + c * LANES);
                        if PART {
                            load_part(from, width)
                        } else {
                            $load(from)
                        }
                    });
                    for m in 0..M {
                        // SAFETY: the matrix has rows up to i + M, by the caller's word, and column k.
                        let factor = $splat(unsafe { a.get_unchecked(i + m, k) });
                        for c in 0..C {
                            sums[m][c] = $fma(factor, row[c], sums[m][c]);
                        }
                    }
                }
                let scale = $splat(scale);
                for m in 0..M {
                    for c in 0..C {
                        // SAFETY: row i + m of the result has elements j to j + width, by the caller's word.
                        unsafe {
                            let to = out.as_mut_ptr().add((i + m) * columns + j + c * LANES);
                            let sum = match write {
                                Write::Set => $mul(scale, sums[m][c]),
                                Write::Add => {
                                    let before = if PART {
                                        load_part(to, width)
                                    } else {
                                        $load(to)
                                    };
                                    $fma(scale, sums[m][c], before)
                                }
                            };
                            if PART {
                                store_part(to, width, sum)
                            } else {
                                $store(to, sum)
                            }
                        }
                    }
                }
            }
        }
    };
}

kernels! {
    f32_avx512: f32, "avx512f,avx2,fma", __m512 of 16, dots 4 x 5, combinations 5 x 4,
    zero: _mm512_setzero_ps, splat: _mm512_set1_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    mul: _mm512_mul_ps, fma: _mm512_fmadd_ps,
    sums_of_4: |a, b, c, d| {
        // Within each quarter of the vectors, the sums of a, b, c and d; then the quarters.
        let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
        let (low, high) = (_mm512_unpacklo_pd(ab, cd), _mm512_unpackhi_pd(ab, cd));
        let quarters = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
        let other = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(quarters));
        let half = _mm256_add_ps(_mm512_castps512_ps256(quarters), _mm256_castpd_ps(other));
        super::four_f32(_mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps::<1>(half)))
    },
    load_part: |from, len| _mm512_maskz_loadu_ps(((1_u32 << len) - 1) as __mmask16, from),
    store_part: |to, len, part| _mm512_mask_storeu_ps(to, ((1_u32 << len) - 1) as __mmask16, part)
}

kernels! {
    f64_avx512: f64, "avx512f,avx2,fma", __m512d of 8, dots 4 x 5, combinations 5 x 4,
    zero: _mm512_setzero_pd, splat: _mm512_set1_pd, load: _mm512_loadu_pd, store: _mm512_storeu_pd,
    mul: _mm512_mul_pd, fma: _mm512_fmadd_pd,
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let quarters = _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            let half = _mm256_add_pd(_mm512_castpd512_pd256(quarters), _mm512_extractf64x4_pd::<1>(quarters));
            _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd::<1>(half))
        };
        super::four_f64(sums_of_2(a, b), sums_of_2(c, d))
    },
    load_part: |from, len| _mm512_maskz_loadu_pd(((1_u32 << len) - 1) as __mmask8, from),
    store_part: |to, len, part| _mm512_mask_storeu_pd(to, ((1_u32 << len) - 1) as __mmask8, part)
}

kernels! {
    f32_avx2: f32, "avx2,fma", __m256 of 8, dots 4 x 2, combinations 5 x 2,
    zero: _mm256_setzero_ps, splat: _mm256_set1_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    mul: _mm256_mul_ps, fma: _mm256_fmadd_ps,
    sums_of_4: |a, b, c, d| {
        let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
        let (low, high) = (_mm256_unpacklo_pd(ab, cd), _mm256_unpackhi_pd(ab, cd));
        let halves = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
        super::four_f32(_mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves)))
    },
    load_part: |from, len| _mm256_maskload_ps(from, super::first_of_8(len)),
    store_part: |to, len, part| _mm256_maskstore_ps(to, super::first_of_8(len), part)
}

kernels! {
    f64_avx2: f64, "avx2,fma", __m256d of 4, dots 4 x 2, combinations 5 x 2,
    zero: _mm256_setzero_pd, splat: _mm256_set1_pd, load: _mm256_loadu_pd, store: _mm256_storeu_pd,
    mul: _mm256_mul_pd, fma: _mm256_fmadd_pd,
    sums_of_4: |a, b, c, d| {
        let sums_of_2 = |a, b| {
            let halves = _mm256_add_pd(_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            _mm_add_pd(_mm256_castpd256_pd128(halves), _mm256_extractf128_pd::<1>(halves))
        };
        super::four_f64(sums_of_2(a, b), sums_of_2(c, d))
    },
    load_part: |from, len| _mm256_maskload_pd(from, super::first_of_4(len)),
    store_part: |to, len, part| _mm256_maskstore_pd(to, super::first_of_4(len), part)
}

#[inline]
#[target_feature(enable = "avx2")]
fn four_f32(vector: __m128) -> [f32; 4] {
    let mut elements = [0.0; 4];
    // SAFETY: the array has the four elements that are written.
    unsafe { _mm_storeu_ps(elements.as_mut_ptr(), vector) };
    elements
}

#[inline]
#[target_feature(enable = "avx2")]
fn four_f64(first: __m128d, second: __m128d) -> [f64; 4] {
    let mut elements = [0.0; 4];
    // SAFETY: the array has the four elements that are written, two and two.
    unsafe {
        _mm_storeu_pd(elements.as_mut_ptr(), first);
        _mm_storeu_pd(elements.as_mut_ptr().add(2), second);
    }
    elements
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
