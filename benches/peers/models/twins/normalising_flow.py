"""Fits a normalising flow of affine couplings (RealNVP) to two moons, by maximum likelihood."""

import math

import torch
from torch import nn


def two_moons(count):
    angle = math.pi * torch.rand(count)
    cos, sin = angle.cos(), angle.sin()
    upper, lower = torch.stack([cos, sin], 1), torch.stack([1 - cos, 0.5 - sin], 1)
    is_upper = torch.arange(count) % 2 == 0
    return torch.where(is_upper[:, None], upper, lower) + 0.1 * torch.randn(count, 2)


class Coupling(nn.Module):
    """Scales and shifts one coordinate by functions of the other, and exchanges the two."""

    def __init__(self, width):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 2)
        )

    def scale_and_shift(self, kept):
        log_scale, shift = self.network(kept).chunk(2, dim=1)
        return log_scale.tanh(), shift

    def forward(self, kept, moved):
        log_scale, shift = self.scale_and_shift(kept)
        return moved * log_scale.exp() + shift, kept, log_scale

    def inverse(self, moved, kept):
        log_scale, shift = self.scale_and_shift(kept)
        return kept, (moved - shift) * (-log_scale).exp()


class Flow(nn.Module):
    def __init__(self, layers, width):
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(width) for _ in range(layers))

    def log_likelihood(self, x):
        """The mean log-likelihood of points.

        It is the log-density of their images under a normal distribution, plus the log-determinant of the Jacobian of
        the map.
        """
        a, b = x.chunk(2, dim=1)
        log_determinant = 0
        for coupling in self.couplings:
            a, b, log_scale = coupling(a, b)
            log_determinant = log_determinant + log_scale
        return (log_determinant - (a.square() + b.square()) / 2).mean() - math.log(2 * math.pi)

    def generate(self, count):
        """Draws normally distributed points, and maps them back to the distribution of the data."""
        a, b = torch.randn(count, 2).chunk(2, dim=1)
        for coupling in reversed(self.couplings):
            a, b = coupling.inverse(a, b)
        return torch.cat([a, b], dim=1)


def print_picture(points):
    """Prints how many points fall into each cell of [−1.5, 2.5] × [−1, 1.5]."""
    counts = torch.histogramdd(points.flip(1), bins=[12, 48], range=[-1, 1.5, -1.5, 2.5]).hist
    for row in counts.flip(0):
        print("".join(" .:*#"[min(int(count), 4)] for count in row).rstrip())


def main():
    torch.manual_seed(1)
    flow = Flow(layers=6, width=32)
    adam = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for step in range(1001):
        loss = -flow.log_likelihood(two_moons(256))
        if step % 250 == 0:
            print(f"step {step:4}: mean log-likelihood {-loss.item():.3f}")
        adam.zero_grad()
        loss.backward()
        adam.step()

    with torch.no_grad():
        print_picture(flow.generate(2000))
        reached = flow.log_likelihood(two_moons(10_000)).item()
    print(f"mean log-likelihood of new points: {reached:.3f}")
    # The best normal distribution reaches -1.91.
    assert reached > -1.25


if __name__ == "__main__":
    main()
