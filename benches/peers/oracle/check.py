#!/usr/bin/env python3
"""Computes the graphs that `oracle` prints with PyTorch, and compares values, gradients and second-order products.

    cargo run -- 10000 > graphs.jsonl
    python check.py graphs.jsonl [--plant OPERATION]

See README.md.
"""

import argparse
import collections
import json
import sys

import torch

from operations import OPERATIONS
from terms import Perturbed, Wrong

# The tolerance, relative to the sum of absolute terms.
TOLERANCE = 1e-12
# A result that agrees to this part of itself agrees to this part of its terms: those need not be estimated.
CLOSE = 1e-14
# The number of perturbed computations, and the size of the perturbation.
SAMPLES, SIZE = 4, 2.0**-34
# What is compared: the name in the file, and the name of PyTorch's result.
COMPARED = {
    "value": "value",
    "gradient": "gradient",
    "recorded_gradient": "gradient",
    "hessian_product": "hessian_product",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", type=argparse.FileType())
    parser.add_argument("--plant", metavar="OPERATION", help="check that mistakes in an operation are found")
    parser.add_argument("--least", type=int, default=0, help="the least number of occurrences of each operation")
    options = parser.parse_args()
    torch.set_num_threads(1)
    graphs = [json.loads(line) for line in options.graphs]
    if options.plant:
        graphs = [graph for graph in graphs if options.plant in names(graph)]
        caught = [bool(disagreements(graphs, (options.plant, order))[0]) for order in range(3)]
        for what, found in zip(["value", "gradient", "second derivative"], caught):
            print(f"{'found' if found else 'MISSED'}: a mistake in the {what} of {options.plant}, {len(graphs)} graphs")
        sys.exit(not all(caught))

    found, largest = disagreements(graphs)
    counts = collections.Counter(name for graph in graphs for name in set(names(graph)))
    for name in sorted(OPERATIONS):
        print(f"{counts[name]:6} {name}")
    for graph, errors in sorted(found, key=lambda pair: len(pair[0]["steps"])):
        print(f"\ngraph {graph['seed']} disagrees: {errors}")
        show(graph)
    rarest = min(OPERATIONS, key=lambda name: counts[name])
    print(f"\n{len(graphs)} graphs, {len(found)} disagree; rarest operation: {rarest}, {counts[rarest]} times")
    for what, error in largest.items():
        print(f"largest error of {what}: {error:.2g} of the sum of absolute terms")
    sys.exit(bool(found) or counts[rarest] < options.least)


def names(graph):
    """The names of the operations of a graph."""
    return [step["name"] for step in graph["steps"]]


def disagreements(graphs, plant=None):
    """The graphs in which something disagrees, with the errors, and the largest error of each result."""
    found, largest = [], dict.fromkeys(COMPARED, 0.0)
    for graph in graphs:
        try:
            errors = compare(graph, plant)
        except Exception as error:  # A graph that PyTorch refuses is reported like one that disagrees.
            found.append((graph, repr(error)))
            continue
        for what, error in errors.items():
            largest[what] = max(largest[what], error)
        if not all(error <= TOLERANCE for error in errors.values()):
            found.append((graph, errors))
    return found, largest


def compare(graph, plant):
    """The largest error of each result, relative to its sum of absolute terms or, if that is small, to itself."""
    theirs = compute(graph, plant)
    terms = {what: result.abs() for what, result in theirs.items()}
    errors = relative_errors(graph, theirs, terms)
    if all(error <= CLOSE for error in errors.values()):
        return errors
    for seed in range(SAMPLES):
        torch.manual_seed(seed)
        with Perturbed(SIZE):
            perturbed = compute(graph, plant)
        for what, result in perturbed.items():
            terms[what] = torch.maximum(terms[what], (result - theirs[what]).abs() / SIZE)
    return relative_errors(graph, theirs, terms)


def relative_errors(graph, theirs, terms):
    """The largest error of each result, relative to `terms`."""
    errors = {}
    for what, name in COMPARED.items():
        ours = torch.tensor(graph[what], dtype=torch.float64).reshape(-1)
        difference = (ours - theirs[name]).abs()
        # Where both are the same there is no error, even if all terms are 0.
        relative = torch.where(difference == 0, 0.0, difference / terms[name])
        # A NaN counts as infinite.
        errors[what] = relative.nan_to_num(nan=torch.inf).max().item() if len(relative) else 0.0
    return errors


def compute(graph, plant=None):
    """The value, the gradient and the second-order product of a graph by PyTorch."""
    inputs = [array(x).requires_grad_() for x in graph["inputs"]]
    nodes = list(inputs)
    for step in graph["steps"]:
        y = OPERATIONS[step["name"]]([nodes[i] for i in step["of"]], step["arguments"])
        if plant and step["name"] == plant[0]:
            y = Wrong.apply(y, plant[1])
        if list(y.shape) != step["shape"]:
            raise ValueError(f"{step['name']} has shape {list(y.shape)} and not {step['shape']}")
        nodes.append(y)
    value = sum((nodes[end["node"]] * array_like(end["weight"], nodes[end["node"]])).sum() for end in graph["ends"])
    gradients = derivative(value, inputs, create_graph=True)
    gradient = torch.cat([g.reshape(-1) for g in gradients])
    direction = array_like(graph["direction"], gradient)
    products = derivative((gradient * direction).sum(), inputs)
    product = torch.cat([p.reshape(-1) for p in products])
    return {
        "value": value.detach().reshape(1),
        "gradient": gradient.detach(),
        "hessian_product": product.detach(),
    }


def derivative(y, inputs, create_graph=False):
    """The gradient of a number, with zeros for inputs that it does not depend on."""
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    return torch.autograd.grad(y, inputs, create_graph=create_graph, allow_unused=True, materialize_grads=True)


def array(x):
    """A tensor of a graph."""
    return torch.tensor(x["data"], dtype=torch.float64).reshape(x["shape"])


def array_like(data, x):
    """Numbers in the shape of a tensor."""
    return torch.tensor(data, dtype=torch.float64).reshape(x.shape)


def show(graph):
    """Prints the steps of a graph."""
    for i, x in enumerate(graph["inputs"]):
        print(f"  {i}: input {x['shape']} {x['data']}")
    for i, step in enumerate(graph["steps"], len(graph["inputs"])):
        print(f"  {i}: {step['name']} of {step['of']} {step['arguments']} -> {step['shape']}")
    print(f"  ends: {[end['node'] for end in graph['ends']]}")


if __name__ == "__main__":
    main()
