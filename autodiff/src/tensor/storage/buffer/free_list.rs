//! Free lists of blocks, one per thread, with the memory of dropped tensors.

use super::{Block, LINE, Storage};
use std::cell::RefCell;
use std::mem;
use triomphe::Arc;

/// The most bytes that a thread keeps. Memory beyond this limit goes back to the allocator.
const KEPT_BYTES: usize = 1 << 29;

thread_local! {
    static FREE: RefCell<FreeList> = const { RefCell::new(FreeList::EMPTY) };
}

/// Frees the memory of dropped tensors, which this thread keeps for later ones.
///
/// The memory goes to the program's allocator, which typically returns large pieces to the system immediately and may
/// keep small ones. Memory that a tensor, a tape or [`Gradients`](crate::tensor::Gradients) still holds is not freed:
/// drop them first. A [reset](crate::tensor::Tape::reset) tape keeps its memory.
///
/// Every thread keeps its own memory, at most 512 MiB, until it ends. To free the memory of a thread pool, call this
/// function on each of its threads.
///
/// ```
/// # use autodiff::tensor::{Tape, Tensor, release_memory};
/// let tape = Tape::new();
/// let x = tape.var(Tensor::full([1000, 1000], 0.5));
/// let _ = (x * x).sum().gradients();
/// drop(tape);
/// release_memory();
/// ```
pub fn release_memory() {
    // The list is replaced before it is freed, so that it is not borrowed while blocks are dropped.
    let kept = FREE.try_with(|free| mem::replace(&mut *free.borrow_mut(), FreeList::EMPTY));
    drop(kept);
}

/// The free blocks of one thread.
pub(super) struct FreeList {
    /// Blocks that hold a scalar's shape and memory.
    scalars: Bin,
    /// Other blocks with memory, by size class.
    with_memory: Vec<Bin>,
    /// Blocks for views and for byte matrices.
    without_memory: Bin,
    /// The size of all blocks in bytes.
    bytes: usize,
}

/// Interchangeable blocks.
struct Bin {
    blocks: Vec<Arc<Block>>,
    /// How many blocks this thread has allocated because the bin was empty.
    ///
    /// The thread never needs more, and the bin keeps no more. Otherwise tensors that other threads create and this one
    /// drops would accumulate.
    made: usize,
}

impl Bin {
    const EMPTY: Bin = Bin {
        blocks: Vec::new(),
        made: 0,
    };
}

impl FreeList {
    const EMPTY: FreeList = FreeList {
        scalars: Bin::EMPTY,
        with_memory: Vec::new(),
        without_memory: Bin::EMPTY,
        bytes: 0,
    };

    /// A block for a scalar, with no other owner.
    #[inline]
    pub(super) fn scalar() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.scalars);
        kept.unwrap_or_else(Block::scalar)
    }

    /// A block of at least `lines` cache lines, with no other owner; `None` if there is not enough memory.
    #[inline]
    pub(super) fn with_memory(lines: usize) -> Option<Arc<Block>> {
        let class = SizeClass::of(lines);
        let kept = FreeList::take(|list| list.class(class.0));
        kept.or_else(|| Block::with_memory(class.lines()))
    }

    /// A block without memory, with no other owner.
    #[inline]
    pub(super) fn without_memory() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.without_memory);
        kept.unwrap_or_else(|| Block::new(Storage::Empty))
    }

    /// Keeps a block that has no other owner, or frees it.
    pub(super) fn put(mut block: Arc<Block>) {
        if !matches!(block.storage, Storage::Owned(_))
            && let Some(block) = Arc::get_mut(&mut block)
        {
            // Drop the blocks that this one refers to before the list is borrowed: they may enter the list too.
            block.storage = Storage::Empty;
        }
        // A thread that is ending has no list; the block is then freed.
        let _ = FREE.try_with(|free| free.borrow_mut().keep(block));
    }

    /// Takes a block out of a bin of this thread. If it is empty, the caller allocates a block, which is counted here.
    #[inline(always)] // A few instructions per bin, on a path that every new tensor takes.
    fn take(bin: impl FnOnce(&mut FreeList) -> &mut Bin) -> Option<Arc<Block>> {
        let kept = FREE.try_with(|free| {
            let list = &mut *free.borrow_mut();
            let bin = bin(list);
            let Some(block) = bin.blocks.pop() else {
                bin.made += 1;
                return None;
            };
            list.bytes -= kept_bytes(&block);
            Some(block)
        });
        kept.ok().flatten()
    }

    #[inline]
    fn keep(&mut self, block: Arc<Block>) {
        let bytes = self.bytes + kept_bytes(&block);
        let bin = match &block.storage {
            Storage::Owned(memory) if memory.len() == 1 && block.shape.is_scalar() => {
                &mut self.scalars
            }
            Storage::Owned(memory) => {
                let SizeClass(class) = SizeClass::of(memory.len());
                self.class(class)
            }
            _ => &mut self.without_memory,
        };
        if bin.blocks.len() < bin.made && bytes <= KEPT_BYTES {
            bin.blocks.push(block);
            self.bytes = bytes;
        }
    }

    #[inline]
    fn class(&mut self, class: usize) -> &mut Bin {
        if self.with_memory.len() <= class {
            self.add_classes(class);
        }
        &mut self.with_memory[class]
    }

    #[cold]
    fn add_classes(&mut self, last: usize) {
        self.with_memory.resize_with(last + 1, || Bin::EMPTY);
    }
}

