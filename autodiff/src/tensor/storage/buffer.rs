//! Untyped tensors: a shape, and memory that is aligned, shared and reused.
//!
//! Every training step creates tensors of the same sizes. To avoid a request for fresh pages each time, the memory of a
//! dropped tensor goes to a free list of the thread, and the next tensor of about the same size takes it from there. A
//! steady step allocates nothing.

mod free_list;

use super::byte_matrix::ByteMatrix;
use super::recycle::{Recycle, Recycled};
use super::shape::Shape;
use autodiff_kernels::{Float, Scratch};
use bytemuck::{Pod, Zeroable};
use free_list::FreeList;
use triomphe::Arc;

pub use free_list::release_memory;

/// Sixty-four bytes: the size and alignment of a cache line and of the widest vector register.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct CacheLine([u8; LINE]);

/// The size of a [`CacheLine`] in bytes.
const LINE: usize = 64;

/// A shape and the elements of a tensor, 64-byte aligned and shared among clones.
///
/// It is a single pointer, so that tensors are cheap to pass around.
#[derive(Clone)]
pub(crate) struct Buffer(Recycled<Arc<Block>>);

pub(crate) struct Block {
    shape: Shape,
    /// The number of elements.
    size: usize,
    /// The index of the first element in the memory.
    offset: usize,
    storage: Storage,
}

/// Where a block's elements are stored.
enum Storage {
    /// Nowhere: the block is in the free list, or about to be filled.
    Empty,
    /// In memory of its own.
    Owned(Vec<CacheLine>),
    /// In another block, which is not itself a view.
    View(Buffer),
    /// As bytes, which represent the elements.
    Bytes(ByteMatrix),
}

/// Scratch memory for kernels, from the free list.
pub(crate) struct Pooled;

impl Scratch for Pooled {
    fn with<T: Float>(&self, len: usize, f: impl FnOnce(&mut [T])) {
        drop(Buffer::filled(Shape::from([len]), f));
    }
}

