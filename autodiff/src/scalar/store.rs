//! A vector that grows behind a shared reference: what a tape writes its recording into.
//!
//! Its `unsafe` code rests on five invariants:
//!
//! 1. `start` points to an allocation of `capacity` items made by a `Vec<N>`, or dangles where `capacity` is 0.
//! 2. The first `len ≤ capacity` items are initialised, and are never written again before a truncation.
//! 3. The allocation moves only in `grow`, which refuses while a [`Reading`] lives or the store is closed.
//! 4. `len` shrinks only through `&mut self`, so never while a [`Reading`] lives.
//! 5. `room ≤ capacity`, and while the store is closed `room` is 0: nothing is appended but by who closed it.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

/// A vector to which items are appended behind a shared reference.
pub(super) struct Store<N: Copy> {
    start: Cell<NonNull<N>>,
    len: Cell<u32>,
    /// Up to this length an item is appended without any other question.
    room: Cell<u32>,
    capacity: Cell<u32>,
    /// The largest length allowed.
    limit: u32,
    /// How many [`Reading`]s live.
    readings: Cell<u32>,
    /// Whether [`extend`](Store::extend) is at work.
    closed: Cell<bool>,
    /// Whether there never is room, see [`watch`](Store::watch).
    watched: bool,
}

// SAFETY: the store owns its items, as a `Vec` does; it is not `Sync`, so nobody else appends meanwhile.
unsafe impl<N: Copy + Send> Send for Store<N> {}

impl<N: Copy> Store<N> {
    /// An empty store that takes up to `limit` items.
    pub(super) fn new(limit: u32) -> Self {
        Store {
            start: Cell::new(NonNull::dangling()),
            len: Cell::new(0),
            room: Cell::new(0),
            capacity: Cell::new(0),
            limit,
            readings: Cell::new(0),
            closed: Cell::new(false),
            watched: false,
        }
    }

    /// From now on [`try_push`](Store::try_push) gives every item back, so that whoever appends takes the other path.
    pub(super) fn watch(&mut self) {
        self.watched = true;
        self.room.set(0);
    }

    /// The number of items.
    #[inline(always)]
    pub(super) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Appends `item` and returns its position, if that can be done at once: there is memory, and nobody watches. This
    /// one comparison is all that an operation has to ask.
    #[inline(always)]
    pub(super) fn try_push(&self, item: N) -> Option<u32> {
        let len = self.len.get();
        if len >= self.room.get() {
            return None;
        }
        // SAFETY: `len < room ≤ capacity`, so the place lies inside the allocation (invariants 1 and 5). It lies beyond
        // the initialised items, of which alone a `Reading` is made (invariant 2).
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
        // allocation (invariant 1), beyond the initialised items (invariant 2).
        unsafe { self.start.get().add(len as usize).write(item) };
        self.len.set(len + 1);
        len
    }

    /// Refuses if [`extend`](Store::extend) is at work, which calls code of the numbers: whatever numbers its items
    /// hold, they cannot record meanwhile.
    #[inline]
    #[track_caller]
    pub(super) fn check_open(&self) {
        assert!(!self.closed.get(), "{CLOSED}");
    }

