"""The operations by PyTorch: for each name a function of the operands and the arguments."""

import functools
import math

import numpy
import torch
import torch.nn.functional as F


def integers(x, dtype=torch.int64):
    """A tensor of indices, or a mask with `dtype=torch.bool`."""
    return torch.tensor(x["data"], dtype=dtype).reshape(x["shape"])


def mask(a):
    return integers(a["mask"], torch.bool)


def numbers_from_0(x, axes):
    return [axis % x.ndim for axis in axes]


def over(reduce, keepdims):
    """A reduction over axes. The added axis of extent 1 makes no difference, and stands for "no axes" of PyTorch."""

    def reduced(x, a):
        y = reduce(x[0].unsqueeze(-1), [*numbers_from_0(x[0], a["axes"]), x[0].ndim])
        return y.squeeze(-1) if keepdims else y.reshape(removed(x[0], a["axes"]))

    return reduced


def removed(x, axes):
    """The shape without some axes."""
    axes = numbers_from_0(x, axes)
    return [n for axis, n in enumerate(x.shape) if axis not in axes]


def reductions(name, reduce):
    """The methods of a reduction; `reduce` keeps the axes with extent 1."""
    return {
        f"{name}_over": over(reduce, False),
        f"{name}_over_keepdims": over(reduce, True),
        name: lambda x, a: reduce(x[0].unsqueeze(-1), list(range(x[0].ndim + 1))).reshape([]),
    }


def prod(x, axes):
    """Multiplied factor by factor: PyTorch's own rule divides by them, and another one is used where terms are estimated."""
    for axis in axes:
        ones = torch.ones_like(x.sum(axis, keepdim=True))
        x = functools.reduce(torch.mul, x.split(1, axis), ones) if x.shape[axis] else ones
    return x


def norm(order):
    return lambda x, axes: torch.linalg.vector_norm(x, order, axes, keepdim=True)


def mask_reductions(name, reduce):
    """A sum over axes, times a reduction of the mask of the elements above a number."""

    def reduced(keepdims):
        def product(x, axes, threshold):
            return x.sum(axes, keepdim=True) * reduce(x > threshold, axes).to(x.dtype)

        return lambda x, a: over(lambda x, axes: product(x, axes, a["threshold"]), keepdims)(x, a)

    return {f"{name}_over": reduced(False), f"{name}_over_keepdims": reduced(True)}


def along_together(function):
    """Applies a function of the last axis along several axes together."""

    def applied(x, axes):
        axes = numbers_from_0(x, axes)
        order = [axis for axis in range(x.ndim) if axis not in axes] + axes
        moved = x.permute(order)
        kept = moved.shape[: x.ndim - len(axes)]
        y = function(moved.reshape([*kept, math.prod(moved.shape[len(kept) :])])).reshape(moved.shape)
        return y.permute([order.index(axis) for axis in range(x.ndim)])

    return applied


softmax = along_together(lambda x: torch.softmax(x, -1))
log_softmax = along_together(lambda x: torch.log_softmax(x, -1))


def masked(x, a):
    """The logits with −∞ where the mask is 0, or with 0 where it is 0 along all axes together."""
    allowed = mask(a).expand(x.shape)
    any_allowed = over(lambda m, axes: m.to(torch.int64).sum(axes, keepdim=True), True)([allowed], a) > 0
    return torch.where(allowed, x, torch.where(any_allowed, -math.inf, 0.0).to(x.dtype))


def positions(entry, extent):
    """The positions that a range with a step selects."""
    start, end = (i + extent if i < 0 else i for i in (entry["start"], entry["end"]))
    chosen = list(range(start, end))
    return chosen[:: entry["step"]] if entry["step"] > 0 else chosen[::-1][:: -entry["step"]]


def slice_axis(x, axis, entry):
    if "index" in entry:
        return x.select(axis, entry["index"])
    return x.index_select(axis, torch.tensor(positions(entry, x.shape[axis]), dtype=torch.int64))


