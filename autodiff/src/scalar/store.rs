//! `Store`: a vector that grows behind a shared reference. A tape stores its recording in it.
//!
//! The `unsafe` code relies on five invariants:
//!
//! 1. `start` points to an allocation of `capacity` items made by a `Vec` of items with the layout of `N`, or dangles if
//!    `capacity` is 0.
//! 2. The first `len ≤ capacity` items are initialised, and are never written again before a truncation.
//! 3. The allocation moves only in `grow`, which panics while a [`ReadGuard`] lives or the store is closed.
//! 4. `len` shrinks only through `&mut self`, so never while a [`ReadGuard`] lives.
//! 5. `room ≤ capacity`, and `room` is 0 while the store is closed: only the function that closed it appends.

#![allow(unsafe_code)]

pub(super) mod kept;
pub(super) mod memory;

use memory::Memory;
use std::cell::Cell;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

/// A vector to which items are appended through a shared reference.
pub(super) struct Store<N: Copy> {
    start: Cell<NonNull<N>>,
    len: Cell<u32>,
    /// While `len` is below this, an item is appended without any other check.
    room: Cell<u32>,
    capacity: Cell<u32>,
    /// The largest length allowed.
    limit: u32,
    /// The number of live [`ReadGuard`]s.
    guards: Cell<u32>,
    /// Whether [`extend`](Store::extend) is running.
    closed: Cell<bool>,
    /// Whether [`try_push`](Store::try_push) may append an item.
    has_fast_path: bool,
}

// SAFETY: the store owns its items, as a `Vec` does. It is not `Sync`, so no other thread has a reference to it.
unsafe impl<N: Copy + Send> Send for Store<N> {}

impl<N: Copy> Store<N> {
    /// Returns an empty store that holds at most `limit` items.
    #[cfg(test)]
    pub(super) fn new(limit: u32) -> Self {
        Store::in_memory(Vec::new(), limit)
    }

    /// Returns an empty store that holds at most `limit` items, in the memory of `items`.
    pub(super) fn in_memory(mut items: Vec<N>, limit: u32) -> Self {
        if items.capacity() > limit as usize {
            items = Vec::new();
        }
        items.clear();
        let mut items = ManuallyDrop::new(items);
        let capacity = u32::try_from(items.capacity()).unwrap_or(u32::MAX);
        Store {
            start: Cell::new(NonNull::new(items.as_mut_ptr()).unwrap_or(NonNull::dangling())),
            len: Cell::new(0),
            room: Cell::new(capacity),
            capacity: Cell::new(capacity),
            limit,
            guards: Cell::new(0),
            closed: Cell::new(false),
            has_fast_path: true,
        }
    }

    /// Returns the memory, and leaves the store without any.
    pub(super) fn take_memory(&mut self) -> Memory {
        // SAFETY: nothing refers to the allocation from here on; no `ReadGuard` borrows the store.
        let memory = Memory::of(unsafe { self.as_vec() });
        self.start.set(NonNull::dangling());
        self.len.set(0);
        self.room.set(0);
        self.capacity.set(0);
        memory
    }

    /// Makes every later [`try_push`](Store::try_push) fail, so that every append takes the slow (tracing) path.
    pub(super) fn disable_fast_path(&mut self) {
        self.has_fast_path = false;
        self.room.set(0);
    }

    /// The number of items.
    #[inline(always)]
    pub(super) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Appends `item` and returns its position; `None` if memory must grow first, or if the fast path is disabled. The
    /// comparison with `room` is the only check of an operation.
    #[inline(always)]
    pub(super) fn try_push(&self, item: N) -> Option<u32> {
        let len = self.len.get();
        if len >= self.room.get() {
            return None;
        }
        // SAFETY: `len < room ≤ capacity`, so the place lies inside the allocation (invariants 1 and 5). It lies after
        // the initialised items, and a `ReadGuard` covers only initialised items (invariant 2).
        unsafe { self.start.get().add(len as usize).write(item) };
        self.len.set(len + 1);
        Some(len)
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
        if len >= self.room.get() {
            self.make_room();
        }
        // SAFETY: `len < capacity`, by `room ≤ capacity` (invariant 5) or by `make_room`, so the place lies inside the
        // allocation (invariant 1), after the initialised items (invariant 2).
        unsafe { self.start.get().add(len as usize).write(item) };
        self.len.set(len + 1);
        len
    }

    /// Panics while [`extend`](Store::extend) is running. `extend` calls code of the numbers, which must not record on
    /// this tape in the meantime.
    #[inline]
    #[track_caller]
    pub(super) fn check_open(&self) {
        assert!(!self.closed.get(), "{CLOSED}");
    }

