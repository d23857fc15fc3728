#!/usr/bin/env python3
"""Times entoscope's exact patching of resid_pre, which runs several cells in a batch, as `sweep_transformer_lens.py`.

    echo '{"batch": 16}' | python sweep_entoscope.py MODEL.gguf

Needs entoscope 0.1.0 beside what that program needs. Requests and answers are that program's, for resid_pre alone;
`batch` is the number of cells in a batch (16). What is timed is the whole call: entoscope makes the caches of both runs
inside it, about two forward passes of the batch's width.
"""
import json
import sys
import time

from sweep_transformer_lens import DEFAULTS, load
import torch
from entoscope import (
    ModelAxis, ModelLayerLocation, Patcher, PatchingConfig, PatchingElementConfig, PatchingInput, PatchingMethodConfig,
    PatchingMetricConfig, SinglePatchingConfig,
)
from entoscope.patching.config import MetricComparison, PatchingMetric, PatchingType


def config():
    def element():
        return PatchingElementConfig(
            activation=ModelLayerLocation.RESIDUAL_PRE, location=[ModelAxis.LAYER, ModelAxis.POSITION],
            type=PatchingType.REPLACE)

    return PatchingConfig(
        metric={
            "difference": PatchingMetricConfig(
                type=PatchingMetric.LOGIT_DIFF, tokens=["answer", "wrong"], comparison=MetricComparison.ABSOLUTE)
        },
        method=PatchingMethodConfig(type="exact"),
        patch=[SinglePatchingConfig(source=element(), target=element())])


def answer(bridge, request):
    request = {**DEFAULTS, "batch": 16, **request}
    torch.set_num_threads(request["threads"])
    patcher = Patcher(bridge, batch_size=request["batch"])
    words = {key: request[key] for key in ("answer", "wrong")}
    seconds, values = [], []
    for _ in range(request["repeats"]):
        start = time.perf_counter()
        asked = PatchingInput(config(), request["clean"], request["corrupted"], tokens=words)
        result = patcher.apply(asked, return_collector=True, verbose=False).result
        seconds.append(round(time.perf_counter() - start, 6))
        grid = result.pivot(index="target_layer", columns="target_position", values="difference_metric")
        values = grid.to_numpy().tolist()
    return {
        **request, "tool": "entoscope", "cells": sum(map(len, values)), "seconds": seconds, "values": values,
    }


def main():
    bridge, _ = load(sys.argv[1])
    bridge.cfg.default_prepend_bos = False  # the prompts are read as the other sweeps read them
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(bridge, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
