#!/usr/bin/env python3
"""Compares folders that `plumb` saved with what `transformers` makes of them.

    python Scripts/check-saved-models.py .build/debug/plumb FOLDER...

Needs torch, transformers 5 and safetensors; no network. Make folders with `plumb train --out FOLDER`: a GPT-2, a Llama,
and a real model through LoRA. For each, `transformers` must load configuration, weights and tokenizer without complaint,
cut a text into the same tokens, and give every position's most probable tokens the same log-probabilities to 1e-3 of a
nat. Exits with 1 where one does not.
"""
import json
import os
import subprocess
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

TEXT = "To be, or not to be: that is the question.\nWhether"
LIMIT = 1e-3


def check(plumb, folder):
    command = [plumb, "predict", "--model", folder, "--text", TEXT, "--top", "5", "--all-positions", "--json"]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    complaints = {key: value for key, value in report.items() if value}
    tokens = AutoTokenizer.from_pretrained(folder)(TEXT)["input_ids"]
    with torch.no_grad():
        theirs = model.eval()(torch.tensor([ours["tokens"]])).logits[0].log_softmax(-1)
    positions = ours["positions"]
    apart = max(
        abs(candidate["logprob"] - theirs[position, candidate["token"]].item())
        for position, candidates in enumerate(positions) for candidate in candidates)
    right = tokens == ours["tokens"] and apart < LIMIT and not complaints and len(positions) == len(tokens)
    kind = f"{model.config.model_type}, {model.num_parameters():,} parameters"
    print(f"{'ok  ' if right else 'FAIL'} {folder} ({kind}): {len(tokens)} tokens, log-probabilities {apart:.1e} apart"
          + (f", complaints {complaints}" if complaints else "")
          + ("" if tokens == ours["tokens"] else f", tokens {tokens} instead of {ours['tokens']}"))
    return right


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    results = [check(sys.argv[1], folder) for folder in sys.argv[2:]]
    raise SystemExit(0 if all(results) else 1)
