//! Loops compiled for the widest vectors that the machine turns out to have.

use pulp::{Arch, Simd, WithSimd};

/// Runs `body`, with the loops in it compiled for the machine's widest vectors: AVX-512, AVX2, or what every machine
/// of its architecture has.
///
/// What `body` does is inlined into a function that may use those instructions, so it should be a plain loop over
/// slices, given as a closure marked `#[inline(always)]`. The result does not depend on the choice.
#[inline]
pub fn vectorized<R>(body: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(body)
}

/// Fewer numbers than this are added, or rectified, without choosing among vectors first: it takes as long as the loop,
/// and numbers that were just written one by one can be read in wide pieces only after a wait.
pub const FEW: usize = 32;

/// How the processor that a loop is compiled for multiplies and adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiplyAdd {
    /// In one instruction, rounding once.
    Fused,
    /// In two, rounding twice. To round once here would take a call of a function for every number.
    Separate,
}

/// Runs `body` as [`vectorized`] does, and tells it how to multiply and add there, which is a constant to the compiler.
///
/// A result that makes use of it has other bits on another class of processor.
#[inline]
pub fn vectorized_with<R>(body: impl FnOnce(MultiplyAdd) -> R) -> R {
    Arch::new().dispatch(Told(body))
}

/// A closure that is told how to multiply and add.
struct Told<F>(F);

impl<R, F: FnOnce(MultiplyAdd) -> R> WithSimd for Told<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        // Each of `pulp`'s vectors has the fused instruction, but for those of WebAssembly.
        let fused = !S::IS_SCALAR && !cfg!(target_family = "wasm");
        (self.0)(if fused {
            MultiplyAdd::Fused
        } else {
            MultiplyAdd::Separate
        })
    }
}

#[cfg(test)]
mod tests {
    use super::vectorized;

    #[test]
    fn what_is_computed_does_not_depend_on_the_vectors() {
        let x: Vec<f32> = (0..1000).map(|i| i as f32 * 0.37).collect();
        let mut y = vec![0.0; 1000];
        vectorized(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(&x) {
                    *y = x * 3.0 - 1.0;
                }
            },
        );
        assert!(y.iter().zip(&x).all(|(y, x)| *y == x * 3.0 - 1.0));
    }
}
