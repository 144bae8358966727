//! The table of elementwise functions: the value, the slope and the documentation of each, in one place.
//!
//! For users this is the reference of all functions of one and two variables: their slopes at kinks and poles, and
//! their accuracy. For contributors it is the place to add a function.
//!
//! # A first example
//!
//! The functions are methods of plain numbers, scalar variables, tensors and tensor variables, and of the trait
//! [`Number`], for code that is generic over all of these. [`Unary`] and [`Binary`] are the functions as values.
//!
//! ```
//! use autodiff::Number;
//! use autodiff::elementwise::Unary;
//! use autodiff::scalar::derivative;
//!
//! assert_eq!(Number::softplus(0.0_f64), 2.0_f64.ln());
//! assert_eq!(derivative(|x| x.softplus(), 0.0), 0.5);
//! assert_eq!(Unary::Relu.slope(0.0, 0.0), 0.0);
//! ```
//!
//! # How a row reads
//!
//! A row defines a function: the methods, their documentation and their tests are generated from it.
//!
//! ```text
//! /// The hyperbolic sine. Its slope is `cosh x`.
//! sinh() as Sinh { value: |x| x.sinh(), slope: |x, _y, _c| x.cosh(), smooth: [(-3.0, 3.0)] }
//! ```
//!
//! - `value` is the value, computed on `f32` and `f64`.
//! - `slope` is f′(x), computed from the argument `x` and the value `y`; `c` makes a constant. It is written against
//!   [`Number`], so the same expression works for plain numbers, for forward-mode numbers, and for variables, whose
//!   slopes are recorded and can be differentiated again. The slope of this expression is the second derivative.
//!   The module `slopes` explains how its accuracy is kept.
//! - `unbounded_slope` instead of `slope` marks a function whose slope has a pole. At the pole an adjoint of exactly
//!   zero stays zero instead of becoming `0 · ∞ = NaN` (see [`Number::absorbing_mul`]).
//! - `value_and_slope` computes both together on plain numbers, where they share work.
//! - `slope_from_value` is the slope computed from the value alone. Tensors use it, because it takes less time and
//!   memory.
//! - `vector` and `vector_slope` name the vectorised kernels ([`elementary`](autodiff_kernels::elementary)) with which
//!   tensors compute the value, and a slope that is not computed from the value. `vector_except` names the condition
//!   under which these do not hold for a number. Such numbers, and rows without kernels, are computed as written.
//! - A function with parameters lists, after a semicolon, the parameters with which it is checked.
//! - `smooth` lists intervals in which the function is smooth. The derivative checks draw their points there.
//!
//! # Slopes where calculus leaves a choice
//!
//! The first rule that applies defines the slope. The order of the rules is the one that PyTorch publishes.
//!
//! 1. The derivative, where there is one.
//! 2. For a convex function the subgradient of least norm, for a concave one the supergradient of least norm.
//! 3. The value by continuity, which may be infinite. At the edge of the domain it is the limit from inside. Within the
//!    domain, ±0 is approached from the side of its sign: the value and the slope of `recip` at +0 are the limits from
//!    above, and at −0 the limits from below. For two variables the limit must be the same along every path.
//! 4. The slope that the function's documentation states, otherwise NaN.
//!
//! Second derivatives follow the same rules. At a kink, a tie, or the origin of a norm they are the derivatives of the
//! chosen slope, which are 0 unless the function's documentation states otherwise.
//!
//! Outside the domain the value and the slopes are NaN. A NaN argument makes every dependent value and slope NaN. The
//! exceptions are slopes that take only constant values, which are one of the constants at NaN too: 0 for `relu`, `max`
//! and `min`, 1 for `clamp`.
//!
//! # Accuracy
//!
//! On plain numbers, scalar variables and forward-mode numbers, the errors of values, slopes and second derivatives are
//! at most 99 ε, relative to the larger of the exact value and the smallest normal number, in `f64` and in `f32`. Tests
//! check this at random points and at the edges: zeros, subnormal numbers, poles, branch points, huge numbers. These
//! are less accurate:
//!
//! - the slope of the quotient a / b in b, and the second derivatives of `xlogy`, `atan2` and `hypot`, where a quotient
//!   that they are computed from is a subnormal number: they have no more digits than that quotient;
//! - the second derivatives of `hypot` where both arguments are subnormal numbers: one may overflow too early, by a
//!   factor of 2;
//! - a second derivative close to one of its zeros, relative to itself: the one of `log` in b near b = e⁻², the mixed
//!   one of `powf` near b ln a = −1, and the ones of `gelu` near ±√2, of `gelu_tanh` near ±1.42 and of `silu` near ±2.40;
//! - `lgamma` and `polygamma` close to a zero below −30, relative to themselves, and `polygamma` of an order above
//!   1000.
//!
//! On tensors a slope computed from the value has an absolute error of a few ε: where the slope of `tanh` is less than
//! ε, it is 0. So has the slope of `silu`, whose terms cancel near −1.28. The module
//! [`elementary`](autodiff_kernels::elementary) documents the errors of vectorised functions.
//!
//! # Where to go next
//!
//! [`Number`] lists the functions as methods. The [scalar](crate::scalar) and the [tensor](crate::tensor) tape record
//! them. [`gradcheck`](crate::gradcheck) checks derivatives against finite differences.
//!
//! # What it is not
//!
//! The table cannot be extended from outside the crate: [`scalar::custom`](crate::scalar::custom) and
//! [`tensor::Op`](crate::tensor::Op) define your own operations. It holds functions of one and two numbers only; sums,
//! norms, softmax and matrix products belong to the tapes.

