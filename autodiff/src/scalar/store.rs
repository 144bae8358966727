//! A vector that grows behind a shared reference: what a tape writes its recording into.
//!
//! This is the one module of the scalar tape with `unsafe` code. It rests on four invariants:
//!
//! 1. `start` points to an allocation of `capacity` items made by a `Vec<N>`, or dangles where `capacity` is 0.
//! 2. The first `len ≤ capacity` items are initialised, and are never written again before a truncation.
//! 3. The allocation moves only in `grow`, which refuses while a [`Reading`] lives.
//! 4. `len` shrinks only through `&mut self`, so never while a [`Reading`] lives.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

/// A vector to which items are appended behind a shared reference.
pub(super) struct Store<N: Copy> {
    start: Cell<NonNull<N>>,
    len: Cell<u32>,
    capacity: Cell<u32>,
    /// The largest length allowed.
    limit: u32,
    /// How many [`Reading`]s live.
    readings: Cell<u32>,
}

// SAFETY: the store owns its items, as a `Vec` does; it is not `Sync`, so nobody else appends meanwhile.
unsafe impl<N: Copy + Send> Send for Store<N> {}

impl<N: Copy> Store<N> {
    /// An empty store that takes up to `limit` items.
    pub(super) fn new(limit: u32) -> Self {
        Store {
            start: Cell::new(NonNull::dangling()),
            len: Cell::new(0),
            capacity: Cell::new(0),
            limit,
            readings: Cell::new(0),
        }
    }

    /// The number of items.
    #[inline(always)]
    pub(super) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Appends `item` and returns its position.
    ///
    /// # Panics
    ///
    /// If the store is full.
    #[inline(always)]
    #[track_caller]
    pub(super) fn push(&self, item: N) -> u32 {
        let len = self.len.get();
        if len == self.capacity.get() {
            self.grow(1);
        }
        // SAFETY: `len < capacity`, at first or after growing, so the place lies inside the allocation (invariant 1).
        // It lies beyond the initialised items, of which alone a `Reading` is made (invariant 2).
        unsafe { self.start.get().add(len as usize).write(item) };
        self.len.set(len + 1);
        len
    }

    /// Makes sure that `count` more items can be appended without moving the others.
    #[inline]
    #[track_caller]
    pub(super) fn reserve(&self, count: usize) {
        if ((self.capacity.get() - self.len.get()) as usize) < count {
            self.grow(count);
        }
    }

    /// Makes room for `count` more items.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn grow(&self, count: usize) {
        let len = self.len.get();
        let wanted = len as usize + count;
        assert!(
            wanted <= self.limit as usize,
            "the tape is full: it can hold {} nodes",
            self.limit
        );
        assert!(
            self.readings.get() == 0,
            "recorded on a tape while its nodes were being read"
        );
        let doubled = (2 * self.capacity.get() as usize).max(64);
        let capacity = wanted.max(doubled).min(self.limit as usize);
        // SAFETY: invariants 1 and 2 are what `from_raw_parts` asks for; nobody reads the items (checked above).
        // `ManuallyDrop` keeps the allocation ours.
        let mut items = ManuallyDrop::new(unsafe {
            Vec::from_raw_parts(
                self.start.get().as_ptr(),
                len as usize,
                self.capacity.get() as usize,
            )
        });
        items.reserve_exact(capacity - len as usize);
        self.start.set(NonNull::from(items.as_mut_slice()).cast());
        self.capacity
            .set(u32::try_from(items.capacity()).unwrap_or(u32::MAX));
    }

    /// The item at `position`, if there is one.
    #[inline]
    pub(super) fn get(&self, position: u32) -> Option<N> {
        // SAFETY: the item is initialised (invariant 2) and copied out before anything else can happen.
        (position < self.len.get())
            .then(|| unsafe { self.start.get().add(position as usize).read() })
    }

    /// The items recorded so far.
    #[inline]
    pub(super) fn read(&self) -> Reading<'_, N> {
        self.readings.set(self.readings.get() + 1);
        Reading {
            // SAFETY: the items are initialised and stay as they are while the `Reading` lives (invariants 2 to 4).
            items: unsafe {
                std::slice::from_raw_parts(self.start.get().as_ptr(), self.len.get() as usize)
            },
            readings: &self.readings,
        }
    }

    /// Forgets the items from `len` on; the memory is kept.
    pub(super) fn truncate(&mut self, len: u32) {
        self.len.set(len.min(self.len.get()));
    }

    /// The bytes that the items take.
    pub(super) fn bytes(&self) -> usize {
        self.len.get() as usize * size_of::<N>()
    }
}

impl<N: Copy> Drop for Store<N> {
    fn drop(&mut self) {
        // SAFETY: invariants 1 and 2; the store is not used again.
        drop(unsafe {
            Vec::from_raw_parts(
                self.start.get().as_ptr(),
                self.len.get() as usize,
                self.capacity.get() as usize,
            )
        });
    }
}

/// The items of a store, which does not move them while this lives.
pub(super) struct Reading<'a, N> {
    items: &'a [N],
    readings: &'a Cell<u32>,
}

impl<N> Deref for Reading<'_, N> {
    type Target = [N];

    #[inline(always)]
    fn deref(&self) -> &[N] {
        self.items
    }
}

impl<N> Drop for Reading<'_, N> {
    fn drop(&mut self) {
        self.readings.set(self.readings.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn items_come_back_across_growth_and_truncation() {
        let mut store = Store::new(1000);
        for i in 0..300_u64 {
            assert_eq!(u64::from(store.push(i)), i);
        }
        assert_eq!(*store.read(), (0..300).collect::<Vec<_>>());
        store.truncate(10);
        (100..105).for_each(|i| {
            store.push(i);
        });
        assert_eq!(store.len(), 15);
        assert_eq!(
            (store.get(9), store.get(14), store.get(15)),
            (Some(9), Some(104), None)
        );
        assert_eq!(store.bytes(), 15 * 8);
    }

    #[test]
    fn appending_beside_a_reading_is_sound() {
        let store = Store::new(1000);
        store.reserve(10);
        store.push(1);
        let reading = store.read();
        store.push(2);
        assert_eq!(*reading, [1]);
        assert_eq!(*store.read(), [1, 2]);
    }

    #[test]
    #[should_panic(expected = "while its nodes were being read")]
    fn growing_beside_a_reading_is_refused() {
        let store = Store::new(1000);
        let _reading = store.read();
        store.push(1);
    }

    #[test]
    #[should_panic(expected = "the tape is full: it can hold 3 nodes")]
    fn the_limit_is_kept() {
        let store = Store::new(3);
        (0..4).for_each(|i| {
            store.push(i);
        });
    }

    #[test]
    fn a_store_can_be_sent_away() {
        let store = Store::new(10);
        store.push(5);
        let length = std::thread::spawn(move || store.len()).join().unwrap();
        assert_eq!(length, 1);
    }
}
