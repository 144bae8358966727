"""The functions of one variable: f, f′ and f″ as formulas of mpmath, and their values where calculus leaves a choice.

Outside the domain the formula's value is complex, and value and derivatives are NaN. Where a formula cannot be evaluated
(at a pole, at infinity, at the edge of the domain), `edges.py` takes the limit. Where there is no limit, or the
documentation of the function makes another choice, the number is defined here.
"""

from mpmath import mp, mpf

from row import INF, NAN, Row, always, interval, is_negative, magnitudes, near_one, one, sign, zero

real = [interval(-3, 3), magnitudes(1e-8, 1e3, True)]
moderate = [interval(-5, 5), magnitudes(1e-8, 30, True)]
positive = [interval(0, 5), magnitudes(1e-10, 1e10)]
inside = [interval(-1, 1), magnitudes(1e-8, 1, True), near_one(-1)]
steps = [interval(-4, 4), magnitudes(1e-3, 1e6, True)]
turns = real + [magnitudes(1e3, 1e9, True)]


def sech(x):
    return 1 / mp.cosh(x)


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def logistic_slope(x):
    return logistic(x) * logistic(-x)


def gaussian(x):
    return 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def erfc(x):
    # For large x mpmath fails. The value there is smaller than every number of a format.
    return mp.erfc(x) if x < 1e10 else mp.exp(-x * x)


def normal_cdf(x):
    return erfc(-x / mp.sqrt(2)) / 2


def normal_density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def gate_derivatives(v, v1, v2):
    """The function x σ(v) with the logistic function σ, and its first two derivatives, from the polynomial v and its
    derivatives."""

    def curvature(x):
        return logistic_slope(v(x)) * (2 * v1(x) + x * v2(x) - x * v1(x) ** 2 * mp.tanh(v(x) / 2))

    return [lambda x: x * logistic(v(x)), lambda x: logistic(v(x)) + x * v1(x) * logistic_slope(v(x)), curvature]


def scale(x):
    return mp.sqrt(8 / mp.pi) * x


def cubic(x):
    """The argument of σ in gelu_tanh, limited to numbers whose exponentials mpmath computes."""
    return max(min(scale(x + CUBIC * x**3), mpf("1e100")), mpf("-1e100"))


CUBIC = mpf("0.044715")
GELU = [lambda x: x * normal_cdf(x), lambda x: normal_cdf(x) + x * normal_density(x), lambda x: (2 - x * x) * normal_density(x)]
GELU_TANH = gate_derivatives(cubic, lambda x: scale(1 + 3 * CUBIC * x * x), lambda x: scale(6 * CUBIC * x))
SILU = gate_derivatives(lambda x: x, lambda x: mpf(1), lambda x: mpf(0))


def cot_derivative(n, x):
    """The derivative of order n of π cot(πx): πⁿ⁺¹ Pₙ(cot πx), with P₀(c) = c and Pₖ₊₁ = −(1 + c²) dPₖ/dc."""
    polynomial = [0, 1]
    for _ in range(n):
        following = [0] * (len(polynomial) + 1)
        for i, coefficient in enumerate(polynomial):
            if i:
                following[i - 1] -= i * coefficient
                following[i + 1] -= i * coefficient
        polynomial = following
    c = mp.cospi(x) / mp.sinpi(x)
    return mp.pi ** (n + 1) * sum(coefficient * c**i for i, coefficient in enumerate(polynomial))


def psi(n, x):
    """The polygamma function; below ½ by the reflection formula."""
    if x < 0.5:
        return (-1) ** n * mp.psi(n, 1 - x) - cot_derivative(n, x)
    return mp.psi(n, x)


def lgamma(x):
    if x < 0.5:
        return mp.log(mp.pi / abs(mp.sinpi(x))) - lgamma(1 - x)
    return mp.loggamma(x)


def psi_at(n, x):
    """The polygamma function at a pole and at −∞. The sign of ±0 chooses the side of the limit."""
    if x == -INF:
        return NAN
    if x <= 0 and x == mp.floor(x):
        if x == 0:
            return INF if is_negative(x) or n % 2 else -INF
        return INF if n % 2 else NAN
    return None


