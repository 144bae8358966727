"""PyTorch in training, `pytorch.py FOLDER THREADS eager|compile`: see peer.py."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from peer import fastest, serve


def cut(start):
    """All samples as tensors, cut into batches before any step is timed."""
    images = torch.from_numpy(start.images)
    classes = torch.from_numpy(start.classes).long()
    return list(zip(images.split(start.batch), classes.split(start.batch)))


class Eager:
    """A module, its backward pass, and an optimizer of `torch.optim`."""

    def __init__(self, start, batches, how="", compiled=False):
        self.start, self.batches, self.how = start, batches, how
        self.setting = "optimizer: " + (how or "a loop")
        layers = []
        for weight, _ in start.layers:
            layers += [nn.Linear(weight.shape[1], weight.shape[0]), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        self.parameters = list(model.parameters())
        self.loss = lambda images, classes: F.cross_entropy(model(images), classes)
        if compiled:
            self.loss = torch.compile(self.loss, dynamic=False)
            self.setting = "the loss compiled, " + self.setting
        self.reset()

    def reset(self):
        with torch.no_grad():
            first = [torch.from_numpy(array) for layer in self.start.layers for array in layer]
            for parameter, value in zip(self.parameters, first):
                parameter.copy_(value)
        how = {"fused": self.how == "fused", "foreach": self.how == "foreach"}
        kind = torch.optim.Adam if self.start.adam else torch.optim.SGD
        self.optimizer = kind(self.parameters, lr=self.start.learning_rate, **how)

    def steps(self, numbers):
        loss, optimizer, batches = self.loss, self.optimizer, self.batches
        for number in numbers:
            optimizer.zero_grad(set_to_none=True)
            self.latest = loss(*batches[number])
            self.latest.backward()
            optimizer.step()

    def cost(self):
        return self.latest.item()


class WholeStep:
    """Forward pass, backward pass and update in one compiled function."""

    setting = "the whole step compiled"

    def __init__(self, start, batches):
        self.start, self.batches = start, batches
        rate, last = start.learning_rate, len(start.layers) - 1
        decays = torch.tensor([0.9, 0.999])

        def cost(parameters, images, classes):
            a = images
            for layer in range(last + 1):
                a = F.linear(a, parameters[2 * layer], parameters[2 * layer + 1])
                a = F.relu(a) if layer < last else a
            return F.cross_entropy(a, classes)

        def descent(parameters, images, classes):
            gradient, value = torch.func.grad_and_value(cost)(parameters, images, classes)
            for parameter, g in zip(parameters, gradient):
                parameter.sub_(g, alpha=rate)
            return value

        def adam(parameters, images, classes, first, second, corrections):
            gradient, value = torch.func.grad_and_value(cost)(parameters, images, classes)
            corrections.mul_(decays)
            step = rate / (1 - corrections[0])
            scale = torch.rsqrt(1 - corrections[1])
            for parameter, g, m, v in zip(parameters, gradient, first, second):
                m.lerp_(g, 0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                parameter.sub_(step * m / (v.sqrt() * scale + 1e-8))
            return value

        self.step = torch.compile(adam if start.adam else descent, dynamic=False)
        self.parameters = [torch.empty(array.shape) for layer in start.layers for array in layer]
        self.state = []
        if start.adam:
            moments = [[torch.empty_like(parameter) for parameter in self.parameters] for _ in range(2)]
            self.state = [*moments, torch.empty(2)]
        self.reset()

    def reset(self):
        for parameter, array in zip(self.parameters, (array for layer in self.start.layers for array in layer)):
            parameter.copy_(torch.from_numpy(array))
        if self.state:
            for moment in self.state[0] + self.state[1]:
                moment.zero_()
            self.state[2].fill_(1)

    @torch.no_grad()
    def steps(self, numbers):
        for number in numbers:
            self.latest = self.step(self.parameters, *self.batches[number], *self.state)

    def cost(self):
        return self.latest.item()


def prepare(start):
    batches = cut(start)
    ways = ["fused", "foreach", ""]
    if sys.argv[3] == "eager":
        return fastest([Eager(start, batches, how) for how in ways])
    torch.compiler.reset()
    return fastest([Eager(start, batches, how, compiled=True) for how in ways[:2]] + [WholeStep(start, batches)])


torch.set_num_threads(int(sys.argv[2]))
serve(prepare)
