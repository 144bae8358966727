//! A wrapper that returns its value to a pool instead of dropping it.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// A value that can be reused.
pub(crate) trait Recycle {
    /// Returns the value to its pool.
    fn recycle(self);
}

/// A value that is recycled instead of dropped.
///
/// `Drop::drop` borrows the value, and a pool must own it. An `Option` to take it from would cost a test at each access
/// and the niche by which an optional value is no larger.
#[derive(Clone, Debug)]
pub(crate) struct Recycled<T: Recycle>(ManuallyDrop<T>);

impl<T: Recycle> Recycled<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Recycled(ManuallyDrop::new(value))
    }
}

impl<T: Recycle> Deref for Recycled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Recycle> DerefMut for Recycled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Recycle> Drop for Recycled<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: only `drop` takes the value, once, and nothing reads it afterwards.
        let value = unsafe { ManuallyDrop::take(&mut self.0) };
        value.recycle();
    }
}

#[cfg(test)]
mod tests {
    use super::{Recycle, Recycled};
    use std::cell::RefCell;

    /// A text, and the pool that it returns to.
    struct Noted<'a>(String, &'a RefCell<Vec<String>>);

    impl Recycle for Noted<'_> {
        fn recycle(self) {
            self.1.borrow_mut().push(self.0);
        }
    }

    #[test]
    fn a_value_is_recycled_once() {
        let pool = RefCell::default();
        let mut first = Recycled::new(Noted(String::from("first"), &pool));
        let second = Some(Recycled::new(Noted(String::from("second"), &pool)));
        first.0.0.push_str(" of all");
        assert!(pool.borrow().is_empty());
        drop(second);
        drop(first);
        assert_eq!(*pool.borrow(), ["second", "first of all"]);
    }

    #[test]
    fn an_optional_value_is_no_larger() {
        struct Boxed(#[expect(dead_code, reason = "only its size matters")] Box<u8>);
        impl Recycle for Boxed {
            fn recycle(self) {}
        }
        assert_eq!(size_of::<Option<Recycled<Boxed>>>(), size_of::<Box<u8>>());
    }
}
