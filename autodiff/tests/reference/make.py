"""Makes values.gz: every function of the table and its slopes at random points, from 50-digit arithmetic.

Needs mpmath. Run it in this folder: python3 make.py
A section is headed by a line: how many rows, how many numbers in each, and the function as Rust's `Debug` prints it. A
row is a point, the value, and the slopes, each the `f64` nearest to the exact number, 8 bytes with the lowest first. The
points are exact too, being `f64`.
"""

import gzip
import math
import random
import struct

from mpmath import mp, mpf

mp.dps = 50
POINTS = 1000


def sign(x):
    return mp.sign(x)


def interval(low, high):
    """Points from an interval, evenly."""
    return lambda rng: rng.uniform(low, high)


def magnitudes(low, high, negative=False):
    """Points whose magnitudes are spread over many powers of ten, of either sign if asked."""

    def draw(rng):
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        return -x if negative and rng.random() < 0.5 else x

    return draw


real = [interval(-3, 3), magnitudes(1e-8, 1e3, True)]
moderate = [interval(-5, 5), magnitudes(1e-8, 30, True)]
positive = [interval(0, 5), magnitudes(1e-10, 1e10)]
inside = [interval(-1, 1), magnitudes(1e-8, 1, True), lambda rng: 1 - math.exp(rng.uniform(-30, 0))]
steps = [interval(-4, 4), magnitudes(1e-3, 1e6, True)]


def erfc_slope(x):
    return -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)


def lgamma(x):
    return mp.log(abs(mp.gamma(x)))


def clamp(low, high):
    return (lambda x: min(max(x, mpf(low)), mpf(high)), lambda x: mpf(mpf(low) < x < mpf(high)))


def polygamma(n):
    domain = [interval(0.05, 20), magnitudes(1e-2, 1e4), interval(-8, 0)]
    return ("Polygamma { n: %d }" % n, lambda x: mp.psi(n, x), lambda x: mp.psi(n + 1, x), domain)


def powi(n):
    return ("Powi { n: %d }" % n, lambda x: x**n, lambda x: n * x ** (n - 1) if n else mpf(0), [interval(-3, 3), magnitudes(1e-3, 1e3, True)])


zero = lambda x: mpf(0)
logistic = lambda x: 1 / (1 + mp.exp(-x))
leak = mpf(0.01)  # The f64, not one hundredth.

UNARY = [
    ("Recip", lambda x: 1 / x, lambda x: -1 / x**2, real),
    ("Square", lambda x: x * x, lambda x: 2 * x, real),
    powi(3), powi(2), powi(1), powi(0), powi(-2),
    ("Sqrt", mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), positive),
    ("Cbrt", lambda x: sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2), real),
    ("Exp", mp.exp, mp.exp, moderate + [interval(-700, 700)]),
    ("Exp2", lambda x: mpf(2) ** x, lambda x: mp.ln(2) * mpf(2) ** x, moderate + [interval(-1000, 1000)]),
    ("ExpM1", mp.expm1, mp.exp, moderate),
    ("Ln", mp.ln, lambda x: 1 / x, positive),
    ("Ln1p", mp.log1p, lambda x: 1 / (1 + x), [interval(-1, 5), magnitudes(1e-10, 1e10)]),
    ("Log2", lambda x: mp.ln(x) / mp.ln(2), lambda x: 1 / (x * mp.ln(2)), positive),
    ("Log10", mp.log10, lambda x: 1 / (x * mp.ln(10)), positive),
    ("Sin", mp.sin, mp.cos, real + [magnitudes(1e3, 1e9, True)]),
    ("Cos", mp.cos, lambda x: -mp.sin(x), real + [magnitudes(1e3, 1e9, True)]),
    ("Tan", mp.tan, lambda x: 1 + mp.tan(x) ** 2, real),
    ("Asin", mp.asin, lambda x: 1 / mp.sqrt((1 - x) * (1 + x)), inside),
    ("Acos", mp.acos, lambda x: -1 / mp.sqrt((1 - x) * (1 + x)), inside),
    ("Atan", mp.atan, lambda x: 1 / (1 + x * x), real + [magnitudes(1e3, 1e200, True)]),
    ("Sinh", mp.sinh, mp.cosh, moderate + [interval(-700, 700)]),
    ("Cosh", mp.cosh, mp.sinh, moderate + [interval(-700, 700)]),
    ("Tanh", mp.tanh, lambda x: 1 / mp.cosh(x) ** 2, moderate),
    ("Asinh", mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), real + [magnitudes(1e3, 1e200, True)]),
    ("Acosh", mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), [interval(1, 5), magnitudes(1, 1e200), lambda rng: 1 + math.exp(rng.uniform(-30, 0))]),
    ("Atanh", mp.atanh, lambda x: 1 / ((1 - x) * (1 + x)), inside),
    ("Abs", abs, sign, real),
    ("Sign", sign, zero, real),
    ("Signum", sign, zero, real),
    ("Floor", mp.floor, zero, steps),
    ("Ceil", mp.ceil, zero, steps),
    ("Round", lambda x: sign(x) * mp.floor(abs(x) + mpf(0.5)), zero, steps),
    ("Trunc", lambda x: sign(x) * mp.floor(abs(x)), zero, steps),
    ("Fract", lambda x: x - sign(x) * mp.floor(abs(x)), lambda x: mpf(1), steps),
    ("Clamp { low: -0.5, high: 0.5 }", *clamp(-0.5, 0.5), real),
    ("Relu", lambda x: max(x, mpf(0)), lambda x: mpf(x > 0), real),
    ("LeakyRelu { leak: 0.01 }", lambda x: x if x > 0 else leak * x, lambda x: mpf(1) if x > 0 else leak, real),
    ("Sigmoid", logistic, lambda x: logistic(x) * logistic(-x), moderate + [interval(-700, 700)]),
    ("Softplus", lambda x: mp.log1p(mp.exp(x)), logistic, moderate + [interval(-700, 700)]),
    ("Erf", mp.erf, lambda x: -erfc_slope(x), moderate),
    ("Erfc", mp.erfc, erfc_slope, moderate),
    ("Lgamma", lgamma, lambda x: mp.psi(0, x), [interval(0, 5), magnitudes(1e-6, 1e6), interval(-8, 0)]),
    polygamma(0), polygamma(1), polygamma(2), polygamma(5),
    ("Neg", lambda x: -x, lambda x: mpf(-1), real),
]


