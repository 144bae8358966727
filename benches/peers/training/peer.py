"""The Python side of the protocol that `benches/src/peer.rs` describes."""

import ctypes
import gc
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


def serve(prepare, start=None):
    """Answers the commands on standard input. `start` makes of a name what a peer starts from, with its number of
    `batches`: by default a `Start` from the files in the folder that is the first argument. `prepare` makes of that
    something with

    - `setting`, which of its settings the tool runs with;
    - `reset()`, back to the first weights, and to an optimizer that has seen nothing;
    - `steps(numbers)`, a step on each batch of these numbers, until all is computed;
    - `cost()`, the mean cost of the latest step's batch, before the step.
    """
    # What libraries print must not mix with the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    start = start or (lambda name: Start(Path(sys.argv[1]), name))
    peer = None
    for line in sys.stdin:
        command, argument = line.split()
        if command == "prepare":
            peer = None
            beginning = start(argument)
            peer = prepare(beginning)
            answer = {"setting": peer.setting}
        else:
            peer.reset()
            numbers = cycle(range(beginning.batches))
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
            elif command == "memory":
                measured = hasattr(peer, "memory")
                answer = {"bytes": peer.memory() if measured else memory(peer, numbers, int(argument))}
        print(json.dumps(answer), file=answers, flush=True)


def run(peer, numbers, seconds):
    """The mean time of a step in this time. The clock is read ever more rarely, but at least ten times."""
    steps, stride = 0, 1
    begin = time.perf_counter()
    while True:
        peer.steps(islice(numbers, stride))
        steps += stride
        passed = time.perf_counter() - begin
        if passed >= seconds:
            return passed / steps
        stride = max(1, steps // 10)


def memory(peer, numbers, steps):
    """The growth of the resident memory in two steps, in bytes. The steps before compile, and load code."""
    peer.steps(islice(numbers, steps))
    peer.reset()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    peer.steps(islice(numbers, 2))
    return status("VmHWM") - before


def status(name):
    """An entry of the status of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def fastest(candidates):
    """The fastest of several settings of a tool: each makes a few steps, several times over."""
    best = [float("inf")] * len(candidates)
    for _ in range(3):
        for index, peer in enumerate(candidates):
            peer.reset()
            run(peer, cycle([0]), 0.02)
            best[index] = min(best[index], run(peer, cycle([0]), 0.1))
    return candidates[best.index(min(best))]
