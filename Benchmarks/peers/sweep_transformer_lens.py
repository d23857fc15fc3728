#!/usr/bin/env python3
"""Times TransformerLens's activation-patching sweeps on a GGUF; one request a line, one answer a line.

    echo '{}' | python sweep_transformer_lens.py MODEL.gguf
    python sweep_transformer_lens.py MODEL.gguf --site z --threads 1 --repeats 3

Needs torch, transformers, gguf and transformer-lens 4.3.0. The model is loaded once (not timed) by `transformers`
(`gguf_file=`, float32) and handed to `TransformerBridge`, without any processing of the weights; gradients are off.
Given no options but the model, the program stays and reads requests from standard input until it closes, so that a
driver can interleave this side with ours; with any option it answers that one request and ends.

A request is a JSON object; what it leaves out has a default:
    clean, corrupted   the prompts                      (the indirect-object pair)
    answer, wrong      one-token words                  (" Mary", " John")
    site               resid_pre | resid_mid | attn_out | mlp_out | z | forward, one plain run   ("resid_pre")
    threads, repeats   torch threads, timed repeats     (2, 1)
An answer repeats the request and adds `seconds` (one a repeat, sweep only), `cells`, the two base logit differences
and `values`, the patched logit differences: [L, T], or [L, H] for z.
"""
import argparse
import json
import os
import sys
import time
from functools import partial

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from transformer_lens import patching  # noqa: E402
from transformer_lens.model_bridge import TransformerBridge  # noqa: E402

SWEEPS = {
    "resid_pre": patching.get_act_patch_resid_pre,
    "resid_mid": patching.get_act_patch_resid_mid,
    "attn_out": patching.get_act_patch_attn_out,
    "mlp_out": patching.get_act_patch_mlp_out,
    "z": patching.get_act_patch_attn_head_out_all_pos,
}
# By the kind of the model, the name by which TransformerLens knows it.
NAMES = {"llama": "HuggingFaceTB/SmolLM2-135M-Instruct", "gemma3_text": "google/gemma-3-270m"}
DEFAULTS = {
    "clean": "When Mary and John went to the store, John gave a drink to",
    "corrupted": "When Mary and John went to the store, Mary gave a drink to",
    "answer": " Mary", "wrong": " John", "site": "resid_pre", "threads": 2, "repeats": 1,
}


def load(path):
    """The bridge over the float32 model, and the tokenizer."""
    folder, name = os.path.split(os.path.abspath(path))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model.config.architectures = [type(model).__name__]  # which a GGUF does not say
    bridge = TransformerBridge.boot_transformers(
        NAMES[model.config.model_type], hf_model=model, tokenizer=tokenizer, device="cpu", dtype=torch.float32)
    return bridge, tokenizer


def logit_difference(logits, answer, wrong):
    return logits[0, -1, answer] - logits[0, -1, wrong]


def answer(bridge, tokenizer, request):
    """Runs one request; the sweep alone is timed."""
    request = {**DEFAULTS, **request}
    torch.set_num_threads(request["threads"])
    encode = partial(tokenizer.encode, add_special_tokens=False)
    clean, corrupted = (torch.tensor([encode(request[key])]) for key in ("clean", "corrupted"))
    words = [encode(request[key]) for key in ("answer", "wrong")]
    if clean.shape != corrupted.shape or any(len(word) != 1 for word in words):
        return {**request, "error": "the prompts must have the same length and the words one token each"}
    metric = partial(logit_difference, answer=words[0][0], wrong=words[1][0])
    with torch.no_grad():
        clean_logits, cache = bridge.run_with_cache(clean)
        corrupted_logits = bridge(corrupted)
        seconds, values = [], []
        for _ in range(request["repeats"]):
            start = time.perf_counter()
            if request["site"] == "forward":
                values = metric(bridge(corrupted))
            else:
                values = SWEEPS[request["site"]](bridge, corrupted, cache, metric)
            seconds.append(round(time.perf_counter() - start, 6))
    return {
        **request, "tool": "transformer-lens", "tokens": clean.shape[1], "cells": values.numel(), "seconds": seconds,
        "clean_logit_difference": metric(clean_logits).item(),
        "corrupted_logit_difference": metric(corrupted_logits).item(), "values": values.tolist(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    for key, value in DEFAULTS.items():
        parser.add_argument("--" + key, type=type(value))
    arguments = vars(parser.parse_args())
    bridge, tokenizer = load(arguments.pop("gguf"))
    options = {key: value for key, value in arguments.items() if value is not None}
    requests = [json.dumps(options)] if options else sys.stdin
    if not options:
        print(json.dumps({"ready": True}), flush=True)
    for line in requests:
        if line.strip():
            print(json.dumps(answer(bridge, tokenizer, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
