#!/usr/bin/env python3
"""Records what foolbox and torchattacks leave of a small network's accuracy, and how small their changes are.

    python Scripts/record-attacks.py Tests/PlumbRobustnessTests/Golden

Needs torch, safetensors, scikit-learn, foolbox 3.3.4 and torchattacks 3.5.1; no network. Writes:
    attacks.safetensors   a perceptron 64-96-48-10 of rectifiers trained on digits (fc1.weight, fc1.bias, ...), and 120 test
                          pictures [120, 8, 8, 1] from 0 to 1 with their labels
    attacks.json          for each attack its norm, radius and the accuracy that it leaves, with two seeds of its chance;
                          for attacks that look for the smallest change, the mean size over the pictures answered rightly

torchattacks takes images [N, C, H, W]; steps, queries and classes are given as in the standard battery, because its own
defaults are smaller. foolbox's Linf PGD takes steps of 0.1 of the radius here, so that it can cross the cube.
"""
import json
import os
import sys

import foolbox
import numpy
import torch
import torchattacks
from safetensors.torch import save_file
from sklearn.datasets import load_digits

SIDE, COUNT = 8, 120


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = (torch.nn.Linear(i, o) for i, o in ((64, 96), (96, 48), (48, 10)))

    def forward(self, x):
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))


def trained():
    torch.manual_seed(0)
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16, dtype=torch.float32).reshape(-1, 1, SIDE, SIDE)
    labels = torch.tensor(digits.target)
    test = torch.arange(len(labels)) % 5 == 0
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    x, y = pixels[~test], labels[~test]
    for _ in range(30):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
    return network.eval(), pixels[test][:COUNT].contiguous(), labels[test][:COUNT]


def accuracy(network, images, labels):
    with torch.no_grad():
        return (network(images).argmax(1) == labels).float().mean().item()


def fixed_radius(network, seed):
    """Attacks within a radius: name, norm, radius, and what makes the changed images."""
    box = foolbox.PyTorchModel(network, bounds=(0, 1))

    def by_foolbox(attack, radius):
        return lambda x, y: attack(box, x, y, epsilons=radius)[1]

    for radius in (0.1,):
        linf = {"norm": "Linf", "eps": radius, "seed": seed}
        yield "FGSM", "linf", radius, by_foolbox(foolbox.attacks.LinfFastGradientAttack(), radius)
        yield "PGD", "linf", radius, by_foolbox(
            foolbox.attacks.LinfPGD(rel_stepsize=0.1, steps=40, random_start=True), radius)
        yield "APGD-CE", "linf", radius, torchattacks.APGD(network, steps=100, loss="ce", **linf)
        yield "APGD-DLR", "linf", radius, torchattacks.APGD(network, steps=100, loss="dlr", **linf)
        yield "APGD-T", "linf", radius, torchattacks.APGDT(network, steps=100, n_classes=10, **linf)
        yield "FAB-T", "linf", radius, torchattacks.FAB(
            network, steps=100, n_restarts=1, multi_targeted=True, n_classes=10, **linf)
        yield "Square", "linf", radius, torchattacks.Square(network, n_queries=2000, **linf)
    for radius in (0.5,):
        l2 = {"norm": "L2", "eps": radius, "seed": seed}
        yield "PGD", "l2", radius, by_foolbox(foolbox.attacks.L2PGD(rel_stepsize=0.1, steps=50), radius)
        yield "APGD-CE", "l2", radius, torchattacks.APGD(network, steps=100, loss="ce", **l2)
        yield "APGD-T", "l2", radius, torchattacks.APGDT(network, steps=100, n_classes=10, **l2)
        yield "FAB-T", "l2", radius, torchattacks.FAB(
            network, steps=100, n_restarts=1, multi_targeted=True, n_classes=10, **l2)


def smallest(network, images, labels):
    box = foolbox.PyTorchModel(network, bounds=(0, 1))
    right = network(images).argmax(1) == labels
    x, y = images[right], labels[right]
    for name, attack in (
        ("DeepFool", foolbox.attacks.L2DeepFoolAttack(steps=50, candidates=10)),
        ("C&W", foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=500, stepsize=0.01)),
    ):
        changed, _, broken = attack(box, x, y, epsilons=None)
        sizes = (changed - x).flatten(1).double().norm(dim=1)[broken]
        yield {"attack": name, "size": sizes.mean().item(), "broken": broken.float().mean().item()}


def main(folder):
    torch.set_num_threads(1)
    network, images, labels = trained()
    os.makedirs(folder, exist_ok=True)
    tensors = {name: value.detach().contiguous() for name, value in network.named_parameters()}
    tensors["images"] = images.permute(0, 2, 3, 1).contiguous()
    tensors["labels"] = labels.float()
    save_file(tensors, os.path.join(folder, "attacks.safetensors"))
    rows = {}
    for seed in range(2):
        torch.manual_seed(seed)
        numpy.random.seed(seed)
        for name, norm, radius, attack in fixed_radius(network, seed):
            left = accuracy(network, attack(images, labels), labels)
            rows.setdefault((name, norm, radius), []).append(left)
            print(name, norm, radius, left, flush=True)
    record = {
        "versions": {"torch": torch.__version__, "foolbox": foolbox.__version__, "torchattacks": "3.5.1"},
        "clean": accuracy(network, images, labels),
        "within": [
            {"attack": name, "norm": norm, "radius": radius, "accuracies": values}
            for (name, norm, radius), values in rows.items()
        ],
        "smallest": list(smallest(network, images, labels)),
    }
    with open(os.path.join(folder, "attacks.json"), "w") as file:
        json.dump(record, file, indent=1)
        file.write("\n")


main(sys.argv[1])
