//! Appending to a list what is made where it will lie.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// The place after the last element of a list, for the next one.
///
/// `Vec::push` is handed an element that was made elsewhere, and copies it in larger pieces than it was just written in,
/// which the processor has to wait for. Found first, and filled then, the place is where the element is made.
pub(super) struct Place<'a, T>(&'a mut Vec<T>);

impl<'a, T> Place<'a, T> {
    /// The place for the next element of a list, for which memory is asked if there is none.
    #[inline(always)]
    pub(super) fn after(list: &'a mut Vec<T>) -> Self {
        if list.len() == list.capacity() {
            grow(list);
        }
        Place(list)
    }

    /// Makes this the last element of the list.
    #[inline(always)]
    pub(super) fn fill(self, element: T) {
        let Place(list) = self;
        let len = list.len();
        let place: *mut MaybeUninit<T> = list.spare_capacity_mut().as_mut_ptr();
        // SAFETY: the list has room for more than `len` elements, since a `Place` is only made after it was seen to,
        // and holds it alone since. So the element lies inside, and is the one after those that were there.
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
