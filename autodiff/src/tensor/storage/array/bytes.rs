//! Tensors represented by bytes.

use super::Tensor;
use crate::tensor::storage::buffer::Buffer;
use crate::tensor::storage::byte_matrix::ByteMatrix;
use crate::tensor::storage::element::Real;
use std::marker::PhantomData;

/// Construction from bytes.
impl<T: Real> Tensor<T> {
    /// Creates the tensor of `scale` times each byte, in the shape of `bytes`; for example pictures with `scale` 1/255.
    ///
    /// The tensor keeps the bytes, which take a quarter of the memory of single precision. A layer's product `X Wᵀ` and
    /// its gradient `Δᵀ X` read them without conversion, also through [rows](Tensor::rows) and other views. All other
    /// operations read numbers, which are computed for the whole tensor on first use.
    ///
    /// These two products skip vectors of zero bytes. Where an infinite or NaN weight or δ meets only zero bytes, the
    /// product may treat 0 · ∞ as 0; where it meets any other byte, the result is not finite.
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

    /// The bytes that represent the elements, and their scale; `None` if the elements are stored as numbers.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<(&[u8], T)> {
        let (bytes, scale) = self.buffer.bytes()?;
        Some((bytes, T::from_f64(scale)))
    }
}