/// The size of a block together with its memory, in bytes.
#[inline]
fn kept_bytes(block: &Block) -> usize {
    match &block.storage {
        Storage::Owned(memory) => size_of::<Block>() + LINE * memory.len(),
        _ => size_of::<Block>(),
    }
}

/// A size of memory in lines: 0 to 3, then four sizes per doubling.
struct SizeClass(usize);

impl SizeClass {
    /// The smallest class that holds `lines` lines.
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

    /// The number of lines in a block of this class.
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
    use super::{FREE, SizeClass};
    use crate::tensor::storage::buffer::{Buffer, FreeList, Shape};
    use std::thread;

    /// The numbers of blocks in the non-empty bins of this thread.
    fn kept() -> Vec<usize> {
        FREE.with(|free| {
            let FreeList {
                scalars,
                with_memory,
                without_memory,
                ..
            } = &*free.borrow();
            let bins = [scalars, without_memory].into_iter().chain(with_memory);
            let kept = bins.map(|bin| bin.blocks.len());
            kept.filter(|&kept| kept > 0).collect()
        })
    }

    /// A scalar, a vector and a view of it.
    fn some() -> [Buffer; 3] {
        let vector = Buffer::filled::<f32>(Shape::from([100]), |_| ());
        let view = vector.view(10, &Shape::from([20]));
        [Buffer::scalar(1.0), vector, view]
    }

    #[test]
    fn blocks_from_other_threads_do_not_accumulate() {
        let own = [some(), some()];
        for _ in 0..5 {
            drop(thread::spawn(|| [(); 10].map(|()| some())).join().unwrap());
            // The number of blocks that this thread has allocated.
            assert_eq!(kept(), [2, 2, 2]);
        }
        drop(own);
        assert_eq!(kept(), [2, 2, 2]);
        let again = [some(), some()];
        assert!(kept().is_empty());
        drop(again);
        super::release_memory();
        assert!(kept().is_empty());
        drop(some());
        assert_eq!(kept(), [1, 1, 1]);
    }

    #[test]
    fn blocks_from_before_a_release_are_not_kept() {
        let (dropped, living) = (some(), some());
        drop(dropped);
        let kept_bytes = || FREE.with(|free| free.borrow().bytes);
        assert!(kept_bytes() > 400);
        super::release_memory();
        assert_eq!((kept(), kept_bytes()), (vec![], 0));
        // The list was replaced, so that it counts no block as allocated by this thread.
        drop(living);
        assert_eq!((kept(), kept_bytes()), (vec![], 0));
    }

    #[test]
    fn a_size_class_holds_the_lines_requested_and_wastes_at_most_a_quarter() {
        for lines in (0..5000).chain([1 << 20, (1 << 20) + 1, 3 << 30]) {
            let held = SizeClass::of(lines).lines();
            assert!(
                held >= lines && held <= lines + lines / 4,
                "{lines} lines are given {held}"
            );
            assert_eq!(SizeClass::of(held).0, SizeClass::of(lines).0);
        }
    }
}
