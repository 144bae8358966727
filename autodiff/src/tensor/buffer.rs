//! Aligned memory that is shared, and used again.
//!
//! A training step makes the same tensors over and over. So that it does not ask the system for fresh pages each
//! time, the memory of a tensor that dies goes to a free list of its thread, from which the next tensor of about
//! the same size takes it. A steady step then allocates nothing.

use bytemuck::{Pod, Zeroable};
use std::cell::RefCell;
use std::sync::Arc;

/// As much as a thread keeps for later, in bytes; what would exceed it goes back to the system.
const KEPT_BYTES: usize = 1 << 29;

/// Sixty-four bytes, as long and aligned as a cache line and a vector register.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// The bytes in a [`Line`].
const LINE: usize = 64;

/// A piece of memory, 64-byte aligned, shared among its clones.
///
/// It is only ever `None` while it is being dropped.
#[derive(Clone)]
pub(crate) struct Buffer(Option<Arc<Vec<Line>>>);

impl Buffer {
    /// Memory for `len` elements, which `fill` writes; before that it holds whatever was there.
    ///
    /// # Panics
    ///
    /// If the size in bytes overflows.
    pub(crate) fn filled<T: Pod>(len: usize, fill: impl FnOnce(&mut [T])) -> Buffer {
        let bytes = len
            .checked_mul(size_of::<T>())
            .expect("a tensor's size in bytes overflows");
        let lines = bytes.div_ceil(LINE);
        let reused = FREE
            .try_with(|free| free.borrow_mut().take(lines))
            .ok()
            .flatten();
        let fresh = || {
            Arc::new(bytemuck::allocation::zeroed_vec(
                SizeClass::of(lines).lines(),
            ))
        };
        let mut memory = reused.unwrap_or_else(fresh);
        // Memory in the list has no other owner, and neither has fresh memory.
        if let Some(memory) = Arc::get_mut(&mut memory) {
            fill(&mut bytemuck::cast_slice_mut(memory)[..len]);
        }
        Buffer(Some(memory))
    }

    /// All of the memory.
    pub(crate) fn as_slice<T: Pod>(&self) -> &[T] {
        self.0
            .as_ref()
            .map_or(&[], |memory| bytemuck::cast_slice(memory))
    }

    /// Whether this is the only clone.
    pub(crate) fn is_unshared(&self) -> bool {
        // There are no weak references, so one strong one is all there are.
        self.0
            .as_ref()
            .is_some_and(|memory| Arc::strong_count(memory) == 1)
    }

    /// All of the memory, to write to; `None` if another clone can see it.
    pub(crate) fn as_mut_slice<T: Pod>(&mut self) -> Option<&mut [T]> {
        let memory = self.0.as_mut().and_then(Arc::get_mut)?;
        Some(bytemuck::cast_slice_mut(memory))
    }

    /// Whether both are the same piece of memory.
    pub(crate) fn same(&self, other: &Buffer) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // Where another clone is left, it will put the memory away. Where two threads drop the last two clones at
        // once, neither may see that it is the last, and the memory is freed as if there were no list.
        if self.is_unshared()
            && let Some(memory) = self.0.take()
        {
            // A thread that is ending has no list any more, and then the memory is simply freed.
            let _ = FREE.try_with(|free| free.borrow_mut().put(memory));
        }
    }
}

/// Gives the memory that this thread keeps for later tensors back to the system.
pub fn release_memory() {
    // The list is taken out before it is freed, so that nothing is borrowed meanwhile.
    let kept = FREE.with(|free| std::mem::take(&mut *free.borrow_mut()));
    drop(kept);
}

thread_local! {
    static FREE: RefCell<FreeList> = const { RefCell::new(FreeList { classes: Vec::new(), bytes: 0 }) };
}

/// Memory in wait, by size class.
#[derive(Default)]
struct FreeList {
    classes: Vec<Vec<Arc<Vec<Line>>>>,
    bytes: usize,
}

impl FreeList {
    fn take(&mut self, lines: usize) -> Option<Arc<Vec<Line>>> {
        let memory = self.classes.get_mut(SizeClass::of(lines).0)?.pop()?;
        self.bytes -= memory.len() * LINE;
        Some(memory)
    }

    fn put(&mut self, memory: Arc<Vec<Line>>) {
        let bytes = memory.len() * LINE;
        if self.bytes + bytes > KEPT_BYTES {
            return;
        }
        let SizeClass(class) = SizeClass::of(memory.len());
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Vec::new);
        }
        self.classes[class].push(memory);
        self.bytes += bytes;
    }
}

/// One of the sizes that memory comes in: 0 to 3 lines, then four sizes to a doubling.
struct SizeClass(usize);

impl SizeClass {
    /// The smallest class that holds so many lines.
    fn of(lines: usize) -> SizeClass {
        if lines < 4 {
            return SizeClass(lines);
        }
        let doublings = (lines - 1).max(4).ilog2() - 2;
        let quarters = (lines - 1 - (4 << doublings) * usize::from(lines > 4)) >> doublings;
        let class = if lines == 4 {
            4
        } else {
            5 + 4 * doublings as usize + quarters
        };
        SizeClass(class)
    }

    /// The lines that memory of this class has.
    fn lines(&self) -> usize {
        let SizeClass(class) = *self;
        if class <= 4 {
            return class;
        }
        let (doublings, quarters) = ((class - 5) / 4, (class - 5) % 4);
        (5 + quarters) << doublings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_class_holds_what_it_is_asked_for_and_wastes_at_most_a_quarter() {
        for lines in (0..5000).chain([1 << 20, (1 << 20) + 1, 3 << 30]) {
            let held = SizeClass::of(lines).lines();
            assert!(
                held >= lines && held <= lines + lines / 4,
                "{lines} lines are given {held}"
            );
            assert_eq!(SizeClass::of(held).0, SizeClass::of(lines).0);
        }
    }

    #[test]
    fn memory_is_aligned_and_used_again() {
        let first = Buffer::filled::<f32>(1000, |_| ());
        let address = first.as_slice::<f32>().as_ptr();
        assert_eq!(address.addr() % 64, 0);
        drop(first);
        assert_eq!(
            Buffer::filled::<f32>(999, |_| ())
                .as_slice::<f32>()
                .as_ptr(),
            address
        );
    }

    #[test]
    fn shared_memory_is_not_written_to() {
        let mut first = Buffer::filled::<u8>(3, |_| ());
        let second = first.clone();
        assert!(first.as_mut_slice::<u8>().is_none());
        drop(second);
        assert!(first.as_mut_slice::<u8>().is_some());
    }
}
