#!/usr/bin/env python3
"""Records bounds of small ONNX networks by auto-LiRPA, for comparison: intervals and CROWN; and how long they take.

Needs: auto-lirpa 0.3, torch, numpy, onnx.
Run:   python Scripts/record-bounds.py
Writes Tests/PlumbRobustnessTests/Golden/bounds.json: for each network an input, a radius, and lower and upper bounds of the output.
"""

import json
import pathlib
import sys
import time
import types

import numpy
import torch
import torch.onnx.symbolic_helper

# auto-LiRPA 0.3 imports what NumPy 2 and today's PyTorch no longer have.
sys.modules["numpy.lib.arraysetops"] = types.SimpleNamespace(isin=numpy.isin)
torch.onnx.symbolic_helper._set_opset_version = lambda version: None
torch._C.Node.__getitem__ = lambda node, name: getattr(node, node.kindOf(name))(name)
from auto_LiRPA import BoundedModule, BoundedTensor  # noqa: E402
from auto_LiRPA.perturbations import PerturbationLpNorm  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "Tests/PlumbRobustnessTests/Golden"


def network(sizes, generator):
    """A perceptron of ReLUs whose weights are drawn, rounded so that they are written exactly."""
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layer = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            weight = torch.randn(outputs, inputs, generator=generator) * (2 / inputs) ** 0.5
            layer.weight.copy_((weight * 256).round() / 256)
            layer.bias.copy_((torch.randn(outputs, generator=generator) * 25.6).round() / 256)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def main():
    generator = torch.Generator().manual_seed(0)
    records = []
    for sizes, radius in [([6, 10, 4], 0.1), ([8, 12, 12, 3], 0.05), ([8, 12, 12, 3], 0.3)]:
        model = network(sizes, generator)
        x = (torch.randn(2, sizes[0], generator=generator) * 256).round() / 256
        bounded = BoundedModule(model, torch.zeros_like(x))
        box = BoundedTensor(x, PerturbationLpNorm(norm=float("inf"), eps=radius))
        record = {
            "weights": [p.flatten().tolist() for n, p in model.named_parameters() if "weight" in n],
            "biases": [p.tolist() for n, p in model.named_parameters() if "bias" in n],
            "sizes": sizes, "inputs": x.flatten().tolist(), "radius": radius,
        }
        for name, method in [("intervals", "IBP"), ("linear", "backward")]:
            lower, upper = bounded.compute_bounds(x=(box,), method=method)
            record[name] = [lower.flatten().tolist(), upper.flatten().tolist()]
        records.append(record)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    (GOLDEN / "bounds.json").write_text(json.dumps(records))

    torch.set_num_threads(2)
    model = network([64, 128, 64, 10], generator)
    x = torch.rand(200, 64, generator=generator)
    bounded = BoundedModule(model, torch.zeros_like(x))
    box = BoundedTensor(x, PerturbationLpNorm(norm=float("inf"), eps=0.05))
    for name, method, steps in [("intervals", "IBP", 0), ("linear", "backward", 0), ("optimized", "CROWN-Optimized", 10)]:
        bounded.set_bound_opts({"optimize_bound_args": {"iteration": max(1, steps)}})
        times = []
        for _ in range(3):
            start = time.perf_counter()
            bounded.compute_bounds(x=(box,), method=method)
            times.append(time.perf_counter() - start)
        print(f"{name}: {min(times) * 1e3:.1f} ms for 200 images of 64-128-64-10, {steps} steps")


if __name__ == "__main__":
    main()
