//! `ByteMatrix`: numbers represented by bytes and a scale.

use super::buffer::Buffer;
use super::element::Real;
use super::shape::Shape;
use autodiff_kernels::scale_bytes;
use std::sync::OnceLock;

/// A scale times each of some bytes.
///
/// Matrix products read the [bytes](ByteMatrix::bytes). All other code reads the [numbers](ByteMatrix::numbers), which
/// are computed on first use.
pub(super) struct ByteMatrix {
    bytes: Buffer,
    scale: f64,
    numbers: OnceLock<Buffer>,
    /// Computes the numbers, in the precision of the scale that was passed to `new`.
    expand: fn(&ByteMatrix) -> Buffer,
}

impl ByteMatrix {
    /// Represents `scale` times each byte of a buffer.
    pub(super) fn new<T: Real>(scale: T, bytes: Buffer) -> Self {
        ByteMatrix {
            bytes,
            scale: scale.to_f64(),
            numbers: OnceLock::new(),
            expand: expand::<T>,
        }
    }

    pub(super) fn shape(&self) -> &Shape {
        self.bytes.shape()
    }

    /// The number of elements.
    pub(super) fn size(&self) -> usize {
        self.bytes.size()
    }

    /// The bytes and their scale.
    #[inline]
    pub(super) fn bytes(&self) -> (&[u8], f64) {
        (self.bytes.data(), self.scale)
    }

    /// The numbers, computed on first use.
    pub(super) fn numbers(&self) -> &Buffer {
        self.numbers.get_or_init(|| (self.expand)(self))
    }
}

fn expand<T: Real>(matrix: &ByteMatrix) -> Buffer {
    let (bytes, scale) = matrix.bytes();
    Buffer::filled(matrix.shape().clone(), |numbers: &mut [T]| {
        scale_bytes(T::from_f64(scale), bytes, numbers);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_made_once_and_only_when_they_are_read() {
        let bytes = Buffer::filled(Shape::from([2, 2]), |data| {
            data.copy_from_slice(&[1_u8, 2, 3, 255]);
        });
        let matrix = ByteMatrix::new(2.0, bytes);
        assert_eq!(matrix.bytes(), (&[1, 2, 3, 255][..], 2.0));
        assert!(matrix.numbers.get().is_none());
        let numbers = matrix.numbers();
        assert_eq!(numbers.data::<f64>(), [2.0, 4.0, 6.0, 510.0]);
        assert!(matrix.numbers().is_clone_of(numbers));
    }

    #[test]
    fn views_share_bytes_and_numbers() {
        let bytes = Buffer::filled(Shape::from([2, 2]), |data| {
            data.copy_from_slice(&[1_u8, 2, 3, 255]);
        });
        let mut whole = Buffer::of_bytes(ByteMatrix::new(2.0, bytes));
        assert_eq!((whole.size(), &whole.shape()[..]), (4, &[2, 2][..]));
        let row = whole.view(2, &Shape::from([2]));
        assert!(row.same(&whole));
        assert_eq!(row.bytes(), Some((&[3, 255][..], 2.0)));
        let last = row.view(1, &Shape::from([1]));
        assert_eq!(last.bytes(), Some((&[255][..], 2.0)));
        assert_eq!(row.data::<f64>(), [6.0, 510.0]);
        let numbers = whole.data::<f64>();
        assert!(std::ptr::eq(&numbers[2..], row.data::<f64>()));
        drop((row, last));
        // A byte matrix has no elements in memory to write to.
        assert!(!whole.is_unshared() && whole.data_mut::<f64>().is_none());
    }
}
