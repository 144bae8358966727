//! Conversion of numbers, slices, vectors and arrays to tensors.

use super::Tensor;
use crate::tensor::storage::element::Element;
use crate::tensor::storage::shape::Shape;

impl<T: Element> From<T> for Tensor<T> {
    fn from(x: T) -> Self {
        Tensor::scalar(x)
    }
}

impl<T: Element> From<&Tensor<T>> for Tensor<T> {
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.clone()
    }
}

impl<T: Element> From<&[T]> for Tensor<T> {
    fn from(data: &[T]) -> Self {
        Tensor::new([data.len()], data)
    }
}

impl<T: Element, const N: usize> From<&[T; N]> for Tensor<T> {
    fn from(data: &[T; N]) -> Self {
        Tensor::from(&data[..])
    }
}

impl<T: Element> From<&Vec<T>> for Tensor<T> {
    fn from(data: &Vec<T>) -> Self {
        Tensor::from(&data[..])
    }
}

impl<T: Element> From<Vec<T>> for Tensor<T> {
    fn from(data: Vec<T>) -> Self {
        Tensor::from(&data[..])
    }
}

impl<T: Element, const M: usize> From<Vec<[T; M]>> for Tensor<T> {
    fn from(rows: Vec<[T; M]>) -> Self {
        Tensor::new([rows.len(), M], rows.as_flattened())
    }
}

impl<T: Element, const N: usize> From<[T; N]> for Tensor<T> {
    fn from(data: [T; N]) -> Self {
        Tensor::new([N], data)
    }
}

impl<T: Element, const N: usize, const M: usize> From<[[T; M]; N]> for Tensor<T> {
    fn from(rows: [[T; M]; N]) -> Self {
        Tensor::new([N, M], rows.as_flattened())
    }
}

impl<T: Element, const N: usize, const M: usize, const K: usize> From<[[[T; K]; M]; N]>
    for Tensor<T>
{
    fn from(matrices: [[[T; K]; M]; N]) -> Self {
        Tensor::new([N, M, K], matrices.as_flattened().as_flattened())
    }
}

impl<T: Element, const N: usize, const M: usize, const K: usize, const L: usize>
    From<[[[[T; L]; K]; M]; N]> for Tensor<T>
{
    fn from(blocks: [[[[T; L]; K]; M]; N]) -> Self {
        let data = blocks.as_flattened().as_flattened().as_flattened();
        Tensor::new([N, M, K, L], data)
    }
}

/// Implements the conversion of a vector of `$Inner`, which is itself a vector, to a tensor of rank `$rank`.
macro_rules! from_nested_vectors {
    ($($rank:literal, $Inner:ty;)*) => { $(
        impl<T: Element> From<Vec<$Inner>> for Tensor<T> {
            /// Copies the elements of nested vectors.
            ///
            /// # Panics
            ///
            /// If two inner vectors of the same depth have different lengths.
            #[track_caller]
            fn from(vectors: Vec<$Inner>) -> Self {
                // A loop, since a closure would hide the caller's line.
                let mut parts = Vec::with_capacity(vectors.len());
                for vector in vectors {
                    parts.push(Tensor::from(vector));
                }
                stacked(&parts, $rank)
            }
        }
    )* };
}
from_nested_vectors! {
    2, Vec<T>;
    3, Vec<Vec<T>>;
    4, Vec<Vec<Vec<T>>>;
}

/// Concatenates tensors along a new first axis, to a tensor of the given rank.
#[track_caller]
fn stacked<T: Element>(parts: &[Tensor<T>], rank: usize) -> Tensor<T> {
    let Some(first) = parts.first() else {
        return Tensor::zeros(&[0; 4][..rank]);
    };
    for (i, part) in parts.iter().enumerate() {
        assert!(
            part.shape() == first.shape(),
            "nested vectors of lengths {} (element 0) and {} (element {i}) do not form a tensor",
            first.shape(),
            part.shape()
        );
    }
    let extents: Vec<usize> = [parts.len()]
        .into_iter()
        .chain(first.shape().iter().copied())
        .collect();
    Tensor::made(Shape::from(&extents[..]), |out| {
        for (out, part) in out.chunks_exact_mut(first.size().max(1)).zip(parts) {
            out.copy_from_slice(part.data());
        }
    })
}
