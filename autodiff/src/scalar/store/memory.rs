//! `Memory`: the memory of a vector, and a list in which a thread keeps the memory of dropped tapes for the next ones.
//!
//! A derivative inside a function that is differentiated makes a tape for each evaluation, mostly a small one.

use std::alloc::{Layout, dealloc};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// The memory of a vector without items. It belongs to no type, so that numbers that borrow can pass it on.
pub(in super::super) struct Memory {
    /// Points to an allocation for `capacity` items, made by a `Vec` of items with this layout, or dangles if this is no
    /// byte.
    start: NonNull<u8>,
    item: Layout,
    capacity: usize,
}

impl Memory {
    /// The memory of `items`.
    #[inline]
    pub(in super::super) fn of<N: Copy>(items: Vec<N>) -> Self {
        let mut items = ManuallyDrop::new(items);
        Memory {
            start: NonNull::new(items.as_mut_ptr().cast()).unwrap_or(NonNull::dangling()),
            item: Layout::new::<N>(),
            capacity: items.capacity(),
        }
    }

    /// Returns an empty vector, with this memory if it was of items with the layout of `N`.
    #[inline]
    pub(in super::super) fn into_vec<N: Copy>(self) -> Vec<N> {
        if self.item != Layout::new::<N>() {
            return Vec::new();
        }
        let memory = ManuallyDrop::new(self);
        // SAFETY: a `Vec` of items with the size and the alignment of `N` made the allocation, for this number of items.
        // None of them is taken to be initialised, and nothing else refers to the allocation.
        unsafe { Vec::from_raw_parts(memory.start.cast().as_ptr(), 0, memory.capacity) }
    }

    /// The size in bytes.
    #[inline]
    fn bytes(&self) -> usize {
        self.item.size().wrapping_mul(self.capacity)
    }
}

impl Default for Memory {
    /// No memory.
    #[inline]
    fn default() -> Self {
        Memory::of(Vec::<u8>::new())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.bytes() > 0 {
            // SAFETY: a `Vec` of such items made the allocation, so this is its layout, which is valid and not empty.
            unsafe {
                let align = self.item.align();
                let layout = Layout::from_size_align_unchecked(self.bytes(), align);
                dealloc(self.start.as_ptr(), layout);
            }
        }
    }
}

/// The memory of a tape, in several vectors.
pub(in super::super) type MemoryOfTape = [Memory; 4];

/// The memory of larger tapes is freed.
const MAX_BYTES: usize = 1 << 16;
/// The most tapes whose memory a thread keeps.
const MAX_TAPES: usize = 8;

thread_local! {
    static KEPT: RefCell<Vec<MemoryOfTape>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the memory of a tape for [`take`].
pub(in super::super) fn keep(memory: MemoryOfTape) {
    let bytes = memory.iter().map(Memory::bytes);
    let bytes = bytes.fold(0, usize::saturating_add);
    if bytes == 0 || bytes > MAX_BYTES {
        return;
    }
    // While a thread ends, its list may be gone already. The memory is freed then.
    let _ = KEPT.try_with(|kept| {
        if let Ok(mut kept) = kept.try_borrow_mut() {
            if kept.len() == MAX_TAPES {
                kept.remove(0);
            }
            kept.push(memory);
        }
    });
}

/// Returns memory of an earlier tape whose first vector had items of the layout of `N`, if there is any.
pub(in super::super) fn take<N>() -> Option<MemoryOfTape> {
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        let fits = |memory: &MemoryOfTape| memory[0].item == Layout::new::<N>();
        let found = kept.iter().rposition(fits)?;
        Some(kept.swap_remove(found))
    });
    kept.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_TAPES, Memory, keep, take};

    #[test]
    fn memory_passes_between_types_of_one_layout() {
        let mut numbers: Vec<u64> = Vec::with_capacity(10);
        numbers.push(7);
        let start = numbers.as_ptr().addr();
        let mut floats: Vec<f64> = Memory::of(numbers).into_vec();
        assert_eq!(
            (floats.as_ptr().addr(), floats.len(), floats.capacity()),
            (start, 0, 10)
        );
        floats.extend([1.0; 11]);
        assert_eq!(floats, [1.0; 11]);
        let mut words = vec!["of another lifetime".to_string()];
        let references: Vec<&str> = words.iter().map(String::as_str).collect();
        let memory = Memory::of(references);
        words.clear();
        assert_eq!(memory.into_vec::<(usize, usize)>().capacity(), 1);
        // Another size, and another alignment.
        assert_eq!(Memory::of(vec![1_u64]).into_vec::<u32>().capacity(), 0);
        assert_eq!(Memory::of(vec![1_u64]).into_vec::<[u8; 8]>().capacity(), 0);
        // No memory.
        assert!(Memory::of(Vec::<u64>::new()).into_vec::<f64>().is_empty());
        assert!(Memory::of(vec![(); 5]).into_vec::<()>().is_empty());
    }

    /// The memory of a tape whose items have an unusual size: other tests may have left memory in the list of this
    /// thread.
    fn keep_items(capacity: usize) {
        let none = Memory::default;
        let first = Memory::of(Vec::<[u16; 17]>::with_capacity(capacity));
        keep([first, none(), none(), none()]);
    }

    #[test]
    fn the_memory_of_few_and_small_tapes_is_kept() {
        let capacity = || {
            let [memory, ..] = take::<[u16; 17]>()?;
            Some(memory.into_vec::<[u16; 17]>().capacity())
        };
        keep_items(MAX_BYTES / 34 + 1);
        keep_items(0);
        assert_eq!(capacity(), None);
        for capacity in 1..=MAX_TAPES + 2 {
            keep_items(capacity);
        }
        let mut kept: Vec<_> = std::iter::from_fn(capacity).collect();
        kept.sort_unstable();
        assert_eq!(kept, (3..=MAX_TAPES + 2).collect::<Vec<_>>());
    }
}
