//! The memory of dropped tapes, which the next tape of the thread takes. A derivative inside a function that is
//! differentiated makes a tape for each evaluation, mostly a small one.

use std::alloc::{Layout, dealloc};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Larger pieces of memory are freed.
const MAX_BYTES: usize = 1 << 16;
/// The most pieces that a thread keeps.
const MAX_PIECES: usize = 16;

thread_local! {
    static PIECES: RefCell<Vec<Piece>> = const { RefCell::new(Vec::new()) };
}

/// The memory of a vector without items. It belongs to no type, so that numbers that borrow can pass it on.
struct Piece {
    /// Points to an allocation for `capacity` items, made by a `Vec` of items with this layout.
    start: NonNull<u8>,
    item: Layout,
    capacity: usize,
}

impl Drop for Piece {
    fn drop(&mut self) {
        let size = self.item.size() * self.capacity;
        // SAFETY: a `Vec` of such items made the allocation, so this is its layout, which is valid and not empty.
        unsafe {
            let layout = Layout::from_size_align_unchecked(size, self.item.align());
            dealloc(self.start.as_ptr(), layout);
        }
    }
}

/// Returns an empty vector, with the memory of an earlier one if this thread has kept it.
pub(in super::super) fn take<N: Copy>() -> Vec<N> {
    let item = Layout::new::<N>();
    let piece = PIECES.try_with(|pieces| {
        let mut pieces = pieces.try_borrow_mut().ok()?;
        let found = pieces.iter().rposition(|piece| piece.item == item)?;
        Some(pieces.swap_remove(found))
    });
    let Ok(Some(piece)) = piece else {
        return Vec::new();
    };
    let piece = ManuallyDrop::new(piece);
    // SAFETY: a `Vec` of items with the size and the alignment of `N` made the allocation, for this number of items.
    // None of them is taken to be initialised, and nothing else refers to the allocation.
    unsafe { Vec::from_raw_parts(piece.start.cast().as_ptr(), 0, piece.capacity) }
}

/// Keeps the memory of a vector for [`take`].
pub(in super::super) fn keep<N: Copy>(items: Vec<N>) {
    let item = Layout::new::<N>();
    let bytes = item.size().saturating_mul(items.capacity());
    if bytes == 0 || bytes > MAX_BYTES {
        return;
    }
    let mut items = ManuallyDrop::new(items);
    let Some(start) = NonNull::new(items.as_mut_ptr().cast()) else {
        return;
    };
    let piece = Piece {
        start,
        item,
        capacity: items.capacity(),
    };
    // While a thread ends, its list may be gone already, and the piece is freed.
    let _ = PIECES.try_with(|pieces| {
        if let Ok(mut pieces) = pieces.try_borrow_mut() {
            if pieces.len() == MAX_PIECES {
                pieces.remove(0);
            }
            pieces.push(piece);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_PIECES, keep, take};

    // The sizes of the items are unusual, because other tests may have left memory in the list of this thread.

    #[test]
    fn memory_passes_between_types_of_one_layout() {
        let mut numbers: Vec<[u64; 11]> = Vec::with_capacity(10);
        numbers.push([7; 11]);
        let start = numbers.as_ptr().addr();
        keep(numbers);
        // Another size, and another alignment.
        assert_eq!(take::<[u64; 12]>().capacity(), 0);
        assert_eq!(take::<[u32; 22]>().capacity(), 0);
        let mut references: Vec<([&str; 6], u64)> = Vec::with_capacity(3);
        references.push((["kept"; 6], 1));
        keep(references);
        let mut floats = take::<[f64; 11]>();
        assert_eq!(
            (floats.as_ptr().addr(), floats.len(), floats.capacity()),
            (start, 0, 10)
        );
        floats.extend([[1.0; 11]; 11]);
        assert_eq!(floats, [[1.0; 11]; 11]);
        assert_eq!(take::<[u64; 11]>().capacity(), 0);
        assert_eq!(take::<[usize; 13]>().capacity(), 3);
    }

    #[test]
    fn few_and_small_pieces_are_kept() {
        keep(Vec::<[u8; 17]>::with_capacity(MAX_BYTES));
        keep(Vec::<[u8; 17]>::new());
        keep(vec![(); 5]);
        assert_eq!((take::<[u8; 17]>().capacity(), take::<()>().len()), (0, 0));
        for capacity in 1..=MAX_PIECES + 2 {
            keep(Vec::<[u16; 17]>::with_capacity(capacity));
        }
        let kept = (0..MAX_PIECES).map(|_| take::<[u16; 17]>().capacity());
        let mut kept: Vec<_> = kept.collect();
        kept.sort_unstable();
        assert_eq!(kept, (3..=MAX_PIECES + 2).collect::<Vec<_>>());
        assert_eq!(take::<[u16; 17]>().capacity(), 0);
    }
}