def slice_all(x, a):
    y, axis = x[0], 0
    for entry in a["entries"]:
        y = slice_axis(y, axis, entry)
        axis += "index" not in entry
    return y.clone()


def zeros(x, axis, extent):
    """Zeros in the shape of `x`, with another extent along an axis."""
    shape = list(x.shape)
    shape[axis] = extent
    return torch.zeros(shape, dtype=x.dtype)


def pad(x, axis, before, after, number=0.0):
    return torch.cat([zeros(x, axis, before) + number, x, zeros(x, axis, after) + number], axis)


def pad_with(x, a):
    axis, before, after = a["axis"], a["before"], a["after"]
    if a["mode"] == "constant":
        return pad(x[0], axis, before, after, a["constant"])
    extent = x[0].shape[axis]
    if (before, after) == (0, 0):
        return x[0].clone()
    return x[0].index_select(axis, torch.from_numpy(numpy.pad(numpy.arange(extent), (before, after), mode=a["mode"])))


def gather(x, a):
    axis, indices = a["axis"] % x[0].ndim, integers(a["indices"])
    y = x[0].index_select(axis, indices.reshape(-1))
    return y.reshape([*x[0].shape[:axis], *indices.shape, *x[0].shape[axis + 1 :]])


def scatter_add(x, a):
    axis, indices = a["axis"], integers(a["indices"])
    slices = x[0].reshape([*x[0].shape[:axis], indices.numel(), *x[0].shape[axis + indices.ndim :]])
    return zeros(slices, axis, a["extent"]).index_add(axis, indices.reshape(-1), slices)


def sorted_by(x, axis, descending=False):
    return torch.sort(x, dim=axis, descending=descending, stable=True)


def compare(relation):
    return lambda x, a: torch.where(relation(x[0], x[1]), x[0], x[1] ** 2)


def logic(connect):
    def selected(x, a):
        first, second = a["thresholds"]
        return torch.where(connect(x[0] < first, x[1] > second), x[0], x[1] ** 2)

    return selected


def transposed(x, is_transposed):
    return x.transpose(-2, -1) if is_transposed else x


def cross_entropy(x, a):
    targets = a["targets"]
    if "classes" in targets:
        targets = integers(targets["classes"])
    else:
        targets = torch.tensor(targets["probabilities"]["data"], dtype=torch.float64).reshape(x[0].shape)
    reduction = "mean" if a["weight"] is None else "sum"
    cost = F.cross_entropy(x[0], targets, reduction=reduction, label_smoothing=a["smoothing"])
    return cost if a["weight"] is None else cost * a["weight"]


def density(x):
    """The density of the normal distribution."""
    return torch.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def gelu_tanh_inner(x):
    """The argument of the logistic function in the approximation of gelu, and its first two derivatives."""
    linear, cubic = math.sqrt(8 / math.pi), 0.044715 * math.sqrt(8 / math.pi)
    return x * (linear + cubic * x * x), linear + 3 * cubic * x * x, 6 * cubic * x


def gelu_tanh_slope(x):
    v, v1, _ = gelu_tanh_inner(x)
    s = torch.sigmoid(v)
    return s + x * v1 * s * torch.sigmoid(-v)


def gelu_tanh_curvature(x):
    v, v1, v2 = gelu_tanh_inner(x)
    s1 = torch.sigmoid(v) * torch.sigmoid(-v)
    return 2 * v1 * s1 + x * (v2 * s1 - v1 * v1 * s1 * torch.tanh(v / 2))


def with_slope(value, slope):
    """A function of one variable whose slope is the given function instead of PyTorch's own."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return value(x)

        @staticmethod
        def backward(context, adjoint):
            return adjoint * slope(*context.saved_tensors)

    return Function.apply


def polygamma(x, n):
    """PyTorch's trigamma function, the slope of its digamma function, has only ten digits; the zeta function has all."""
    return digamma(x) if n == 0 else (-1) ** (n + 1) * math.factorial(n) * torch.special.zeta(n + 1, x)


digamma = with_slope(torch.digamma, lambda x: polygamma(x, 1))
lgamma = with_slope(torch.lgamma, digamma)


