#!/usr/bin/env python3
"""Records pytorch-ood's areas under the curve on one small network and four sets of pictures.

    python Scripts/record-pytorch-ood.py Tests/PlumbRobustnessTests/Golden/pytorch-ood.json

Needs torch 2.13, pytorch-ood 0.4.0 and scikit-learn 1.9; no network. Trains a perceptron 64-24-16-10 on 400 of
scikit-learn's digits and writes
    weights, biases    of the three layers, rows of outputs
    training           [400][64] pixels from 0 to 16, and their labels
    sets               name -> [N][64] pixels in sixteenths; "inside" are test pictures
    auroc              method -> set -> area, the set against "inside"
    passing            method -> set -> share of the set that passes where 95 % of "inside" pass
The detectors get the same features and logits; ODIN differentiates the network. Sixteenths are divided by 16.
"""
import argparse
import json

import numpy as np
import torch
from pytorch_ood.detector import KNN, ODIN, RMD, EnergyBased, Mahalanobis, MaxSoftmax, ViM
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

NEIGHBORS, DIMENSIONS, STEP = 10, 8, 0.02


def network(sizes):
    layers = []
    for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers += [torch.nn.ReLU()] if index else []
        layers.append(torch.nn.Linear(inputs, outputs))
    return torch.nn.Sequential(*layers)


def train(x, y):
    torch.manual_seed(0)
    model = network([64, 24, 16, 10])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(400):
        rows = torch.randperm(len(x))[:64]
        loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def scores(model, training, labels, x):
    """Method -> the scores of x, higher for what seems shifted."""
    features = model[:-1]
    head = model[-1]
    with torch.no_grad():
        f, g = features(training), features(x)
        logits = head(g)
    vim = ViM(None, d=DIMENSIONS, w=head.weight, b=head.bias)
    return {
        "maximumProbability": MaxSoftmax.score(logits),
        "energy": EnergyBased.score(logits),
        "odin": ODIN(model, eps=STEP, temperature=1000).predict(x).detach(),
        "mahalanobis": Mahalanobis(None).fit_features(f, labels).predict_features(g),
        "relativeMahalanobis": RMD(None).fit_features(f, labels).predict_features(g),
        "virtualLogit": vim.fit_features(f, labels).predict_features(g),
        "nearestNeighbor": KNN(None, k=NEIGHBORS).fit_features(f, labels).predict_features(g),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    path = parser.parse_args().file
    digits = load_digits()
    pixels, labels = digits.data.astype(np.int64), digits.target.astype(np.int64)
    learned = np.arange(len(pixels)) % 5 != 0
    x, y = pixels[learned][:400], labels[learned][:400]
    test = pixels[~learned][:150]
    generator = np.random.default_rng(1)
    order = generator.permutation(64)
    sets = {
        "inside": test,
        "uniform": generator.integers(0, 17, (150, 64)),
        "permuted": test[:, order],
        "inverted": 16 - test,
        "blurred": (test + np.roll(test, 1, axis=1) + np.roll(test, 8, axis=1) + np.roll(test, 9, axis=1)) // 4,
    }
    model = train(torch.tensor(x, dtype=torch.float32) / 16, torch.tensor(y))
    found = {
        name: scores(model, torch.tensor(x).float() / 16, torch.tensor(y), torch.tensor(rows).float() / 16)
        for name, rows in sets.items()
    }
    result = {"auroc": {}, "passing": {}}
    for method in found["inside"]:
        inside = found["inside"][method].numpy()
        areas, passing = {}, {}
        for name in list(sets)[1:]:
            shifted = found[name][method].numpy()
            truth = np.concatenate([np.ones(len(shifted)), np.zeros(len(inside))])
            areas[name] = float(roc_auc_score(truth, np.concatenate([shifted, inside])))
            limit = np.sort(inside)[-(-len(inside) * 95 // 100) - 1]
            passing[name] = float((shifted <= limit).mean())
        result["auroc"][method], result["passing"][method] = areas, passing
    layers = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    result["weights"] = [layer.weight.tolist() for layer in layers]
    result["biases"] = [layer.bias.tolist() for layer in layers]
    result["training"], result["labels"] = x.tolist(), y.tolist()
    result["sets"] = {name: rows.tolist() for name, rows in sets.items()}
    result["neighbors"], result["dimensions"], result["step"] = NEIGHBORS, DIMENSIONS, STEP
    with open(path, "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")
    for method, areas in result["auroc"].items():
        print(method, areas)


if __name__ == "__main__":
    main()
