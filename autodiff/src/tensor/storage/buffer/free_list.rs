//! Per-thread free lists of blocks, with the memory of tensors that were dropped.

use super::{Block, LINE, Storage};
use std::cell::RefCell;
use std::mem;
use triomphe::Arc;

/// The most bytes that a thread keeps. What would exceed it goes back to the allocator.
const KEPT_BYTES: usize = 1 << 29;

thread_local! {
    static FREE: RefCell<FreeList> = const { RefCell::new(FreeList::EMPTY) };
}

/// Frees the memory of dropped tensors, which this thread keeps for later ones.
///
/// It goes to the program's allocator, which gives large pieces back to the system at once and may keep small ones for
/// itself. What a tensor, a tape or kept gradients still hold is not freed: drop them first. A tape keeps its memory when
/// it is [reset](crate::tensor::Tape::reset). Every thread keeps memory of its own, 512 MiB at most, until it ends; so it is freed
/// on all threads of a pool only where each of them calls this.
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
    // The list is taken out before it is freed, so that nothing is borrowed meanwhile.
    let kept = FREE.try_with(|free| mem::replace(&mut *free.borrow_mut(), FreeList::EMPTY));
    drop(kept);
}

/// The free blocks of a thread.
pub(super) struct FreeList {
    /// Blocks with memory for a scalar, and its shape.
    scalars: Bin,
    /// Other blocks with memory, by its size class.
    with_memory: Vec<Bin>,
    /// Blocks for views and for bytes.
    without_memory: Bin,
    /// The size of all of them.
    bytes: usize,
}

/// Interchangeable blocks.
struct Bin {
    blocks: Vec<Arc<Block>>,
    /// How many this thread has made because the bin was empty.
    ///
    /// It never needs more, and keeps no more: otherwise tensors that other threads make and this one drops would pile up.
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

    /// A block for a scalar, without another owner.
    #[inline]
    pub(super) fn scalar() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.scalars);
        kept.unwrap_or_else(Block::scalar)
    }

    /// A block with at least `lines` cache lines of memory, without another owner; `None` if there is not enough memory.
    #[inline]
    pub(super) fn with_memory(lines: usize) -> Option<Arc<Block>> {
        let class = SizeClass::of(lines);
        let kept = FreeList::take(|list| list.class(class.0));
        kept.or_else(|| Block::with_memory(class.lines()))
    }

    /// A block without memory, without another owner.
    #[inline]
    pub(super) fn without_memory() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.without_memory);
        kept.unwrap_or_else(|| Block::new(Storage::Empty))
    }

    /// Keeps a block that has no other owner.
    pub(super) fn put(mut block: Arc<Block>) {
        if !matches!(block.storage, Storage::Owned(_))
            && let Some(block) = Arc::get_mut(&mut block)
        {
            // Other blocks are released here, before the list is borrowed, since they may come to the list as well.
            block.storage = Storage::Empty;
        }
        // A thread that is ending has no list any more, and the memory is freed.
        let _ = FREE.try_with(|free| free.borrow_mut().keep(block));
    }

    /// Takes a block out of a bin of this thread. If there is none, the caller makes one, which is counted here.
    #[inline(always)] // It is a few instructions for each bin, and a step makes twenty tensors in a microsecond.
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

/// The size of a block and its memory, in bytes.
#[inline]
fn kept_bytes(block: &Block) -> usize {
    match &block.storage {
        Storage::Owned(memory) => size_of::<Block>() + LINE * memory.len(),
        _ => size_of::<Block>(),
    }
}

/// One of the sizes of memory: 0 to 3 lines, then four sizes per doubling.
struct SizeClass(usize);

impl SizeClass {
    /// The smallest class of at least `lines` lines.
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

    /// The lines of memory of this class.
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

    /// The number of blocks in each bin of this thread that is not empty.
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
    fn what_another_thread_made_does_not_pile_up() {
        let own = [some(), some()];
        for _ in 0..5 {
            drop(thread::spawn(|| [(); 10].map(|()| some())).join().unwrap());
            // As many as this thread has made itself.
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
    fn after_a_release_nothing_is_kept_of_what_was_made_before() {
        let (dropped, living) = (some(), some());
        drop(dropped);
        let kept_bytes = || FREE.with(|free| free.borrow().bytes);
        assert!(kept_bytes() > 400);
        super::release_memory();
        assert_eq!((kept(), kept_bytes()), (vec![], 0));
        // This thread has made none since, as far as its list knows.
        drop(living);
        assert_eq!((kept(), kept_bytes()), (vec![], 0));
    }

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
}
