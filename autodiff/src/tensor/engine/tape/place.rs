//! Appending to a list an element that is constructed in place.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// The memory after the last element of a list, for the next element.
///
/// `Vec::push` copies an element that was constructed elsewhere, with wider loads than the stores that wrote it: a
/// store-forwarding stall. If the place is found first, the element is constructed there.
pub(super) struct Place<'a, T>(&'a mut Vec<T>);

impl<'a, T> Place<'a, T> {
    /// The place for the next element of a list; grows the list if it is full.
    #[inline(always)]
    pub(super) fn after(list: &'a mut Vec<T>) -> Self {
        if list.len() == list.capacity() {
            grow(list);
        }
        Place(list)
    }

    /// Writes `element` to the place and appends it.
    #[inline(always)]
    pub(super) fn fill(self, element: T) {
        let Place(list) = self;
        let len = list.len();
        let place: *mut MaybeUninit<T> = list.spare_capacity_mut().as_mut_ptr();
        // SAFETY: `after` made room for an element at `len`, and `self` has borrowed the list mutably since, so that
        // `place` is inside the allocation. The elements before it are initialized, and `place` is by the write.
        unsafe {
            (*place).write(element);
            list.set_len(len + 1);
        }
    }
}

#[cold]
#[inline(never)]
fn grow<T>(list: &mut Vec<T>) {
    list.reserve(1);
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::rc::Rc;

    #[test]
    fn elements_are_appended_in_order_and_dropped_once() {
        let one = Rc::new(());
        let mut list = Vec::new();
        for number in 0..100 {
            Place::after(&mut list).fill((number, Rc::clone(&one)));
        }
        assert!(list.iter().map(|(number, _)| *number).eq(0..100));
        assert_eq!(Rc::strong_count(&one), 101);
        drop(list);
        assert_eq!(Rc::strong_count(&one), 1);
    }

    #[test]
    fn a_place_that_is_not_filled_changes_nothing() {
        let mut list = vec![String::from("a")];
        let Place(_) = Place::after(&mut list);
        assert_eq!(list, ["a"]);
    }
}