    /// Makes sure that `len < capacity`. The item is not passed to this function, so that it stays in registers.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_room(&self) {
        self.check_open();
        self.reserve(1);
    }

    /// Appends all `items`. Their iterator cannot append to this store itself.
    #[inline(always)]
    #[track_caller]
    pub(super) fn extend(&self, items: impl ExactSizeIterator<Item = N>) {
        let count = items.len();
        self.reserve(count);
        let guard = ExtendGuard::new(self);
        let len = self.len.get();
        // SAFETY: the `count` places after the initialised items were just reserved, so they lie inside the allocation
        // (invariant 1). Nothing else refers to them: a `ReadGuard` covers only initialised items (invariant 2), and
        // the store is closed (invariants 3 and 5). As `MaybeUninit` they may be uninitialised.
        let places = unsafe {
            let first = self.start.get().add(len as usize);
            std::slice::from_raw_parts_mut(first.cast::<MaybeUninit<N>>().as_ptr(), count)
        };
        let mut written = 0;
        for (place, item) in places.iter_mut().zip(items) {
            place.write(item);
            written += 1;
        }
        drop(guard);
        self.len.set(len + written);
    }

    /// Makes sure that `count` more items can be appended without moving the existing ones.
    #[inline]
    #[track_caller]
    pub(super) fn reserve(&self, count: usize) {
        if ((self.capacity.get() - self.len.get()) as usize) < count {
            self.grow(count);
        }
    }

    /// Moves the items to an allocation with memory for `count` more.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn grow(&self, count: usize) {
        let len = self.len.get();
        let wanted = (len as usize).checked_add(count);
        let Some(wanted) = wanted.filter(|&wanted| wanted <= self.limit as usize) else {
            panic!("the tape is full: it can hold {} nodes", self.limit);
        };
        assert!(
            self.guards.get() == 0,
            "recorded on a tape while its nodes were being read"
        );
        self.check_open();
        let doubled = (2 * self.capacity.get() as usize).max(64);
        let capacity = wanted.max(doubled).min(self.limit as usize);
        // SAFETY: no `ReadGuard` lives (checked above). `ManuallyDrop` keeps the `Vec` from freeing the allocation.
        let mut items = ManuallyDrop::new(unsafe { self.as_vec() });
        items.reserve_exact(capacity - len as usize);
        // `as_mut_ptr` of the `Vec` is valid for the whole allocation; a pointer from a slice would be valid for the
        // initialised items only.
        let start = NonNull::new(items.as_mut_ptr()).unwrap_or(NonNull::dangling());
        self.start.set(start);
        self.capacity
            .set(u32::try_from(items.capacity()).unwrap_or(u32::MAX));
        if self.has_fast_path {
            self.room.set(self.capacity.get());
        }
    }

    /// The items as a vector, which owns the allocation.
    ///
    /// # Safety
    ///
    /// The vector must be dropped only if the store is not used again, and moved only while no [`ReadGuard`] lives.
    unsafe fn as_vec(&self) -> Vec<N> {
        // SAFETY: invariants 1 and 2 are the requirements of `from_raw_parts`.
        unsafe {
            Vec::from_raw_parts(
                self.start.get().as_ptr(),
                self.len.get() as usize,
                self.capacity.get() as usize,
            )
        }
    }

    /// The item at `position`, if there is one.
    #[inline]
    pub(super) fn get(&self, position: u32) -> Option<N> {
        // SAFETY: the item is initialised (invariant 2) and copied out before anything else can happen.
        (position < self.len.get())
            .then(|| unsafe { self.start.get().add(position as usize).read() })
    }

    /// The items appended so far.
    #[inline]
    pub(super) fn read(&self) -> ReadGuard<'_, N> {
        self.guards.set(self.guards.get() + 1);
        ReadGuard {
            // SAFETY: the items are initialised, and neither change nor move while the `ReadGuard` lives (invariants 2
            // to 4).
            items: unsafe {
                std::slice::from_raw_parts(self.start.get().as_ptr(), self.len.get() as usize)
            },
            guards: &self.guards,
        }
    }

    /// Removes the items from position `len` on, and keeps the memory.
    pub(super) fn truncate(&mut self, len: u32) {
        self.len.set(len.min(self.len.get()));
    }

    /// The size of the items in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.len.get() as usize * size_of::<N>()
    }
}

impl<N: Copy> Drop for Store<N> {
    fn drop(&mut self) {
        // SAFETY: invariants 1 and 2; the store is not used again.
        drop(unsafe { self.as_vec() });
    }
}

const CLOSED: &str = "recorded on a tape while inputs of a node were being appended";

/// Closes a store while it lives.
struct ExtendGuard<'a, N: Copy> {
    store: &'a Store<N>,
    room: u32,
}

impl<'a, N: Copy> ExtendGuard<'a, N> {
    #[inline(always)]
    #[track_caller]
    fn new(store: &'a Store<N>) -> Self {
        assert!(!store.closed.replace(true), "{CLOSED}");
        ExtendGuard {
            store,
            room: store.room.replace(0),
        }
    }
}

impl<N: Copy> Drop for ExtendGuard<'_, N> {
    #[inline(always)]
    fn drop(&mut self) {
        self.store.room.set(self.room);
        self.store.closed.set(false);
    }
}

/// The items of a store, which does not move them while the guard lives.
pub(super) struct ReadGuard<'a, N> {
    items: &'a [N],
    guards: &'a Cell<u32>,
}

impl<N> Deref for ReadGuard<'_, N> {
    type Target = [N];

    #[inline(always)]
    fn deref(&self) -> &[N] {
        self.items
    }
}

impl<N> Drop for ReadGuard<'_, N> {
    fn drop(&mut self) {
        self.guards.set(self.guards.get() - 1);
    }
}

#[cfg(test)]
mod tests;
