//! `Tensor`: a shape and a range of shared memory, without derivatives.

mod construct;
mod range;

mod bytes;
mod convert;
mod display;
mod index;
mod iter;
mod map;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "npy")]
pub(crate) mod npy;
mod random;
mod rows;
#[cfg(feature = "serde")]
mod serde;

use super::buffer::Buffer;
use super::element::Element;
use super::shape::Shape;
use std::marker::PhantomData;

/// An array of numbers of any rank, row-major and contiguous.
///
/// Cloning is cheap: clones, reshapes and row ranges share memory. A write to shared memory copies the elements first
/// ([`data_mut`](Tensor::data_mut)), so it never changes another tensor.
///
/// ```
/// use autodiff::Tensor;
///
/// let x = Tensor::new([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let y = &x * 10.0 + Tensor::new([3], vec![0.1, 0.2, 0.3]);
/// assert_eq!(y.data(), [10.1, 20.2, 30.3, 40.1, 50.2, 60.3]);
/// assert_eq!(y.sum_over([1]).shape()[..], [2]);
/// ```
#[derive(Clone)]
pub struct Tensor<T> {
    buffer: Buffer,
    element: PhantomData<T>,
}

/// Shape and elements.
impl<T: Element> Tensor<T> {
    /// The extent along each axis.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.buffer.shape()
    }

    /// The number of elements.
    #[must_use]
    #[doc(alias("numel", "len"))]
    pub fn size(&self) -> usize {
        self.buffer.size()
    }

    /// The elements in row-major order.
    #[must_use]
    #[doc(alias = "as_slice")]
    pub fn data(&self) -> &[T] {
        self.buffer.data()
    }

    /// The elements for writing, in row-major order. Shared memory is copied first.
    #[doc(alias = "as_mut_slice")]
    pub fn data_mut(&mut self) -> &mut [T] {
        if !self.is_unshared() {
            *self = Tensor::made(self.shape().clone(), |out| out.copy_from_slice(self.data()));
        }
        self.buffer.data_mut().unwrap_or_default()
    }

    /// Whether no other tensor shares this tensor's memory, so that a write copies nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn is_unshared(&self) -> bool {
        self.buffer.is_unshared()
    }

    /// Whether `self` and `other` are views of the same memory.
    #[doc(hidden)]
    #[must_use]
    pub fn shares_memory_with(&self, other: &Tensor<T>) -> bool {
        self.buffer.same(&other.buffer)
    }

    /// Whether `self` and `other` are clones of one tensor. Two views of the same memory are not always clones.
    #[inline]
    pub(crate) fn is_clone_of(&self, other: &Tensor<T>) -> bool {
        self.buffer.is_clone_of(&other.buffer)
    }
}

impl<T: Element> Tensor<T> {
    /// Creates a tensor whose elements are written by `fill`.
    ///
    /// `fill` must write every element: its slice holds the data of dropped tensors.
    #[track_caller]
    pub(crate) fn made(shape: Shape, fill: impl FnOnce(&mut [T])) -> Self {
        Tensor {
            buffer: Buffer::filled(shape, fill),
            element: PhantomData,
        }
    }

    /// A view of the elements from `offset` on. The caller has checked that the view is inside.
    pub(crate) fn piece(&self, offset: usize, shape: &Shape) -> Self {
        Tensor {
            buffer: self.buffer.view(offset, shape),
            element: PhantomData,
        }
    }
}

impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.data() == other.data()
    }
}
