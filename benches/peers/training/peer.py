"""The Python side of the protocol that `benches/src/peer.rs` describes."""

import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np


class Start:
    """What every peer starts from: the workload, all samples, the layers' first weights and biases."""

    def __init__(self, folder, name):
        workloads = json.loads((folder / "workloads.json").read_text())
        workload = next(workload for workload in workloads if workload["name"] == name)
        self.widths, self.batch, self.samples = (workload[key] for key in ("widths", "batch", "samples"))
        self.adam = workload["optimizer"]["kind"] == "adam"
        self.learning_rate = workload["optimizer"]["learning_rate"]

        pixels = np.fromfile(folder / f"{self.samples}.pixels", np.uint8).reshape(-1, self.widths[0])
        self.images = pixels.astype(np.float32) / np.float32(255)
        self.classes = np.fromfile(folder / f"{self.samples}.classes", np.uint8)

        numbers = np.fromfile(folder / ("-".join(map(str, self.widths)) + ".weights"), np.float32)
        self.layers = []
        for inputs, outputs in zip(self.widths, self.widths[1:]):
            weight, bias, numbers = np.split(numbers, [inputs * outputs, inputs * outputs + outputs])
            self.layers.append((weight.reshape(outputs, inputs), bias))

    @property
    def batches(self):
        return self.samples // self.batch


def serve(prepare):
    """Answers the commands on standard input. `prepare` makes of a `Start` something with

    - `setting`, which of its settings the tool runs with;
    - `reset()`, back to the first weights, and to an optimizer that has seen nothing;
    - `steps(numbers)`, a step on each batch of these numbers, until all is computed;
    - `cost()`, the mean cost of the latest step's batch, before the step.
    """
    # What libraries print must not mix with the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    folder = Path(sys.argv[1])
    peer = None
    for line in sys.stdin:
        command, argument = line.split()
        if command == "prepare":
            peer = None
            start = Start(folder, argument)
            peer = prepare(start)
            answer = {"setting": peer.setting}
        else:
            peer.reset()
            numbers = cycle(range(start.batches))
            if command == "costs":
                costs = []
                for number in islice(numbers, int(argument)):
                    peer.steps([number])
                    costs.append(float(peer.cost()))
                answer = {"costs": costs}
            elif command == "time":
                seconds = float(argument)
                run(peer, numbers, seconds / 10)
                answer = {"seconds": run(peer, numbers, seconds)}
        print(json.dumps(answer), file=answers, flush=True)


def run(peer, numbers, seconds):
    """The mean time of a step, over so many seconds. The clock is read ever more rarely, and never less than ten times."""
    steps, stride = 0, 1
    begin = time.perf_counter()
    while True:
        peer.steps(islice(numbers, stride))
        steps += stride
        passed = time.perf_counter() - begin
        if passed >= seconds:
            return passed / steps
        stride = max(1, steps // 10)


def fastest(candidates):
    """The fastest of several settings of a tool: each makes a few steps, several times over."""
    best = [float("inf")] * len(candidates)
    for _ in range(3):
        for index, peer in enumerate(candidates):
            peer.reset()
            run(peer, cycle([0]), 0.02)
            best[index] = min(best[index], run(peer, cycle([0]), 0.1))
    return candidates[best.index(min(best))]
