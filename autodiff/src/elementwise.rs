//! The table of elementwise functions: the value, the slope and the documentation of each, in one place.
//!
//! A row defines a function completely. From it come the methods of plain numbers, scalar variables, tensors and tensor
//! variables, their documentation, and their tests. A row reads
//!
//! ```text
//! /// Hyperbolic tangent.
//! tanh() as Tanh { value: |x| x.tanh(), slope: |x, y, c| c(1.0) - y * y, smooth: [(-3.0, 3.0)] }
//! ```
//!
//! - `value` is computed on `f32` and `f64`.
//! - `slope` is f′(x), computed from the argument `x` and the value `y`; `c` makes a constant. It is written against
//!   [`Number`], so that the same text works for plain numbers, for forward-mode numbers, and for variables that record
//!   and can be differentiated again. Branches are written with [`Number::select`] for the same reason.
//! - `unbounded_slope` instead of `slope` marks a function whose slope has a pole. There, an adjoint of exactly zero
//!   stays zero instead of becoming `0 · ∞ = NaN` (see [`Number::absorbing_mul`]).
//! - A function with parameters lists, after a semicolon, the parameters that it is checked with.
//! - `smooth` lists intervals in which the function is smooth: the derivative checks draw their points there.
//!
//! At a kink, a tie or a pole the slope is chosen in the order that PyTorch publishes: the true gradient, if there is
//! one; else, for a convex function, the subgradient of least norm; else, for a concave one, the supergradient of least
//! norm; else the value by continuity, which may be infinite. Where none of these exists it is arbitrary, and the
//! function's row says what it is.

mod function;
mod number;
mod special;

pub use function::{Binary, Interval, Unary};
pub use number::Number;

