#!/usr/bin/env python3
"""Scores multiple-choice questions by log-probability with `transformers`, one whole pass an option, as lm-eval does.

    echo '{"limit": 200, "batch": 16}' | python choices_transformers.py SmolLM2-135M-Instruct.Q4_1.gguf mc_task.json

Needs torch, transformers and gguf. The file is TruthfulQA's; the weights are dequantized to float32. Options are sorted
by length and padded to batches. A request is a JSON object; what it leaves out has a default:
    limit     questions, from the first on          (all)
    batch     options in a pass                     (16)
    threads   torch threads                         (2)
The answer adds `seconds` without loading, `choice`, how often the most probable option is true, and `mass`, the mean
probability of the true ones among the options.
"""
import json
import math
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

DEFAULTS = {"limit": None, "batch": 16, "threads": 2}


def log_probabilities(model, texts, batch):
    """The sum over the last tokens of each text; a text is a pair of all its tokens and how many of them count."""
    sums = [0.0] * len(texts)
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index][0]))
    for first in range(0, len(order), batch):
        rows = order[first:first + batch]
        width = len(texts[rows[0]][0])
        tokens = torch.zeros((len(rows), width), dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for place, row in enumerate(rows):
            tokens[place, :len(texts[row][0])] = torch.tensor(texts[row][0])
            mask[place, :len(texts[row][0])] = 1
        logits = model(tokens, attention_mask=mask).logits
        for place, row in enumerate(rows):
            whole, counted = texts[row]
            part = torch.log_softmax(logits[place, len(whole) - counted - 1:len(whole) - 1], -1)
            sums[row] = part.gather(1, tokens[place, len(whole) - counted:len(whole), None]).sum().item()
    return sums


def answer(model, tokenizer, questions, request):
    request = {**DEFAULTS, **request}
    torch.set_num_threads(request["threads"])
    questions = questions[:request["limit"]]
    start = time.perf_counter()
    texts, spans = [], []
    for question in questions:
        prompt = f"Question: {question['question']}\n\nAnswer:"
        count = len(tokenizer(prompt)["input_ids"])
        spans.append((len(texts), list(question["mc1_targets"].values())))
        for option in question["mc1_targets"]:
            whole = tokenizer(f"{prompt} {option}")["input_ids"]
            texts.append((whole, len(whole) - count))
    with torch.no_grad():
        sums = log_probabilities(model, texts, request["batch"])
    seconds = time.perf_counter() - start
    right, mass = 0, 0.0
    for first, truth in spans:
        found = sums[first:first + len(truth)]
        best = max(found)
        weights = [math.exp(value - best) for value in found]
        right += truth[found.index(best)]
        mass += sum(weight for weight, true in zip(weights, truth) if true) / sum(weights)
    return {**request, "seconds": seconds, "choice": right / len(spans), "mass": mass / len(spans),
            "tokens": sum(len(whole) for whole, _ in texts)}


def main():
    folder, name = os.path.split(os.path.abspath(sys.argv[1]))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    with open(sys.argv[2]) as file:
        questions = json.load(file)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(model, tokenizer, questions, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
