//! Tensors that are made of bytes.

use super::Tensor;
use crate::tensor::storage::buffer::Buffer;
use crate::tensor::storage::byte_matrix::ByteMatrix;
use crate::tensor::storage::element::Real;
use std::marker::PhantomData;

impl<T: Real> Tensor<T> {
    /// The tensor of `scale` times each byte, in the shape of the bytes, such as pictures with `scale` 1/255.
    ///
    /// The bytes are kept, and take a quarter of the memory of single precision. A layer's product `X Wᵀ` and its gradient
    /// `Δᵀ X` read them without conversion, also from [rows](Tensor::rows) and other views. Everything else reads numbers,
    /// which are made once, for the whole tensor, when they are first needed.
    ///
    /// Those two products skip vectors of zero bytes, which most of MNIST consists of. An infinite or NaN weight or δ may
    /// therefore not show where it meets zeros alone, as if 0 · ∞ were 0; it shows where it meets any other byte.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let pixels = Tensor::<u8>::from([[0, 51, 255]]);
    /// let x = Tensor::<f64>::from_scaled_bytes(&pixels, 1.0 / 255.0);
    /// assert_eq!(x, Tensor::from([[0.0, 0.2, 1.0]]));
    /// ```
    #[must_use]
    pub fn from_scaled_bytes(bytes: &Tensor<u8>, scale: T) -> Tensor<T> {
        Tensor {
            buffer: Buffer::of_bytes(ByteMatrix::new(scale, bytes.buffer.clone())),
            element: PhantomData,
        }
    }

    /// The bytes that stand for the elements, and their scale; `None` if the elements are numbers.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<(&[u8], T)> {
        let (bytes, scale) = self.buffer.bytes()?;
        Some((bytes, T::from_f64(scale)))
    }
}
