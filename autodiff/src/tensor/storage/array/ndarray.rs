//! Conversion to and from arrays of the crate `ndarray`.

use super::Tensor;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;
use ndarray::{ArrayBase, ArrayD, ArrayView, ArrayViewD, Data, Dimension, IxDyn};

/// With the feature `ndarray`: views of and conversion to arrays of the crate `ndarray`.
///
/// A view shares the tensor's memory. An owned array cannot, in either direction, because a tensor's memory is aligned
/// to cache lines and a vector's is not: it is a copy.
impl<T: Element> Tensor<T> {
    /// Returns a view of the elements as an array of the crate `ndarray`, without a copy.
    ///
    /// `into_dimensionality` turns it into a view of a fixed rank. `to_owned` copies it into an array, as
    /// `ArrayD::from(tensor)` does; `Tensor::from(array)` converts back, from any layout.
    ///
    /// ```
    /// use autodiff::Tensor;
    /// use ndarray::{Array2, Ix2};
    ///
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let view = x.as_ndarray().into_dimensionality::<Ix2>()?;
    /// let product: Array2<f64> = view.dot(&view.t());
    /// assert_eq!(Tensor::from(product), Tensor::from([[5.0, 11.0], [11.0, 25.0]]));
    /// # Ok::<(), ndarray::ShapeError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the product of the extents other than 0 exceeds `isize::MAX`. Only a tensor without elements has such a shape.
    #[must_use]
    #[track_caller]
    pub fn as_ndarray(&self) -> ArrayViewD<'_, T> {
        match ArrayView::from_shape(IxDyn(self.shape()), self.data()) {
            Ok(view) => view,
            Err(error) => panic!("as_ndarray: shape {}: {error}", self.shape()),
        }
    }
}

impl<'a, T: Element> From<&'a Tensor<T>> for ArrayViewD<'a, T> {
    /// Returns [`as_ndarray`](Tensor::as_ndarray), without a copy.
    #[track_caller]
    fn from(tensor: &'a Tensor<T>) -> Self {
        tensor.as_ndarray()
    }
}

impl<T: Element> From<&Tensor<T>> for ArrayD<T> {
    /// Copies the elements.
    #[track_caller]
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.as_ndarray().to_owned()
    }
}

impl<T: Element> From<Tensor<T>> for ArrayD<T> {
    /// Copies the elements.
    #[track_caller]
    fn from(tensor: Tensor<T>) -> Self {
        tensor.as_ndarray().to_owned()
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> From<&ArrayBase<S, D>> for Tensor<T> {
    /// Copies the elements, from any layout.
    fn from(array: &ArrayBase<S, D>) -> Self {
        Tensor::made(Shape::from(array.shape()), |out| match array.as_slice() {
            Some(data) => out.copy_from_slice(data),
            None => out.iter_mut().zip(array).for_each(|(out, &x)| *out = x),
        })
    }
}

impl<T: Element, S: Data<Elem = T>, D: Dimension> From<ArrayBase<S, D>> for Tensor<T> {
    /// Copies the elements, from any layout.
    fn from(array: ArrayBase<S, D>) -> Self {
        Tensor::from(&array)
    }
}
