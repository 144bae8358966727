//! Loops compiled for the widest vectors that the machine turns out to have.

use pulp::Arch;

/// Runs `body`, with the loops in it compiled for the machine's widest vectors: AVX-512, AVX2, or what every machine
/// of its architecture has.
///
/// What `body` does is inlined into a function that may use those instructions, so it should be a plain loop over
/// slices, given as a closure marked `#[inline(always)]`. The result does not depend on the choice.
#[inline]
pub fn vectorized<R>(body: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(body)
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
