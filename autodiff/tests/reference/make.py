"""Makes values.gz: every function of the table, its slopes and its second derivatives, at random points and on a grid
of edges, computed with at least 50 digits.

Needs mpmath. Run it in this folder: python3 make.py
Each section begins with a line: `random` or `edges`, `f64` or `f32`, the number of rows, the number of columns, and the
function as Rust's `Debug` prints it. The columns follow one after the other: the arguments, the value, the slopes, and
the second derivatives (for two variables aa, ab, bb). Each number is rounded to the nearest number of the format and
stored in little-endian order. The points are exact.
"""

import gzip
import random
import struct
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from mpmath import mpf

import one_variable
import two_variables
from edges import F32, F64, evaluate, grid, orders

RANDOM_POINTS = 300


def section(kind, form, row, points, compute):
    """The section of a row: the line that describes it, and the columns of its points."""
    table = [[*x, *(form.round(y) for y in compute(row, x))] for x in points]
    columns = [number for column in zip(*table) for number in column]
    heading = f"{kind} {form.name} {len(table)} {len(table[0])} {row.name}\n"
    return heading.encode() + struct.pack(f"<{len(columns)}{form.code}", *columns)


def at_random(row):
    rng = random.Random(row.name)
    points = [row.domain[i % len(row.domain)](rng) for i in range(RANDOM_POINTS)]
    points = [x if isinstance(x, tuple) else (x,) for x in points]

    def compute(row, x):
        return [evaluate(f, [mpf(c) for c in x], [60, 150, 500]) for f in row.formulas]

    return section("random", F64, row, points, compute)


def at_edges(row, form):
    return section("edges", form, row, grid(row, form), orders)


SLOPES = one_variable.SLOPES + two_variables.SLOPES


@cache
def rows_of(form):
    """The functions. Their parameters are rounded to the format."""
    return one_variable.unary(mpf(form.round(mpf("0.01")))) + two_variables.BINARY


def sections_of(place):
    """The sections of the row with this index. Rows hold functions, which cannot be sent to a process."""
    rows = {form.name: rows_of(form) for form in (F64, F32)}
    if place >= len(rows["f64"]):
        return [at_random(SLOPES[place - len(rows["f64"])])]
    return [at_random(rows["f64"][place]), *(at_edges(rows[form.name][place], form) for form in (F64, F32))]


def main():
    count = len(rows_of(F64)) + len(SLOPES)
    with ProcessPoolExecutor() as pool:
        sections = []
        for some in pool.map(sections_of, range(count)):
            sections += some
            print(f"{len(sections)} sections", flush=True)
    # The file has no date, so that the same numbers make the same file.
    with open("values.gz", "wb") as file:
        file.write(gzip.compress(b"".join(sections), 9, mtime=0))


if __name__ == "__main__":
    main()