def pair(first, second):
    return lambda rng: (first(rng), second(rng))


plane = [pair(interval(-3, 3), interval(-3, 3)), pair(magnitudes(1e-6, 1e6, True), magnitudes(1e-6, 1e6, True))]
half_plane = [pair(interval(-5, 5), interval(0, 5)), pair(magnitudes(1e-4, 1e2, True), magnitudes(1e-4, 1e4))]
logarithms = [pair(interval(0, 5), interval(1.05, 5)), pair(magnitudes(1e-10, 1e10), magnitudes(1e-10, 1e10))]
powers = [pair(interval(0, 4), interval(-4, 4)), pair(magnitudes(1e-3, 1e3), interval(-5, 5))]

BINARY = [
    ("Max", lambda a, b: max(a, b), lambda a, b: (mpf(a > b), mpf(a < b)), plane),
    ("Min", lambda a, b: min(a, b), lambda a, b: (mpf(a < b), mpf(a > b)), plane),
    ("Powf", lambda a, b: a**b, lambda a, b: (b * a ** (b - 1), a**b * mp.ln(a)), powers),
    ("Log", lambda a, b: mp.ln(a) / mp.ln(b), lambda a, b: (1 / (a * mp.ln(b)), -mp.ln(a) / (b * mp.ln(b) ** 2)), logarithms),
    ("Atan2", mp.atan2, lambda a, b: (b / (a * a + b * b), -a / (a * a + b * b)), plane + [pair(magnitudes(1e-200, 1e200, True), magnitudes(1e-200, 1e200, True))]),
    ("Hypot", mp.hypot, lambda a, b: (a / mp.hypot(a, b), b / mp.hypot(a, b)), plane + [pair(magnitudes(1e-200, 1e200, True), magnitudes(1e-200, 1e200, True))]),
    ("Xlogy", lambda a, b: a * mp.ln(b), lambda a, b: (mp.ln(b), a / b), half_plane),
    ("AbsorbingMul", lambda a, b: a * b, lambda a, b: (b, a), plane),
    ("Add", lambda a, b: a + b, lambda a, b: (mpf(1), mpf(1)), plane),
    ("Sub", lambda a, b: a - b, lambda a, b: (mpf(1), mpf(-1)), plane),
    ("Mul", lambda a, b: a * b, lambda a, b: (b, a), plane),
    ("Div", lambda a, b: a / b, lambda a, b: (1 / b, -a / (b * b)), plane),
]


def section(name, rows):
    """The rows, under the line that says what they are."""
    columns = len(rows[0])
    assert all(len(row) == columns for row in rows)
    numbers = [float(number) for row in rows for number in row]
    return f"{len(rows)} {columns} {name}\n".encode() + struct.pack(f"<{len(numbers)}d", *numbers)


def points(name, domain):
    """The points of a function, from each part of its domain in turn."""
    rng = random.Random(name)
    return [domain[i % len(domain)](rng) for i in range(POINTS)]


def main():
    sections = []
    for name, value, slope, domain in UNARY:
        sections.append(section(name, [(x, value(mpf(x)), slope(mpf(x))) for x in points(name, domain)]))
    for name, value, slopes, domain in BINARY:
        rows = [(a, b, value(mpf(a), mpf(b)), *slopes(mpf(a), mpf(b))) for a, b in points(name, domain)]
        sections.append(section(name, rows))
    # Without a date, so that the same numbers make the same file.
    with open("values.gz", "wb") as file:
        file.write(gzip.compress(b"".join(sections), 9, mtime=0))


main()
