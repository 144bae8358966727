"""The description of a function in these files, and the choice of its random points."""

import math
from dataclasses import dataclass, field
from typing import Callable

from mpmath import mp, mpf

INF, NAN = mp.inf, mp.nan

# The default number of digits.
mp.dps = 60


@dataclass
class Row:
    """A function: its formulas, and the points at which it is evaluated."""

    name: str
    # The value, the slopes and the second derivatives: three formulas for one variable, six for two.
    formulas: list
    # The functions that draw random points; they take turns.
    domain: list
    # Points of the grid in addition to the points of every function. For one variable their neighbours are added too.
    edges: list = field(default_factory=list)
    # Defines numbers at a point where formulas and limits do not: returns None, or a list as long as `formulas` that
    # holds None for each number that the formula or the limit defines.
    define: Callable = lambda *x: None
    # Whether the value is real everywhere.
    total: bool = False
    # The numbers of digits to try, where fewer than the default are enough.
    digits: list | None = None
    # A value of the last argument that is approached from above only.
    from_above: float | None = None
    # Whether the formulas hold for infinities and NaN too.
    everywhere: bool = False


def always(number):
    """Returns a constant formula. It holds everywhere: outside the domain, and where an argument is infinite or NaN."""
    formula = lambda *x: mpf(number)
    formula.is_constant = True
    return formula


zero, one = always(0), always(1)


def is_negative(x):
    """Returns whether the sign bit of a `float` is set, which it is for −0 too."""
    return math.copysign(1, x) < 0


def sign(x):
    return mpf(1) if x > 0 else mpf(-1) if x < 0 else x


def interval(low, high):
    """Draws points from an interval, with uniform distribution."""
    return lambda rng: rng.uniform(low, high)


def magnitudes(low, high, negative=False):
    """Draws points whose magnitudes spread over many powers of ten; with `negative`, of either sign."""

    def draw(rng):
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        return -x if negative and rng.random() < 0.5 else x

    return draw


def near_one(above):
    """Draws points close to 1: above it if `above` is 1, and below it if `above` is −1."""
    return lambda rng: 1 + above * math.exp(rng.uniform(-30, 0))


def pair(first, second):
    return lambda rng: (first(rng), second(rng))
