//! Access to single elements.

use super::Tensor;
use crate::tensor::storage::element::Element;
use std::ops::{Index, IndexMut};

/// Single elements.
impl<T: Element> Tensor<T> {
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
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.at([1, 0]), 3.0);
    /// assert_eq!(x[[1, 0]], 3.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If `index` does not have one number per axis, or a number is not below the axis's extent.
    #[must_use]
    #[track_caller]
    #[doc(alias("get", "index"))]
    pub fn at(&self, index: impl AsRef<[usize]>) -> T {
        self.data()[self.flat_index(index.as_ref(), "at: ")]
    }

    /// The number of the element at an index, in row-major order.
    #[track_caller]
    fn flat_index(&self, index: &[usize], operation: &str) -> usize {
        let inside = index.len() == self.shape().rank()
            && index.iter().zip(self.shape().iter()).all(|(i, n)| i < n);
        assert!(
            inside,
            "{operation}index {index:?} lies outside of shape {}",
            self.shape()
        );
        let axes = index.iter().zip(self.shape().iter());
        axes.fold(0, |flat, (i, n)| flat * n + i)
    }
}

impl<T: Element, const N: usize> Index<[usize; N]> for Tensor<T> {
    type Output = T;

    /// Returns the element at the given index.
    ///
    /// # Panics
    ///
    /// If `index` does not have one number per axis, or a number is not below the axis's extent.
    #[track_caller]
    fn index(&self, index: [usize; N]) -> &T {
        &self.data()[self.flat_index(&index, "")]
    }
}

impl<T: Element, const N: usize> IndexMut<[usize; N]> for Tensor<T> {
    /// Returns the element at the given index for writing.
    ///
    /// Like [`data_mut`](Tensor::data_mut), it copies shared memory first, so the write changes no other tensor. In a
    /// loop over elements, `data_mut` checks that only once.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let mut x = Tensor::zeros([2, 2]);
    /// x[[1, 0]] = 3.0;
    /// assert_eq!(x, Tensor::from([[0.0, 0.0], [3.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If `index` does not have one number per axis, or a number is not below the axis's extent.
    #[track_caller]
    fn index_mut(&mut self, index: [usize; N]) -> &mut T {
        let flat = self.flat_index(&index, "");
        &mut self.data_mut()[flat]
    }
}
