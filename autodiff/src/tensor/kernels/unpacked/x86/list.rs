//! A list of the places in a matrix where there is something.
#![allow(unsafe_code)]

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

    #[test]
    #[should_panic(expected = "places.len() <= room.len()")]
    fn more_places_than_there_is_room_for_are_refused() {
        List::<2>::new().note((0..3).step_by(1), |_| false);
    }
}