def zeros_of_psi(n):
    """The zeros closest to 0 of a polygamma function of even order; functions of odd order have none."""
    pole_to_pole = [(-k - 0.62, -k - 0.45) for k in range(3)]
    brackets = pole_to_pole + ([(1, 2)] if n == 0 else [])
    return [mp.findroot(lambda x: psi(n, x), bracket, solver="anderson", verify=False) for bracket in brackets]


def polygamma(n):
    return Row(
        "Polygamma { n: %d }" % n,
        [lambda x, k=k: psi(k, x) for k in (n, n + 1, n + 2)],
        [interval(0.05, 20), magnitudes(1e-2, 1e4), interval(-8, 0)],
        zeros_of_psi(n + n % 2) + zeros_of_psi(n + 2) + [-1, -2, -3, -10, -100, -0.5, -1.5, -2.5, -20.5, -100.5, -1000.25],
        lambda x: [psi_at(k, x) for k in (n, n + 1, n + 2)],
        total=True,
        digits=[60, 150, 500],
    )


def lgamma_at(x):
    slope = psi_at(0, x)
    if slope is None:
        return None
    return [INF, slope, psi_at(1, x)]


def powi(n, domain=None, edges=()):
    def define(x):
        # A power or derivative that is constant is constant at NaN too.
        orders = [mpf(1) if n == 0 else None, mpf(n) if n in (0, 1) else None, mpf(n * (n - 1)) if n in (0, 1, 2) else None]
        return orders if mp.isnan(x) or mp.isinf(x) else None

    return Row(
        "Powi { n: %d }" % n,
        [lambda x: x**n, lambda x: n * x ** (n - 1) if n else mpf(0), lambda x: n * (n - 1) * x ** (n - 2) if n not in (0, 1) else mpf(0)],
        domain or [interval(-3, 3), magnitudes(1e-3, 1e3, True)],
        list(edges),
        define,
    )


def at_infinity(*orders):
    """Defines the function and its derivatives at both infinities."""
    return lambda x: list(orders) if mp.isinf(x) else None


def flat_at_infinity(low, high):
    """Defines the limits at −∞ and +∞ of a function that is flat there, and its derivatives 0."""
    return lambda x: [mpf(low if x < 0 else high), mpf(0), mpf(0)] if mp.isinf(x) else None


def linear_above(x):
    """Defines the limits at ±∞ of a function that is 0 at −∞ and close to x at +∞."""
    if not mp.isinf(x):
        return None
    return [INF, mpf(1), mpf(0)] if x > 0 else [mpf(0)] * 3


def slopes_of(name, formulas):
    """The rows of the first and the second derivative of a function. mpmath differentiates further."""
    slope, curvature = formulas[1:]
    third, fourth = (lambda x, n=n: mp.diff(curvature, x, n) for n in (1, 2))
    return [Row(name + "Slope", [slope, curvature, third], moderate), Row(name + "Curvature", [curvature, third, fourth], moderate)]


def elu(name, scale, alpha):
    """The function scale · elu with this alpha. At 0 the derivatives are the limits from below."""
    below = lambda x: scale * alpha * mp.exp(x)
    return Row(
        name,
        [lambda x: scale * alpha * (mp.exp(x) - 1) if x <= 0 else scale * x, lambda x: scale if x > 0 else below(x), lambda x: mpf(0) if x > 0 else below(x)],
        moderate + [interval(-700, 700)],
        everywhere=True,
    )


def staircase(name, value, edges):
    return Row(name, [value, zero, zero], steps, edges, everywhere=True)


def floor(x):
    return x if mp.isinf(x) or mp.isnan(x) else mp.floor(x)


def trunc(x):
    return sign(x) * floor(abs(x)) if x else x


halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 1, 2, -1, -2, 2**52 - 0.5, 2**52, 2**53]


# The slopes that are rows of their own. At the edges they are checked as slopes of their functions.
SLOPES = [
    Row("TanhSlope", [lambda x: sech(x) ** 2, lambda x: -2 * mp.tanh(x) * sech(x) ** 2, lambda x: (4 - 6 * sech(x) ** 2) * sech(x) ** 2], moderate),
    Row("SigmoidSlope", [lambda x: logistic_slope(x), lambda x: -logistic_slope(x) * mp.tanh(x / 2), lambda x: logistic_slope(x) * (1 - 6 * logistic_slope(x))], moderate + [interval(-700, 700)]),
    *slopes_of("Gelu", GELU), *slopes_of("GeluTanh", GELU_TANH), *slopes_of("Silu", SILU),
]


