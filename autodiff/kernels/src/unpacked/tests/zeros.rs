//! Vectors of zero bytes are skipped.

use super::*;

/// A NaN among the weights or in δ shows where it meets a nonzero byte, but not where it meets a vector of zeros.
#[test]
fn a_nan_that_meets_only_zeros_is_skipped() {
    fn check<T: Number>(kernels: &[Kernels<T>]) {
        const PIXELS: usize = 80;
        let mut bytes = vec![0; 2 * PIXELS];
        (bytes[PIXELS / 2], bytes[PIXELS + PIXELS / 2]) = (1, 2);
        let pictures = Matrix::new(&bytes, 2, PIXELS);
        for kernels in kernels {
            for (lit, at) in [(false, 0), (true, PIXELS / 2), (false, PIXELS - 1)] {
                let mut weights = [T::from_f64(0.5); PIXELS];
                weights[at] = T::from_f64(f64::NAN);
                let weights = Matrix::new(&weights, 1, PIXELS).transposed();
                let mut out = [T::from_f64(0.0); 2];
                let one = T::from_f64(1.0);
                (kernels.dot_bytes)(one, &pictures, &weights, &mut out, Write::Set);
                assert!(out.iter().all(|&out| out.into().is_nan() == lit), "{at}");

                let delta = [T::from_f64(f64::NAN), one];
                let delta = Matrix::new(&delta, 2, 1).transposed();
                let mut out = [one; PIXELS];
                let factors = [(delta, pictures)];
                let end = Epilogue::Write(Write::Add);
                (kernels.axpy_bytes)(one, &factors, &mut out, end);
                assert_eq!(out[at].into().is_nan(), lit, "{at}");
            }
        }
    }
    let (single, double) = kernels();
    check(&single);
    check(&double);
}
