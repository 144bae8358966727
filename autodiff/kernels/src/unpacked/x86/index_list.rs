//! Lists of the indices at which a matrix of bytes is nonzero.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::iter::StepBy;
use std::mem::MaybeUninit;
use std::ops::Range;

/// At most `CAPACITY` indices below 2¹⁶. Creating an empty list costs nothing, whatever its capacity.
pub(super) struct IndexList<const CAPACITY: usize> {
    indices: [MaybeUninit<u16>; CAPACITY],
    len: usize,
}

impl<const CAPACITY: usize> IndexList<CAPACITY> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        IndexList {
            indices: [MaybeUninit::uninit(); CAPACITY],
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline(always)]
    pub(super) fn as_slice(&self) -> &[u16] {
        let indices = &self.indices[..self.len];
        // SAFETY: the first `len` indices were written, and a `MaybeUninit<T>` has the layout of `T`.
        unsafe { std::slice::from_raw_parts(indices.as_ptr().cast(), indices.len()) }
    }

    /// Appends an index.
    ///
    /// # Panics
    ///
    /// If the list is full.
    #[inline]
    pub(super) fn push(&mut self, index: usize) {
        self.indices[self.len].write(as_u16(index));
        self.len += 1;
    }

    /// Replaces the entry at `position`.
    ///
    /// # Panics
    ///
    /// If there is no such entry.
    #[inline]
    pub(super) fn set(&mut self, position: usize, index: usize) {
        self.indices[..self.len][position].write(as_u16(index));
    }

    /// Appends the indices that satisfy a condition, without branches, which would be mispredicted.
    ///
    /// # Panics
    ///
    /// If the list does not have room for all indices.
    #[inline(always)]
    pub(super) fn extend_if(
        &mut self,
        indices: StepBy<Range<usize>>,
        condition: impl Fn(usize) -> bool,
    ) {
        let room = &mut self.indices[self.len..];
        assert!(indices.len() <= room.len());
        let mut appended = 0;
        for index in indices {
            // SAFETY: at most one index was appended for each index before this one, and there is room for all.
            unsafe { room.get_unchecked_mut(appended) }.write(as_u16(index));
            appended += usize::from(condition(index));
        }
        self.len += appended;
    }
}

/// The capacity that [`nonzero_rows_avx512`] needs in addition to all rows: it stores this many indices at a time.
pub(super) const MARGIN: usize = 16;

/// Appends to each list the rows in which a vector of `LANES` bytes is nonzero. The vectors of the lists are adjacent.
///
/// # Panics
///
/// If a list does not have room for all rows.
///
/// # Safety
///
/// Each row has these vectors from `from` on, and the rows are `step` bytes apart.
pub(super) unsafe fn nonzero_rows<const LANES: usize, const CAPACITY: usize>(
    lists: &mut [IndexList<CAPACITY>],
    from: *const u8,
    step: usize,
    rows: usize,
) {
    for (v, list) in lists.iter_mut().enumerate() {
        list.extend_if((0..rows).step_by(1), |row| {
            // SAFETY: by the caller's contract, the row has this vector.
            let vector = unsafe {
                from.add(row * step + v * LANES)
                    .cast::<[u8; LANES]>()
                    .read()
            };
            vector != [0; LANES]
        });
    }
}

