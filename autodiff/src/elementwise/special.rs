//! Functions that the standard library lacks, computes slowly, or computes with few digits at the edges of the range.

mod double_double;
mod gamma;
mod gate;
mod hyperbolic;
mod logarithm;
mod logistic;
mod plane;
mod power;

/// Generates a trait of functions of plain numbers. For `f32` they are computed in double precision and rounded.
macro_rules! special {
    ($($(#[$doc:meta])* $name:ident($($x:ident),+ $(; $p:ident: $P:ty)?) = $path:path;)*) => {
        /// Special functions on plain numbers.
        pub(crate) trait Special: Copy {
            $(
                $(#[$doc])*
                fn $name($($x: Self),+ $(, $p: $P)?) -> Self;
            )*

            /// The hyperbolic tangent and its slope.
            fn tanh_and_slope(x: Self) -> (Self, Self);

            /// The logistic function and its slope.
            fn sigmoid_and_slope(x: Self) -> (Self, Self);
        }

        impl Special for f64 {
            $(
                #[inline]
                fn $name($($x: Self),+ $(, $p: $P)?) -> Self {
                    $path($($x),+ $(, $p)?)
                }
            )*

            #[inline]
            fn tanh_and_slope(x: Self) -> (Self, Self) {
                logistic::tanh_and_slope(x)
            }

            #[inline]
            fn sigmoid_and_slope(x: Self) -> (Self, Self) {
                logistic::sigmoid_and_slope(x)
            }
        }

        impl Special for f32 {
            $(
                #[inline]
                fn $name($($x: Self),+ $(, $p: $P)?) -> Self {
                    $path($(f64::from($x)),+ $(, $p)?) as f32
                }
            )*

            #[inline]
            fn tanh_and_slope(x: Self) -> (Self, Self) {
                rounded(logistic::tanh_and_slope(x.into()))
            }

            #[inline]
            fn sigmoid_and_slope(x: Self) -> (Self, Self) {
                rounded(logistic::sigmoid_and_slope(x.into()))
            }
        }
    };
}

special! {
    /// The inverse hyperbolic sine.
    asinh(x) = hyperbolic::asinh;
    /// The inverse hyperbolic cosine.
    acosh(x) = hyperbolic::acosh;
    /// The inverse hyperbolic tangent.
    atanh(x) = hyperbolic::atanh;
    /// The error function.
    erf(x) = libm::erf;
    /// The complementary error function.
    erfc(x) = libm::erfc;
    /// `x Φ(x)`, with the cumulative normal distribution Φ.
    gelu(x) = gate::gelu;
    /// The slope of `gelu`.
    gelu_slope(x) = gate::gelu_slope;
    /// The second derivative of `gelu`.
    gelu_curvature(x) = gate::gelu_curvature;
    /// The approximation of `gelu` by tanh.
    gelu_tanh(x) = gate::gelu_tanh;
    /// The slope of `gelu_tanh`.
    gelu_tanh_slope(x) = gate::gelu_tanh_slope;
    /// The second derivative of `gelu_tanh`.
    gelu_tanh_curvature(x) = gate::gelu_tanh_curvature;
    /// `x σ(x)`, with the logistic function σ.
    silu(x) = gate::silu;
    /// The slope of `silu`.
    silu_slope(x) = gate::silu_slope;
    /// The second derivative of `silu`.
    silu_curvature(x) = gate::silu_curvature;
    /// The logarithm of |Γ|.
    lgamma(x) = gamma::lgamma;
    /// The derivative of order `n + 1` of `ln Γ`.
    polygamma(x; n: u32) = gamma::polygamma;
    /// The integer power.
    powi(x; n: i32) = power::powi;
    /// The slope of `aᵇ` in a.
    powf_slope_a(a, b) = power::powf_slope_a;
    /// The second derivative of `aᵇ` in a.
    powf_curvature_a(a, b) = power::powf_curvature_a;
    /// The second derivative of `aᵇ` in b.
    powf_curvature_b(a, b) = power::powf_curvature_b;
    /// The slope of `aᵇ` in b.
    powf_slope_b(a, b) = power::powf_slope_b;
    /// The mixed second derivative of `aᵇ`.
    powf_mixed(a, b) = power::powf_mixed;
    /// The slope of the logarithm of `a` to the base `b` in a.
    log_slope_a(a, b) = logarithm::log_slope_a;
    /// The slope of the logarithm of `a` to the base `b` in b.
    log_slope_b(a, b) = logarithm::log_slope_b;
    /// The mixed second derivative of the logarithm of `a` to the base `b`.
    log_mixed(a, b) = logarithm::log_mixed;
    /// The slope of `√(a² + b²)` in a.
    hypot_slope(a, b) = plane::hypot_slope;
    /// The slope of the angle of the point (b, a) in a.
    atan2_slope(a, b) = plane::atan2_slope;
}

/// Returns both numbers rounded to single precision.
#[inline]
fn rounded((y, slope): (f64, f64)) -> (f32, f32) {
    (y as f32, slope as f32)
}
