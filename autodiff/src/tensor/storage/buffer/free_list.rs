//! Blocks in wait: what each thread keeps of tensors that died, for the next ones.

use super::{Block, LINE, Source};
use std::cell::RefCell;
use std::mem;
use triomphe::Arc;

/// As much as a thread keeps for later, in bytes; what would exceed it goes back to the system.
const KEPT_BYTES: usize = 1 << 29;

thread_local! {
    static FREE: RefCell<FreeList> = const { RefCell::new(FreeList::EMPTY) };
}

/// Frees the memory of tensors that died, which this thread keeps for later ones.
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

/// Blocks in wait.
pub(super) struct FreeList {
    /// Those of scalars, which the next scalars take as they are.
    scalars: Kind,
    /// Others with memory, by its size class.
    with_memory: Vec<Kind>,
    /// Those of views and of bytes.
    without_memory: Kind,
    /// What all of them take.
    bytes: usize,
}

/// Blocks of one kind, any of which will do.
struct Kind {
    blocks: Vec<Arc<Block>>,
    /// How many this thread has made, for want of one that waits.
    ///
    /// It never needs more, and keeps no more: tensors that other threads make and this one drops would pile up.
    made: usize,
}

impl Kind {
    const EMPTY: Kind = Kind {
        blocks: Vec::new(),
        made: 0,
    };
}

impl FreeList {
    const EMPTY: FreeList = FreeList {
        scalars: Kind::EMPTY,
        with_memory: Vec::new(),
        without_memory: Kind::EMPTY,
        bytes: 0,
    };

    /// A block as a scalar has it, and without another owner.
    #[inline]
    pub(super) fn scalar() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.scalars);
        kept.unwrap_or_else(Block::scalar)
    }

    /// A block with memory of so many lines or more, and without another owner; `None` if there is not so much.
    #[inline]
    pub(super) fn with_memory(lines: usize) -> Option<Arc<Block>> {
        let class = SizeClass::of(lines);
        let kept = FreeList::take(|list| list.class(class.0));
        kept.or_else(|| Block::with_memory(class.lines()))
    }

    /// A block without memory, and without another owner.
    #[inline]
    pub(super) fn without_memory() -> Arc<Block> {
        let kept = FreeList::take(|list| &mut list.without_memory);
        kept.unwrap_or_else(|| Block::new(Source::None))
    }

    /// Keeps a block that nobody owns any more.
    pub(super) fn put_away(mut block: Arc<Block>) {
        if !matches!(block.source, Source::Own(_))
            && let Some(block) = Arc::get_mut(&mut block)
        {
            // Its hold on other blocks ends here, before the list is borrowed, since they may come to the list as well.
            block.source = Source::None;
        }
        // A thread that is ending has no list any more, and then the memory is simply freed.
        let _ = FREE.try_with(|free| free.borrow_mut().put(block));
    }

    /// A block of a kind off this thread's list. Where there is none, its caller makes one, which is counted here.
    #[inline(always)] // For each kind it is a few instructions, of a step that makes twenty tensors in a microsecond.
    fn take(kind: impl FnOnce(&mut FreeList) -> &mut Kind) -> Option<Arc<Block>> {
        let kept = FREE.try_with(|free| {
            let list = &mut *free.borrow_mut();
            let kind = kind(list);
            let Some(block) = kind.blocks.pop() else {
                kind.made += 1;
                return None;
            };
            list.bytes -= kept_bytes(&block);
            Some(block)
        });
        kept.ok().flatten()
    }

    #[inline]
    fn put(&mut self, block: Arc<Block>) {
        let bytes = self.bytes + kept_bytes(&block);
        let kind = match &block.source {
            Source::Own(memory) if memory.len() == 1 && block.shape.is_scalar() => {
                &mut self.scalars
            }
            Source::Own(memory) => {
                let SizeClass(class) = SizeClass::of(memory.len());
                self.class(class)
            }
            _ => &mut self.without_memory,
        };
        if kind.blocks.len() < kind.made && bytes <= KEPT_BYTES {
            kind.blocks.push(block);
            self.bytes = bytes;
        }
    }

    #[inline]
    fn class(&mut self, class: usize) -> &mut Kind {
        if self.with_memory.len() <= class {
            self.add_classes(class);
        }
        &mut self.with_memory[class]
    }

    #[cold]
    fn add_classes(&mut self, last: usize) {
        self.with_memory.resize_with(last + 1, || Kind::EMPTY);
    }
}

/// What a block takes while it waits in the list.
#[inline]
fn kept_bytes(block: &Block) -> usize {
    match &block.source {
        Source::Own(memory) => size_of::<Block>() + LINE * memory.len(),
        _ => size_of::<Block>(),
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
    use super::super::{Buffer, FreeList, Shape};
    use super::{FREE, SizeClass};
    use std::thread;

    /// The number of blocks of each kind that this thread keeps.
    fn kept() -> Vec<usize> {
        FREE.with(|free| {
            let FreeList {
                scalars,
                with_memory,
                without_memory,
                ..
            } = &*free.borrow();
            let kinds = [scalars, without_memory].into_iter().chain(with_memory);
            let kept = kinds.map(|kind| kind.blocks.len());
            kept.filter(|&kept| kept > 0).collect()
        })
    }

    /// A scalar, a vector and a piece of it.
    fn some() -> [Buffer; 3] {
        let vector = Buffer::filled::<f32>(Shape::from([100]), |_| ());
        let piece = vector.view(10, &Shape::from([20]));
        [Buffer::scalar(1.0), vector, piece]
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
        assert_eq!(kept(), []);
        drop(again);
        super::release_memory();
        assert_eq!(kept(), []);
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
