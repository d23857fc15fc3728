#!/usr/bin/env python3
"""Times attacks of foolbox and torchattacks turn about with `plumb attack`, on one network and the same pictures.

    python attacks.py --plumb plumb [--rounds 3] [--threads 1 2] [--out attacks.json]

Needs torch, onnx, scikit-learn, foolbox 3.3.4 and torchattacks 3.5.1. Trains a perceptron 64-128-64-10 of rectifiers on
scikit-learn's digits, exports it to ONNX, and attacks the 360 test pictures with the same steps, queries and targets on both
sides. Seconds are of the attack alone, without starting a process or reading the network. A row of the printed table:
medians with least and greatest, and the accuracy that each side leaves.
"""
import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
import warnings

import foolbox
import numpy
import torch
import torchattacks
from sklearn.datasets import load_digits

from attacks_table import line

warnings.filterwarnings("ignore")


def trained():
    torch.manual_seed(0)
    digits = load_digits()
    x = torch.tensor(digits.data / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    y = torch.tensor(digits.target)
    test = torch.arange(len(y)) % 5 == 0
    network = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU(),
        torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(30):
        for rows in torch.randperm(int((~test).sum())).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[~test][rows]), y[~test][rows]).backward()
            optimizer.step()
    return network.eval(), x[test].contiguous(), y[test]


def peers(network):
    """Our name -> the norm, the radius, our further options, the peer's name and what makes its changed pictures."""
    box = foolbox.PyTorchModel(network, bounds=(0, 1))

    def by_foolbox(attack, radius):
        return lambda x, y: attack(box, x, y, epsilons=radius)[1]

    linf, l2 = {"norm": "Linf", "eps": 0.1, "seed": 0}, 0.5
    fab = {"steps": 100, "n_restarts": 1, "multi_targeted": True, "n_classes": 10}
    return {
        "pgd": ("linf", 0.1, ["--steps", "40"], "foolbox",
                by_foolbox(foolbox.attacks.LinfPGD(rel_stepsize=0.01 / 0.3, steps=40), 0.1)),
        "apgd-ce": ("linf", 0.1, [], "torchattacks", torchattacks.APGD(network, steps=100, loss="ce", **linf)),
        "apgd-t": ("linf", 0.1, [], "torchattacks", torchattacks.APGDT(network, steps=100, n_classes=10, **linf)),
        "fab": ("linf", 0.1, [], "torchattacks", torchattacks.FAB(network, **fab, **linf)),
        "square": ("linf", 0.1, ["--queries", "1000"], "torchattacks",
                   torchattacks.Square(network, n_queries=1000, **linf)),
        "deepfool": ("l2", l2, [], "foolbox",
                     by_foolbox(foolbox.attacks.L2DeepFoolAttack(steps=50, candidates=10), l2)),
        "cw": ("l2", l2, [], "foolbox", by_foolbox(
            foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=1000, stepsize=0.01), l2)),
    }


def accuracy(network, x, y, original, norm, radius):
    change = (x - original).flatten(1).double()
    sizes = change.abs().amax(1) if norm == "linf" else change.norm(dim=1)
    with torch.no_grad():
        robust = (network(x).argmax(1) == y) | (sizes > radius * (1 + 1e-5))
        return (robust & (network(original).argmax(1) == y)).float().mean().item()


def ours(options, folder, name, norm, radius, more, threads):
    command = [
        options.plumb, "attack", "--network", f"{folder}/network.onnx", "--images", f"{folder}/test.npz", "--radius",
        str(radius), "--norm", norm, "--attacks", name, "--no-checks", "--json", "--threads", str(threads), *more]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found["attack_seconds"], found["accuracy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plumb", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--out")
    options = parser.parse_args()
    network, x, y = trained()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        torch.onnx.export(
            network, x[:1], f"{folder}/network.onnx", dynamo=False, opset_version=17, input_names=["x"],
            dynamic_axes={"x": {0: "batch"}})
        numpy.savez(f"{folder}/test.npz", images=x.numpy(), labels=y.numpy())
        for name, (norm, radius, more, peer, attack) in peers(network).items():
            if options.only and name not in options.only:
                continue
            for threads in options.threads:
                torch.set_num_threads(threads)
                mine, theirs = [], []
                for _ in range(options.rounds):
                    seconds, left = ours(options, folder, name, norm, radius, more, threads)
                    mine.append(seconds)
                    start = time.perf_counter()
                    changed = attack(x, y)
                    theirs.append(time.perf_counter() - start)
                version = foolbox.__version__ if peer == "foolbox" else "3.5.1"
                row = {
                    "attack": name, "norm": norm, "radius": radius, "threads": threads, "ours": mine, "peer": theirs,
                    "peer_name": f"{peer} {version}", "accuracy": left,
                    "peer_accuracy": accuracy(network, changed.detach(), y, x, norm, radius)}
                rows.append(row)
                print(line(row), flush=True)
    if options.out:
        with open(options.out, "w") as file:
            json.dump({"torch": torch.__version__, "machine": platform.machine(), "cores": os.cpu_count(),
                       "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