def sigmoid_slope(x):
    return torch.sigmoid(x) * torch.sigmoid(-x)


# Functions of one variable and their parameters.
UNARY = {
    "recip": lambda x: torch.reciprocal(x),
    "square": lambda x: torch.square(x),
    "powi": lambda x, n: torch.pow(x, n),
    "sqrt": lambda x: torch.sqrt(x),
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "exp": lambda x: torch.exp(x),
    "exp2": lambda x: torch.exp2(x),
    "exp_m1": lambda x: torch.expm1(x),
    "ln": lambda x: torch.log(x),
    "ln_1p": lambda x: torch.log1p(x),
    "log2": lambda x: torch.log2(x),
    "log10": lambda x: torch.log10(x),
    "sin": lambda x: torch.sin(x),
    "cos": lambda x: torch.cos(x),
    "tan": lambda x: torch.tan(x),
    "asin": lambda x: torch.asin(x),
    "acos": lambda x: torch.acos(x),
    "atan": lambda x: torch.atan(x),
    "sinh": lambda x: torch.sinh(x),
    "cosh": lambda x: torch.cosh(x),
    "tanh": lambda x: torch.tanh(x),
    "asinh": lambda x: torch.asinh(x),
    "acosh": lambda x: torch.acosh(x),
    "atanh": lambda x: torch.atanh(x),
    "abs": lambda x: torch.abs(x),
    "sign": lambda x: torch.sign(x),
    "signum": lambda x: torch.copysign(torch.ones_like(x), x.detach()),
    "floor": lambda x: torch.floor(x),
    "ceil": lambda x: torch.ceil(x),
    "round": lambda x: torch.round(x),
    "trunc": lambda x: torch.trunc(x),
    "fract": lambda x: torch.frac(x),
    "clamp": lambda x, low, high: torch.clamp(x, low, high),
    "relu": lambda x: torch.relu(x),
    "leaky_relu": lambda x, leak: F.leaky_relu(x, leak),
    "sigmoid": lambda x: torch.sigmoid(x),
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "log_sigmoid": lambda x: F.logsigmoid(x),
    "silu": lambda x: F.silu(x),
    "gelu": lambda x: x * torch.special.ndtr(x),
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "elu": lambda x, alpha: F.elu(x, alpha),
    "selu": lambda x: F.selu(x),
    "softsign": lambda x: F.softsign(x),
    "erf": lambda x: torch.erf(x),
    "erfc": lambda x: torch.erfc(x),
    "lgamma": lambda x: lgamma(x),
    "polygamma": lambda x, n: polygamma(x, n),
    "neg": lambda x: -x,
    "tanh_slope": lambda x: torch.cosh(x) ** -2,
    "sigmoid_slope": sigmoid_slope,
    "gelu_slope": lambda x: torch.special.ndtr(x) + x * density(x),
    "gelu_curvature": lambda x: (2 - x * x) * density(x),
    "gelu_tanh_slope": gelu_tanh_slope,
    "gelu_tanh_curvature": gelu_tanh_curvature,
    "silu_slope": lambda x: torch.sigmoid(x) * (1 + x * torch.sigmoid(-x)),
    "silu_curvature": lambda x: sigmoid_slope(x) * (2 - x * torch.tanh(x / 2)),
}

