#!/usr/bin/env python3
"""Times training steps of a TopK autoencoder in SAELens: one request and answer a line.

    echo '{"threads": 2, "repeats": 10}' | python train_sae_lens.py

Needs torch and sae-lens. Width 576, 16,384 features, TopK 32, batches of 4,096 rows, Adam with learning rate 3e-4, float32,
and decoders that begin with rows of length 1, as ours do:
a step is SAETrainer.step, forward, backward and update. Rows are the same numbers as those of plumb-bench's train-sae:
sums of 24 of 2,048 random directions with strengths from a half to one and a half, drawn by SplitMix64; they are scaled
to a mean length of the root of 576 beforehand.

A request is a JSON object; what it leaves out has a default:
    threads    torch threads (2)
    repeats    timed steps; the first is run before and left out (10)
    sparse     use_sparse_activations; null times both for two steps and takes the faster; torch 2.13 has no sparse step on a
               processor, and then null is false (null)
The answer has `seconds`, one a step, `unexplained`, the squared error of each step as a share of the batch's variance, and
`sparse`.
"""
import json
import math
import statistics
import sys
import time

import numpy as np
import sae_lens
import torch
from sae_lens import TopKTrainingSAE, TopKTrainingSAEConfig
from sae_lens.config import SAETrainerConfig
from sae_lens.training.sae_trainer import SAETrainer

WIDTH, FEATURES, ACTIVE, ROWS, BATCHES, DIRECTIONS, CHOSEN = 576, 16_384, 32, 4096, 16, 2048, 24
GAMMA = np.uint64(0x9E3779B97F4A7C15)


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


class Uniforms:
    """Plumbline's generator of a seed, many numbers at once."""

    def __init__(self, seed):
        with np.errstate(over="ignore"):
            self.state = mix(np.array([seed], np.uint64) + GAMMA)

    def __call__(self, count):
        with np.errstate(over="ignore"):
            states = self.state + GAMMA * np.arange(1, count + 1, dtype=np.uint64)
            self.state = states[-1:]
            return (mix(states) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def activations():
    draw = Uniforms(11)
    directions = (draw(DIRECTIONS * WIDTH) - 0.5).astype(np.float32).reshape(DIRECTIONS, WIDTH)
    batches = []
    for _ in range(BATCHES):
        pairs = draw(2 * ROWS * CHOSEN).reshape(ROWS, CHOSEN, 2)
        strengths = np.zeros((ROWS, DIRECTIONS), np.float32)
        rows = np.repeat(np.arange(ROWS), CHOSEN)
        np.add.at(strengths, (rows, (pairs[..., 0] * DIRECTIONS).astype(int).ravel()),
                  (pairs[..., 1] + 0.5).astype(np.float32).ravel())
        batches.append(torch.from_numpy(strengths @ directions))
    scale = WIDTH**0.5 / batches[0].norm(dim=1).mean()
    return [batch * scale for batch in batches]


def trainer(sparse):
    torch.manual_seed(1)
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(
        d_in=WIDTH, d_sae=FEATURES, k=ACTIVE, use_sparse_activations=sparse, apply_b_dec_to_input=True, device="cpu",
        dtype="float32", normalize_activations="none", decoder_init_norm=1.0))
    config = SAETrainerConfig(
        total_training_samples=10**9, train_batch_size_samples=ROWS, lr=3e-4, lr_end=3e-5, device="cpu",
        dead_feature_window=1000)
    return SAETrainer(config, sae, iter(()))


def steps(sparse, count, batches):
    subject = trainer(sparse)
    seconds, unexplained = [], []
    for step in range(count + 1):
        batch = batches[step % BATCHES]
        start = time.perf_counter()
        output = subject.step(batch)
        seconds.append(time.perf_counter() - start)
        error = (output.sae_out.detach() - batch).pow(2).sum()
        unexplained.append(float(error / (batch - batch.mean(0)).pow(2).sum()))
        subject.n_training_steps += 1
    return seconds[1:], unexplained[1:]


def duration(sparse, batches):
    """Seconds of a step; infinite where torch cannot do it on this processor."""
    try:
        return statistics.median(steps(sparse, 2, batches)[0])
    except NotImplementedError:
        return math.inf


def main():
    batches = activations()
    print(json.dumps({"version": sae_lens.__version__}), flush=True)
    for line in sys.stdin:
        request = {"threads": 2, "repeats": 10, "sparse": None, **json.loads(line)}
        torch.set_num_threads(request["threads"])
        sparse = request["sparse"]
        if sparse is None:
            sparse = min((False, True), key=lambda kind: duration(kind, batches))
        seconds, unexplained = steps(sparse, request["repeats"], batches)
        print(json.dumps({"seconds": seconds, "unexplained": unexplained, "sparse": sparse}), flush=True)


if __name__ == "__main__":
    main()
