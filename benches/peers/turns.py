"""Sides of a comparison in processes of their own, which take turns by the protocol of `benches/src/peer.rs`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))

# An allocator that keeps what it has: memory that is given back to the system and taken again costs some of the sides
# half their time, and more.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "67108864",
}


def executables(command, folder, environment):
    output = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True).stdout
    messages = [json.loads(line) for line in output.splitlines()]
    return {
        message["target"]["name"]: message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact" and message["executable"]
    }


def install_python():
    """The interpreter of an environment with PyTorch and JAX, which is made anew when their versions change."""
    folder = Path(__file__).resolve().parent / "training"
    python = folder / ".venv" / "bin" / "python"
    wanted = folder / "requirements.txt"
    installed = folder / ".venv" / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return python
    if sys.version_info < (3, 12):
        sys.exit("PyTorch and JAX need Python 3.12 or newer: run this script with one")
    shutil.rmtree(folder / ".venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--no-deps", "-r", wanted], check=True)
    shutil.copy(wanted, installed)
    return python


class Side:
    """A tool in a process of its own, on as many cores as it has threads.

    It is stopped whenever it is not at work, so that no thread of it that waits by spinning takes a core from another.
    """

    def __init__(self, name, threads, command, **environment):
        self.name, self.threads = name, threads
        variables = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"}
        environment = ALLOCATOR | {"JAX_PLATFORMS": "cpu"} | dict.fromkeys(variables, str(threads)) | environment
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
            preexec_fn=lambda: os.sched_setaffinity(0, CORES[-threads:]),
        )

    def tell(self, command, argument):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{command} {argument}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} on {self.threads} threads ended in `{command} {argument}`")
        self.process.send_signal(signal.SIGSTOP)
        return json.loads(answer)

    def end(self):
        self.process.kill()
        self.process.wait()


def take_turns(sides, rounds, seconds):
    """The mean time of a step in each of its turns, for each side."""
    times = [[] for _ in sides]
    for _ in range(rounds):
        for side, own in zip(sides, times):
            own.append(side.tell("time", seconds)["seconds"])
    return times


def agree(workload, sides, costs, tolerance):
    """Ends the program if a side does not do the same steps as the first, which is ours."""
    ours = costs[0]
    for side, theirs in zip(sides, costs):
        distance = max(abs(theirs - ours) / abs(ours) for theirs, ours in zip(theirs, ours))
        print(f"{workload}: {side.name} on {side.threads} threads: costs differ by {distance:.1e}", flush=True)
        if not distance <= tolerance:
            sys.exit(f"not the same steps: {theirs}, and ours {ours}")


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown"
