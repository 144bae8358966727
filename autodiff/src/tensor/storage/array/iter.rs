//! Iteration over elements, and vectors of them.

use super::Tensor;
use crate::tensor::storage::element::Element;
use std::slice::Iter;

/// Iteration.
impl<T: Element> Tensor<T> {
    /// Returns an iterator over the elements in row-major order.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let x = Tensor::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.iter().sum::<i32>(), 10);
    /// let squares: Tensor<i32> = x.iter().map(|x| x * x).collect();
    /// assert_eq!(squares, Tensor::from([1, 4, 9, 16]));
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        self.data().iter()
    }

    /// Copies the elements, in row-major order, into a vector.
    ///
    /// `Vec::from` does the same. Neither can take over the tensor's memory, whose alignment is not a vector's.
    /// [`data`](Tensor::data) reads the elements without a copy.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// assert_eq!(Tensor::from([[1, 2], [3, 4]]).to_vec(), [1, 2, 3, 4]);
    /// ```
    #[must_use]
    #[doc(alias = "into_vec")]
    pub fn to_vec(&self) -> Vec<T> {
        self.data().to_vec()
    }
}

impl<'a, T: Element> IntoIterator for &'a Tensor<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    /// Iterates over the elements in row-major order, not over the rows.
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Element> FromIterator<T> for Tensor<T> {
    /// Creates a tensor with one axis.
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Tensor::from(elements.into_iter().collect::<Vec<T>>())
    }
}

impl<T: Element> From<&Tensor<T>> for Vec<T> {
    /// Copies the elements in row-major order.
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.to_vec()
    }
}

impl<T: Element> From<Tensor<T>> for Vec<T> {
    /// Copies the elements in row-major order.
    fn from(tensor: Tensor<T>) -> Self {
        tensor.to_vec()
    }
}
