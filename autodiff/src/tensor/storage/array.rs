//! `Tensor`: a shape and a range of shared memory, without derivatives.

mod bytes;
mod convert;
mod display;

use super::buffer::Buffer;
use super::element::{Element, Real};
use super::shape::Shape;
use autodiff_kernels::simd::vectorized;
use num_traits::AsPrimitive;
use std::marker::PhantomData;
use std::ops::Range;

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

/// Construction.
impl<T: Element> Tensor<T> {
    /// Creates a tensor of the given shape from its elements in row-major order.
    ///
    /// # Panics
    ///
    /// If `data` does not have `shape.size()` elements.
    #[must_use]
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, data: impl AsRef<[T]>) -> Self {
        let (shape, data) = (shape.into(), data.as_ref());
        assert!(
            shape.size() == data.len(),
            "a tensor of shape {shape} cannot be made of {} elements",
            data.len()
        );
        Tensor::made(shape, |out| out.copy_from_slice(data))
    }

    /// Creates a scalar: a tensor without axes.
    #[must_use]
    pub fn scalar(x: T) -> Self {
        Tensor {
            buffer: Buffer::scalar(x),
            element: PhantomData,
        }
    }

    /// Creates a tensor whose elements are all `x`.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, x: T) -> Self {
        Tensor::made(shape.into(), |out| out.fill(x))
    }

    /// Creates a tensor of zeros.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::default())
    }

    /// Creates the tensor whose elements are `f(0)`, `f(1)`, … in row-major order.
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn from_fn(shape: impl Into<Shape>, mut f: impl FnMut(usize) -> T) -> Self {
        Tensor::made(shape.into(), |out| {
            for (i, x) in out.iter_mut().enumerate() {
                *x = f(i);
            }
        })
    }

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

/// Shape and elements.
impl<T: Element> Tensor<T> {
    /// The extent along each axis.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        self.buffer.shape()
    }

    /// The number of elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.size()
    }

    /// The elements in row-major order.
    #[must_use]
    pub fn data(&self) -> &[T] {
        self.buffer.data()
    }

    /// The elements for writing, in row-major order. Shared memory is copied first.
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

    /// Returns the only element.
    ///
    /// # Panics
    ///
    /// If the tensor does not have exactly one element.
    #[must_use]
    #[track_caller]
    pub fn item(&self) -> T {
        match self.data() {
            [x] => *x,
            _ => panic!(
                "item: a tensor of shape {} does not have just one element",
                self.shape()
            ),
        }
    }

    /// Returns the element at the given index.
    ///
    /// # Panics
    ///
    /// If `index` does not have one number per axis, or a number is not below the axis's extent.
    #[must_use]
    #[track_caller]
    pub fn at(&self, index: &[usize]) -> T {
        let inside = index.len() == self.shape().rank()
            && index.iter().zip(self.shape().iter()).all(|(i, n)| i < n);
        assert!(
            inside,
            "at: index {index:?} lies outside of shape {}",
            self.shape()
        );
        let flat = index
            .iter()
            .zip(self.shape().iter())
            .fold(0, |flat, (i, n)| flat * n + i);
        self.data()[flat]
    }
}

/// Rows and views.
impl<T: Element> Tensor<T> {
    /// Returns the sub-tensor of a range along the first axis, in shared memory.
    ///
    /// # Panics
    ///
    /// If the tensor is a scalar, or the range is not inside the first axis.
    #[must_use]
    #[track_caller]
    pub fn rows(&self, range: Range<usize>) -> Tensor<T> {
        let Some((&rows, rest)) = self.shape().split_first() else {
            panic!("rows: a scalar has no rows")
        };
        assert!(
            range.start <= range.end && range.end <= rows,
            "rows: {range:?} lies outside of shape {}",
            self.shape()
        );
        if range.len() == rows {
            return self.clone();
        }
        let row: usize = rest.iter().product();
        let mut extents = self.shape().clone();
        extents.set(0, range.len());
        self.piece(range.start * row, &extents)
    }

    /// Returns the `shape.size()` elements from `offset` on as a tensor of that shape, in shared memory.
    ///
    /// # Panics
    ///
    /// If `offset + shape.size()` exceeds the number of elements.
    #[must_use]
    #[track_caller]
    pub fn view(&self, offset: usize, shape: impl Into<Shape>) -> Tensor<T> {
        let shape = shape.into();
        let inside = offset
            .checked_add(shape.size())
            .is_some_and(|end| end <= self.size());
        assert!(
            inside,
            "view: shape {shape} at {offset} lies outside of a tensor of {} elements",
            self.size()
        );
        self.piece(offset, &shape)
    }

    /// Returns the tensor of the rows with the given numbers, copied.
    ///
    /// # Panics
    ///
    /// If the tensor is a scalar, or a number is not below the extent of the first axis.
    #[must_use]
    #[track_caller]
    pub fn gather_rows(&self, numbers: &[usize]) -> Tensor<T> {
        let Some((&rows, rest)) = self.shape().split_first() else {
            panic!("gather_rows: a scalar has no rows")
        };
        if let Some(outside) = numbers.iter().find(|&&number| number >= rows) {
            panic!(
                "gather_rows: row {outside} lies outside of shape {}",
                self.shape()
            );
        }
        let row: usize = rest.iter().product();
        let mut shape = self.shape().clone();
        shape.set(0, numbers.len());
        Tensor::made(shape, |out| {
            for (out, &number) in out.chunks_exact_mut(row.max(1)).zip(numbers) {
                out.copy_from_slice(&self.data()[number * row..][..row]);
            }
        })
    }
}

/// Conversion and maps.
impl<T: Element> Tensor<T> {
    /// Converts every element to another type, as the operator `as` does.
    #[must_use]
    pub fn cast<U: Element>(&self) -> Tensor<U>
    where
        T: AsPrimitive<U>,
    {
        Tensor::made(self.shape().clone(), |out| {
            for (out, x) in out.iter_mut().zip(self.data()) {
                *out = x.as_();
            }
        })
    }

    /// Applies `f` to every element.
    #[must_use]
    pub fn map<U: Element>(&self, f: impl Fn(T) -> U) -> Tensor<U> {
        Tensor::made(self.shape().clone(), |out| {
            vectorized(
                #[inline(always)]
                move || {
                    for (out, &x) in out.iter_mut().zip(self.data()) {
                        *out = f(x);
                    }
                },
            );
        })
    }
}

impl<T: Real> Tensor<T> {
    /// Adds `term`, of the same shape, in place if the memory of either is unshared.
    pub(crate) fn accumulate(&mut self, mut term: Tensor<T>) {
        if !self.is_unshared() && term.is_unshared() {
            std::mem::swap(self, &mut term);
        }
        let (sum, term) = (self.data_mut(), term.data());
        vectorized(
            #[inline(always)]
            move || {
                for (sum, &x) in sum.iter_mut().zip(term) {
                    *sum = *sum + x;
                }
            },
        );
    }
}

impl<T: Element> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.data() == other.data()
    }
}
