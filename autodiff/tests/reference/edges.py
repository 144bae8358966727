"""The points of the grid, and the value and the derivatives of a function at these points.

The first of four rules that applies defines them.

1. The result of the function's `define`.
2. The formula, with enough digits, where it can be evaluated.
3. The limit, which may be infinite. A signed zero is approached from its own side if the function is defined there, and
   from the other side otherwise. For two variables the limit must be the same along every path.
4. NaN.
"""

import itertools
import math
import struct
import sys
from dataclasses import dataclass

from mpmath import mp, mpc, mpf

from row import NAN, is_negative

# The numbers of digits to compute with. A value must agree in 30 digits with the value from the next number of digits.
# The second number is large enough to distinguish 1 + x from 1 for every x of a format.
DIGITS = [60, 700, 2000]
AGREEING = mpf("1e-30")
# The distance from which a limit is approached. In the second step its exponent is doubled.
CLOSE_TO_ZERO = mpf("1e-400")
CLOSE_TO_NUMBER = mpf("1e-300")


class Outside(Exception):
    """The point is outside of the domain."""


def evaluate(formula, x, steps=DIGITS):
    """Returns the formula at exact numbers. Raises mpmath's exception where it has no value, and `Outside` where it is
    complex."""
    previous = None
    for digits in steps:
        try:
            with mp.workdps(digits):
                y = formula(*x)
        except (ZeroDivisionError, ValueError):
            if digits == steps[-1]:
                raise
            continue
        if isinstance(y, (complex, mpc)):
            raise Outside
        if mp.isfinite(y):
            if previous is not None and abs(y - previous) <= AGREEING * abs(y):
                return y
            previous = y
    if mp.isfinite(y):
        raise ValueError(f"{steps[-1]} digits do not suffice at {x}")
    return y


def value_or_nan(row, formula, x):
    """Returns the formula at exact numbers; NaN outside the function's domain, or where it cannot be evaluated."""
    try:
        if not row.total:
            evaluate(row.formulas[0], x)
    except Outside:
        return NAN
    except (ZeroDivisionError, ValueError):
        pass
    try:
        return evaluate(formula, x)
    except (Outside, ZeroDivisionError, ValueError):
        return NAN


def approaches(x, rate, above):
    """Returns numbers close to x: a list for each side from which x can be approached, the preferred side first."""
    if math.isnan(x):
        return [[NAN]]
    if x == 0:
        step = CLOSE_TO_ZERO**rate
        return [[-step], [step]] if is_negative(x) else [[step], [-step]]
    if math.isinf(x):
        return [[CLOSE_TO_ZERO**-rate * mp.sign(x)]]
    step = CLOSE_TO_NUMBER**rate * mpf(x)
    return [[mpf(x) + step]] if above else [[mpf(x) - step, mpf(x), mpf(x) + step]]


def trend(near, nearer):
    """Returns the limit of a function with these values at distances δ and δ²."""
    if mp.isnan(near) or mp.isnan(nearer):
        return NAN
    if abs(nearer) > 1.5 * abs(near):
        return mp.sign(nearer) * mp.inf
    return mpf(0) if abs(nearer) < 0.7 * abs(near) else nearer


def same(a, b):
    return a == b or mp.isfinite(a - b) and abs(a - b) <= AGREEING * max(abs(a), abs(b))


def limit(row, formula, x):
    """Returns the limit at a point with coordinates that are zeros, infinities or poles."""
    with mp.workdps(DIGITS[1]):

        def around(rates):
            above = [False] * (len(x) - 1) + [x[-1] == row.from_above]
            return [approaches(*each) for each in zip(x, rates, above)]

        rates = [(1, 1), (1, 4), (4, 1)] if len(x) == 2 else [(1,)]
        neighbours = [(around(r), around([2 * each for each in r])) for r in rates]
        # The first combination of sides inside the domain defines the limit.
        for sides in itertools.product(*(range(len(side)) for side in neighbours[0][0])):
            found = []
            for pair in neighbours:
                near, nearer = ([c[side] for c, side in zip(coordinates, sides)] for coordinates in pair)
                for a, b in zip(itertools.product(*near), itertools.product(*nearer)):
                    found.append(trend(value_or_nan(row, formula, a), value_or_nan(row, formula, b)))
            found = [y for y in found if not mp.isnan(y)]
            if found:
                return found[0] if all(same(y, found[0]) for y in found) else NAN
    return NAN


