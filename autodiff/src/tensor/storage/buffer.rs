//! Aligned memory that is shared, and used again.
//!
//! A training step makes the same tensors over and over. So that it does not ask the system for fresh pages each
//! time, the memory of a tensor that dies goes to a free list of its thread, from which the next tensor of about
//! the same size takes it. A steady step then allocates nothing.

mod free_list;

use super::recycle::{PutAway, Recycled};
use super::shape::Shape;
use bytemuck::{Pod, Zeroable};
use free_list::FreeList;
use std::sync::OnceLock;
use triomphe::Arc;

pub use free_list::release_memory;

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
    /// Nobody's: the block waits for its use.
    None,
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
    /// If there is no memory for so many elements.
    #[track_caller]
    pub(crate) fn filled<T: Pod>(shape: Shape, fill: impl FnOnce(&mut [T])) -> Buffer {
        let size = shape.size();
        let mut block = if shape.is_scalar() {
            FreeList::scalar()
        } else {
            let bytes = size.checked_mul(size_of::<T>());
            match bytes.and_then(|bytes| FreeList::with_memory(bytes.div_ceil(LINE))) {
                Some(block) => block,
                None => no_memory::<T>(&shape),
            }
        };
        // A block from the list has no other owner, and neither has a fresh one.
        if let Some(block) = Arc::get_mut(&mut block)
            && let Source::Own(memory) = &mut block.source
        {
            fill(&mut bytemuck::cast_slice_mut(memory)[..size]);
            (block.shape, block.size, block.offset) = (shape, size, 0);
        }
        Buffer(Recycled::new(block))
    }

    /// A buffer of the one number `x`, without axes.
    #[inline]
    pub(crate) fn scalar<T: Pod>(x: T) -> Buffer {
        let mut block = FreeList::scalar();
        if let Some(block) = Arc::get_mut(&mut block)
            && let Source::Own(memory) = &mut block.source
        {
            bytemuck::cast_slice_mut(memory)[0] = x;
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
        let mut block = FreeList::without_memory();
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

    /// The bytes that the elements are multiples of, and the factor, also of a piece of such a buffer. They are told whether
    /// or not numbers have been made of them, so what reads bytes does so always, and gives the same bits.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<(&[u8], f64)> {
        let (source, begin) = match &self.0.source {
            Source::Of(root) => (&root.0.source, self.0.offset),
            source => (source, 0),
        };
        match source {
            Source::Bytes { bytes, scale, .. } => {
                Some((&bytes.data()[begin..][..self.0.size], *scale))
            }
            _ => None,
        }
    }

    /// The piece of this buffer from `offset` on, in another shape; its caller has checked that it lies inside.
    pub(crate) fn view(&self, offset: usize, shape: &Shape) -> Buffer {
        let (root, begin) = match &self.0.source {
            Source::Of(root) => (root, self.0.offset),
            _ => (self, 0),
        };
        let mut view = FreeList::without_memory();
        if let Some(block) = Arc::get_mut(&mut view) {
            // The shape is made where it stays: one that is moved here is read before it has left the store buffer.
            (block.size, block.shape) = (shape.size(), shape.clone());
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
    #[inline(never)] // It is called from everywhere, and a small step should fit in the cache of instructions.
    pub(crate) fn data<T: Pod>(&self) -> &[T] {
        &bytemuck::cast_slice(self.0.memory())[self.0.offset..][..self.0.size]
    }

    /// Whether both are clones of one buffer, and so the same piece of the same memory.
    #[inline]
    pub(crate) fn is_clone_of(&self, other: &Buffer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this is the only clone, no other buffer is a piece of the same memory, and there is memory to write to.
    pub(crate) fn is_unshared(&self) -> bool {
        self.0.is_unique()
            && match &self.0.source {
                Source::Own(_) => true,
                Source::Of(root) => root.is_unshared(),
                Source::Bytes { .. } | Source::None => false,
            }
    }

    /// The elements, to write to; `None` if another buffer can see them.
    pub(crate) fn data_mut<T: Pod>(&mut self) -> Option<&mut [T]> {
        let block = Arc::get_mut(&mut self.0)?;
        let memory = match &mut block.source {
            Source::Own(memory) => memory,
            Source::Of(root) => match &mut Arc::get_mut(&mut root.0)?.source {
                Source::Own(memory) => memory,
                _ => return None,
            },
            _ => return None,
        };
        Some(&mut bytemuck::cast_slice_mut(memory)[block.offset..][..block.size])
    }

    /// Whether both are pieces of the same memory.
    pub(crate) fn same(&self, other: &Buffer) -> bool {
        std::ptr::eq(self.0.memory(), other.0.memory())
    }
}

#[cold]
#[track_caller]
fn no_memory<T>(shape: &Shape) -> ! {
    let bytes = shape.size() as u128 * size_of::<T>() as u128;
    let limit = isize::MAX;
    if bytes > limit as u128 {
        panic!(
            "a tensor of shape {shape} takes {bytes} bytes, and no tensor can take more than {limit}"
        )
    }
    panic!("there is no memory for a tensor of shape {shape}, which takes {bytes} bytes")
}

impl Block {
    /// A block with memory of so many lines, which is to be filled in; `None` if there is not so much.
    fn with_memory(lines: usize) -> Option<Arc<Block>> {
        let memory = bytemuck::allocation::try_zeroed_vec(lines).ok()?;
        Some(Block::new(Source::Own(memory)))
    }

    /// A block with memory for a scalar.
    fn scalar() -> Arc<Block> {
        Block::new(Source::Own(vec![Line::zeroed()]))
    }

    fn new(source: Source) -> Arc<Block> {
        Arc::new(Block {
            shape: Shape::scalar(),
            size: 1,
            offset: 0,
            source,
        })
    }

    /// All of the memory that it is a piece of.
    #[inline]
    fn memory(&self) -> &[Line] {
        match &self.source {
            Source::Own(memory) => memory,
            Source::Of(root) if let Source::Own(memory) = &root.0.source => memory,
            _ => self.memory_of_numbers(),
        }
    }

    /// That of the numbers that bytes are or become.
    #[cold]
    fn memory_of_numbers(&self) -> &[Line] {
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
            Source::None => &[],
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_scalar_takes_the_place_of_the_one_before() {
        let first = Buffer::scalar(1.5);
        let address = first.data::<f64>().as_ptr().addr();
        drop(first);
        // However it is made, and whatever its type.
        let second = Buffer::filled(Shape::scalar(), |data| data[0] = 7_u8);
        assert_eq!(second.data::<u8>(), [7]);
        assert_eq!(second.data::<u8>().as_ptr().addr(), address);
        drop(second);
        let third = Buffer::scalar(2.5_f32);
        assert_eq!((third.shape().rank(), third.size()), (0, 1));
        assert_eq!(third.data::<f32>(), [2.5]);
        assert_eq!(third.data::<f32>().as_ptr().addr(), address);
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
        let row = numbers.view(2, &Shape::from([2]));
        assert_eq!(row.data::<f64>(), [6.0, 510.0]);
        assert_eq!(numbers.data::<f64>(), [2.0, 4.0, 6.0, 510.0]);
        // A piece has its bytes, too.
        assert!(row.same(&numbers));
        assert_eq!(row.bytes(), Some((&[3, 255][..], 2.0)));
        let last = row.view(1, &Shape::from([1]));
        assert_eq!(last.bytes(), Some((&[255][..], 2.0)));
        drop(last);
        drop(row);
        // There is no memory of its own to write to.
        assert!(!numbers.is_unshared() && numbers.data_mut::<f64>().is_none());
    }

    #[test]
    fn a_view_shares_memory_and_outlives_what_it_is_a_view_of() {
        let mut whole = Buffer::filled::<u32>(Shape::from([100]), |data| {
            data.iter_mut().zip(0..).for_each(|(x, i)| *x = i);
        });
        let middle = whole.view(20, &Shape::from([3, 10]));
        let mut row = middle.view(10, &Shape::from([10]));
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
