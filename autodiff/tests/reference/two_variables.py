"""The functions of two variables: f, ∂f/∂a, ∂f/∂b, ∂²f/∂a², ∂²f/∂a∂b and ∂²f/∂b² as formulas of mpmath, and their
definition where calculus leaves a choice; see `one_variable.py`.
"""

import math
from fractions import Fraction

from mpmath import mp, mpf

from row import INF, NAN, Row, always, interval, is_negative, magnitudes, one, pair, zero

plane = [pair(interval(-3, 3), interval(-3, 3)), pair(magnitudes(1e-6, 1e6, True), magnitudes(1e-6, 1e6, True))]
scales = plane + [pair(magnitudes(1e-200, 1e200, True), magnitudes(1e-200, 1e200, True))]
half_plane = [pair(interval(-5, 5), interval(0, 5)), pair(magnitudes(1e-4, 1e2, True), magnitudes(1e-4, 1e4))]
logarithms = [pair(interval(0, 5), interval(1.05, 5)), pair(magnitudes(1e-10, 1e10), magnitudes(1e-10, 1e10))]
powers = [pair(interval(0, 4), interval(-4, 4)), pair(magnitudes(1e-3, 1e3), interval(-5, 5))]

flat = [zero, zero, zero]


def extreme(larger):
    """max or min; `larger(a, b)` returns whether a is the result. At a tie both slopes are ½."""

    def value(a, b):
        return NAN if mp.isnan(a) or mp.isnan(b) else a if larger(a, b) else b

    def slope(mine, other):
        return mpf(1) if larger(mine, other) else mpf(0.5) if mine == other else mpf(0)

    return [value, slope, lambda a, b: slope(b, a), *flat]


def powf_at(a, b):
    """The value is the value of C's `pow`. A derivative that is constant in a is constant at NaN too. A negative base
    has slopes at finite integers only. At the origin every slope is 0. Elsewhere at the ends of the range the
    derivatives are limits for a fixed exponent, or at an infinite exponent for a fixed base."""
    if math.isnan(a) or math.isnan(b):
        value = mpf(1) if a == 1 or b == 0 else NAN
        slope, curvature = (mpf(b) if b in (0, 1) else NAN), (mpf(b * (b - 1)) if b in (0, 1, 2) else NAN)
        return [value, slope, NAN, curvature, NAN, NAN]
    if a < 0 and (math.isinf(b) or b != math.floor(b)):
        outside = not (math.isinf(a) or math.isinf(b))
        value = NAN if outside else mpf(1) if a == -1 else mpf(0) if (abs(a) < 1) == (b > 0) else INF
        return [value] + [NAN] * 5
    if math.isinf(b):
        value = mpf(1) if a == 1 else mpf(0) if (a < 1) == (b > 0) else INF
        if a == 1:
            return [value, mpf(b), mpf(0), INF, mpf(1), mpf(0)]
        return [value, mp.sign(b) * value, mp.sign(b) * value, value, value, value]
    if a == 0 and b == 0:
        return [mpf(1)] + [mpf(0)] * 5
    if a == 0 or math.isinf(a):
        # The power of a with this exponent. An odd power of −0 or −∞ is negative.
        def power(exponent):
            size = mpf(1) if exponent == 0 else INF if (exponent > 0) == math.isinf(a) else mpf(0)
            return -size if is_negative(a) and exponent % 2 == 1 else size

        def times(factor, power):
            return mpf(0) if factor == 0 or power == 0 else factor * power

        exponent, b = Fraction(b), mpf(b)
        zeroth, first, second = (power(exponent - k) for k in range(3))
        logarithm = INF if a else -INF
        in_a = [zeroth, times(b, first), times(b * (b - 1), second)]
        in_b = [times(abs(zeroth), logarithm), times(abs(first), 1 + times(b, logarithm)), times(abs(zeroth), INF)]
        of_b, mixed, twice_b = in_b if a >= 0 else [NAN] * 3
        return [*in_a[:2], of_b, in_a[2], mixed, twice_b]
    return None


def log_at(a, b):
    """Where both logarithms are infinite, the value and the slopes are NaN. At the base 1, which is approached from
    above, a ln b is undefined where a is infinite."""
    if a == INF and b == 1:
        return [INF, NAN, -INF, NAN, NAN, INF]
    corner = all(x == 0 or x == INF for x in (a, b))
    return [NAN] * 6 if corner else None


def exact_atan2(a, b):
    """The angle where a is ±0 or where a and b are infinite, as C defines it."""
    quarter = mp.pi / 4
    if a == 0:
        angle = 4 * quarter if is_negative(b) else mpf(0)
    else:
        angle = 3 * quarter if b < 0 else quarter
    return -angle if is_negative(a) else angle


def atan2_at(a, b):
    """The value is the value of C's `atan2`. At the origin every derivative is 0."""
    if math.isnan(a) or math.isnan(b):
        return None
    if a == 0 and b == 0:
        return [exact_atan2(a, b)] + [mpf(0)] * 5
    if a == 0 or math.isinf(a) and math.isinf(b):
        return [exact_atan2(a, b)] + [None] * 5
    return None


def hypot_at(a, b):
    """At the origin the slopes are 0. Where a and b are infinite, the direction is the diagonal, as for `atan2`."""
    if a == 0 and b == 0:
        return [mpf(0)] * 6
    if math.isnan(a) or math.isnan(b):
        return [INF if math.isinf(a) or math.isinf(b) else NAN] + [NAN] * 5
    if math.isinf(a) and math.isinf(b):
        diagonal = mp.sqrt(mpf(0.5))
        return [INF, diagonal * mp.sign(a), diagonal * mp.sign(b), None, None, None]
    return None


