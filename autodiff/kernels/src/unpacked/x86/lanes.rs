//! Masks and transposes that several instruction sets share.

use std::arch::x86_64::*;

/// A mask of the first `len` of eight lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn first_of_8(len: usize) -> __m256i {
    _mm256_cmpgt_epi32(
        _mm256_set1_epi32(len as i32),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
    )
}

/// A mask of the first `len` of four lanes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn first_of_4(len: usize) -> __m256i {
    _mm256_cmpgt_epi64(
        _mm256_set1_epi64x(len as i64),
        _mm256_setr_epi64x(0, 1, 2, 3),
    )
}

/// The transpose of four by four numbers in single precision.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn transpose4_ps([a, b, c, d]: [__m128; 4]) -> [__m128; 4] {
    let (ab_low, ab_high) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
    let (cd_low, cd_high) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    [
        _mm_movelh_ps(ab_low, cd_low),
        _mm_movehl_ps(cd_low, ab_low),
        _mm_movelh_ps(ab_high, cd_high),
        _mm_movehl_ps(cd_high, ab_high),
    ]
}

/// The transpose of four by four numbers in double precision.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn transpose4_pd([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
        _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
        _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
        _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
    ]
}
