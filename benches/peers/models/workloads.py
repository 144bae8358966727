"""Initial weights and data of the models, the same numbers as in `benches/src/models`."""

import math

import numpy as np


def mix(x):
    """The last step of the hash function MurmurHash3."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def bits(stream, shape):
    return mix(mix(np.uint32([stream])) + np.arange(math.prod(shape), dtype=np.uint32)).reshape(shape)


def uniform(stream, shape, bound):
    unit = (bits(stream, shape) >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)
    return np.float32(bound) * (2 * unit - 1)


def below(stream, shape, limit):
    return (bits(stream, shape) % np.uint32(limit)).astype(np.int32)


def layer(stream, outputs, inputs):
    return [uniform(stream, (outputs, inputs), 1 / math.sqrt(inputs)), np.zeros(outputs, np.float32)]


class Pinn:
    """Burgers' equation: points (x, t), and a network 2-64-64-64-1."""

    rate, viscosity = 1e-3, 0.01 / math.pi

    def __init__(self):
        points = uniform(1, (1024, 2), 1)
        points[:, 1] = abs(points[:, 1])
        self.data = [(points,)]
        widths = [2, 64, 64, 64, 1]
        layers = [layer(stream, outputs, inputs) for stream, inputs, outputs in zip(range(2, 6), widths, widths[1:])]
        self.parameters = [array for layer in layers for array in layer]


class Gru:
    """Sequences of 64 steps in batches of 32, whose class at each step is the largest input; see `gru.rs`."""

    rate = 0.1

    def __init__(self):
        inputs = [uniform(100 + batch, (64, 32, 64), 1) for batch in range(8)]
        self.data = [(x, x.argmax(2).flatten().astype(np.int32)) for x in inputs]
        reset, update, candidate, recurrent, output = (
            layer(stream, 64, inputs) for stream, inputs in zip(range(1, 6), [128, 128, 64, 64, 64])
        )
        gates = [np.concatenate(arrays) for arrays in zip(reset, update)]
        self.parameters = [*gates, *candidate, *recurrent, *output]


class Embedding:
    """Two tables of 50,000 words, and batches of 1,024 pairs of words with five negatives each; see `embedding.rs`."""

    rate = 0.05

    def __init__(self):
        self.data = [
            (below(100 + batch, (1024,), 50_000), below(200 + batch, (1024, 6), 50_000)) for batch in range(64)
        ]
        self.parameters = [uniform(stream, (50_000, 64), 1) for stream in (1, 2)]
        self.signs = np.float32([-1, 1, 1, 1, 1, 1])


class Workload:
    def __init__(self, name):
        self.name = name
        self.model = {"W8": Pinn, "W9": Gru, "W10": Embedding}[name]()
        self.batches = len(self.model.data)
