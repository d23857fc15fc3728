#!/usr/bin/env python3
"""Times `transformers` float32 forward passes; one request a line, one answer a line.

    echo '{"shape": [1, 16]}' | python forward_transformers.py --gguf SmolLM2-135M-Instruct.Q4_1.gguf
    python forward_transformers.py --table [--gguf MODEL.gguf]

Needs torch and transformers (gguf for SmolLM2). Models: "gpt2", GPT-2-small's shape with random weights, and, where
`--gguf` is given, "smollm2". Each is loaded once, with "sdpa" and with "eager" attention over the same weights; a
request times both, turn about, and `median` is the better one's. Gradients are off, no key-value cache is kept,
logits are computed at every position.

A request is a JSON object; what it leaves out has a default:
    model     gpt2 | smollm2   ("gpt2")
    shape     [batch, tokens]  ([1, 16])
    threads   torch threads    (2)
    seconds   to spend on each kind of attention, warm-up left out (2.0)
    runs      the least number of runs (3)
    arithmetic  float32 | bfloat16, to which weights and activations are then rounded ("float32")
`--table` answers a fixed list of requests (three shapes, one and two threads, each model) and ends.
"""
import argparse
import copy
import json
import os
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel  # noqa: E402

DEFAULTS = {"model": "gpt2", "shape": [1, 16], "threads": 2, "seconds": 2.0, "runs": 3, "arithmetic": "float32"}
SHAPES = [[1, 16], [8, 128], [1, 1024]]


def both_attentions(model):
    """The model and a twin that shares its weights, with sdpa and eager attention."""
    model = model.eval()
    twin = copy.deepcopy(model, {id(value): value for value in [*model.parameters(), *model.buffers()]})
    model.set_attn_implementation("sdpa")
    twin.set_attn_implementation("eager")
    return {"sdpa": model, "eager": twin}


def load(gguf):
    torch.manual_seed(0)
    models = {"gpt2": both_attentions(GPT2LMHeadModel(GPT2Config()))}
    if gguf:
        folder, name = os.path.split(os.path.abspath(gguf))
        models["smollm2"] = both_attentions(
            AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32))
    return models


def rounded(models, name):
    """The model in bfloat16, made at its first use."""
    key = f"{name}, bfloat16"
    if key not in models:
        models[key] = both_attentions(copy.deepcopy(models[name]["sdpa"]).to(torch.bfloat16))
    return models[key]


def once(model, tokens):
    start = time.perf_counter()
    model(tokens, use_cache=False)
    return time.perf_counter() - start


def answer(models, request):
    """Warm up both, then time them turn about until the time is spent."""
    request = {**DEFAULTS, **request}
    if request["model"] not in models:
        return {**request, "error": f"no such model here: have {', '.join(models)}"}
    torch.set_num_threads(request["threads"])
    pair = rounded(models, request["model"]) if request["arithmetic"] == "bfloat16" else models[request["model"]]
    vocabulary = pair["sdpa"].config.vocab_size
    tokens = torch.randint(0, vocabulary, request["shape"], generator=torch.Generator().manual_seed(1))
    times = {name: [] for name in pair}
    with torch.no_grad():
        for model in pair.values():
            once(model, tokens)
        while any(len(runs) < request["runs"] or sum(runs) < request["seconds"] for runs in times.values()):
            for name, model in pair.items():
                times[name].append(once(model, tokens))
    medians = {name: round(statistics.median(runs), 6) for name, runs in times.items()}
    best = min(medians, key=medians.get)
    return {
        **request, "tool": "transformers", "attention": best, "median": medians[best], "medians": medians,
        "fastest": round(min(times[best]), 6), "seconds": [round(value, 6) for value in times[best]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    models = load(arguments.gguf)
    if arguments.table:
        for model in models:
            for shape in SHAPES:
                for threads in (1, 2):
                    request = {"model": model, "shape": shape, "threads": threads}
                    print(json.dumps(answer(models, request)), flush=True)
        return
    print(json.dumps({"ready": True, "models": list(models)}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(models, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