/// Hands the table to the macro named: `unary` rows (parameters in brackets) and `binary` ones,
/// which have a method each, and the `operators`, which have a symbol.
macro_rules! elementwise_table {
    ($then:ident) => { $then! {
unary {
    /// The reciprocal, `1 / x`.
    recip() as Recip { value: |x| x.recip(), unbounded_slope: |_x, y, _c| -(y * y), smooth: [(-3.0, -0.3), (0.3, 3.0)] }
    /// The square, `x²`.
    square() as Square { value: |x| x * x, slope: |x, _y, c| c(2.0) * x, smooth: [(-3.0, 3.0)] }
    /// The integer power, `xⁿ`. The power 0 is the constant 1 and has slope 0 everywhere.
    powi(n: i32; { n: 3 }, { n: 2 }, { n: 1 }, { n: 0 }, { n: -2 }) as Powi {
        value: |x| x.powi(n),
        unbounded_slope: |x, _y, c| if n == 0 { c(0.0) } else { c(f64::from(n)) * x.powi(n.saturating_sub(1)) },
        smooth: [(-2.0, -0.4), (0.4, 2.0)]
    }
    /// The square root. At 0 the slope is infinite, by continuity.
    sqrt() as Sqrt { value: |x| x.sqrt(), unbounded_slope: |_x, y, c| c(0.5) / y, smooth: [(0.1, 4.0)] }
    /// The cube root. At 0 the slope is infinite, by continuity.
    cbrt() as Cbrt { value: |x| x.cbrt(), unbounded_slope: |_x, y, c| c(1.0) / (c(3.0) * y * y), smooth: [(-4.0, -0.2), (0.2, 4.0)] }

    /// The exponential, `eˣ`.
    exp() as Exp { value: |x| x.exp(), slope: |_x, y, _c| y, smooth: [(-3.0, 3.0)] }
    /// The power of two, `2ˣ`.
    exp2() as Exp2 { value: |x| x.exp2(), slope: |_x, y, c| c(std::f64::consts::LN_2) * y, smooth: [(-3.0, 3.0)] }
    /// `eˣ − 1`, accurate near 0.
    exp_m1() as ExpM1 { value: |x| x.exp_m1(), slope: |x, _y, _c| x.exp(), smooth: [(-3.0, 3.0)] }
    /// The natural logarithm; NaN below 0.
    ln() as Ln { value: |x| x.ln(), unbounded_slope: |x, _y, _c| x.recip(), smooth: [(0.1, 5.0)] }
    /// `ln(1 + x)`, accurate near 0.
    ln_1p() as Ln1p { value: |x| x.ln_1p(), unbounded_slope: |x, _y, c| c(1.0) / (c(1.0) + x), smooth: [(-0.8, 4.0)] }
    /// The logarithm to the base 2.
    log2() as Log2 { value: |x| x.log2(), unbounded_slope: |x, _y, c| c(std::f64::consts::LOG2_E) / x, smooth: [(0.1, 5.0)] }
    /// The logarithm to the base 10.
    log10() as Log10 { value: |x| x.log10(), unbounded_slope: |x, _y, c| c(std::f64::consts::LOG10_E) / x, smooth: [(0.1, 5.0)] }

    /// The sine.
    sin() as Sin { value: |x| x.sin(), slope: |x, _y, _c| x.cos(), smooth: [(-3.0, 3.0)] }
    /// The cosine.
    cos() as Cos { value: |x| x.cos(), slope: |x, _y, _c| -x.sin(), smooth: [(-3.0, 3.0)] }
    /// The tangent.
    tan() as Tan { value: |x| x.tan(), slope: |_x, y, c| c(1.0) + y * y, smooth: [(-1.2, 1.2)] }
    /// The inverse sine; NaN outside [−1, 1]. At ±1 the slope is infinite, by continuity.
    asin() as Asin { value: |x| x.asin(), unbounded_slope: |x, _y, c| c(1.0) / ((c(1.0) - x) * (c(1.0) + x)).sqrt(), smooth: [(-0.9, 0.9)] }
    /// The inverse cosine; NaN outside [−1, 1]. At ±1 the slope is infinite, by continuity.
    acos() as Acos { value: |x| x.acos(), unbounded_slope: |x, _y, c| c(-1.0) / ((c(1.0) - x) * (c(1.0) + x)).sqrt(), smooth: [(-0.9, 0.9)] }
    /// The inverse tangent.
    atan() as Atan { value: |x| x.atan(), slope: |x, _y, c| c(1.0) / (c(1.0) + x * x), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic sine.
    sinh() as Sinh { value: |x| x.sinh(), slope: |x, _y, _c| x.cosh(), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic cosine.
    cosh() as Cosh { value: |x| x.cosh(), slope: |x, _y, _c| x.sinh(), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic tangent. Its slope `1 − y²` is read off the value.
    tanh() as Tanh { value: |x| Special::tanh(x), slope: |_x, y, c| c(1.0) - y * y, smooth: [(-3.0, 3.0)] }
    /// The inverse hyperbolic sine.
    asinh() as Asinh { value: |x| x.asinh(), slope: |x, _y, c| c(1.0) / c(1.0).hypot(x), smooth: [(-3.0, 3.0)] }
    /// The inverse hyperbolic cosine; NaN below 1. At 1 the slope is infinite, by continuity.
    acosh() as Acosh { value: |x| x.acosh(), unbounded_slope: |x, _y, c| c(1.0) / ((x - c(1.0)).sqrt() * (x + c(1.0)).sqrt()), smooth: [(1.2, 5.0)] }
    /// The inverse hyperbolic tangent; NaN outside [−1, 1]. At ±1 the slope is infinite, by continuity.
    atanh() as Atanh { value: |x| x.atanh(), unbounded_slope: |x, _y, c| c(1.0) / ((c(1.0) - x) * (c(1.0) + x)), smooth: [(-0.8, 0.8)] }

    /// The absolute value. At 0 the slope is 0, the subgradient of least norm.
    abs() as Abs { value: |x| x.abs(), slope: |x, _y, _c| x.sign(), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The sign: −1, 0 or 1, and 0 at ±0. Its slope is 0.
    sign() as Sign { value: |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x }, slope: |_x, _y, c| c(0.0), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The sign bit as a number, ±1 as [`f64::signum`]: 1 at +0, −1 at −0. Its slope is 0.
    signum() as Signum { value: |x| x.signum(), slope: |_x, _y, c| c(0.0), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The largest integer that is not above `x`. Its slope is 0.
    floor() as Floor { value: |x| x.floor(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The smallest integer that is not below `x`. Its slope is 0.
    ceil() as Ceil { value: |x| x.ceil(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The nearest integer, halves away from 0. Its slope is 0.
    round() as Round { value: |x| x.round(), slope: |_x, _y, c| c(0.0), smooth: [(-0.4, 0.4), (0.6, 1.4)] }
    /// The integer part, towards 0. Its slope is 0.
    trunc() as Trunc { value: |x| x.trunc(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The fractional part, `x − trunc(x)`. Its slope is 1, at the jumps too.
    fract() as Fract { value: |x| x.fract(), slope: |_x, _y, c| c(1.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// `x` held between `low` and `high`. The slope is 1 inside and at the bounds, and 0 outside.
    clamp(low: f64, high: f64; { low: -0.5, high: 0.5 }) as Clamp {
        value: |x| { let (low, high) = (low as Self, high as Self); if x < low { low } else if x > high { high } else { x } },
        slope: |x, _y, c| Number::select(&x.less(c(low)), c(0.0), Number::select(&c(high).less(x), c(0.0), c(1.0))),
        smooth: [(-0.4, 0.4), (0.6, 2.0), (-2.0, -0.6)]
    }

    /// The rectifier, `max(x, 0)`. At the kink the slope is 0, as in the paper. A NaN passes through.
    relu() as Relu {
        value: |x| if x <= 0.0 { 0.0 } else { x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(1.0), c(0.0)),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// The leaky rectifier: `x` above 0, and `leak · x` below. At the kink the slope is `leak`.
    leaky_relu(leak: f64; { leak: 0.01 }) as LeakyRelu {
        value: |x| if x <= 0.0 { leak as Self * x } else { x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(1.0), c(leak)),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// The logistic function, `1 / (1 + e⁻ˣ)`. Its slope `y (1 − y)` is read off the value.
    sigmoid() as Sigmoid { value: |x| Special::sigmoid(x), slope: |_x, y, c| y * (c(1.0) - y), smooth: [(-4.0, 4.0)] }
    /// `ln(1 + eˣ)`, without overflow. Its slope is the logistic function.
    softplus() as Softplus { value: |x| (if x > 0.0 { x } else { 0.0 }) + (-x.abs()).exp().ln_1p(), slope: |x, _y, _c| x.sigmoid(), smooth: [(-4.0, 4.0)] }

    /// The error function, `2/√π ∫₀ˣ e^(−t²) dt`.
    erf() as Erf { value: |x| Special::erf(x), slope: |x, _y, c| c(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp(), smooth: [(-2.0, 2.0)] }
    /// The complementary error function, `1 − erf x`, accurate in the tail.
    erfc() as Erfc { value: |x| Special::erfc(x), slope: |x, _y, c| c(-std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp(), smooth: [(-2.0, 2.0)] }
    /// The logarithm of |Γ(x)|. Its slope is the digamma function, `polygamma(0)`; at the poles 0, −1, −2, … it is NaN, since
    /// the two sides differ.
    lgamma() as Lgamma { value: |x| Special::lgamma(x), unbounded_slope: |x, _y, _c| x.polygamma(0), smooth: [(0.3, 5.0)] }
    /// The derivative of order `n + 1` of `ln Γ`: `polygamma(0)` is digamma, `polygamma(1)` trigamma. At the poles 0, −1, −2, …
    /// it is ∞ for odd `n` and NaN for even `n`.
    polygamma(n: u32; { n: 0 }, { n: 1 }, { n: 2 }) as Polygamma { value: |x| Special::polygamma(n, x), unbounded_slope: |x, _y, _c| x.polygamma(n + 1), smooth: [(0.5, 5.0)] }
}
binary {
    /// The larger of two. At a tie each has slope ½, the subgradient of least norm. A NaN passes through.
    max as Max {
        value: |a, b| if a > b || a.is_nan() { a } else { b },
        slopes: |a, b, _y, c| (
            Number::select(&b.less(a), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0))),
            Number::select(&a.less(b), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0)))
        ),
        smooth: [((0.0, 1.0), (1.1, 2.0)), ((1.1, 2.0), (0.0, 1.0))]
    }
    /// The smaller of two. At a tie each has slope ½, the supergradient of least norm. A NaN passes through.
    min as Min {
        value: |a, b| if a < b || a.is_nan() { a } else { b },
        slopes: |a, b, _y, c| (
            Number::select(&a.less(b), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0))),
            Number::select(&b.less(a), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0)))
        ),
        smooth: [((0.0, 1.0), (1.1, 2.0)), ((1.1, 2.0), (0.0, 1.0))]
    }
    /// The power `aᵇ`. The exponent 0 has slope 0 in `a`; at `a = 0`, `b ≥ 0` the slope in `b` is 0.
    powf as Powf {
        value: |a, b| a.powf(b),
        unbounded_slopes: |a, b, y, c| (
            b.absorbing_mul(a.powf(b - c(1.0))),
            Number::select(&a.equal(c(0.0)), Number::select(&b.less(c(0.0)), y * a.ln(), c(0.0)), y.absorbing_mul(a.ln()))
        ),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The logarithm of `a` to the base `b`, `ln a / ln b`; NaN where either is negative.
    log as Log {
        value: |a, b| a.log(b),
        unbounded_slopes: |a, b, y, c| (c(1.0) / (a * b.ln()), -(y / (b * b.ln()))),
        smooth: [((0.3, 3.0), (1.5, 4.0)), ((0.3, 3.0), (0.2, 0.7))]
    }
    /// The angle of the point (`b`, `a`), `atan(a / b)` in the right quadrant. At the origin both slopes are 0, arbitrarily.
    atan2 as Atan2 {
        value: |a, b| a.atan2(b),
        unbounded_slopes: |a, b, _y, c| {
            let radius = a.hypot(b);
            let at_origin = radius.equal(c(0.0));
            (
                Number::select(&at_origin, c(0.0), b / radius / radius),
                Number::select(&at_origin, c(0.0), -(a / radius / radius))
            )
        },
        smooth: [((0.3, 3.0), (-3.0, 3.0)), ((-3.0, 3.0), (0.3, 3.0))]
    }
    /// `√(a² + b²)`, without overflow or underflow. At the origin both slopes are 0, the subgradient of least norm.
    hypot as Hypot {
        value: |a, b| a.hypot(b),
        slopes: |a, b, y, c| {
            let at_origin = y.equal(c(0.0));
            (Number::select(&at_origin, c(0.0), a / y), Number::select(&at_origin, c(0.0), b / y))
        },
        smooth: [((0.3, 3.0), (-3.0, 3.0))]
    }
    /// `a ln b`, and 0 where `a` is 0, for `b = 0` too; both slopes are 0 at (0, 0).
    xlogy as Xlogy {
        value: |a, b| if a == 0.0 && !b.is_nan() { 0.0 } else { a * b.ln() },
        unbounded_slopes: |a, b, _y, c| (
            Number::select(&a.equal(c(0.0)), Number::select(&c(0.0).less(b), b.ln(), c(0.0)), b.ln()),
            a.absorbing_mul(b.recip())
        ),
        smooth: [((-2.0, 2.0), (0.3, 3.0))]
    }
    /// The product, in which a factor that is exactly zero wins over an infinite or NaN one.
    ///
    /// It is how an adjoint meets a slope that may be infinite.
    absorbing_mul as AbsorbingMul {
        value: |a, b| if a == 0.0 || b == 0.0 { 0.0 } else { a * b },
        unbounded_slopes: |a, b, _y, _c| (b, a),
        smooth: [((0.3, 2.0), (-2.0, -0.3))]
    }
}
unary_operators {
    /// The negative.
    neg as Neg { value: |x| -x, slope: |_x, _y, c| c(-1.0), smooth: [(-2.0, 2.0)] }
}
binary_operators {
    /// The sum.
    add as Add { value: |a, b| a + b, slopes: |_a, _b, _y, c| (c(1.0), c(1.0)), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The difference.
    sub as Sub { value: |a, b| a - b, slopes: |_a, _b, _y, c| (c(1.0), c(-1.0)), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The product.
    mul as Mul { value: |a, b| a * b, slopes: |a, b, _y, _c| (b, a), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The quotient.
    div as Div { value: |a, b| a / b, unbounded_slopes: |_a, b, y, c| (c(1.0) / b, -(y / b)), smooth: [((-2.0, 2.0), (0.3, 2.0)), ((-2.0, 2.0), (-2.0, -0.3))] }
}
    } };
}
pub(crate) use elementwise_table;

/// Makes the functions of the table inherent methods of a type that is a [`Number`], so that its users need not import
/// the trait. The second argument of a function of two is anything that can become such a number.
macro_rules! inherent_methods {
    (
        unary { $($(#[$doc:meta])* $name:ident($($p:ident: $P:ty),* $(; $($case:tt),+)?) as $Variant:ident $row:tt)* }
        binary { $($(#[$doc2:meta])* $name2:ident as $Variant2:ident $row2:tt)* }
        $($operators:tt)*
    ) => {
        $(
            $(#[$doc])*
            #[must_use]
            #[inline(always)]
            #[track_caller]
            pub fn $name(self, $($p: $P),*) -> Self {
                $crate::Number::unary(self, $crate::elementwise::Unary::$Variant { $($p),* })
            }
        )*
        $(
            $(#[$doc2])*
            #[must_use]
            #[inline(always)]
            #[track_caller]
            pub fn $name2(self, other: impl Into<Self>) -> Self {
                $crate::Number::binary(self, $crate::elementwise::Binary::$Variant2, other.into())
            }
        )*
    };
}
pub(crate) use inherent_methods;