def unary(leak):
    """The functions of one variable; the leak is the number nearest to 0.01 in the format."""
    nothing = at_infinity(NAN, NAN, NAN)
    return [
        Row("Recip", [lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3], real),
        Row("Square", [lambda x: x * x, lambda x: 2 * x, always(2)], real, everywhere=True),
        powi(3), powi(2), powi(1), powi(0), powi(-1), powi(-2), powi(-3),
        powi(1_000_000, [interval(0.9995, 1.0005), interval(-1.0005, -0.9995)], [1.0001, 0.9999, 1.0007, 0.9993, -1.0001]),
        powi(-1_000_000, [interval(0.9995, 1.0005), interval(-1.0005, -0.9995)], [1.0001, 0.9999, 1.0007, 0.9993, -1.0001]),
        powi(-(2**31), [interval(1 - 2e-7, 1 + 2e-7)], [1 + 1e-7, 1 - 1e-7]),
        Row("Sqrt", [mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x))], positive),
        Row("Cbrt", [lambda x: sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2), lambda x: -2 / (9 * x * mp.cbrt(abs(x)) ** 2)], real),
        Row("Exp", [mp.exp, mp.exp, mp.exp], moderate + [interval(-700, 700)], [709.78, -708.4, -745.1]),
        Row("Exp2", [lambda x: mpf(2) ** x, lambda x: mp.ln(2) * mpf(2) ** x, lambda x: mp.ln(2) ** 2 * mpf(2) ** x], moderate + [interval(-1000, 1000)], [1024, -1022, -1074]),
        Row("ExpM1", [mp.expm1, mp.exp, mp.exp], moderate),
        Row("Ln", [mp.ln, lambda x: 1 / x, lambda x: -1 / x**2], positive),
        Row("Ln1p", [mp.log1p, lambda x: 1 / (1 + x), lambda x: -1 / (1 + x) ** 2], [interval(-1, 5), magnitudes(1e-10, 1e10)], [-1]),
        Row("Log2", [lambda x: mp.ln(x) / mp.ln(2), lambda x: 1 / (x * mp.ln(2)), lambda x: -1 / (x**2 * mp.ln(2))], positive),
        Row("Log10", [lambda x: mp.ln(x) / mp.ln(10), lambda x: 1 / (x * mp.ln(10)), lambda x: -1 / (x**2 * mp.ln(10))], positive),
        Row("Sin", [mp.sin, mp.cos, lambda x: -mp.sin(x)], turns, [mp.pi, 2 * mp.pi, 100 * mp.pi, mp.pi / 2, -mp.pi], nothing),
        Row("Cos", [mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)], turns, [mp.pi, 2 * mp.pi, mp.pi / 2, 1.5 * mp.pi, -mp.pi / 2], nothing),
        Row("Tan", [mp.tan, lambda x: 1 + mp.tan(x) ** 2, lambda x: 2 * mp.tan(x) * (1 + mp.tan(x) ** 2)], real, [mp.pi, mp.pi / 2, 1.5 * mp.pi, -mp.pi / 2], nothing),
        Row("Asin", [mp.asin, lambda x: 1 / mp.sqrt(1 - x * x), lambda x: x / mp.sqrt(1 - x * x) ** 3], inside),
        Row("Acos", [mp.acos, lambda x: -1 / mp.sqrt(1 - x * x), lambda x: -x / mp.sqrt(1 - x * x) ** 3], inside),
        Row("Atan", [mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2], real + [magnitudes(1e3, 1e200, True)]),
        Row("Sinh", [mp.sinh, mp.cosh, mp.sinh], moderate + [interval(-700, 700)], [710.4]),
        Row("Cosh", [mp.cosh, mp.sinh, mp.cosh], moderate + [interval(-700, 700)], [710.4]),
        Row("Tanh", [mp.tanh, lambda x: sech(x) ** 2, lambda x: -2 * mp.tanh(x) * sech(x) ** 2], moderate, [18, 20, 0.55, 354]),
        Row("Asinh", [mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / mp.sqrt(1 + x * x) ** 3], real + [magnitudes(1e3, 1e200, True)], [2**28, -(2**28)]),
        Row("Acosh", [mp.acosh, lambda x: 1 / mp.sqrt(x * x - 1), lambda x: -x / mp.sqrt(x * x - 1) ** 3], [interval(1, 5), magnitudes(1, 1e200), near_one(1)], [2**28]),
        Row("Atanh", [mp.atanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2], inside),
        Row("Abs", [abs, sign, zero], real, everywhere=True),
        Row("Sign", [sign, zero, zero], real, everywhere=True),
        Row("Signum", [lambda x: sign(x) if x else mpf(-1 if is_negative(x) else 1), zero, zero], real, everywhere=True),
        staircase("Floor", floor, halves),
        staircase("Ceil", lambda x: -floor(-x), halves),
        staircase("Round", lambda x: sign(x) * floor(abs(x) + mpf(0.5)) if x else x, halves),
        staircase("Trunc", trunc, halves),
        Row("Fract", [lambda x: NAN if mp.isinf(x) else x - trunc(x), one, zero], steps, halves, everywhere=True),
        Row("Clamp { low: -0.5, high: 0.5 }", [lambda x: mpf(-0.5) if x < -0.5 else mpf(0.5) if x > 0.5 else x, lambda x: mpf(not (x < -0.5 or x > 0.5)), zero], real, everywhere=True),
        Row("Relu", [lambda x: mpf(0) if x <= 0 else x, lambda x: mpf(x > 0), zero], real, everywhere=True),
        Row("LeakyRelu { leak: 0.01 }", [lambda x: leak * x if x <= 0 else x, lambda x: mpf(1) if x > 0 else leak, zero], real, everywhere=True),
        Row("Sigmoid", [logistic, logistic_slope, lambda x: -logistic_slope(x) * mp.tanh(x / 2)], moderate + [interval(-700, 700)], [3, 37, 708.8, -708.8, -745.1]),
        Row("Softplus", [lambda x: mp.log1p(mp.exp(x)), logistic, logistic_slope], moderate + [interval(-700, 700)], [30, 37]),
        Row("LogSigmoid", [lambda x: -mp.log1p(mp.exp(-x)), lambda x: logistic(-x), lambda x: -logistic_slope(x)], moderate + [interval(-700, 700)], [-30, -37]),
        Row("Silu", SILU, moderate + [interval(-700, 700)], [-1.2784645, -1.31, -1.24, -708.8, -745.1, -751], linear_above),
        Row("Gelu", GELU, moderate + [interval(-37, 37)], [-0.7517915, -0.79, -0.71, -1.1, -37.7, -38.4, 8.3], linear_above),
        Row("GeluTanh", GELU_TANH, moderate + [interval(-21, 21)], [-0.7524614, -0.79, -0.71, -3, -21.1, -21.5, 8.3], linear_above),
        elu("Elu { alpha: 1.0 }", mpf(1), mpf(1)), elu("Elu { alpha: 0.5 }", mpf(1), mpf(0.5)),
        elu("Selu", mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")),
        Row("Softsign", [lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, lambda x: -2 * sign(x) / (1 + abs(x)) ** 3], real + [magnitudes(1e3, 1e200, True)]),
        Row("Erf", [mp.erf, gaussian, lambda x: -2 * x * gaussian(x)], moderate, [5.9, 26.6], flat_at_infinity(-1, 1)),
        Row("Erfc", [erfc, lambda x: -gaussian(x), lambda x: 2 * x * gaussian(x)], moderate, [5.9, 26.5], flat_at_infinity(2, 0)),
        Row("Lgamma", [lgamma, lambda x: psi(0, x), lambda x: psi(1, x)], [interval(0, 5), magnitudes(1e-6, 1e6), interval(-8, 0)],
            ["-2.4570247382208005", "-2.7476826467274126", "-3.1435808883499799", "-3.9552942848585979", *zeros_of_psi(0), -1, -2, -3, -10, -0.5, -1.5, -2.5, -20.5, -100.5], lgamma_at, total=True, digits=[60, 150, 500]),
        polygamma(0), polygamma(1), polygamma(2), polygamma(5), polygamma(20), polygamma(60),
        Row("Neg", [lambda x: -x, always(-1), zero], real, everywhere=True),
    ]
