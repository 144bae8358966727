"""The models in JAX, `jax_models.py`: see ../training/peer.py."""

import jax
import jax.numpy as jnp

from peer import serve
from workloads import Workload


def pinn(model):
    def u(parameters, x, t):
        y = jnp.stack([x, t])
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
            y = jnp.tanh(weight @ y + bias)
        return (parameters[-2] @ y + parameters[-1])[0]

    def residual(parameters, point):
        value, (u_x, u_t) = jax.value_and_grad(u, (1, 2))(parameters, *point)
        u_xx = jax.grad(jax.grad(u, 1), 1)(parameters, *point)
        return u_t + value * u_x - model.viscosity * u_xx

    def loss(parameters, points):
        return jnp.mean(jax.vmap(residual, (None, 0))(parameters, points) ** 2)

    return descent(loss, model.rate)


def gru(model):
    def loss(parameters, inputs, classes):
        gates, gates_bias, v, c, u, d, output, output_bias = parameters

        def step(h, x):
            r, z = jnp.split(jax.nn.sigmoid(jnp.concatenate([x, h], 1) @ gates.T + gates_bias), 2, 1)
            n = jnp.tanh(x @ v.T + c + r * (h @ u.T + d))
            h = n + z * (h - n)
            return h, h

        _, states = jax.lax.scan(step, jnp.zeros(inputs.shape[1:]), inputs)
        scores = jax.nn.log_softmax(states.reshape(-1, states.shape[2]) @ output.T + output_bias)
        return -jnp.mean(jnp.take_along_axis(scores, classes[:, None], 1))

    return descent(loss, model.rate)


def embedding(model):
    def loss(rows):
        center, context = rows
        scores = jnp.einsum("pw,pcw->pc", center, context)
        return jnp.sum(jax.nn.softplus(model.signs * scores)) / len(scores)

    def step(tables, *numbers):
        rows = [table[own] for table, own in zip(tables, numbers)]
        value, gradient = jax.value_and_grad(loss)(rows)
        update = lambda table, own, g: table.at[own].add(-model.rate * g)
        return list(map(update, tables, numbers, gradient)), value

    return step


def descent(loss, rate):
    def step(parameters, *batch):
        value, gradient = jax.value_and_grad(loss)(parameters, *batch)
        return jax.tree.map(lambda parameter, g: parameter - rate * g, parameters, gradient), value

    return step


class Step:
    """A compiled function a step, whose state is given back to it."""

    setting = "jit of a step, its state donated"

    def __init__(self, workload):
        self.workload = workload
        make = {"W8": pinn, "W9": gru, "W10": embedding}[workload.name]
        self.step = jax.jit(make(workload.model), donate_argnums=0)
        self.batches = [[jnp.array(array) for array in batch] for batch in workload.model.data]

    def reset(self):
        self.state = self.latest = None
        self.state = jax.block_until_ready([jnp.array(array) for array in self.workload.model.parameters])

    def steps(self, numbers):
        state, step, batches = self.state, self.step, self.batches
        for number in numbers:
            state, self.latest = step(state, *batches[number])
        self.state = jax.block_until_ready(state)

    def cost(self):
        return self.latest

    def memory(self):
        """What the compiled function takes besides its arguments."""
        size = self.step.lower(self.state, *self.batches[0]).compile().memory_analysis()
        return size.temp_size_in_bytes + size.output_size_in_bytes - size.alias_size_in_bytes


serve(Step, Workload)
