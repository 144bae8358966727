"""What a function is in these files, and how its random points are drawn."""

import math
from dataclasses import dataclass, field
from typing import Callable

from mpmath import mp, mpf

INF, NAN = mp.inf, mp.nan

# The digits of what is not computed in more.
mp.dps = 60


@dataclass
class Row:
    """A function: its formulas, and where it is asked for."""

    name: str
    # The value, the slopes and the second derivatives: three of one variable, six of two.
    formulas: list
    # How random points are drawn, each of these in turn.
    domain: list
    # Points of the grid beside those that every function has; the neighbours of each are taken too.
    edges: list = field(default_factory=list)
    # What formulas and limits do not say at a point: None, or a list as long as `formulas` with None for what they do.
    define: Callable = lambda *x: None
    # Whether the value is real everywhere.
    total: bool = False
    # The digits to try, where fewer than usual will do.
    digits: list | None = None
    # A last argument that is approached from above alone.
    from_above: float | None = None
    # Whether the formulas hold for infinities and NaN as they are.
    everywhere: bool = False


def always(number):
    """A constant. It is one everywhere: where an argument is infinite or NaN, and outside of the domain too."""
    formula = lambda *x: mpf(number)
    formula.is_constant = True
    return formula


zero, one = always(0), always(1)


def is_negative(x):
    """Whether the sign of a `float` is negative, that of −0 too."""
    return math.copysign(1, x) < 0


def sign(x):
    return mpf(1) if x > 0 else mpf(-1) if x < 0 else x


def interval(low, high):
    """Points from an interval, evenly."""
    return lambda rng: rng.uniform(low, high)


def magnitudes(low, high, negative=False):
    """Points whose magnitudes are spread over many powers of ten, of either sign if asked."""

    def draw(rng):
        x = math.exp(rng.uniform(math.log(low), math.log(high)))
        return -x if negative and rng.random() < 0.5 else x

    return draw


def near_one(above):
    """Points close to 1, on the side asked for."""
    return lambda rng: 1 + above * math.exp(rng.uniform(-30, 0))


def pair(first, second):
    return lambda rng: (first(rng), second(rng))
