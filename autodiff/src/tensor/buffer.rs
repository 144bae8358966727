//! Aligned memory that is shared, and used again.
//!
//! A training step makes the same tensors over and over. So that it does not ask the system for fresh pages each
//! time, the memory of a tensor that dies goes to a free list of its thread, from which the next tensor of about
//! the same size takes it. A steady step then allocates nothing.

use super::recycle::{PutAway, Recycled};
use super::shape::Shape;
use bytemuck::{Pod, Zeroable};
use std::cell::RefCell;
use std::sync::OnceLock;
use triomphe::Arc;

/// As much as a thread keeps for later, in bytes; what would exceed it goes back to the system.
const KEPT_BYTES: usize = 1 << 29;

/// Sixty-four bytes, as long and aligned as a cache line and a vector register.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// The bytes in a [`Line`].
const LINE: usize = 64;

/// A shape, and the elements of a tensor of that shape, 64-byte aligned; shared among its clones.
///
/// It is one pointer, so that tensors are cheap to hand around.
#[derive(Clone)]
pub(crate) struct Buffer(Recycled<Arc<Block>>);

pub(crate) struct Block {
    shape: Shape,
    /// The number of elements.
    size: usize,
    /// The place of the first one in the memory, in elements.
    offset: usize,
    source: Source,
}

/// Whose memory a block is a piece of.
enum Source {
    /// Its own.
    Own(Vec<Line>),
    /// That of another block, which is not itself a view.
    Of(Buffer),
    /// None yet: the elements are bytes times a factor, and become numbers where they are asked for as such.
    Bytes {
        bytes: Buffer,
        scale: f64,
        numbers: OnceLock<Buffer>,
        widened: fn(&[u8], f64, &Shape) -> Buffer,
    },
}

impl Buffer {
    /// A buffer of the given shape, which `fill` writes; before that it holds whatever was there.
    ///
    /// # Panics
    ///
    /// If the size in bytes overflows.
    #[track_caller]
    pub(crate) fn filled<T: Pod>(shape: Shape, fill: impl FnOnce(&mut [T])) -> Buffer {
        let size = shape.size();
        let bytes = size
            .checked_mul(size_of::<T>())
            .expect("a tensor's size in bytes overflows");
        let mut block = FreeList::block(bytes.div_ceil(LINE));
        // A block from the list has no other owner, and neither has a fresh one.
        if let Some(block) = Arc::get_mut(&mut block)
            && let Source::Own(memory) = &mut block.source
        {
            fill(&mut bytemuck::cast_slice_mut(memory)[..size]);
            (block.shape, block.size, block.offset) = (shape, size, 0);
        }
        Buffer(Recycled::new(block))
    }

    /// A buffer whose elements are `scale` times the bytes of another, in the same shape.
    ///
    /// `widened` makes them, once, when they are first asked for.
    pub(crate) fn of_bytes(
        bytes: Buffer,
        scale: f64,
        widened: fn(&[u8], f64, &Shape) -> Buffer,
    ) -> Buffer {
        let mut block = FreeList::block(0);
        if let Some(block) = Arc::get_mut(&mut block) {
            (block.size, block.offset) = (bytes.size(), 0);
            block.shape = bytes.shape().clone();
            block.source = Source::Bytes {
                bytes,
                scale,
                numbers: OnceLock::new(),
                widened,
            };
        }
        Buffer(Recycled::new(block))
    }

    /// The bytes that the elements are multiples of, and the factor, whether or not numbers have been made of them; so
    /// what reads bytes does so always, and gives the same bits.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<(&[u8], f64)> {
        match &self.0.source {
            Source::Bytes { bytes, scale, .. } => Some((bytes.data(), *scale)),
            _ => None,
        }
    }

    /// The piece of this buffer from `offset` on, in another shape; its caller has checked that it lies inside.
    pub(crate) fn view(&self, offset: usize, shape: Shape) -> Buffer {
        let (root, begin) = match &self.0.source {
            Source::Own(_) | Source::Bytes { .. } => (self, 0),
            Source::Of(root) => (root, self.0.offset),
        };
        let mut view = FreeList::block(0);
        if let Some(block) = Arc::get_mut(&mut view) {
            (block.size, block.shape) = (shape.size(), shape);
            (block.offset, block.source) = (begin + offset, Source::Of(root.clone()));
        }
        Buffer(Recycled::new(view))
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The number of elements.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// The elements.
    pub(crate) fn data<T: Pod>(&self) -> &[T] {
        &bytemuck::cast_slice(self.0.memory())[self.0.offset..][..self.0.size]
    }

    /// Whether this is the only clone, no other buffer is a piece of the same memory, and there is memory to write to.
    pub(crate) fn is_unshared(&self) -> bool {
        self.0.is_unique()
            && match &self.0.source {
                Source::Own(_) => true,
                Source::Of(root) => root.is_unshared(),
                Source::Bytes { .. } => false,
            }
    }

    /// The elements, to write to; `None` if another buffer can see them.
    pub(crate) fn data_mut<T: Pod>(&mut self) -> Option<&mut [T]> {
        let block = Arc::get_mut(&mut self.0)?;
        let memory = match &mut block.source {
            Source::Own(memory) => memory,
            Source::Of(root) => match &mut Arc::get_mut(&mut root.0)?.source {
                Source::Own(memory) => memory,
                Source::Of(_) | Source::Bytes { .. } => return None,
            },
            Source::Bytes { .. } => return None,
        };
        Some(&mut bytemuck::cast_slice_mut(memory)[block.offset..][..block.size])
    }

    /// Whether both are pieces of the same memory.
    pub(crate) fn same(&self, other: &Buffer) -> bool {
        std::ptr::eq(self.0.memory(), other.0.memory())
    }
}

