//! Tensors that are made of bytes.

use super::Tensor;
use crate::tensor::kernels::simd::vectorized;
use crate::tensor::storage::buffer::Buffer;
use crate::tensor::storage::element::Real;
use crate::tensor::storage::shape::Shape;
use std::marker::PhantomData;

impl<T: Real> Tensor<T> {
    /// The tensor of `scale` times each byte, in the shape of the bytes, such as pictures with `scale` 1/255.
    ///
    /// The bytes stay bytes, a quarter of the memory of single precision. A layer's product `X Wᵀ` and its gradient `Δᵀ X`
    /// read them as they lie, those of some [rows](Tensor::rows) or another piece, too; whatever else asks for numbers has
    /// them made, once, for the whole of the tensor.
    ///
    /// Those two products pass over bytes that are 0, as most of MNIST's are, where all that lie side by side are. So a
    /// weight or a δ that is infinite or NaN shows where it meets a byte that is not 0, and may not show where it meets
    /// none, as if 0 · ∞ were 0.
    ///
    /// ```
    /// # use autodiff::Tensor;
    /// let pixels = Tensor::<u8>::from([[0, 51, 255]]);
    /// let x = Tensor::<f64>::from_bytes(&pixels, 1.0 / 255.0);
    /// assert_eq!(x, Tensor::from([[0.0, 0.2, 1.0]]));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: &Tensor<u8>, scale: T) -> Tensor<T> {
        Tensor {
            buffer: Buffer::of_bytes(bytes.buffer.clone(), scale.to_f64(), widened::<T>),
            element: PhantomData,
        }
    }

    /// The bytes that the elements are multiples of, and the factor; `None` if they are numbers.
    #[inline]
    pub(crate) fn bytes(&self) -> Option<(&[u8], T)> {
        let (bytes, scale) = self.buffer.bytes()?;
        Some((bytes, T::from_f64(scale)))
    }
}

/// `scale` times each byte, in memory of its own.
fn widened<T: Real>(bytes: &[u8], scale: f64, shape: &Shape) -> Buffer {
    let scale = T::from_f64(scale);
    Buffer::filled(shape.clone(), |numbers: &mut [T]| {
        vectorized(
            #[inline(always)]
            move || {
                for (number, &byte) in numbers.iter_mut().zip(bytes) {
                    *number = T::from_byte(byte) * scale;
                }
            },
        );
    })
}
