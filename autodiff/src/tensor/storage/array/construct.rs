//! Construction from a shape.

use super::Tensor;
use crate::tensor::storage::buffer::Buffer;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use std::marker::PhantomData;

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
    #[doc(alias = "fill")]
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

    /// Creates a tensor of ones.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::<f32>::ones([2, 3]), Tensor::full([2, 3], 1.0));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Tensor::full(shape, T::ONE)
    }

    /// Creates the identity matrix with `n` rows and columns.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::eye(2), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    #[doc(alias = "identity")]
    pub fn eye(n: usize) -> Self {
        Tensor::made(Shape::from([n, n]), |out| {
            out.fill(T::default());
            for x in out.iter_mut().step_by(n + 1) {
                *x = T::ONE;
            }
        })
    }

    /// Creates the tensor whose element at each index is `f(index)`.
    ///
    /// `f` is called once for each index, in row-major order. For a shape whose rank is not known at compile time, use
    /// [`from_flat_fn`](Tensor::from_flat_fn).
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let table = Tensor::from_fn([3, 4], |[i, j]| (i * j) as f64);
    /// assert_eq!(table.at([2, 3]), 6.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    #[doc(alias = "from_shape_fn")]
    pub fn from_fn<const N: usize>(shape: [usize; N], mut f: impl FnMut([usize; N]) -> T) -> Self {
        Tensor::made(Shape::from(shape), |out| {
            let mut index = [0; N];
            for x in out {
                *x = f(index);
                for (i, extent) in index.iter_mut().zip(shape).rev() {
                    *i += 1;
                    if *i < extent {
                        break;
                    }
                    *i = 0;
                }
            }
        })
    }

    /// Creates the tensor whose elements are `f(0)`, `f(1)`, … in row-major order.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::from_flat_fn([2, 2], |i| i as f64), Tensor::from([[0.0, 1.0], [2.0, 3.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn from_flat_fn(shape: impl Into<Shape>, mut f: impl FnMut(usize) -> T) -> Self {
        Tensor::made(shape.into(), |out| {
            for (i, x) in out.iter_mut().enumerate() {
                *x = f(i);
            }
        })
    }
}
