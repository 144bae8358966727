//! A list of the places in a matrix where there is something.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::iter::StepBy;
use std::mem::MaybeUninit;
use std::ops::Range;

/// At most so many small numbers. To make one takes no time, however much room it has.
pub(super) struct List<const ROOM: usize> {
    places: [MaybeUninit<u16>; ROOM],
    len: usize,
}

impl<const ROOM: usize> List<ROOM> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        List {
            places: [MaybeUninit::uninit(); ROOM],
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
    pub(super) fn places(&self) -> &[u16] {
        let places = &self.places[..self.len];
        // SAFETY: the first `len` places were written, and lie in memory as numbers do.
        unsafe { std::slice::from_raw_parts(places.as_ptr().cast(), places.len()) }
    }

    /// Notes a place.
    ///
    /// # Panics
    ///
    /// If there is no room for it.
    #[inline]
    pub(super) fn push(&mut self, place: usize) {
        self.places[self.len].write(small(place));
        self.len += 1;
    }

    /// Notes another place in place of one.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[inline]
    pub(super) fn set(&mut self, number: usize, place: usize) {
        self.places[..self.len][number].write(small(place));
    }

    /// Notes those of some places that are wanted, without branches: they would be foretold badly.
    ///
    /// # Panics
    ///
    /// If there is not room for all.
    #[inline(always)]
    pub(super) fn note(&mut self, places: StepBy<Range<usize>>, is_wanted: impl Fn(usize) -> bool) {
        let room = &mut self.places[self.len..];
        assert!(places.len() <= room.len());
        let mut noted = 0;
        for place in places {
            // SAFETY: no more were noted than there were places before this one, and there is room for all.
            unsafe { room.get_unchecked_mut(noted) }.write(small(place));
            noted += usize::from(is_wanted(place));
        }
        self.len += noted;
    }
}

/// So many rows are noted at a time, at most, for which a list must have room beside that for all.
pub(super) const NOTED_AT_A_TIME: usize = 16;

/// Notes the rows of bytes in which a vector is not all zeros, in a list for each of some vectors of `LANES` bytes that lie
/// side by side.
///
/// # Panics
///
/// If a list has not room for all rows.
///
/// # Safety
///
/// So many vectors can be read there, and in each of so many rows, which are `step` bytes apart.
pub(super) unsafe fn note_rows<const LANES: usize, const ROOM: usize>(
    lists: &mut [List<ROOM>],
    from: *const u8,
    step: usize,
    rows: usize,
) {
    for (v, list) in lists.iter_mut().enumerate() {
        list.note((0..rows).step_by(1), |row| {
            // SAFETY: the row has this vector, by the caller's word, and any bytes are an array of them.
            let vector = unsafe {
                from.add(row * step + v * LANES)
                    .cast::<[u8; LANES]>()
                    .read()
            };
            vector != [0; LANES]
        });
    }
}

