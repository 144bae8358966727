//! Exponentials, logarithms, sine, cosine, hyperbolic tangent, logistic function and its relatives, and error function
//! of many numbers, several at a time.
//!
//! The bits of a result depend on the number and on whether the processor has a fused multiply–add instruction. They do
//! not depend on the number's index in its slice or on its neighbours. NaN gives NaN. Zeros, infinities, overflow and
//! gradual underflow are as in the standard library.
//!
//! The table shows the largest errors in units in the last place. In single precision they hold for every number, which
//! a test checks. In double precision they were observed against the standard library, or the crate `libm`, at a million
//! numbers, where tests allow one more.
//!
//! | | `f32` | `f64` |
//! |---|---:|---:|
//! | `exp` | 0.87 | 1 |
//! | `exp_m1` | 1.6 | 2 |
//! | `exp2` | 1 | 1 |
//! | `ln` | 0.85 | 1 |
//! | `ln_1p` | 1.3 | 1 |
//! | `tanh` | 2.3 | 3 |
//! | `sigmoid` | 2.5 | 2 |
//! | `softplus` | 1.7 | 2 |
//! | `log_sigmoid` | 1.7 | 2 |
//! | `silu` | 3.4 | 3 |
//! | `sin` | 1 | 1 |
//! | `cos` | 1 | 1 |
//! | `erf` | 3.1 | 2 |
//! | `erfc` | 5.7 | 5 |
//! | `gaussian` | 0.9 | 2 |
//!
//! Slopes and functions of two numbers are in [`value`], a number at a time:
//!
//! | | `f32` | `f64` |
//! |---|---:|---:|
//! | `exp2_slope` | 1.5 | 2 |
//! | `tanh_slope` | 4.5 | 3 |
//! | `sigmoid_slope` | 4.5 | 4 |
//! | `erf_slope`, `erfc_slope` | 2.2 | 3 |
//! | `hypot` | 2.2 | 2 |
//! | `powi`, power ±n | n + 3 | n + 3 |
//!
//! Sine and cosine subtract a multiple of π/2 from numbers up to 3216 in single and up to 1.6 · 10⁶ in double
//! precision. Larger numbers take the standard library's function, one by one.
//!
//! ```
//! let mut x = [0.0_f32, 1.0];
//! autodiff_kernels::elementary::exp(&mut x);
//! assert!(x[0] == 1.0 && (x[1] - 1.0_f32.exp()).abs() <= f32::EPSILON * 2.0);
//! ```

pub(crate) mod format;
mod many;
#[cfg(test)]
mod tests;
pub mod value;

pub use many::{hypot, powi, sigmoid_and_slope, sin_cos, tanh_and_slope};

use crate::Float;
use crate::simd::{MultiplyAdd, vectorized_with};

macro_rules! on_slices {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        pub fn $name<T: Float>(x: &mut [T]) {
            vectorized_with(
                #[inline(always)]
                move |how| {
                    for x in x {
                        *x = value::$name(*x, how);
                    }
                },
            );
        }
    )* };
}

on_slices! {
    /// Replaces every number x by eˣ.
    exp
    /// Replaces every number x by eˣ − 1.
    exp_m1
    /// Replaces every number x by 2ˣ.
    exp2
    /// Replaces every number x by ln x, which is NaN below 0.
    ln
    /// Replaces every number x by ln(1 + x), which is NaN below −1.
    ln_1p
    /// Replaces every number x by tanh x.
    tanh
    /// Replaces every number x by the logistic function `1 / (1 + e⁻ˣ)`.
    sigmoid
    /// Replaces every number x by `ln(1 + eˣ)`.
    softplus
    /// Replaces every number x by `ln(1 / (1 + e⁻ˣ))`.
    log_sigmoid
    /// Replaces every number x by `x / (1 + e⁻ˣ)`.
    silu
    /// Replaces every number x by the error function, `2/√π ∫₀ˣ e^(−t²) dt`.
    erf
    /// Replaces every number x by the complementary error function, `1 − erf x`, accurate for large x.
    erfc
    /// Replaces every number x by e^(−x²).
    gaussian
}

/// Replaces every number x by sin x, which is NaN at ±∞.
pub fn sin<T: Float>(x: &mut [T]) {
    in_trig_range_or(x, value::sin, f64::sin);
}

/// Replaces every number x by cos x, which is NaN at ±∞.
pub fn cos<T: Float>(x: &mut [T]) {
    in_trig_range_or(x, value::cos, f64::cos);
}

/// Replaces every number by its `kernel`, and a number [beyond the range](value::is_beyond_trig_range) by its `libm`.
#[inline(always)]
fn in_trig_range_or<T: Float>(
    x: &mut [T],
    kernel: impl Fn(T, MultiplyAdd) -> T,
    libm: impl Fn(f64) -> f64,
) {
    vectorized_with(
        #[inline(always)]
        move |how| {
            // Not `any`: a loop that ends early is not vectorized.
            if x.iter()
                .fold(false, |any, &x| any | value::is_beyond_trig_range(x))
            {
                for x in x {
                    *x = if value::is_beyond_trig_range(*x) {
                        T::from_f64(libm(x.to_f64()))
                    } else {
                        kernel(*x, how)
                    };
                }
            } else {
                for x in x {
                    *x = kernel(*x, how);
                }
            }
        },
    );
}