impl Block {
    /// All of the memory that it is a piece of.
    fn memory(&self) -> &[Line] {
        match &self.source {
            Source::Own(memory) => memory,
            Source::Of(root) => root.0.memory(),
            Source::Bytes {
                bytes,
                scale,
                numbers,
                widened,
            } => {
                let numbers = numbers.get_or_init(|| widened(bytes.data(), *scale, &self.shape));
                numbers.0.memory()
            }
        }
    }

    /// What it takes while it waits in the list.
    fn kept_bytes(&self) -> usize {
        size_of::<Block>() + size_of_val(self.memory())
    }
}

impl PutAway for Arc<Block> {
    #[inline]
    fn put_away(self) {
        // Where another clone is left, it will put the memory away. Where two threads drop the last two clones at
        // once, neither may see that it is the last, and the memory is freed as if there were no list.
        if self.is_unique() {
            FreeList::put_away(self);
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

/// Blocks in wait, by the size class of their memory; those of views and of bytes have none.
#[derive(Default)]
struct FreeList {
    classes: Vec<Vec<Arc<Block>>>,
    bytes: usize,
}

impl FreeList {
    /// A block with memory of so many lines or more, and without another owner.
    #[inline]
    fn block(lines: usize) -> Arc<Block> {
        let kept = FREE.try_with(|free| free.borrow_mut().take(lines));
        kept.ok().flatten().unwrap_or_else(|| {
            Arc::new(Block {
                shape: Shape::scalar(),
                size: 0,
                offset: 0,
                source: Source::Own(bytemuck::allocation::zeroed_vec(
                    SizeClass::of(lines).lines(),
                )),
            })
        })
    }

    /// Keeps a block that nobody owns any more.
    fn put_away(mut block: Arc<Block>) {
        if !matches!(block.source, Source::Own(_))
            && let Some(block) = Arc::get_mut(&mut block)
        {
            // Its hold on other blocks ends here, before the list is borrowed, since they may come to the list as well.
            block.source = Source::Own(Vec::new());
        }
        // A thread that is ending has no list any more, and then the memory is simply freed.
        let _ = FREE.try_with(|free| free.borrow_mut().put(block));
    }

    #[inline]
    fn take(&mut self, lines: usize) -> Option<Arc<Block>> {
        let block = self.classes.get_mut(SizeClass::of(lines).0)?.pop()?;
        self.bytes -= block.kept_bytes();
        Some(block)
    }

    fn put(&mut self, block: Arc<Block>) {
        let bytes = block.kept_bytes();
        if self.bytes + bytes > KEPT_BYTES {
            return;
        }
        let SizeClass(class) = SizeClass::of(block.memory().len());
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Vec::new);
        }
        self.classes[class].push(block);
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

    fn buffer<T: Pod>(size: usize) -> Buffer {
        Buffer::filled::<T>(Shape::from([size]), |_| ())
    }

    #[test]
    fn memory_is_aligned_and_used_again() {
        let first = buffer::<f32>(1000);
        let address = first.data::<f32>().as_ptr();
        assert_eq!(address.addr() % 64, 0);
        drop(first);
        assert_eq!(buffer::<f32>(999).data::<f32>().as_ptr(), address);
    }

    #[test]
    fn shared_memory_is_not_written_to() {
        let mut first = buffer::<u8>(3);
        let second = first.clone();
        assert!(first.data_mut::<u8>().is_none());
        drop(second);
        assert!(first.data_mut::<u8>().is_some());
    }

    #[test]
    fn bytes_become_numbers_once_and_only_where_they_are_asked_for() {
        fn doubled(bytes: &[u8], scale: f64, shape: &Shape) -> Buffer {
            Buffer::filled(shape.clone(), |numbers: &mut [f64]| {
                for (number, &byte) in numbers.iter_mut().zip(bytes) {
                    *number = scale * f64::from(byte);
                }
            })
        }
        let bytes = Buffer::filled(Shape::from([2, 2]), |data| {
            data.copy_from_slice(&[1_u8, 2, 3, 255]);
        });
        let mut numbers = Buffer::of_bytes(bytes, 2.0, doubled);
        assert_eq!(numbers.bytes(), Some((&[1, 2, 3, 255][..], 2.0)));
        assert_eq!((numbers.size(), &numbers.shape()[..]), (4, &[2, 2][..]));
        let row = numbers.view(2, Shape::from([2]));
        assert_eq!(row.data::<f64>(), [6.0, 510.0]);
        assert_eq!(numbers.data::<f64>(), [2.0, 4.0, 6.0, 510.0]);
        assert!(row.same(&numbers) && row.bytes().is_none());
        drop(row);
        // There is no memory of its own to write to.
        assert!(!numbers.is_unshared() && numbers.data_mut::<f64>().is_none());
    }

    #[test]
    fn a_view_shares_memory_and_outlives_what_it_is_a_view_of() {
        let mut whole = Buffer::filled::<u32>(Shape::from([100]), |data| {
            data.iter_mut().zip(0..).for_each(|(x, i)| *x = i);
        });
        let middle = whole.view(20, Shape::from([3, 10]));
        let mut row = middle.view(10, Shape::from([10]));
        assert!(whole.same(&row) && row.data::<u32>()[0] == 30);
        drop(middle);
        assert!(whole.data_mut::<u32>().is_none() && row.data_mut::<u32>().is_none());
        drop(whole);
        row.data_mut::<u32>().unwrap()[9] = 7;
        assert_eq!(row.data::<u32>(), [30, 31, 32, 33, 34, 35, 36, 37, 38, 7]);
        let address = row.data::<u32>().as_ptr();
        drop(row);
        assert_eq!(buffer::<u32>(100).data::<u32>()[30..].as_ptr(), address);
    }
}