// `function` and `number` depend on each other: a slope is written with numbers, and a number applies functions.
mod function;
mod number;
mod slopes;
mod special;

pub use function::{Binary, Interval, Unary};
pub use number::Number;

/// The constants of `selu`: λ, the slope above 0, and λ alpha, the slope at 0.
const SELU_ABOVE: f64 = 1.050_700_987_355_480_5;
const SELU_BELOW: f64 = 1.758_099_340_847_376_8;

/// The coefficients of the cubic polynomial in `gelu_tanh`: √(8/π) and 0.044715 √(8/π).
const GELU_TANH_LINEAR: f64 = 1.595_769_121_605_730_8;
const GELU_TANH_CUBIC: f64 = 0.071_354_816_272_600_25;

/// Passes the table to the named macro: `unary` and `binary` rows, each of which has a method, and `unary_operators`
/// and `binary_operators` without a method, which are the operators with a symbol and the rows that are slopes. With
/// the word `all` in front it passes the operators among the unary and binary rows.
macro_rules! elementwise_table {
    (all $then:ident) => { elementwise_table! { join_operators $then } };
    ($then:ident $($argument:ident)?) => { $then! { $($argument)?
unary {
    /// The reciprocal, `1 / x`. Its slope is `−1 / x²`.
    #[doc(alias = "reciprocal")]
    recip() as Recip { value: |x| x.recip(), unbounded_slope: |_x, y, _c| -(y * y), smooth: [(-3.0, -0.3), (0.3, 3.0)] }
    /// The square, `x²`. Its slope is `2 x`.
    square() as Square { value: |x| x * x, slope: |x, _y, c| c(2.0) * x, smooth: [(-3.0, 3.0)] }
    /// The integer power, `xⁿ`. Its slope is `n xⁿ⁻¹`. The power 0 is the constant 1 and has slope 0 everywhere.
    #[doc(alias = "pow")]
    powi(n: i32; { n: 3 }, { n: 2 }, { n: 1 }, { n: 0 }, { n: -2 }) as Powi {
        value: |x| Special::powi(x, n),
        unbounded_slope: |x, _y, c| match n {
            0 => c(0.0),
            -32..=32 => c(f64::from(n)) * x.powi(n - 1),
            // The power can underflow where its product with a large n does not, so n is multiplied with one half of
            // the power first.
            _ => c(f64::from(n)) * x.powi(n / 2 - 1) * x.powi(n - n / 2),
        },
        smooth: [(-2.0, -0.4), (0.4, 2.0)]
    }
    /// The square root; NaN below 0. Its slope is `1 / (2 √x)`. At 0 the slope is infinite, by continuity.
    sqrt() as Sqrt { value: |x| x.sqrt(), unbounded_slope: |_x, y, c| c(0.5) / plus_zero(y), smooth: [(0.1, 4.0)] }
    /// The cube root. Its slope is `1 / (3 ∛x²)`. At 0 the slope is infinite, by continuity.
    cbrt() as Cbrt {
        value: |x| x.cbrt(),
        unbounded_slope: |_x, y, c| { let inverse = y.recip(); c(1.0 / 3.0) * inverse * inverse },
        smooth: [(-4.0, -0.2), (0.2, 4.0)]
    }

    /// The exponential, `eˣ`. Its slope is `eˣ`.
    exp() as Exp { value: |x| x.exp(), slope: |_x, y, _c| y, slope_from_value: |y, _c| y, vector: exp, smooth: [(-3.0, 3.0)] }
    /// The power of two, `2ˣ`. Its slope is `2ˣ ln 2`.
    exp2() as Exp2 {
        value: |x| x.exp2(),
        // The slope is smaller than the value, and need not overflow where the value does.
        slope: |x, _y, c| { let root = (c(0.5) * x).exp2(); c(LN_2) * root * root },
        smooth: [(-3.0, 3.0)]
    }
    /// `eˣ − 1`, accurate near 0. Its slope is `eˣ`.
    #[doc(alias = "expm1")]
    exp_m1() as ExpM1 { value: |x| x.exp_m1(), slope: |x, _y, _c| x.exp(), vector: exp_m1, vector_slope: exp, smooth: [(-3.0, 3.0)] }
    /// The natural logarithm; NaN below 0. Its slope is `1 / x`.
    #[doc(alias = "log")]
    ln() as Ln { value: |x| x.ln(), unbounded_slope: |x, y, c| nan_where(&x.less(c(0.0)), y, plus_zero(x).recip()), vector: ln, smooth: [(0.1, 5.0)] }
    /// `ln(1 + x)`, accurate near 0; NaN below −1. Its slope is `1 / (1 + x)`.
    #[doc(alias = "log1p")]
    ln_1p() as Ln1p { value: |x| x.ln_1p(), unbounded_slope: |x, y, c| nan_where(&x.less(c(-1.0)), y, c(1.0) / (c(1.0) + x)), smooth: [(-0.8, 4.0)] }
    /// The logarithm to the base 2; NaN below 0. Its slope is `1 / (x ln 2)`.
    log2() as Log2 { value: |x| x.log2(), unbounded_slope: |x, y, c| nan_where(&x.less(c(0.0)), y, c(LOG2_E) / plus_zero(x)), smooth: [(0.1, 5.0)] }
    /// The logarithm to the base 10; NaN below 0. Its slope is `1 / (x ln 10)`.
    log10() as Log10 { value: |x| x.log10(), unbounded_slope: |x, y, c| nan_where(&x.less(c(0.0)), y, c(LOG10_E) / plus_zero(x)), smooth: [(0.1, 5.0)] }

    /// The sine. Its slope is `cos x`.
    sin() as Sin { value: |x| x.sin(), slope: |x, _y, _c| x.cos(), vector: sin, vector_slope: cos, vector_except: is_beyond_trig_range, smooth: [(-3.0, 3.0)] }
    /// The cosine. Its slope is `−sin x`.
    cos() as Cos { value: |x| x.cos(), slope: |x, _y, _c| -x.sin(), vector: cos, vector_slope: cos_slope, vector_except: is_beyond_trig_range, smooth: [(-3.0, 3.0)] }
    /// The tangent. Its slope is `1 + tan² x`.
    tan() as Tan { value: |x| x.tan(), slope: |_x, y, c| c(1.0) + y * y, smooth: [(-1.2, 1.2)] }
    /// The inverse sine; NaN outside [−1, 1]. Its slope is `1 / √(1 − x²)`. At ±1 the slope is infinite, by continuity.
    #[doc(alias = "arcsin")]
    asin() as Asin { value: |x| x.asin(), unbounded_slope: |x, _y, c| c(1.0) / one_minus_square(x).sqrt(), smooth: [(-0.9, 0.9)] }
    /// The inverse cosine; NaN outside [−1, 1]. Its slope is `−1 / √(1 − x²)`. At ±1 the slope is infinite, by
    /// continuity.
    #[doc(alias = "arccos")]
    acos() as Acos { value: |x| x.acos(), unbounded_slope: |x, _y, c| c(-1.0) / one_minus_square(x).sqrt(), smooth: [(-0.9, 0.9)] }
    /// The inverse tangent. Its slope is `1 / (1 + x²)`.
    #[doc(alias = "arctan")]
    atan() as Atan { value: |x| x.atan(), slope: |x, _y, c| c(1.0).hypot(x).recip().square(), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic sine. Its slope is `cosh x`.
    sinh() as Sinh { value: |x| x.sinh(), slope: |x, _y, _c| x.cosh(), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic cosine. Its slope is `sinh x`.
    cosh() as Cosh { value: |x| x.cosh(), slope: |x, _y, _c| x.sinh(), smooth: [(-3.0, 3.0)] }
    /// The hyperbolic tangent. Its slope is `1 / cosh² x`; on tensors it is computed from the value y, as `1 − y²`.
    tanh() as Tanh {
        value: |x| Special::tanh_and_slope(x).0, slope: |x, _y, _c| x.unary(Unary::TanhSlope),
        value_and_slope: |x| Special::tanh_and_slope(x), slope_from_value: |y, c| c(1.0) - y.square(),
        vector: tanh, smooth: [(-3.0, 3.0)]
    }
    /// The inverse hyperbolic sine. Its slope is `1 / √(x² + 1)`.
    #[doc(alias = "arcsinh")]
    asinh() as Asinh { value: |x| Special::asinh(x), slope: |x, _y, c| c(1.0) / c(1.0).hypot(x), smooth: [(-3.0, 3.0)] }
    /// The inverse hyperbolic cosine; NaN below 1. Its slope is `1 / √(x² − 1)`. At 1 the slope is infinite, by
    /// continuity.
    #[doc(alias = "arccosh")]
    acosh() as Acosh { value: |x| Special::acosh(x), unbounded_slope: |x, _y, c| c(1.0) / ((x - c(1.0)).sqrt() * (x + c(1.0)).sqrt()), smooth: [(1.2, 5.0)] }
    /// The inverse hyperbolic tangent; NaN outside [−1, 1]. Its slope is `1 / (1 − x²)`. At ±1 the slope is infinite,
    /// by continuity.
    #[doc(alias = "arctanh")]
    atanh() as Atanh { value: |x| Special::atanh(x), unbounded_slope: |x, y, c| nan_where(&c(1.0).less(x.square()), y, one_minus_square(x).recip()), smooth: [(-0.8, 0.8)] }

    /// The absolute value. Its slope is the sign of `x`. At 0 the slope is 0, the subgradient of least norm.
    #[doc(alias = "absolute")]
    abs() as Abs { value: |x| x.abs(), slope: |x, _y, _c| x.sign(), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The sign: −1, 0 or 1, and 0 at ±0. Its slope is 0.
    #[doc(alias = "sgn")]
    sign() as Sign { value: |x| if x > 0.0 { 1.0 } else if x < 0.0 { -1.0 } else { x }, slope: |_x, _y, c| c(0.0), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The sign bit as a number, ±1 as in [`f64::signum`]: 1 at +0, −1 at −0. Its slope is 0.
    signum() as Signum { value: |x| x.signum(), slope: |_x, _y, c| c(0.0), smooth: [(-3.0, -0.1), (0.1, 3.0)] }
    /// The largest integer less than or equal to `x`. Its slope is 0.
    floor() as Floor { value: |x| x.floor(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The smallest integer greater than or equal to `x`. Its slope is 0.
    ceil() as Ceil { value: |x| x.ceil(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The nearest integer; halves are rounded away from 0. Its slope is 0.
    round() as Round { value: |x| x.round(), slope: |_x, _y, c| c(0.0), smooth: [(-0.4, 0.4), (0.6, 1.4)] }
    /// The integer part: `x` rounded towards 0. Its slope is 0.
    trunc() as Trunc { value: |x| x.trunc(), slope: |_x, _y, c| c(0.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// The fractional part, `x − trunc(x)`. Its slope is 1, at the jumps too.
    #[doc(alias = "frac")]
    fract() as Fract { value: |x| x.fract(), slope: |_x, _y, c| c(1.0), smooth: [(0.1, 0.9), (-1.9, -1.1)] }
    /// `x` limited to the interval from `low` to `high`. The slope is 1 inside and at the bounds, and 0 outside.
    #[doc(alias = "clip")]
    clamp(low: f64, high: f64; { low: -0.5, high: 0.5 }) as Clamp {
        value: |x| { let (low, high) = (low as Self, high as Self); if x < low { low } else if x > high { high } else { x } },
        slope: |x, _y, c| Number::select(&x.less(c(low)), c(0.0), Number::select(&c(high).less(x), c(0.0), c(1.0))),
        smooth: [(-0.4, 0.4), (0.6, 2.0), (-2.0, -0.6)]
    }

    /// The rectifier, `max(x, 0)`. At 0 the slope is 0, the subgradient of least norm. A NaN passes through.
    #[doc(alias = "rectifier")]
    relu() as Relu {
        value: |x| if x <= 0.0 { 0.0 } else { x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(1.0), c(0.0)),
        slope_from_value: |y, c| Number::select(&c(0.0).less(y), c(1.0), c(0.0)),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// The leaky rectifier: `x` above 0, and `leak · x` below. At 0 the slope is `leak`.
    leaky_relu(leak: f64; { leak: 0.01 }) as LeakyRelu {
        value: |x| if x <= 0.0 { leak as Self * x } else { x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(1.0), c(leak)),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// The logistic function, `1 / (1 + e⁻ˣ)`. Its slope is `1 / (4 cosh² ½x)`; on tensors it is computed from the
    /// value y, as `y (1 − y)`.
    #[doc(alias("expit", "logistic"))]
    sigmoid() as Sigmoid {
        value: |x| Special::sigmoid_and_slope(x).0, slope: |x, _y, _c| x.unary(Unary::SigmoidSlope),
        value_and_slope: |x| Special::sigmoid_and_slope(x), slope_from_value: |y, c| y * (c(1.0) - y),
        vector: sigmoid, smooth: [(-4.0, 4.0)]
    }
    /// `ln(1 + eˣ)`, without overflow. Its slope is the logistic function.
    softplus() as Softplus {
        value: |x| (if x > 0.0 { x } else { 0.0 }) + (-x.abs()).exp().ln_1p(), slope: |x, _y, _c| x.sigmoid(),
        vector: softplus, vector_slope: sigmoid, smooth: [(-4.0, 4.0)]
    }

    /// The logarithm of the logistic function, `−ln(1 + e⁻ˣ)`, without overflow. Its slope is `1 / (1 + eˣ)`.
    #[doc(alias = "logsigmoid")]
    log_sigmoid() as LogSigmoid {
        value: |x| (if x < 0.0 { x } else { 0.0 }) - (-x.abs()).exp().ln_1p(), slope: |x, _y, _c| (-x).sigmoid(),
        vector: log_sigmoid, vector_slope: log_sigmoid_slope, smooth: [(-4.0, 4.0)]
    }
    /// `x σ(x)`, with the logistic function σ (Hendrycks and Gimpel 2016). Its slope is `σ(x) (1 + x σ(−x))`.
    #[doc(alias = "swish")]
    silu() as Silu {
        value: |x| Special::silu(x), slope: |x, _y, _c| x.unary(Unary::SiluSlope),
        vector: silu, vector_slope: silu_slope, smooth: [(-4.0, 4.0)]
    }
    /// `x Φ(x)`, with the cumulative normal distribution Φ (Hendrycks and Gimpel 2016). Its slope is `Φ(x) + x φ(x)`,
    /// with the normal density φ.
    gelu() as Gelu { value: |x| Special::gelu(x), slope: |x, _y, _c| x.unary(Unary::GeluSlope), smooth: [(-4.0, 4.0)] }
    /// The approximation of `gelu` by `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
    gelu_tanh() as GeluTanh { value: |x| Special::gelu_tanh(x), slope: |x, _y, _c| x.unary(Unary::GeluTanhSlope), smooth: [(-4.0, 4.0)] }
    /// The exponential linear unit (Clevert et al. 2015): `x` above 0, and `alpha · (eˣ − 1)` below. At 0 the slope and
    /// the second derivative are `alpha`, the limits from below.
    elu(alpha: f64; { alpha: 1.0 }, { alpha: 0.5 }) as Elu {
        value: |x| if x <= 0.0 { alpha as Self * x.exp_m1() } else { x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(1.0), c(alpha) * x.exp()),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// The scaled exponential linear unit (Klambauer et al. 2017), `λ elu(x)` with `λ = 1.0507009873554805` and
    /// `alpha = 1.6732632423543773`. At 0 the slope and the second derivative are `λ alpha`, the limits from below.
    selu() as Selu {
        value: |x| if x <= 0.0 { SELU_BELOW as Self * x.exp_m1() } else { SELU_ABOVE as Self * x },
        slope: |x, _y, c| Number::select(&c(0.0).less(x), c(SELU_ABOVE), c(SELU_BELOW) * x.exp()),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }
    /// `x / (1 + |x|)`. Its slope is `1 / (1 + |x|)²`. At 0 the second derivative is 0.
    softsign() as Softsign {
        value: |x| if x.is_infinite() { x.signum() } else { x / (1.0 + x.abs()) },
        slope: |x, _y, c| (c(1.0) + x.abs()).recip().square(),
        smooth: [(-3.0, -0.1), (0.1, 3.0)]
    }

    /// The error function, `2/√π ∫₀ˣ e^(−t²) dt`. Its slope is `2/√π e^(−x²)`.
    erf() as Erf { value: |x| Special::erf(x), slope: |x, _y, c| c(FRAC_2_SQRT_PI) * gaussian(x), vector: erf, vector_slope: erf_slope, smooth: [(-2.0, 2.0)] }
    /// The complementary error function, `1 − erf x`, accurate for large `x`. Its slope is `−2/√π e^(−x²)`.
    erfc() as Erfc { value: |x| Special::erfc(x), slope: |x, _y, c| c(-FRAC_2_SQRT_PI) * gaussian(x), smooth: [(-2.0, 2.0)] }
    /// The logarithm of |Γ(x)|. Its slope is the digamma function, `polygamma(0)`. At the poles −1, −2, … the slope is
    /// NaN, because the limits from the two sides differ, and at ±0 it is ∓∞.
    #[doc(alias = "ln_gamma")]
    lgamma() as Lgamma { value: |x| Special::lgamma(x), unbounded_slope: |x, _y, _c| x.polygamma(0), smooth: [(0.3, 5.0)] }
    /// The derivative of order `n + 1` of `ln Γ`: `polygamma(0)` is digamma, `polygamma(1)` trigamma. At the poles −1,
    /// −2, … it is ∞ for odd `n` and NaN for even `n`; at ±0 it is ∞ for odd `n` and ∓∞ for even `n`.
    #[doc(alias = "digamma")]
    polygamma(n: u32; { n: 0 }, { n: 1 }, { n: 2 }) as Polygamma { value: |x| Special::polygamma(x, n), unbounded_slope: |x, _y, _c| x.polygamma(n.saturating_add(1)), smooth: [(0.5, 5.0)] }
}
binary {
    /// The larger of `a` and `b`. At a tie both slopes are ½, the subgradient of least norm. A NaN passes through.
    #[doc(alias = "maximum")]
    max as Max {
        value: |a, b| if a > b || a.is_nan() { a } else { b },
        slopes: |a, b, _y, c| (
            Number::select(&b.less(a), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0))),
            Number::select(&a.less(b), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0)))
        ),
        smooth: [((0.0, 1.0), (1.1, 2.0)), ((1.1, 2.0), (0.0, 1.0))]
    }
    /// The smaller of `a` and `b`. At a tie both slopes are ½, the supergradient of least norm. A NaN passes through.
    #[doc(alias = "minimum")]
    min as Min {
        value: |a, b| if a < b || a.is_nan() { a } else { b },
        slopes: |a, b, _y, c| (
            Number::select(&a.less(b), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0))),
            Number::select(&b.less(a), c(1.0), Number::select(&a.equal(b), c(0.5), c(0.0)))
        ),
        smooth: [((0.0, 1.0), (1.1, 2.0)), ((1.1, 2.0), (0.0, 1.0))]
    }
    /// The power `aᵇ`, as in [`f64::powf`]. At the exponent 0 the slope in `a` is 0; at `a = 0`, `b ≥ 0` the slope in
    /// `b` is 0. For a negative base the slope in `a` exists at integers `b`, and the slope in `b` is NaN. At an
    /// infinite exponent the slopes are the limits for a fixed base.
    #[doc(alias = "pow")]
    powf as Powf {
        value: |a, b| a.powf(b),
        unbounded_slopes: |a, b, _y, _c| (a.binary(Binary::PowfSlopeA, b), a.binary(Binary::PowfSlopeB, b)),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The logarithm of `a` to the base `b`, `ln a / ln b`; NaN where `a` or `b` is negative. At the base 1 the value
    /// and the slopes are the limits from above.
    log as Log {
        value: |a, b| a.log(b),
        unbounded_slopes: |a, b, _y, _c| (a.binary(Binary::LogSlopeA, b), a.binary(Binary::LogSlopeB, b)),
        smooth: [((0.3, 3.0), (1.5, 4.0)), ((0.3, 3.0), (0.2, 0.7))]
    }
    /// The angle of the point (`b`, `a`), which is `atan(a / b)` in the right quadrant. At the origin both slopes are
    /// 0, by convention.
    #[doc(alias = "arctan2")]
    atan2 as Atan2 {
        value: |a, b| a.atan2(b),
        unbounded_slopes: |a, b, _y, _c| (a.binary(Binary::Atan2Slope, b), -b.binary(Binary::Atan2Slope, a)),
        smooth: [((0.3, 3.0), (-3.0, 3.0)), ((-3.0, 3.0), (0.3, 3.0))]
    }
    /// `√(a² + b²)`, without overflow or underflow on the way. At the origin both slopes are 0, the subgradient of
    /// least norm. Where both arguments are infinite, the slopes are ±√½, as on a diagonal.
    hypot as Hypot {
        value: |a, b| a.hypot(b),
        slopes: |a, b, _y, _c| (a.binary(Binary::HypotSlope, b), b.binary(Binary::HypotSlope, a)),
        smooth: [((0.3, 3.0), (-3.0, 3.0))]
    }
    /// `a ln b`, and 0 where `a` is 0. At `a = 0` and `b ≤ 0` both slopes are 0.
    xlogy as Xlogy {
        value: |a, b| if a == 0.0 && !b.is_nan() { 0.0 } else { a * b.ln() },
        unbounded_slopes: |a, b, y, c| {
            let zero_for_zero = |slope| Number::select(&a.equal(c(0.0)), Number::select(&b.less(c(0.0)), c(0.0), Number::select(&b.equal(c(0.0)), c(0.0), slope)), slope);
            (zero_for_zero(b.ln()), zero_for_zero(nan_where(&b.less(c(0.0)), y, a / plus_zero(b))))
        },
        smooth: [((-2.0, 2.0), (0.3, 3.0))]
    }
    /// The product `a b`, in which a factor of exactly zero absorbs an infinite or NaN one: the result is 0.
    ///
    /// A backward pass multiplies an adjoint with a slope that may be infinite by this function.
    absorbing_mul as AbsorbingMul {
        value: |a, b| if a == 0.0 || b == 0.0 { 0.0 } else { a * b },
        unbounded_slopes: |a, b, _y, _c| (b, a),
        smooth: [((0.3, 2.0), (-2.0, -0.3))]
    }
}
unary_operators {
    /// The negation, `−x`.
    neg as Neg { value: |x| -x, slope: |_x, _y, c| c(-1.0), slope_from_value: |_y, c| c(-1.0), smooth: [(-2.0, 2.0)] }

    /// The slope of `tanh`, `1 / cosh² x`.
    tanh_slope as TanhSlope {
        value: |x| Special::tanh_and_slope(x).1, slope: |x, y, c| c(-2.0) * (x.tanh() * y), vector: tanh_slope, smooth: [(-3.0, 3.0)]
    }
    /// The slope of the logistic function, `1 / (4 cosh² ½x)`.
    sigmoid_slope as SigmoidSlope {
        value: |x| Special::sigmoid_and_slope(x).1, slope: |x, y, c| -((c(0.5) * x).tanh() * y), vector: sigmoid_slope, smooth: [(-4.0, 4.0)]
    }
    /// The slope of `gelu`, `Φ(x) + x φ(x)`.
    gelu_slope as GeluSlope { value: |x| Special::gelu_slope(x), slope: |x, _y, _c| x.unary(Unary::GeluCurvature), smooth: [(-4.0, 4.0)] }
    /// The second derivative of `gelu`, `(2 − x²) φ(x)`.
    gelu_curvature as GeluCurvature {
        value: |x| Special::gelu_curvature(x),
        slope: |x, _y, c| {
            let x = x.clamp(-40.0, 40.0);
            c(0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI) * (x * (x * x - c(4.0))) * gaussian(c(FRAC_1_SQRT_2) * x)
        },
        smooth: [(-4.0, 4.0)]
    }
    /// The slope of `gelu_tanh`.
    gelu_tanh_slope as GeluTanhSlope { value: |x| Special::gelu_tanh_slope(x), slope: |x, _y, _c| x.unary(Unary::GeluTanhCurvature), smooth: [(-4.0, 4.0)] }
    /// The second derivative of `gelu_tanh`.
    gelu_tanh_curvature as GeluTanhCurvature {
        value: |x| Special::gelu_tanh_curvature(x),
        slope: |x, _y, c| {
            // The third derivative of x σ(v) is 3 (v″ σ′ + v′² σ″) + x (v‴ σ′ + 3 v′ v″ σ″ + v′³ σ‴).
            let x = x.clamp(-40.0, 40.0);
            let (linear, cubic) = (c(GELU_TANH_LINEAR), c(GELU_TANH_CUBIC));
            let square = x * x;
            let v = x * (linear + cubic * square);
            let (v1, v2, v3) = (linear + c(3.0) * cubic * square, c(6.0) * cubic * x, c(6.0) * cubic);
            let s1 = v.unary(Unary::SigmoidSlope);
            let tanh = (c(0.5) * v).tanh();
            let (s2, s3) = (-(tanh * s1), s1 * (c(1.0) - c(6.0) * s1));
            c(3.0) * (v2 * s1 + v1 * v1 * s2) + x * (v3 * s1 + c(3.0) * v1 * v2 * s2 + v1 * v1 * v1 * s3)
        },
        smooth: [(-4.0, 4.0)]
    }
    /// The slope of `silu`, `σ(x) (1 + x σ(−x))`.
    silu_slope as SiluSlope { value: |x| Special::silu_slope(x), slope: |x, _y, _c| x.unary(Unary::SiluCurvature), smooth: [(-4.0, 4.0)] }
    /// The second derivative of `silu`, `σ′(x) (2 − x tanh ½x)`.
    silu_curvature as SiluCurvature {
        value: |x| Special::silu_curvature(x),
        slope: |x, _y, c| {
            let x = x.clamp(-1500.0, 1500.0);
            let slope = x.unary(Unary::SigmoidSlope);
            slope * (x * (c(1.0) - c(6.0) * slope) - c(3.0) * (c(0.5) * x).tanh())
        },
        smooth: [(-4.0, 4.0)]
    }
}
binary_operators {
    /// The sum, `a + b`.
    add as Add { value: |a, b| a + b, slopes: |_a, _b, _y, c| (c(1.0), c(1.0)), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The difference, `a − b`.
    sub as Sub { value: |a, b| a - b, slopes: |_a, _b, _y, c| (c(1.0), c(-1.0)), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The product, `a b`.
    mul as Mul { value: |a, b| a * b, slopes: |a, b, _y, _c| (b, a), smooth: [((-2.0, 2.0), (-2.0, 2.0))] }
    /// The quotient, `a / b`.
    div as Div { value: |a, b| a / b, unbounded_slopes: |_a, b, y, c| (c(1.0) / b, -(y / b)), smooth: [((-2.0, 2.0), (0.3, 2.0)), ((-2.0, 2.0), (-2.0, -0.3))] }

    /// The slope of `aᵇ` in `a`.
    powf_slope_a as PowfSlopeA {
        value: |a, b| Special::powf_slope_a(a, b),
        unbounded_slopes: |a, b, _y, _c| (a.binary(Binary::PowfCurvatureA, b), a.binary(Binary::PowfMixed, b)),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The slope of `aᵇ` in `b`.
    powf_slope_b as PowfSlopeB {
        value: |a, b| Special::powf_slope_b(a, b),
        unbounded_slopes: |a, b, _y, _c| (a.binary(Binary::PowfMixed, b), a.binary(Binary::PowfCurvatureB, b)),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The second derivative of `aᵇ` in `a`.
    powf_curvature_a as PowfCurvatureA {
        value: |a, b| Special::powf_curvature_a(a, b),
        unbounded_slopes: |a, b, y, c| (y * (b - c(2.0)) / a, y * a.ln() + (c(2.0) * b - c(1.0)) * a.powf(b - c(2.0))),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The second derivative of `aᵇ` in `b`.
    powf_curvature_b as PowfCurvatureB {
        value: |a, b| Special::powf_curvature_b(a, b),
        unbounded_slopes: |a, b, y, c| ((b * y + c(2.0) * a.binary(Binary::PowfSlopeB, b)) / a, y * a.ln()),
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The mixed second derivative of `aᵇ`.
    powf_mixed as PowfMixed {
        value: |a, b| Special::powf_mixed(a, b),
        unbounded_slopes: |a, b, y, c| {
            let power = a.powf(b - c(1.0));
            (((b - c(1.0)) * y + b * power) / a, a.ln() * (y + power))
        },
        smooth: [((0.3, 3.0), (-2.0, 2.0))]
    }
    /// The slope of the logarithm to the base `b` in `a`.
    log_slope_a as LogSlopeA {
        value: |a, b| Special::log_slope_a(a, b),
        unbounded_slopes: |a, b, y, _c| (-(y / plus_zero(a)), a.binary(Binary::LogMixed, b)),
        smooth: [((0.3, 3.0), (1.5, 4.0)), ((0.3, 3.0), (0.2, 0.7))]
    }
    /// The slope of the logarithm to the base `b` in `b`.
    log_slope_b as LogSlopeB {
        value: |a, b| Special::log_slope_b(a, b),
        unbounded_slopes: |a, b, y, c| (a.binary(Binary::LogMixed, b), -(y / plus_zero(b) * (c(1.0) + c(2.0) / b.ln()))),
        smooth: [((0.3, 3.0), (1.5, 4.0)), ((0.3, 3.0), (0.2, 0.7))]
    }
    /// The mixed second derivative of the logarithm to the base `b`.
    log_mixed as LogMixed {
        value: |a, b| Special::log_mixed(a, b),
        unbounded_slopes: |a, b, y, c| (-(y / a), -(y / b * (c(1.0) + c(2.0) / b.ln()))),
        smooth: [((0.3, 3.0), (1.5, 4.0)), ((0.3, 3.0), (0.2, 0.7))]
    }
    /// The slope of `atan2` in `a`, `b / (a² + b²)`.
    atan2_slope as Atan2Slope {
        value: |a, b| Special::atan2_slope(a, b),
        unbounded_slopes: |a, b, y, c| {
            let other = b.binary(Binary::Atan2Slope, a);
            // In a² − b² = (|a| − |b|) (|a| + |b|) the first factor is exact where it is small.
            let radius = a.hypot(b);
            let difference = (a.abs() - b.abs()) / radius / radius;
            (c(-2.0) * y.absorbing_mul(other), difference.absorbing_mul(other.abs() + y.abs()))
        },
        smooth: [((0.3, 3.0), (-3.0, -0.1)), ((-3.0, -0.1), (0.3, 3.0))]
    }
    /// The slope of `hypot` in `a`, `a / √(a² + b²)`.
    hypot_slope as HypotSlope {
        value: |a, b| Special::hypot_slope(a, b),
        unbounded_slopes: |a, b, y, _c| {
            // The slopes of the angle are a and b, divided by the square of the distance.
            let (of_a, of_b) = (b.binary(Binary::Atan2Slope, a), a.binary(Binary::Atan2Slope, b));
            let cosine = b.binary(Binary::HypotSlope, a);
            // The product with the smaller argument does not overflow.
            let mixed = Number::select(&a.abs().less(b.abs()), cosine.absorbing_mul(of_a), y.absorbing_mul(of_b));
            (cosine.absorbing_mul(of_b), -mixed)
        },
        smooth: [((0.3, 3.0), (-3.0, -0.1)), ((-3.0, -0.1), (0.3, 3.0))]
    }
}
    } };
}
pub(crate) use elementwise_table;

/// Merges the operators of the table into the unary and binary rows, and passes these to the named macro.
macro_rules! join_operators {
    (
        $then:ident
        unary { $($unary:tt)* }
        binary { $($binary:tt)* }
        unary_operators { $($(#$doc:tt)* $name:ident as $Variant:ident $row:tt)* }
        binary_operators { $($operators:tt)* }
    ) => { $then! {
        unary { $($unary)* $($(#$doc)* $name() as $Variant $row)* }
        binary { $($binary)* $($operators)* }
    } };
}
pub(crate) use join_operators;