/// The same in AVX-512, by which vectors that are 64 bytes together are looked at together.
///
/// # Panics
///
/// If a list has not room for all rows, and as many as are noted at a time.
///
/// # Safety
///
/// As for [`note_rows`].
#[target_feature(enable = "avx512f,avx2")]
pub(super) unsafe fn note_rows_of_lines<const LANES: usize, const ROOM: usize>(
    lists: &mut [List<ROOM>],
    from: *const u8,
    step: usize,
    rows: usize,
) {
    // Miri does not know the instruction that compresses.
    if cfg!(miri) || lists.len() * LANES != 64 {
        // SAFETY: by the caller's word.
        return unsafe { note_rows::<LANES, ROOM>(lists, from, step, rows) };
    }
    let has_room = |list: &List<ROOM>| rows + NOTED_AT_A_TIME <= ROOM - list.len;
    assert!(lists.iter().all(has_room));
    let numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for begin in (0..rows).step_by(NOTED_AT_A_TIME) {
        // A bit for each four bytes of a row that are not all zeros.
        let mut words = [0_u16; NOTED_AT_A_TIME];
        for (row, word) in (begin..rows).zip(&mut words) {
            // SAFETY: the vectors of the row are 64 bytes.
            let bytes = unsafe { _mm512_loadu_si512(from.add(row * step).cast()) };
            *word = _mm512_test_epi32_mask(bytes, bytes);
        }
        // SAFETY: the words are 32 bytes.
        let words = unsafe { _mm256_loadu_si256(words.as_ptr().cast()) };
        let words = _mm512_cvtepu16_epi32(words);
        let places = _mm512_add_epi32(numbers, _mm512_set1_epi32(begin as i32));
        for (v, list) in lists.iter_mut().enumerate() {
            let of_vector = ((1 << (LANES / 4)) - 1) << (v * LANES / 4);
            let wanted = _mm512_test_epi32_mask(words, _mm512_set1_epi32(of_vector));
            let places = _mm512_maskz_compress_epi32(wanted, places);
            // SAFETY: no more were noted than there were rows before these, and there is room for all that are noted at a
            // time, of which those that are not wanted are written over.
            unsafe {
                let to = list.places.as_mut_ptr().add(list.len);
                _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(places));
            }
            list.len += wanted.count_ones() as usize;
        }
    }
}

/// A place as it is noted.
#[inline(always)]
fn small(place: usize) -> u16 {
    debug_assert!(place <= u16::MAX.into());
    place as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_places_are_noted_in_order() {
        let mut list = List::<8>::new();
        list.push(7);
        list.note((0..20).step_by(4), |place| place % 8 == 0);
        assert_eq!(list.places(), [7, 0, 8, 16]);
        list.note((1..4).step_by(1), |_| true);
        list.set(0, 9);
        assert_eq!(
            (list.places(), list.len()),
            (&[9, 0, 8, 16, 1, 2, 3][..], 7)
        );
        list.note((0..1).step_by(1), |_| false);
        list.clear();
        assert!(list.places().is_empty());
    }

    fn rows_are_noted<const LANES: usize>() {
        // One row in three has a vector that is not all zeros, and in each it is another byte of them that is not.
        let (step, vectors) = (64 + 7, 64 / LANES);
        for rows in [0, 1, 15, 16, 17, 40] {
            let mut bytes = vec![0; step * rows.max(1)];
            let is_wanted = |row: usize, v: usize| (row + v).is_multiple_of(3);
            for (row, v) in (0..rows).flat_map(|row| (0..vectors).map(move |v| (row, v))) {
                if is_wanted(row, v) {
                    bytes[row * step + v * LANES + row % LANES] = 1;
                }
            }
            for count in [1, vectors - 1, vectors] {
                let mut kinds = vec![note_rows::<LANES, 57> as unsafe fn(&mut [_], _, _, _)];
                if super::super::has_avx512() {
                    kinds.push(note_rows_of_lines::<LANES, 57>);
                }
                for note in kinds {
                    let mut lists: Vec<List<57>> = (0..count).map(|_| List::new()).collect();
                    lists.iter_mut().for_each(|list| list.push(9));
                    // SAFETY: there are so many rows of 64 bytes, and the processor has what is used.
                    unsafe { note(&mut lists, bytes.as_ptr(), step, rows) };
                    for (v, list) in lists.iter().enumerate() {
                        let wanted = (0..rows).filter(|&row| is_wanted(row, v));
                        let expected: Vec<_> = [9].into_iter().chain(wanted).map(small).collect();
                        assert_eq!(list.places(), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn rows_with_something_in_them_are_noted() {
        rows_are_noted::<4>();
        rows_are_noted::<8>();
        rows_are_noted::<16>();
    }

    #[test]
    #[should_panic(expected = "places.len() <= room.len()")]
    fn more_places_than_there_is_room_for_are_refused() {
        List::<2>::new().note((0..3).step_by(1), |_| false);
    }
}
