#!/usr/bin/env python3
"""Times `transformers` on SmolLM2: a prompt, then greedy decoding with its cache; one request and answer a line.

    echo '{"prompt": 512, "new": 64}' | python decode_transformers.py SmolLM2-135M-Instruct.Q4_1.gguf

Needs torch, transformers and gguf. The weights are dequantized to float32, attention is "sdpa", gradients are off.
A request is a JSON object; what it leaves out has a default:
    prompt    tokens in the prompt, drawn at random (512)
    new       tokens decoded after it               (64)
    threads   torch threads                         (2)
    repeats   timed repeats, after one warm-up      (3)
The answer adds `prompt_rate` and `decode_rate`, one a repeat, in tokens a second. The prompt's pass computes logits at the
last position only, as the decoding loop needs.
"""
import argparse
import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

DEFAULTS = {"prompt": 512, "new": 64, "threads": 2, "repeats": 3}


def once(model, tokens, new):
    """Seconds of the prompt's pass and of the decoding steps."""
    start = time.perf_counter()
    output = model(tokens, use_cache=True, logits_to_keep=1)
    token = output.logits[:, -1:].argmax(-1)
    middle = time.perf_counter()
    for _ in range(new):
        output = model(token, past_key_values=output.past_key_values, use_cache=True)
        token = output.logits[:, -1:].argmax(-1)
    return middle - start, time.perf_counter() - middle


def answer(model, request):
    request = {**DEFAULTS, **request}
    torch.set_num_threads(request["threads"])
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, model.config.vocab_size, (1, request["prompt"]), generator=generator)
    with torch.no_grad():
        once(model, tokens, min(4, request["new"]))
        runs = [once(model, tokens, request["new"]) for _ in range(request["repeats"])]
    prompts, decodes = zip(*runs)
    return {
        **request, "tool": "transformers",
        "prompt_rate": [round(request["prompt"] / seconds, 2) for seconds in prompts],
        "decode_rate": [round(request["new"] / seconds, 2) for seconds in decodes],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    folder, name = os.path.split(os.path.abspath(parser.parse_args().gguf))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(model, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
