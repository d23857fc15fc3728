#!/usr/bin/env python3
"""Compares folders that `plumb` saved with what `transformers` makes of them.

    python Scripts/check-saved-models.py .build/debug/plumb FOLDER...
    python Scripts/check-saved-models.py --families SAVED Tests/PlumbModelsTests/Golden

Needs torch, transformers 5 and safetensors; no network. Make folders with `plumb train --out FOLDER`: a GPT-2, a Llama,
and a real model through LoRA. For each, `transformers` must load configuration, weights and tokenizer without complaint,
cut a text into the same tokens, and give every position's most probable tokens the same log-probabilities to 1e-3 of a
nat. With --families, SAVED holds the folders that the tests leave where PLUMB_KEEP_SAVED names it (swift test --filter
FamilyTests), and logits must be those recorded in the golden folder of the same name. Exits with 1 where one does not.
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


def check_family(folder, golden):
    """Whether transformers loads a saved checkpoint of a family and gives the logits of the one it was made of."""
    with open(os.path.join(folder, "config.json")) as file:
        if json.load(file).get("activation_function") == "solu_ln":
            print(f"skip {folder}: transformers has no softmax linear units")
            return True
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    complaints = {key: value for key, value in report.items() if value}
    apart = 0.0
    with open(os.path.join(golden, "logits.json")) as file:
        for sequence in json.load(file)["sequences"]:
            expected = torch.tensor(sequence["logits"])
            with torch.no_grad():
                logits = model.eval()(torch.tensor([sequence["tokens"]])).logits[0]
            apart = max(apart, ((logits - expected).abs().max() / expected.abs().max()).item())
    right = apart <= 1e-5 and not complaints
    print(f"{'ok  ' if right else 'FAIL'} {folder} ({model.config.model_type}): logits {apart:.1e} apart"
          + (f", complaints {complaints}" if complaints else ""))
    return right


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--families":
        names = sorted(os.listdir(sys.argv[2]))
        results = [check_family(*(os.path.join(place, name) for place in sys.argv[2:])) for name in names]
        raise SystemExit(0 if names and all(results) else 1)
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    results = [check(sys.argv[1], folder) for folder in sys.argv[2:]]
    raise SystemExit(0 if all(results) else 1)
