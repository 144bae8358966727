"""Solves the heat equation u_t = α u_xx with a network that is trained to satisfy it (Raissi et al. 2019), and compares
it with the solution e^(−α π² t) sin πx."""

import math
import sys

import torch
from torch import nn
from torch.autograd import grad

DIFFUSIVITY = 0.1
WIDTH = 20
POINTS = 200
STEPS = 1000
BOUND = 1e-2


class Temperature(nn.Module):
    """The temperature at places `x` in 0..1 and times `t`, both of shape [points, 1].

    The network is multiplied by a factor that is zero at the start and at both ends, so that the initial condition
    u(x, 0) = sin πx and the boundary conditions u(0, t) = u(1, t) = 0 hold for all parameters.
    """

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(2, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, 1)
        )
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5)

    def forward(self, x, t):
        network = self.network(torch.cat([x, t], dim=1))
        return torch.sin(math.pi * x) + t * x * (1 - x) * network


def cost(temperature, x, t):
    """The mean square of u_t − α u_xx."""
    u = temperature(x, t)
    u_x, u_t = grad(u.sum(), (x, t), create_graph=True)
    (u_xx,) = grad(u_x.sum(), x, create_graph=True)
    return (u_t - DIFFUSIVITY * u_xx).square().mean()


def main():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    temperature = Temperature()
    optimizer = torch.optim.Adam(temperature.parameters(), lr=0.01)
    for step in range(1, STEPS + 1):
        x = torch.rand(POINTS, 1, requires_grad=True)
        t = torch.rand(POINTS, 1, requires_grad=True)
        residual = cost(temperature, x, t)
        optimizer.zero_grad()
        residual.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step}: mean squared residual {residual.item():.2e}")

    largest = 0.0
    print("   t   largest error over x")
    for t in torch.linspace(0, 1, 6):
        x = torch.linspace(0, 1, 101).unsqueeze(1)
        exact = torch.sin(math.pi * x) * torch.exp(-DIFFUSIVITY * math.pi**2 * t)
        with torch.no_grad():
            error = (temperature(x, t.expand_as(x)) - exact).abs().max().item()
        print(f"{t.item():5.1f}   {error:.2e}")
        largest = max(largest, error)
    print(f"largest error {largest:.2e}, bound {BOUND}")
    if not largest < BOUND:
        sys.exit("it is too large")


if __name__ == "__main__":
    main()