/// Like [`nonzero_rows`], in AVX-512, which compares 64 bytes of a row in one instruction.
///
/// # Panics
///
/// If a list does not have room for all rows and [`MARGIN`] more.
///
/// # Safety
///
/// As [`nonzero_rows`].
#[target_feature(enable = "avx512f,avx2")]
pub(super) unsafe fn nonzero_rows_avx512<const LANES: usize, const CAPACITY: usize>(
    lists: &mut [IndexList<CAPACITY>],
    from: *const u8,
    step: usize,
    rows: usize,
) {
    // Miri does not have the compressing instruction.
    if cfg!(miri) || lists.len() * LANES != 64 {
        // SAFETY: the caller's contract is the same.
        return unsafe { nonzero_rows::<LANES, CAPACITY>(lists, from, step, rows) };
    }
    let has_room = |list: &IndexList<CAPACITY>| rows + MARGIN <= CAPACITY - list.len;
    assert!(lists.iter().all(has_room));
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for begin in (0..rows).step_by(MARGIN) {
        // For each row, a bit for each group of four bytes that are not all zero.
        let mut words = [0_u16; MARGIN];
        for (row, word) in (begin..rows).zip(&mut words) {
            // SAFETY: the vectors of the row are 64 bytes.
            let bytes = unsafe { _mm512_loadu_si512(from.add(row * step).cast()) };
            *word = _mm512_test_epi32_mask(bytes, bytes);
        }
        // SAFETY: the words are 32 bytes.
        let words = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
        let words = _mm512_cvtepu16_epi32(words);
        let indices = _mm512_add_epi32(lanes, _mm512_set1_epi32(begin as i32));
        for (v, list) in lists.iter_mut().enumerate() {
            let of_vector = ((1 << (LANES / 4)) - 1) << (v * LANES / 4);
            let is_nonzero = _mm512_test_epi32_mask(words, _mm512_set1_epi32(of_vector));
            let indices = _mm512_maskz_compress_epi32(is_nonzero, indices);
            // SAFETY: at most one index was appended for each earlier row, so that there is room for `MARGIN` more.
            // Indices after the nonzero rows are overwritten.
            unsafe {
                let to = list.indices.as_mut_ptr().add(list.len);
                _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(indices));
            }
            list.len += is_nonzero.count_ones() as usize;
        }
    }
}

#[inline(always)]
fn as_u16(index: usize) -> u16 {
    debug_assert!(index <= u16::MAX.into());
    index as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_that_satisfy_the_condition_are_appended_in_order() {
        let mut list = IndexList::<8>::new();
        list.push(7);
        list.extend_if((0..20).step_by(4), |index| index % 8 == 0);
        assert_eq!(list.as_slice(), [7, 0, 8, 16]);
        list.extend_if((1..4).step_by(1), |_| true);
        list.set(0, 9);
        assert_eq!(
            (list.as_slice(), list.len()),
            (&[9, 0, 8, 16, 1, 2, 3][..], 7)
        );
        list.extend_if((0..1).step_by(1), |_| false);
        list.clear();
        assert!(list.as_slice().is_empty());
    }

    fn check_rows<const LANES: usize>() {
        // One row in three has a nonzero vector, each time at another byte.
        let (step, vectors) = (64 + 7, 64 / LANES);
        for rows in [0, 1, 15, 16, 17, 40] {
            let mut bytes = vec![0; step * rows.max(1)];
            let is_nonzero = |row: usize, v: usize| (row + v).is_multiple_of(3);
            for (row, v) in (0..rows).flat_map(|row| (0..vectors).map(move |v| (row, v))) {
                if is_nonzero(row, v) {
                    bytes[row * step + v * LANES + row % LANES] = 1;
                }
            }
            for count in [1, vectors - 1, vectors] {
                let mut functions = vec![nonzero_rows::<LANES, 57> as unsafe fn(&mut [_], _, _, _)];
                if pulp::x86::V4::is_available() {
                    functions.push(nonzero_rows_avx512::<LANES, 57>);
                }
                for nonzero_rows in functions {
                    let mut lists: Vec<IndexList<57>> =
                        (0..count).map(|_| IndexList::new()).collect();
                    lists.iter_mut().for_each(|list| list.push(9));
                    // SAFETY: each row has 64 bytes, and the processor has AVX-512 where the function uses it.
                    unsafe { nonzero_rows(&mut lists, bytes.as_ptr(), step, rows) };
                    for (v, list) in lists.iter().enumerate() {
                        let nonzero = (0..rows).filter(|&row| is_nonzero(row, v));
                        let expected: Vec<_> = [9].into_iter().chain(nonzero).map(as_u16).collect();
                        assert_eq!(list.as_slice(), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn nonzero_rows_are_listed() {
        check_rows::<4>();
        check_rows::<8>();
        check_rows::<16>();
    }

    #[test]
    #[should_panic(expected = "indices.len() <= room.len()")]
    fn more_indices_than_there_is_room_for_are_refused() {
        IndexList::<2>::new().extend_if((0..3).step_by(1), |_| false);
    }
}
