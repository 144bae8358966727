//! Loops compiled for several instruction sets, and the choice between them.
//!
//! Kernels use the widest vectors of the machine. The environment variable `AUTODIFF_SIMD` limits them, for comparisons
//! and tests. It is read once:
//!
//! | `AUTODIFF_SIMD` | kernels |
//! |---|---|
//! | `avx512`, or not set | no limit |
//! | `avx2` | no AVX-512 on x86-64; no limit elsewhere |
//! | `scalar` | plain loops, in the instructions that the compiler assumes by default |
//!
//! The crate `gemm` chooses its instructions independently. With `scalar`, plain loops replace it. With `avx2`, its
//! products still use AVX-512 if the machine has it. Any other value panics at the first kernel.

use pulp::{Arch, Simd, WithSimd};
use std::env;
use std::ffi::OsStr;
use std::sync::LazyLock;

/// Runs `body`, with its loops compiled for the widest vectors that kernels [may use](self).
///
/// `body` is inlined into a function that is compiled for these instructions. It should be a plain loop over slices, in
/// a closure marked `#[inline(always)]`. The result does not depend on the instruction set.
#[inline]
pub fn vectorized<R>(body: impl FnOnce() -> R) -> R {
    arch().dispatch(body)
}

/// Like [`vectorized`], and passes `body` how to multiply and add, which is a constant to the compiler.
///
/// A result that depends on this argument may have different bits on another class of processor.
#[inline]
pub fn vectorized_with<R>(body: impl FnOnce(MultiplyAdd) -> R) -> R {
    arch().dispatch(WithMultiplyAdd(body))
}

/// Slices shorter than this are added or rectified without [`vectorized`]: the dispatch takes as long as the loop, and
/// a wide load of numbers that were just stored individually stalls.
pub const MIN_DISPATCH_LENGTH: usize = 32;

/// How to multiply and add on the processor that a loop is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiplyAdd {
    /// In one instruction, rounding once.
    Fused,
    /// In two instructions, rounding twice. Rounding once would take a function call per number.
    Separate,
}

/// A closure that takes a [`MultiplyAdd`].
struct WithMultiplyAdd<F>(F);

impl<R, F: FnOnce(MultiplyAdd) -> R> WithSimd for WithMultiplyAdd<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        // All vectors of `pulp` have fused instructions, except on WebAssembly.
        let fused = !S::IS_SCALAR && !cfg!(target_family = "wasm");
        (self.0)(if fused {
            MultiplyAdd::Fused
        } else {
            MultiplyAdd::Separate
        })
    }
}

/// Returns the instruction set that kernels use.
#[inline]
pub(crate) fn arch() -> Arch {
    static ARCH: LazyLock<Arch> = LazyLock::new(|| LIMIT.map_or_else(Arch::new, Limit::arch));
    *ARCH
}

/// Whether the environment limits kernels to plain loops.
pub(crate) fn is_off() -> bool {
    *LIMIT == Some(Limit::Scalar)
}

const VARIABLE: &str = "AUTODIFF_SIMD";

static LIMIT: LazyLock<Option<Limit>> =
    LazyLock::new(|| env::var_os(VARIABLE).map(|name| Limit::new(&name)));

/// The widest instruction set that kernels may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Scalar,
    Avx2,
    Avx512,
}

impl Limit {
    /// # Panics
    ///
    /// If `name` is not a limit.
    fn new(name: &OsStr) -> Self {
        match name.to_str() {
            Some("scalar") => Limit::Scalar,
            Some("avx2") => Limit::Avx2,
            Some("avx512") => Limit::Avx512,
            _ => panic!("{VARIABLE} is {name:?}, and can be scalar, avx2 or avx512"),
        }
    }

    /// Returns the machine's widest instruction set within the limit.
    fn arch(self) -> Arch {
        match self {
            Limit::Scalar => Arch::Scalar,
            #[cfg(target_arch = "x86_64")]
            Limit::Avx2 => pulp::x86::V3::try_new().map_or(Arch::Scalar, Arch::V3),
            _ => Arch::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_do_not_depend_on_the_vectors() {
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

    /// The number of `f32` lanes of an instruction set.
    fn lanes(arch: Arch) -> usize {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        arch.dispatch(Lanes)
    }

    #[test]
    fn a_limit_excludes_wider_vectors_and_no_others() {
        let widest = lanes(Arch::new());
        assert_eq!(lanes(Limit::Scalar.arch()), 1);
        let most = if cfg!(target_arch = "x86_64") {
            8
        } else {
            widest
        };
        assert_eq!(lanes(Limit::Avx2.arch()), widest.min(most));
        assert_eq!(lanes(Limit::Avx512.arch()), widest);
    }

    #[test]
    fn kernels_stay_within_the_limit_of_the_environment() {
        let most = match env::var(VARIABLE).as_deref() {
            Ok("scalar") => 1,
            Ok("avx2") => 8,
            _ => lanes(Arch::new()),
        };
        assert_eq!(lanes(arch()), most.min(lanes(Arch::new())));
        assert_eq!(
            is_off(),
            env::var_os(VARIABLE).is_some_and(|name| name == "scalar")
        );
    }

    #[test]
    #[should_panic(expected = "AUTODIFF_SIMD is \"sse\", and can be scalar, avx2 or avx512")]
    fn an_unknown_limit_is_refused() {
        Limit::new(OsStr::new("sse"));
    }
}