def xlogy_at(a, b):
    """At a = 0 the value is 0 for every b, and for b ≤ 0 all derivatives are 0."""
    if a == 0 and b <= 0:
        return [mpf(0)] * 6
    if a == 0 and not math.isnan(b):
        return [mpf(0)] + [None] * 5
    return None


def derivative(f, *orders):
    return lambda a, b: mp.diff(f, (a, b), orders)


def slope_row(name, f, domain):
    """A slope that is a row of its own."""
    derivatives = [derivative(f, *orders) for orders in [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]]
    return Row(name, [f, *derivatives], domain)


def power_slope(a, b):
    return b * a ** (b - 1)


def power_log(a, b):
    return a**b * mp.ln(a)


BINARY = [
    Row("Max", extreme(lambda a, b: a > b), plane, everywhere=True),
    Row("Min", extreme(lambda a, b: a < b), plane, everywhere=True),
    Row(
        "Powf",
        [
            lambda a, b: a**b, power_slope, power_log,
            lambda a, b: b * (b - 1) * a ** (b - 2), lambda a, b: a ** (b - 1) * (1 + b * mp.ln(a)), lambda a, b: a**b * mp.ln(a) ** 2,
        ],
        powers,
        [(1e-310, 1e-10), (1e-300, 1 / 3), (1e300, -1 / 3), (2, 1024.25), (2, -1022), (1.0001, 1e6), (1 - 1e-10, 1e12), (-2, 1001), (0.3, -600.5)],
        powf_at,
    ),
    Row(
        "Log",
        [
            lambda a, b: mp.ln(a) / mp.ln(b), lambda a, b: 1 / (a * mp.ln(b)), lambda a, b: -mp.ln(a) / (b * mp.ln(b) ** 2),
            lambda a, b: -1 / (a**2 * mp.ln(b)), lambda a, b: -1 / (a * b * mp.ln(b) ** 2), lambda a, b: mp.ln(a) * (mp.ln(b) + 2) / (b**2 * mp.ln(b) ** 3),
        ],
        logarithms,
        [(1e160, 1e10), (8, 2), (1000, 10)],
        log_at,
        from_above=1,
    ),
    Row(
        "Atan2",
        [
            mp.atan2, lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b),
            lambda a, b: -2 * a * b / (a * a + b * b) ** 2, lambda a, b: (a * a - b * b) / (a * a + b * b) ** 2, lambda a, b: 2 * a * b / (a * a + b * b) ** 2,
        ],
        scales,
        [(3e200, 4e200), (3e-200, -4e-200), (1, 1e-10)],
        atan2_at,
    ),
    Row(
        "Hypot",
        [
            mp.hypot, lambda a, b: a / mp.hypot(a, b), lambda a, b: b / mp.hypot(a, b),
            lambda a, b: b * b / mp.hypot(a, b) ** 3, lambda a, b: -a * b / mp.hypot(a, b) ** 3, lambda a, b: a * a / mp.hypot(a, b) ** 3,
        ],
        scales,
        [(3e200, 4e200), (3e-200, -4e-200), (1, 1e-10)],
        hypot_at,
    ),
    Row("Xlogy", [lambda a, b: a * mp.ln(b), lambda a, b: mp.ln(b), lambda a, b: a / b, zero, lambda a, b: 1 / b, lambda a, b: -a / b**2], half_plane, [(1.5e308, 1e200)], xlogy_at),
    Row("AbsorbingMul", [lambda a, b: mpf(0) if a == 0 or b == 0 else a * b, lambda a, b: b, lambda a, b: a, zero, one, zero], plane, everywhere=True),
    Row("Add", [lambda a, b: a + b, one, one, *flat], plane, everywhere=True),
    Row("Sub", [lambda a, b: a - b, one, always(-1), *flat], plane, everywhere=True),
    Row("Mul", [lambda a, b: a * b, lambda a, b: b, lambda a, b: a, zero, one, zero], plane, everywhere=True),
    Row("Div", [lambda a, b: a / b, lambda a, b: 1 / b, lambda a, b: -a / b**2, zero, lambda a, b: -1 / b**2, lambda a, b: 2 * a / b**3], plane),
]

# The slopes that are rows of their own. At the edges they are checked as slopes of their functions.
SLOPES = [
    slope_row("PowfSlopeA", power_slope, powers),
    slope_row("PowfSlopeB", power_log, powers),
    slope_row("PowfCurvatureA", lambda a, b: b * (b - 1) * a ** (b - 2), powers),
    slope_row("PowfCurvatureB", lambda a, b: a**b * mp.ln(a) ** 2, powers),
    slope_row("PowfMixed", lambda a, b: a ** (b - 1) * (1 + b * mp.ln(a)), powers),
    slope_row("LogSlopeA", lambda a, b: 1 / (a * mp.ln(b)), logarithms),
    slope_row("LogSlopeB", lambda a, b: -mp.ln(a) / (b * mp.ln(b) ** 2), logarithms),
    slope_row("LogMixed", lambda a, b: -1 / (a * b * mp.ln(b) ** 2), logarithms),
    slope_row("Atan2Slope", lambda a, b: b / (a * a + b * b), plane),
    slope_row("HypotSlope", lambda a, b: a / mp.hypot(a, b), plane),
]
