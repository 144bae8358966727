//! One-hot encoding.

use super::prelude::*;

/// One-hot encoding.
impl<T: Real> Tensor<T> {
    /// Creates a tensor of one-hot rows: for each index, a row of `classes` numbers, which are 0 except for a 1 at the
    /// index. The rows are along a new last axis.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let rows = Tensor::<f64>::one_hot([2, 0], 3);
    /// assert_eq!(rows, Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    ///
    /// If an index is not below `classes`, or there is not enough memory.
    #[must_use]
    #[track_caller]
    pub fn one_hot(indices: impl Into<Tensor<u32>>, classes: usize) -> Tensor<T> {
        let indices = indices.into();
        if let Some(index) = indices.data().iter().find(|&&i| i as usize >= classes) {
            panic!(
                "one_hot: index {index}, of indices of shape {}, is not below {classes} classes",
                indices.shape()
            );
        }
        let extents = indices.shape().iter().copied().chain([classes]);
        let shape = Shape::from(&extents.collect::<Vec<_>>()[..]);
        Tensor::made(shape, |out| {
            out.fill(T::default());
            for (row, &index) in out.chunks_exact_mut(classes.max(1)).zip(indices.data()) {
                row[index as usize] = T::from_f64(1.0);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn rows_are_one_hot() {
        let rows = Tensor::<f32>::one_hot([[1, 0], [1, 1]], 2);
        assert_eq!(
            rows,
            Tensor::new([2, 2, 2], [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0])
        );
        assert_eq!(Tensor::<f64>::one_hot(1, 3).data(), [0.0, 1.0, 0.0]);
        assert_eq!(
            Tensor::<f64>::one_hot(Tensor::zeros([0]), 0).shape()[..],
            [0, 0]
        );
        assert_eq!(rows.arg_max(-1), Tensor::from([[1, 0], [1, 1]]));
    }
}
