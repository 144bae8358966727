//! Conversion of bytes to numbers.

use crate::Float;
use crate::simd::vectorized;

/// Writes `scale` times each byte to `out`.
///
/// # Panics
///
/// If `bytes` and `out` differ in length.
pub fn scale_bytes<T: Float>(scale: T, bytes: &[u8], out: &mut [T]) {
    assert_eq!(bytes.len(), out.len());
    vectorized(
        #[inline(always)]
        move || {
            for (out, &byte) in out.iter_mut().zip(bytes) {
                *out = T::from_byte(byte) * scale;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_scaled() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut out = [f64::NAN; 256];
        scale_bytes(0.5, &bytes, &mut out);
        assert!(
            out.iter()
                .zip(0..)
                .all(|(&x, byte)| x == f64::from(byte) * 0.5)
        );
    }
}
