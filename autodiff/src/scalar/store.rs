//! A vector that grows behind a shared reference: what a tape writes its recording into.
//!
//! Its `unsafe` code rests on five invariants:
//!
//! 1. `start` points to an allocation of `capacity` items made by a `Vec<N>`, or dangles where `capacity` is 0.
//! 2. The first `len ≤ capacity` items are initialised, and are never written again before a truncation.
//! 3. The allocation moves only in `grow`, which refuses while a [`ReadGuard`] lives or the store is closed.
//! 4. `len` shrinks only through `&mut self`, so never while a [`ReadGuard`] lives.
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
    /// Up to this length an item is appended without any other check.
    room: Cell<u32>,
    capacity: Cell<u32>,
    /// The largest length allowed.
    limit: u32,
    /// How many [`ReadGuard`]s live.
    guards: Cell<u32>,
    /// Whether [`extend`](Store::extend) is at work.
    closed: Cell<bool>,
    /// Whether [`try_push`](Store::try_push) may append.
    has_fast_path: bool,
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
            guards: Cell::new(0),
            closed: Cell::new(false),
            has_fast_path: true,
        }
    }

    /// Makes [`try_push`](Store::try_push) fail from now on, so that every append takes the slow (tracing) path.
    pub(super) fn disable_fast_path(&mut self) {
        self.has_fast_path = false;
        self.room.set(0);
    }

    /// The number of items.
    #[inline(always)]
    pub(super) fn len(&self) -> u32 {
        self.len.get()
    }

    /// Appends `item` and returns its position, if that can be done at once: if there is memory, and the fast path is not
    /// disabled. This one comparison is all that an operation checks.
    #[inline(always)]
    pub(super) fn try_push(&self, item: N) -> Option<u32> {
        let len = self.len.get();
        if len >= self.room.get() {
            return None;
        }
        // SAFETY: `len < room ≤ capacity`, so the place lies inside the allocation (invariants 1 and 5). It lies beyond
        // the initialised items, of which alone a `ReadGuard` is made (invariant 2).
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

    /// Panics while [`extend`](Store::extend) is at work, which calls code of the numbers: whatever numbers its items hold,
    /// they cannot record meanwhile.
    #[inline]
    #[track_caller]
    pub(super) fn check_open(&self) {
        assert!(!self.closed.get(), "{CLOSED}");
    }

    /// Makes sure that `len < capacity`. It is not given the item, which so stays in registers.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_room(&self) {
        self.check_open();
        self.reserve(1);
    }

    /// Appends all `items`. They cannot append to this store themselves.
    #[inline(always)]
    #[track_caller]
    pub(super) fn extend(&self, items: impl ExactSizeIterator<Item = N>) {
        let count = items.len();
        self.reserve(count);
        let guard = ExtendGuard::new(self);
        let len = self.len.get();
        // SAFETY: the `count` places after the initialised items lie inside the allocation (invariant 1, just
        // reserved). Nobody else has them: a `ReadGuard` ends before (invariant 2), and the store is closed (invariants 3
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
        drop(guard);
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
            self.guards.get() == 0,
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
        if self.has_fast_path {
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
    pub(super) fn read(&self) -> ReadGuard<'_, N> {
        self.guards.set(self.guards.get() + 1);
        ReadGuard {
            // SAFETY: the items are initialised and stay as they are while the `ReadGuard` lives (invariants 2 to 4).
            items: unsafe {
                std::slice::from_raw_parts(self.start.get().as_ptr(), self.len.get() as usize)
            },
            guards: &self.guards,
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

/// The items of a store, which does not move them while this lives.
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
        let guard = store.read();
        store.push(2);
        assert_eq!(*guard, [1]);
        assert_eq!(*store.read(), [1, 2]);
    }

    #[test]
    #[should_panic(expected = "while its nodes were being read")]
    fn growing_beside_a_reading_is_refused() {
        let store = Store::new(1000);
        let _guard = store.read();
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
        let guard = store.read();
        drop(guard);
        store.extend((1..200).collect::<Vec<_>>().into_iter());
        assert_eq!(store.push(200), 200);
        assert_eq!(*store.read(), (0..=200).collect::<Vec<_>>());
    }

    #[test]
    fn without_the_fast_path_items_are_appended_slowly_alone() {
        let mut store = Store::new(1000);
        store.push(0);
        store.disable_fast_path();
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
