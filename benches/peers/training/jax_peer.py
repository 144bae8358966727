"""JAX in training, `jax_peer.py FOLDER THREADS step|loop`: see peer.py. The number of threads is that of the cores."""

import sys

import jax
import jax.numpy as jnp

from peer import serve


def cost(layers, images, classes):
    a = images
    for weight, bias in layers[:-1]:
        a = jax.nn.relu(a @ weight.T + bias)
    weight, bias = layers[-1]
    scores = jax.nn.log_softmax(a @ weight.T + bias)
    return -jnp.mean(jnp.sum(scores * jax.nn.one_hot(classes, scores.shape[1]), axis=1))


def descend(start):
    """The first state, and one step from a state to the next."""
    rate = start.learning_rate
    layers = [(jnp.array(weight), jnp.array(bias)) for weight, bias in start.layers]
    zeros = jax.tree.map(jnp.zeros_like, layers)

    def descent(state, images, classes):
        value, gradient = jax.value_and_grad(cost)(state, images, classes)
        return jax.tree.map(lambda parameter, g: parameter - rate * g, state, gradient), value

    def adam(state, images, classes):
        layers, first, second, steps = state
        value, gradient = jax.value_and_grad(cost)(layers, images, classes)
        steps = steps + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        size, scale = rate / (1 - 0.9**steps), 1 / jnp.sqrt(1 - 0.999**steps)
        layers = jax.tree.map(
            lambda parameter, m, v: parameter - size * m / (jnp.sqrt(v) * scale + 1e-8), layers, first, second
        )
        return (layers, first, second, steps), value

    return ((layers, zeros, zeros, jnp.float32(0)), adam) if start.adam else (layers, descent)


class Step:
    """A compiled function a step, whose state is given back to it."""

    setting = "jit of a step, its state donated"

    def __init__(self, start):
        self.start = start
        step = descend(start)[1]
        self.step = jax.jit(step, donate_argnums=0)
        images = start.images.reshape(start.batches, start.batch, -1)
        classes = start.classes.astype("int32").reshape(start.batches, start.batch)
        self.batches = [(jnp.array(x), jnp.array(y)) for x, y in zip(images, classes)]

    def reset(self):
        # Copies, since the donated are gone.
        self.state = jax.tree.map(jnp.copy, descend(self.start)[0])

    def steps(self, numbers):
        state, step, batches = self.state, self.step, self.batches
        for number in numbers:
            state, self.latest = step(state, *batches[number])
        self.state = jax.block_until_ready(state)

    def cost(self):
        return self.latest


class Loop:
    """Many steps in one compiled function, which takes its batches from an array of all samples."""

    setting = "jit of a loop over steps, its state donated"

    def __init__(self, start):
        self.start = start
        step = descend(start)[1]
        self.images = jnp.array(start.images.reshape(start.batches, start.batch, -1))
        self.classes = jnp.array(start.classes.astype("int32").reshape(start.batches, start.batch))

        def loop(state, value, images, classes, begin, count):
            def body(number, carry):
                number = number % start.batches
                return step(carry[0], images[number], classes[number])

            return jax.lax.fori_loop(begin, begin + count, body, (state, value))

        self.loop = jax.jit(loop, donate_argnums=0)

    def reset(self):
        self.state, self.latest = jax.tree.map(jnp.copy, descend(self.start)[0]), jnp.float32(0)

    def steps(self, numbers):
        numbers = list(numbers)
        self.state, self.latest = jax.block_until_ready(
            self.loop(self.state, self.latest, self.images, self.classes, numbers[0], len(numbers))
        )

    def cost(self):
        return self.latest


serve(Loop if sys.argv[3] == "loop" else Step)
