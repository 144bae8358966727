//! All ways to compute a function of the table and its derivatives, in `f64` or `f32`.

use crate::reference::Format;
use autodiff::Number;
use autodiff::elementwise::{Binary, Unary};
use autodiff::scalar::{Dual, Scalar, Tape, Var};

/// A plain number, `f64` or `f32`, with the properties of its format.
pub(crate) trait Real: Scalar + Into<f64> {
    const FORMAT: Format;
    const EPSILON: f64;
    const SMALLEST_NORMAL: f64;
}

impl Real for f64 {
    const FORMAT: Format = Format::F64;
    const EPSILON: f64 = f64::EPSILON;
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
}

impl Real for f32 {
    const FORMAT: Format = Format::F32;
    const EPSILON: f64 = f32::EPSILON as f64;
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
}

/// The results of one way of computing, as `f64`: the number of each order; `None` for an order that it does not
/// compute.
pub(crate) struct Way<const N: usize> {
    pub(crate) name: &'static str,
    pub(crate) orders: [Option<f64>; N],
}

/// Makes a [`Way`] from the numbers of consecutive orders, of which the first is `first`.
fn way<T: Real, const N: usize>(name: &'static str, first: usize, orders: &[T]) -> Way<N> {
    let order = |i: usize| Some((*orders.get(i.checked_sub(first)?)?).into());
    Way {
        name,
        orders: std::array::from_fn(order),
    }
}

fn dual<T: Scalar>(value: T, moves: bool) -> Dual<T> {
    if moves {
        Dual::var(value)
    } else {
        Dual::constant(value)
    }
}

/// The value, the slope and the second derivative of a function of one variable.
pub(crate) fn of_one<T: Real>(f: Unary, x: T) -> [Way<3>; 8] {
    let on = |tape: Tape<T>| {
        let x = tape.var(x);
        let y = x.unary(f);
        [y.value(), y.gradients().wrt(x)]
    };
    let forward = Dual::var(x).unary(f);
    let lanes = Dual::<T, 4>::seeded(x, 2).unary(f);
    let twice = Dual::var(Dual::var(x)).unary(f);
    let over_reverse = {
        let tape = Tape::default();
        let x = tape.var(Dual::var(x));
        x.unary(f).gradients().wrt(x)
    };
    let (outer, inner) = (Tape::default(), Tape::default());
    let u = outer.var(x);
    let v = inner.var(u);
    let slope = v.unary(f).gradients().wrt(v);
    let curvature = slope.gradients().wrt(u);
    [
        way("plain", 0, &[x.unary(f)]),
        way("tape", 0, &on(Tape::default())),
        way("traced tape", 0, &on(Tape::default().tracing())),
        way("forward", 0, &[forward.value, forward.tangent()]),
        way(
            "forward in four directions",
            0,
            &[lanes.value, lanes.tangents[2]],
        ),
        way(
            "forward over forward",
            0,
            &[
                twice.value.value,
                twice.value.tangent(),
                twice.tangent().tangent(),
            ],
        ),
        way(
            "forward over reverse",
            1,
            &[over_reverse.value, over_reverse.tangent()],
        ),
        way("reverse over reverse", 1, &[slope.value(), curvature]),
    ]
}

/// The value, the slopes in a and b, and the second derivatives aa, ab, ba, bb of a function of two variables.
pub(crate) fn of_two<T: Real>(f: Binary, a: T, b: T) -> [Way<7>; 9] {
    let on = |tape: Tape<T>| {
        let [x, y] = tape.vars([a, b]);
        let z = x.binary(f, y);
        let gradients = z.gradients();
        [z.value(), gradients.wrt(x), gradients.wrt(y)]
    };
    let beside_constants = {
        let tape = Tape::default();
        let [x, y] = tape.vars([a, b]);
        let (in_a, in_b) = (x.binary(f, Var::constant(b)), Var::constant(a).binary(f, y));
        [
            in_a.value(),
            in_a.gradients().wrt(x),
            in_b.gradients().wrt(y),
        ]
    };
    let forward = [true, false].map(|along_a| dual(a, along_a).binary(f, dual(b, !along_a)));
    let lanes = Dual::<T, 4>::seeded(a, 3).binary(f, Dual::seeded(b, 0));
    let twice = |outer_a: bool, inner_a: bool| {
        let x = dual(dual(a, inner_a), outer_a);
        let y = dual(dual(b, !inner_a), !outer_a);
        x.binary(f, y).tangent().tangent()
    };
    let over_reverse = [true, false].map(|along_a| {
        let tape = Tape::default();
        let [x, y] = tape.vars([dual(a, along_a), dual(b, !along_a)]);
        let gradients = x.binary(f, y).gradients();
        [x, y].map(|x| gradients.wrt(x))
    });
    let (outer, inner) = (Tape::default(), Tape::default());
    let [u, v] = outer.vars([a, b]);
    let [x, y] = inner.vars([u, v]);
    let gradients = x.binary(f, y).gradients();
    let slopes = [x, y].map(|x| gradients.wrt(x));
    let rows = slopes.map(|slope| slope.gradients());
    let [[aa, ba], [ab, bb]] = over_reverse;
    [
        way("plain", 0, &[a.binary(f, b)]),
        way("tape", 0, &on(Tape::default())),
        way("traced tape", 0, &on(Tape::default().tracing())),
        way("tape, beside a constant", 0, &beside_constants),
        way(
            "forward",
            0,
            &[forward[0].value, forward[0].tangent(), forward[1].tangent()],
        ),
        way(
            "forward in four directions",
            0,
            &[lanes.value, lanes.tangents[3], lanes.tangents[0]],
        ),
        way(
            "forward over forward",
            3,
            &[(true, true), (true, false), (false, true), (false, false)].map(|(o, i)| twice(o, i)),
        ),
        way(
            "forward over reverse",
            1,
            &[
                aa.value,
                ba.value,
                aa.tangent(),
                ab.tangent(),
                ba.tangent(),
                bb.tangent(),
            ],
        ),
        way(
            "reverse over reverse",
            1,
            &[
                slopes[0].value(),
                slopes[1].value(),
                rows[0].wrt(u),
                rows[0].wrt(v),
                rows[1].wrt(u),
                rows[1].wrt(v),
            ],
        ),
    ]
}
