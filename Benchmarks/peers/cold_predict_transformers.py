#!/usr/bin/env python3
"""The likeliest next tokens, from a cold start, with `transformers`: the counterpart of `plumb predict`.

    time python cold_predict_transformers.py SmolLM2-135M-Instruct.Q4_1.gguf "When Mary and John went to the store,"

Needs torch, transformers and gguf. Not resident: the whole process is what is timed. Prints one JSON object with the
ten likeliest tokens, their log-probabilities, and the process's peak memory in bytes.
"""
import json
import os
import resource
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    folder, name = os.path.split(os.path.abspath(sys.argv[1]))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    tokens = tokenizer.encode(sys.argv[2], add_special_tokens=False)
    with torch.no_grad():
        top = model(torch.tensor([tokens]), use_cache=False).logits[0, -1].log_softmax(-1).topk(10)
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({
        "tool": "transformers",
        "next": [{"token": token, "string": tokenizer.decode([token]), "logprob": round(value, 4)}
                 for token, value in zip(top.indices.tolist(), top.values.tolist())],
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    }))


if __name__ == "__main__":
    main()
