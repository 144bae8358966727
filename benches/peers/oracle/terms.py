"""How large the terms of a result are, and wrong rules."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

# These compute no new number. A rule may look for their result among their operands, which only succeeds if neither is
# changed.
EXACT = {"eq", "ne", "lt", "le", "gt", "ge", "amax", "amin"}


class Perturbed(TorchDispatchMode):
    """Changes every number that an elementary operation reads by a random part of itself.

    This holds for the operations of both backward passes as well. The change of a result, divided by the size of the
    perturbation, is a sum of its terms with random factors of size 1: an estimate of the sum of their absolute values.
    """

    def __init__(self, size):
        super().__init__()
        self.size = size

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        # Views and operations in place share memory with their arguments, which must stay.
        shares = any(result.alias_info for result in function._schema.returns)
        stays = shares or function._schema.name.split("::")[1] in EXACT
        arguments = tree_map_only(torch.Tensor, with_memory if stays else self.change, arguments)
        return function(*arguments, **(keywords or {}))

    def change(self, x):
        x = with_memory(x)
        return x * (1 + self.size * torch.randn_like(x)) if x.dtype == torch.float64 else x


def with_memory(x):
    """The tensor, or zeros for a `ZeroTensor`, which has no memory and is not expected here."""
    return torch.zeros(x.shape, dtype=x.dtype) if x._is_zerotensor() else x


class Wrong(torch.autograd.Function):
    """The identity, with an error of 1e-10 in the value (order 0), the first derivative (1) or the second one (2)."""

    @staticmethod
    def forward(context, x, order):
        context.order = order
        return x * (1 + 1e-10) if order == 0 else x.clone()

    @staticmethod
    def backward(context, adjoint):
        return Wrong.apply(adjoint, context.order - 1), None
