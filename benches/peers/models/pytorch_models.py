"""The models in PyTorch, `pytorch_models.py eager|compile`: see ../training/peer.py."""

import functools
import sys

import torch
import torch.nn.functional as F

from peer import serve
from workloads import Workload


def network(parameters, points):
    y = points
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
        y = F.linear(y, weight, bias).tanh()
    return F.linear(y, *parameters[-2:])


def residual(u, slopes, curvature, viscosity):
    return (slopes[:, 1:] + u * slopes[:, :1] - viscosity * curvature[:, :1]).square().mean()


def cell(x, h, gates, gates_bias, v, c, u, d):
    r, z = torch.sigmoid(F.linear(torch.cat([x, h], 1), gates, gates_bias)).chunk(2, 1)
    n = torch.tanh(F.linear(x, v, c) + r * F.linear(h, u, d))
    return n + z * (h - n)


def recurrent_loss(parameters, inputs, classes, cell=cell):
    *recurrent, output, output_bias = parameters
    h = inputs.new_zeros(inputs.shape[1:])
    states = []
    for x in inputs:
        h = cell(x, h, *recurrent)
        states.append(h)
    return F.cross_entropy(F.linear(torch.cat(states), output, output_bias), classes)


def pairs_loss(center, context, signs):
    scores = torch.bmm(context, center.unsqueeze(2)).squeeze(2)
    return F.softplus(signs * scores).sum() / len(scores)


class Eager:
    """Variables, a backward pass, and an optimizer of `torch.optim`."""

    setting = "autograd and torch.optim.SGD"

    def __init__(self, workload):
        self.workload, model = workload, workload.model
        self.batches = [[torch.from_numpy(array) for array in batch] for batch in model.data]
        self.losses = {"W8": self.pinn, "W9": recurrent_loss, "W10": self.embedding}
        if workload.name == "W9":
            self.batches = [(inputs, classes.long()) for inputs, classes in self.batches]
        if workload.name == "W10":
            self.signs = torch.from_numpy(model.signs)
        self.reset()

    def reset(self):
        arrays = self.workload.model.parameters
        self.parameters = [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]
        self.optimizer = torch.optim.SGD(self.parameters, lr=self.workload.model.rate)
        self.latest = None

    def pinn(self, parameters, points):
        points = points.requires_grad_()
        u = network(parameters, points)
        (slopes,) = torch.autograd.grad(u.sum(), points, create_graph=True)
        (curvature,) = torch.autograd.grad(slopes[:, 0].sum(), points, create_graph=True)
        return residual(u, slopes, curvature, self.workload.model.viscosity)

    def embedding(self, parameters, centers, contexts):
        center = F.embedding(centers, parameters[0], sparse=True)
        context = F.embedding(contexts, parameters[1], sparse=True)
        return pairs_loss(center, context, self.signs)

    def steps(self, numbers):
        loss, parameters = self.losses[self.workload.name], self.parameters
        for number in numbers:
            self.optimizer.zero_grad(set_to_none=True)
            self.latest = loss(parameters, *self.batches[number])
            self.latest.backward(inputs=parameters)
            self.optimizer.step()

    def cost(self):
        return self.latest.item()


class CompiledCell(Eager):
    """The recurrent network with a compiled cell, since compiling all steps of a sequence takes many minutes."""

    setting = "the cell compiled, autograd and torch.optim.SGD"

    def __init__(self, workload):
        super().__init__(workload)
        torch.compiler.reset()
        self.losses["W9"] = functools.partial(recurrent_loss, cell=torch.compile(cell, dynamic=False))


class CompiledStep(Eager):
    """Forward pass, backward pass and update in one compiled function."""

    setting = "the whole step compiled"

    def __init__(self, workload):
        super().__init__(workload)
        torch.compiler.reset()
        self.step = torch.compile(self.rows_step if workload.name == "W10" else self.whole_step, dynamic=False)

    def reset(self):
        self.parameters = [torch.from_numpy(array.copy()) for array in self.workload.model.parameters]
        self.latest = None

    def pinn(self, parameters, points):
        def u(points):
            y = network(parameters, points)
            return y.sum(), y

        def slope(points):
            slopes, y = torch.func.grad(u, has_aux=True)(points)
            return slopes[:, 0].sum(), (slopes, y)

        curvature, (slopes, y) = torch.func.grad(slope, has_aux=True)(points)
        return residual(y, slopes, curvature, self.workload.model.viscosity)

    def whole_step(self, parameters, *batch):
        loss = self.losses[self.workload.name]
        gradient, value = torch.func.grad_and_value(loss)(parameters, *batch)
        for parameter, g in zip(parameters, gradient):
            parameter.sub_(g, alpha=self.workload.model.rate)
        return value

    def rows_step(self, parameters, centers, contexts):
        """Differentiates with respect to the rows that are used, since compiled gradients are not sparse."""
        rows = [table[numbers] for table, numbers in zip(parameters, (centers, contexts))]
        gradient, value = torch.func.grad_and_value(pairs_loss, argnums=(0, 1))(*rows, self.signs)
        for table, numbers, g in zip(parameters, (centers, contexts), gradient):
            table.index_add_(0, numbers.flatten(), g.flatten(0, -2), alpha=-self.workload.model.rate)
        return value

    @torch.no_grad()
    def steps(self, numbers):
        for number in numbers:
            self.latest = self.step(self.parameters, *self.batches[number])


def prepare(workload):
    if sys.argv[1] == "eager":
        return Eager(workload)
    return CompiledCell(workload) if workload.name == "W9" else CompiledStep(workload)


torch.set_num_threads(1)
serve(prepare, Workload)
