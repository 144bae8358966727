//! Values that are put away, whole, where they would be dropped.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// What becomes of a value that is not dropped.
pub(crate) trait PutAway {
    /// Takes the value in, for another use.
    fn put_away(self);
}

/// A value that is put away where it would be dropped.
///
/// `Drop` lends what is to be dropped, and a list that keeps it needs to own it. An `Option` to take it from would do,
/// but costs a look at each use, and the room for its `None` wherever the value is itself optional.
#[derive(Clone, Debug)]
pub(crate) struct Recycled<T: PutAway>(ManuallyDrop<T>);

impl<T: PutAway> Recycled<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Recycled(ManuallyDrop::new(value))
    }
}

impl<T: PutAway> Deref for Recycled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: PutAway> DerefMut for Recycled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: PutAway> Drop for Recycled<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the value is taken nowhere else, and nothing sees this again after its drop.
        let value = unsafe { ManuallyDrop::take(&mut self.0) };
        value.put_away();
    }
}

#[cfg(test)]
mod tests {
    use super::{PutAway, Recycled};
    use std::cell::RefCell;

    /// A text, and the list that it is put away in.
    struct Noted<'a>(String, &'a RefCell<Vec<String>>);

    impl PutAway for Noted<'_> {
        fn put_away(self) {
            self.1.borrow_mut().push(self.0);
        }
    }

    #[test]
    fn a_value_is_put_away_once_and_whole() {
        let list = RefCell::default();
        let mut first = Recycled::new(Noted(String::from("first"), &list));
        let second = Some(Recycled::new(Noted(String::from("second"), &list)));
        first.0.0.push_str(" of all");
        assert!(list.borrow().is_empty());
        drop(second);
        drop(first);
        assert_eq!(*list.borrow(), ["second", "first of all"]);
    }

    #[test]
    fn an_optional_value_takes_no_more_room() {
        struct Boxed(#[expect(dead_code, reason = "only its size matters")] Box<u8>);
        impl PutAway for Boxed {
            fn put_away(self) {}
        }
        assert_eq!(size_of::<Option<Recycled<Boxed>>>(), size_of::<Box<u8>>());
    }
}