    /// Sees to it that `len < capacity`. It is not given the item, which so stays in registers.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_room(&self) {
        self.check_open();
        self.reserve(1);
        if !self.watched {
            self.room.set(self.capacity.get());
        }
    }

    /// Appends all `items`. They cannot append to this store themselves.
    #[inline(always)]
    #[track_caller]
    pub(super) fn extend(&self, items: impl ExactSizeIterator<Item = N>) {
        let count = items.len();
        self.reserve(count);
        let closed = Closed::new(self);
        let len = self.len.get();
        // SAFETY: the `count` places after the initialised items lie inside the allocation (invariant 1, just
        // reserved). Nobody else has them: a `Reading` ends before (invariant 2), and the store is closed (invariants 3
        // and 5). Uninitialised is what they may be.
        let places = unsafe {
            let first = self.start.get().add(len as usize);
            std::slice::from_raw_parts_mut(first.cast::<MaybeUninit<N>>().as_ptr(), count)
        };
        let mut written = 0;
        for (place, item) in places.iter_mut().zip(items) {
            place.write(item);
            written += 1;
        }
        drop(closed);
        self.len.set(len + written);
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
        let wanted = (len as usize).checked_add(count);
        let Some(wanted) = wanted.filter(|&wanted| wanted <= self.limit as usize) else {
            panic!("the tape is full: it can hold {} nodes", self.limit);
        };
        assert!(
            self.readings.get() == 0,
            "recorded on a tape while its nodes were being read"
        );
        self.check_open();
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
        // Of the whole allocation, where a pointer from a slice would reach over the initialised items only.
        let start = NonNull::new(items.as_mut_ptr()).unwrap_or(NonNull::dangling());
        self.start.set(start);
        self.capacity
            .set(u32::try_from(items.capacity()).unwrap_or(u32::MAX));
        if !self.watched {
            self.room.set(self.capacity.get());
        }
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

const CLOSED: &str = "recorded on a tape while inputs of a node were being appended";

/// A store that is closed while this lives.
struct Closed<'a, N: Copy> {
    store: &'a Store<N>,
    room: u32,
}

impl<'a, N: Copy> Closed<'a, N> {
    #[inline(always)]
    #[track_caller]
    fn new(store: &'a Store<N>) -> Self {
        assert!(!store.closed.replace(true), "{CLOSED}");
        Closed {
            store,
            room: store.room.replace(0),
        }
    }
}

impl<N: Copy> Drop for Closed<'_, N> {
    #[inline(always)]
    fn drop(&mut self) {
        self.store.room.set(self.room);
        self.store.closed.set(false);
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
    fn items_are_appended_many_at_once() {
        let store = Store::new(1000);
        store.push(0);
        let reading = store.read();
        drop(reading);
        store.extend((1..200).collect::<Vec<_>>().into_iter());
        assert_eq!(store.push(200), 200);
        assert_eq!(*store.read(), (0..=200).collect::<Vec<_>>());
    }

    #[test]
    fn a_watched_store_gives_items_back() {
        let mut store = Store::new(1000);
        store.push(0);
        store.watch();
        assert_eq!(store.try_push(1), None);
        assert_eq!((store.push(1), store.try_push(2)), (1, None));
        store.extend([2, 3].into_iter());
        assert_eq!((store.len(), store.try_push(4)), (4, None));
    }

    #[test]
    #[should_panic(expected = "while inputs of a node were being appended")]
    fn appending_while_many_are_appended_is_refused() {
        let store = Store::new(1000);
        store.extend([1, 2].into_iter().map(|i| store.push(i)));
    }

    #[test]
    #[should_panic(expected = "while inputs of a node were being appended")]
    fn growing_while_many_are_appended_is_refused() {
        let store = Store::new(1000);
        store.extend([1, 2].into_iter().inspect(|_| store.reserve(500)));
    }

    #[test]
    #[should_panic(expected = "while inputs of a node were being appended")]
    fn appending_many_while_many_are_appended_is_refused() {
        let store = Store::new(1000);
        store.extend(
            [1, 2]
                .into_iter()
                .inspect(|_| store.extend([3].into_iter())),
        );
    }

    #[test]
    fn a_panic_while_many_are_appended_leaves_the_store_as_it_was() {
        let store = Store::new(1000);
        store.push(0);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.extend([1, 2].into_iter().inspect(|&i| assert!(i < 2)));
        }));
        assert!(panic.is_err());
        assert_eq!((store.push(7), &*store.read()), (1, &[0, 7][..]));
    }

    #[test]
    fn a_store_can_be_sent_away() {
        let store = Store::new(10);
        store.push(5);
        let length = std::thread::spawn(move || store.len()).join().unwrap();
        assert_eq!(length, 1);
    }
}
