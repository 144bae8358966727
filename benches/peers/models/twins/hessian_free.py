"""Fits a network by Hessian-free Newton steps (Martens, 2010), and compares them with gradient descent.

Conjugate gradients solve the Newton equations from products with the Hessian, which is never computed.
"""

import torch
from torch.autograd.functional import hvp
from torch.func import grad, grad_and_value

# The shapes of the weights and biases, which lie one after the other in the vector theta.
SHAPES = [torch.Size(shape) for shape in ([16, 1], [16], [16, 16], [16], [1, 16], [1])]


def cost(theta):
    """The mean squared error of the network at 64 points of the curve sin 6 x."""
    x = torch.linspace(-1, 1, 64)[:, None]
    y = torch.sin(6 * x)
    parts = theta.split([shape.numel() for shape in SHAPES])
    w1, b1, w2, b2, w3, b3 = (part.view(shape) for part, shape in zip(parts, SHAPES))
    hidden = torch.tanh(x @ w1.T + b1)
    hidden = torch.tanh(hidden @ w2.T + b2)
    return (hidden @ w3.T + b3 - y).square().mean()


def conjugate_gradients(product, g):
    """Solves A d = -g approximately, and stops where A has negative curvature.

    Returns d and the number of products.
    """
    d, r = torch.zeros_like(g), -g
    p, rr = r, g @ g
    for products in range(1, 101):
        ap = product(p)
        curvature = p @ ap
        if curvature <= 0:
            return (p if products == 1 else d), products
        d = d + p * (rr / curvature)
        r = r - ap * (rr / curvature)
        following = r @ r
        if following < 1e-4 * (g @ g):
            break
        p, rr = r + p * (following / rr), following
    return d, products


def hessian_free(theta, steps):
    """Returns the point after some Newton steps, and the number of gradients and products that they took."""
    damping, work = 1.0, 0
    for _ in range(steps):
        g, current = grad_and_value(cost)(theta)

        # The damping keeps a step where the quadratic model of the cost holds.
        def product(v):
            return hvp(cost, theta, v)[1] + v * damping

        step, products = conjugate_gradients(product, g)
        work += 1 + products
        moved = theta + step
        if cost(moved) < current:
            theta, damping = moved, damping / 2
        else:
            damping *= 4
    return theta, work


def gradient_descent(theta, steps):
    for _ in range(steps):
        theta = theta - 0.1 * grad(cost)(theta)
    return theta


def main():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    start = torch.cat([torch.randn(shape).flatten() / shape[-1] ** 0.5 for shape in SHAPES])
    print(f"at first: cost {cost(start):.2e}")

    newton, work = hessian_free(start, 70)
    newton = cost(newton)
    print(f"70 Newton steps, {work} gradients and products: cost {newton:.2e}")
    # A product costs about as much as two gradients.
    descent = cost(gradient_descent(start, 2 * work))
    print(f"{2 * work} steps of gradient descent: cost {descent:.2e}")
    assert newton < 1e-4 and newton < descent / 10


if __name__ == "__main__":
    main()