def orders(row, x):
    """Returns the value and the derivatives at a point of floating-point numbers."""
    defined = row.define(*x) or [None] * len(row.formulas)
    if row.everywhere:
        with mp.workdps(DIGITS[1]):
            return [mpf(f(*map(mpf, x))) if d is None else d for f, d in zip(row.formulas, defined)]
    return [order(row, f, x) if d is None else d for f, d in zip(row.formulas, defined)]


def order(row, formula, x):
    if getattr(formula, "is_constant", False):
        return formula()
    if all(map(math.isfinite, x)):
        exact = [mpf(c) for c in x]
        try:
            if formula is not row.formulas[0] and not row.total:
                evaluate(row.formulas[0], exact)
        except Outside:
            return NAN
        except (ZeroDivisionError, ValueError):
            pass
        try:
            y = evaluate(formula, exact, row.digits or DIGITS)
            if mp.isfinite(y):
                return y
        except Outside:
            # At a signed zero the other side may be inside the domain.
            if 0 not in x:
                return NAN
        except (ZeroDivisionError, ValueError):
            pass
    return limit(row, formula, x)


# The points of the grid.


@dataclass(frozen=True)
class Format:
    """A floating-point format: how numbers are rounded to it and stored."""

    name: str
    code: str
    smallest: float
    smallest_normal: float
    largest: float

    def round(self, x):
        """Returns the nearest number of the format, as a `float`."""
        if self.code == "d" or not mp.isfinite(x):
            return float(x)
        try:
            return struct.unpack("f", struct.pack("f", float(x)))[0]
        except OverflowError:
            return math.copysign(math.inf, x)

    def beside(self, x):
        """Returns a number of the format that is not 0, between its neighbours, whose bit patterns are adjacent."""
        integer = {"d": "q", "f": "i"}[self.code]
        (bits,) = struct.unpack(integer, struct.pack(self.code, x))
        return [struct.unpack(self.code, struct.pack(integer, bits + step))[0] for step in (-1, 0, 1)]


F64 = Format("f64", "d", math.ulp(0.0), sys.float_info.min, sys.float_info.max)
F32 = Format("f32", "f", 2.0**-149, 2.0**-126, (2 - 2.0**-23) * 2.0**127)


def tiny_and_huge(form):
    """Returns magnitudes near both ends of the format's range, and between them."""
    smallest, normal, largest = form.smallest, form.smallest_normal, form.largest
    powers = [normal**p for p in (0.95, 0.52, 0.48, 0.3, 0.1, 0.05)]
    return [0.0, smallest, normal * 1e-4, normal, *powers, *(1 / p for p in powers), largest, math.inf]


def numbers(form):
    """Returns the points at which every function of one variable is evaluated."""
    moderate = [1e-3, 0.1, 0.25, 0.3, 0.5, 0.75, 1.25, 1.5, 2, 2.5, 3, 5, 7.5, 10, 15, 20, 27, 40, 88.5, 100, 300, 500, 708, 720, 1500]
    positive = [form.round(x) for x in tiny_and_huge(form) + moderate] + form.beside(1)
    return sorted(positive) + sorted(-x for x in positive) + [math.nan]


def few_numbers(form):
    """Returns the coordinates of the points at which every function of two variables is evaluated."""
    smallest, normal, largest = form.smallest, form.smallest_normal, form.largest
    scales = [0.0, smallest, normal * 1e-2, normal, normal**0.6, normal**0.1, 1 / 3, 0.5]
    scales += [1.7, 2, 3, 20.5, normal**-0.1, normal**-0.6, largest / 2, largest, math.inf]
    positive = [form.round(x) for x in scales] + form.beside(1)
    return sorted(positive) + sorted(-x for x in positive) + [math.nan]


def grid(row, form):
    """Returns the points at which a row is evaluated."""
    if len(row.formulas) == 3:
        special = [x for edge in row.edges for x in form.beside(form.round(mpf(edge)))]
        return [(x,) for x in dict.fromkeys(numbers(form) + special)]
    coordinates = few_numbers(form)
    special = [tuple(form.round(x) for x in edge) for edge in row.edges]
    return list(itertools.product(coordinates, repeat=2)) + special