# Functions of two variables.
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "absorbing_mul": lambda a, b: a * b,
    "max": lambda a, b: torch.maximum(a, b),
    "min": lambda a, b: torch.minimum(a, b),
    "powf": lambda a, b: torch.pow(a, b),
    "log": lambda a, b: torch.log(a) / torch.log(b),
    "atan2": lambda a, b: torch.atan2(a, b),
    "hypot": lambda a, b: torch.hypot(a, b),
    "xlogy": lambda a, b: torch.xlogy(a, b),
    "powf_slope_a": lambda a, b: b * a ** (b - 1),
    "powf_slope_b": lambda a, b: a**b * torch.log(a),
    "powf_curvature_a": lambda a, b: b * (b - 1) * a ** (b - 2),
    "powf_curvature_b": lambda a, b: a**b * torch.log(a) ** 2,
    "powf_mixed": lambda a, b: a ** (b - 1) * (1 + b * torch.log(a)),
    "log_slope_a": lambda a, b: 1 / (a * torch.log(b)),
    "log_slope_b": lambda a, b: -torch.log(a) / (b * torch.log(b) ** 2),
    "log_mixed": lambda a, b: -1 / (a * b * torch.log(b) ** 2),
    "atan2_slope": lambda a, b: b / (a * a + b * b),
    "hypot_slope": lambda a, b: a / torch.sqrt(a * a + b * b),
}