impl Buffer {
    /// Creates a buffer. `fill` must write every element, since its slice holds the data of dropped buffers.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
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
        // A block from the free list and a fresh block have no other owner.
        if let Some(block) = Arc::get_mut(&mut block)
            && let Storage::Owned(memory) = &mut block.storage
        {
            fill(&mut bytemuck::cast_slice_mut(memory)[..size]);
            (block.shape, block.size, block.offset) = (shape, size, 0);
        }
        Buffer(Recycled::new(block))
    }

    /// A buffer without axes that holds the number `x`.
    #[inline]
    pub(crate) fn scalar<T: Pod>(x: T) -> Buffer {
        let mut block = FreeList::scalar();
        if let Some(block) = Arc::get_mut(&mut block)
            && let Storage::Owned(memory) = &mut block.storage
        {
            bytemuck::cast_slice_mut(memory)[0] = x;
        }
        Buffer(Recycled::new(block))
    }

    /// A buffer of the numbers that the bytes represent.
    pub(super) fn of_bytes(matrix: ByteMatrix) -> Buffer {
        let mut block = FreeList::without_memory();
        if let Some(block) = Arc::get_mut(&mut block) {
            (block.size, block.offset) = (matrix.size(), 0);
            block.shape = matrix.shape().clone();
            block.storage = Storage::Bytes(matrix);
        }
        Buffer(Recycled::new(block))
    }

    /// The bytes that represent the elements, and their scale, also for a view. They are returned even if the numbers
    /// already exist, so that the kernels for bytes always run and give the same bits.
    #[inline]
    pub(super) fn bytes(&self) -> Option<(&[u8], f64)> {
        match &self.root().0.storage {
            Storage::Bytes(matrix) => {
                let (bytes, scale) = matrix.bytes();
                Some((&bytes[self.0.offset..][..self.0.size], scale))
            }
            _ => None,
        }
    }

    /// A view of this buffer from `offset` on in another shape. The caller has checked that the view is inside.
    pub(crate) fn view(&self, offset: usize, shape: &Shape) -> Buffer {
        let mut view = FreeList::without_memory();
        if let Some(block) = Arc::get_mut(&mut view) {
            // The shape is cloned in place. A moved shape would be loaded while its stores are in the store buffer.
            (block.size, block.shape) = (shape.size(), shape.clone());
            block.offset = self.0.offset + offset;
            block.storage = Storage::View(self.root().clone());
        }
        Buffer(Recycled::new(view))
    }

    /// The buffer that `self` is a view of, or `self`.
    #[inline]
    fn root(&self) -> &Buffer {
        match &self.0.storage {
            Storage::View(root) => root,
            _ => self,
        }
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// The number of elements.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// The elements.
    #[inline(never)] // It has many callers, and the code of a small step should fit into the instruction cache.
    pub(crate) fn data<T: Pod>(&self) -> &[T] {
        &bytemuck::cast_slice(self.0.memory())[self.0.offset..][..self.0.size]
    }

    /// Whether `self` and `other` are clones of one buffer: the same view of the same memory.
    #[inline]
    pub(crate) fn is_clone_of(&self, other: &Buffer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this is the only clone, no other buffer is a view of the same memory, and the memory can be written to.
    pub(crate) fn is_unshared(&self) -> bool {
        self.0.is_unique()
            && match &self.0.storage {
                Storage::Owned(_) => true,
                Storage::View(root) => root.is_unshared(),
                Storage::Bytes(_) | Storage::Empty => false,
            }
    }

    /// The elements for writing; `None` if another buffer shares the memory or the elements are bytes.
    pub(crate) fn data_mut<T: Pod>(&mut self) -> Option<&mut [T]> {
        let block = Arc::get_mut(&mut self.0)?;
        let memory = match &mut block.storage {
            Storage::Owned(memory) => memory,
            Storage::View(root) => match &mut Arc::get_mut(&mut root.0)?.storage {
                Storage::Owned(memory) => memory,
                _ => return None,
            },
            _ => return None,
        };
        Some(&mut bytemuck::cast_slice_mut(memory)[block.offset..][..block.size])
    }

    /// Whether `self` and `other` are views of the same memory.
    pub(crate) fn same(&self, other: &Buffer) -> bool {
        self.root().is_clone_of(other.root())
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
    /// A block with `lines` cache lines of memory; `None` if there is not enough memory.
    fn with_memory(lines: usize) -> Option<Arc<Block>> {
        let memory = bytemuck::allocation::try_zeroed_vec(lines).ok()?;
        Some(Block::new(Storage::Owned(memory)))
    }

    /// A block with memory for a scalar.
    fn scalar() -> Arc<Block> {
        Block::new(Storage::Owned(vec![CacheLine::zeroed()]))
    }

    fn new(storage: Storage) -> Arc<Block> {
        Arc::new(Block {
            shape: Shape::scalar(),
            size: 1,
            offset: 0,
            storage,
        })
    }

    /// The whole memory that the block is a view of.
    #[inline]
    fn memory(&self) -> &[CacheLine] {
        match &self.storage {
            Storage::Owned(memory) => memory,
            Storage::View(root) if let Storage::Owned(memory) = &root.0.storage => memory,
            _ => self.memory_of_bytes(),
        }
    }

    /// The memory of the numbers that the bytes represent.
    #[cold]
    fn memory_of_bytes(&self) -> &[CacheLine] {
        match &self.storage {
            Storage::Bytes(matrix) => matrix.numbers().0.memory(),
            Storage::View(root) => root.0.memory(),
            Storage::Owned(_) | Storage::Empty => &[],
        }
    }
}

impl Recycle for Arc<Block> {
    #[inline]
    fn recycle(self) {
        // If another clone remains, it will recycle the memory. If two threads drop the last two clones at the same
        // time, neither may find itself unique, and the memory is freed.
        if self.is_unique() {
            FreeList::put(self);
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
    fn memory_is_aligned_and_reused() {
        let first = buffer::<f32>(1000);
        let address = first.data::<f32>().as_ptr();
        assert_eq!(address.addr() % 64, 0);
        drop(first);
        assert_eq!(buffer::<f32>(999).data::<f32>().as_ptr(), address);
    }

    #[test]
    fn a_scalar_reuses_the_memory_of_the_one_before() {
        let first = Buffer::scalar(1.5);
        let address = first.data::<f64>().as_ptr().addr();
        drop(first);
        // For any constructor and element type.
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
    fn a_view_shares_memory_and_outlives_its_root() {
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
