"""Fits a neural ordinary differential equation to one period of the predator-prey model of Lotka and Volterra.

The right-hand side of the equation is a network, and the gradient flows back through the solver.
"""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

STEP = 0.2


def lotka_volterra(y):
    hares, lynxes = y.split(1, dim=1)
    return torch.cat([hares * (1 - lynxes), lynxes * (hares - 1)], dim=1)


def runge_kutta(field, y):
    """One step of the classical Runge-Kutta method."""
    k1 = field(y)
    k2 = field(y + k1 * (STEP / 2))
    k3 = field(y + k2 * (STEP / 2))
    k4 = field(y + k3 * STEP)
    return y + (k1 + 2 * (k2 + k3) + k4) * (STEP / 6)


def solve(field, y, steps):
    states = [y]
    for _ in range(steps):
        states.append(runge_kutta(field, states[-1]))
    return torch.cat(states)


def segment_loss(field, data, steps):
    """The mean squared error over `steps` steps from every state of the data."""
    starts = len(data) - steps
    y, total = data[:starts], 0
    for k in range(1, steps + 1):
        # A checkpoint keeps the state alone. The backward pass computes the four evaluations of the network again, so
        # the memory of a long solution is that of its states.
        y = checkpoint(runge_kutta, field, y, use_reentrant=False)
        total = total + (y - data[k : k + starts]).square().mean()
    return total / steps


def main():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    truth = solve(lotka_volterra, torch.tensor([[2.0, 1.0]]), 70)
    data = truth[:36]
    field = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))
    descent = torch.optim.SGD(field.parameters(), lr=0.3, momentum=0.95)
    for step in range(1001):
        loss = segment_loss(field, data, 5)
        if step % 250 == 0:
            print(f"step {step:4}: mean squared error {loss.item():.2e}")
        descent.zero_grad()
        loss.backward()
        descent.step()

    with torch.no_grad():
        learned = solve(field, truth[:1], 70)
    torch.set_printoptions(precision=3)
    for i in range(0, 71, 10):
        print(f"time {i * STEP:4.1f}: true {truth[i]}, learned {learned[i]}")
    error = (learned - truth).abs().max().item()
    print(f"largest error over two periods, of which one was seen: {error:.4f}")
    assert error < 0.1


if __name__ == "__main__":
    main()