OPERATIONS = {
    **{name: lambda x, a, f=f: f(x[0], **a) for name, f in UNARY.items()},
    **{name: lambda x, a, f=f: f(x[0], x[1]) for name, f in BINARY.items()},
    "within": lambda x, a: torch.sin(x[0]) * a["radius"] + a["centre"],
    "number_operators": lambda x, a: (a["p"] - x[0]) * (x[0] + a["p"]) / a["p"] + a["p"] * (x[0] - a["p"]),
    **reductions("sum", lambda x, axes: torch.sum(x, axes, keepdim=True)),
    **reductions("mean", lambda x, axes: torch.mean(x, axes, keepdim=True)),
    **reductions("prod", prod),
    **reductions("log_sum_exp", lambda x, axes: torch.logsumexp(x, axes, keepdim=True)),
    **reductions("variance", lambda x, axes: torch.var(x, axes, correction=0, keepdim=True)),
    **reductions("std", lambda x, axes: torch.std(x, axes, correction=0, keepdim=True)),
    **reductions("norm", norm(2)),
    **reductions("norm_1", norm(1)),
    **reductions("norm_inf", lambda x, axes: torch.amax(x.abs(), axes, keepdim=True)),
    "max_over": over(lambda x, axes: torch.amax(x, axes, keepdim=True), False),
    "max_over_keepdims": over(lambda x, axes: torch.amax(x, axes, keepdim=True), True),
    "min_over": over(lambda x, axes: torch.amin(x, axes, keepdim=True), False),
    "min_over_keepdims": over(lambda x, axes: torch.amin(x, axes, keepdim=True), True),
    **mask_reductions("any", lambda m, axes: m.to(torch.int64).sum(axes, keepdim=True) > 0),
    **mask_reductions("all", lambda m, axes: (~m).to(torch.int64).sum(axes, keepdim=True) == 0),
    **mask_reductions("count", lambda m, axes: m.to(torch.int64).sum(axes, keepdim=True)),
    "softmax": lambda x, a: softmax(x[0], a["axes"]),
    "log_softmax": lambda x, a: log_softmax(x[0], a["axes"]),
    "masked_softmax": lambda x, a: torch.where(mask(a), softmax(masked(x[0], a), a["axes"]), 0.0),
    "masked_log_softmax": lambda x, a: torch.where(mask(a), log_softmax(masked(x[0], a), a["axes"]), 0.0),
    "cumsum": lambda x, a: torch.cumsum(x[0], a["axis"]),
    "cumprod": lambda x, a: torch.cumprod(x[0], a["axis"]),
    "broadcast_to": lambda x, a: x[0].expand(a["to"]).clone(),
    "sum_to": lambda x, a: x[0].sum_to_size(a["to"]).clone(),
    "reshape": lambda x, a: x[0].reshape(a["to"]),
    "flatten": lambda x, a: x[0].reshape(-1),
    "squeeze": lambda x, a: x[0].reshape(removed(x[0], a["axes"])),
    "unsqueeze": lambda x, a: x[0].unsqueeze(a["axis"]),
    "permute": lambda x, a: x[0].permute(a["order"]),
    "transpose": lambda x, a: x[0].T,
    "swap_axes": lambda x, a: x[0].swapaxes(a["a"], a["b"]),
    "narrow": lambda x, a: torch.narrow(x[0], a["axis"], a["start"], a["end"] - a["start"]),
    "pad": lambda x, a: pad(x[0], a["axis"], a["before"], a["after"]),
    "pad_with": pad_with,
    "slice": slice_all,
    "slice_axis": lambda x, a: slice_axis(x[0], a["axis"], a["entry"]),
    "spread": lambda x, a: zeros(x[0], a["axis"], a["extent"]).index_add(
        a["axis"], torch.tensor(positions(a, a["extent"]), dtype=torch.int64), x[0]
    ),
    "flip": lambda x, a: torch.flip(x[0], a["axes"]),
    "roll": lambda x, a: torch.roll(x[0], a["by"], a["axis"]),
    "concat": lambda x, a: torch.cat(x, a["axis"]),
    "split": lambda x, a: torch.cat(torch.split(x[0], a["extents"], a["axis"])[::-1], a["axis"]),
    "stack": lambda x, a: torch.stack(x, a["axis"]),
    "unstack": lambda x, a: torch.stack(torch.unbind(x[0], a["axis"])[::-1], a["to"]),
    "repeat": lambda x, a: torch.cat([zeros(x[0], a["axis"], 0), *[x[0]] * a["times"]], a["axis"]),
    "repeat_interleave": lambda x, a: torch.repeat_interleave(x[0], a["times"], a["axis"]),
    "diagonal": lambda x, a: torch.diagonal(x[0], a["offset"], -2, -1),
    "to_diagonal": lambda x, a: torch.diag_embed(x[0], a["offset"]),
    "tril": lambda x, a: torch.tril(x[0], a["offset"]),
    "triu": lambda x, a: torch.triu(x[0], a["offset"]),
    "less": compare(torch.lt),
    "less_equal": compare(torch.le),
    "greater": compare(torch.gt),
    "greater_equal": compare(torch.ge),
    "equal": compare(torch.eq),
    "not_equal": compare(torch.ne),
    "mask_and": logic(lambda m, n: m & n),
    "mask_or": logic(lambda m, n: m | n),
    "mask_xor": logic(lambda m, n: m ^ n),
    "mask_not": logic(lambda m, n: (~m).expand(torch.broadcast_shapes(m.shape, n.shape))),
    "select": lambda x, a: torch.where(mask(a), x[0], x[1]),
    "masked_fill": lambda x, a: torch.where(mask(a), x[1], x[0]),
    "arg_max": lambda x, a: torch.gather(x[0], a["axis"], torch.argmax(x[0], a["axis"], keepdim=True)),
    "arg_min": lambda x, a: torch.gather(x[0], a["axis"], torch.argmin(x[0], a["axis"], keepdim=True)),
    "arg_sort": lambda x, a: torch.gather(x[0], a["axis"], torch.argsort(x[0], a["axis"])),
    "sort": lambda x, a: sorted_by(x[0], a["axis"]).values,
    "sort_descending": lambda x, a: sorted_by(x[0], a["axis"], descending=True).values,
    "top_k": lambda x, a: torch.topk(x[0], a["k"], a["axis"]).values,
    "gather": gather,
    "scatter_add": scatter_add,
    "take_along": lambda x, a: torch.gather(x[0], a["axis"], integers(a["indices"])),
    "add_along": lambda x, a: zeros(x[0], a["axis"], a["extent"]).scatter_add(
        a["axis"], integers(a["indices"]), x[0]
    ),
    "one_hot": lambda x, a: torch.eye(x[0].shape[0], dtype=x[0].dtype)[integers(a["indices"])] @ x[0],
    "matmul": lambda x, a: x[0] @ x[1],
    "product": lambda x, a: transposed(x[0], a["transposed"][0]) @ transposed(x[1], a["transposed"][1]),
    "linear": lambda x, a: F.linear(*x),
    "dense": lambda x, a: UNARY[a["function"]](F.linear(*x)),
    "cross_entropy": cross_entropy,
    "squared_distance": lambda x, a: torch.square(x[0] - x[1]).sum(),
}
