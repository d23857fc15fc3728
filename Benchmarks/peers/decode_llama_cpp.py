#!/usr/bin/env python3
"""Times llama.cpp, through llama-cpp-python, on a GGUF: a prompt, then greedy decoding; one request and answer a line.

    echo '{"prompt": 512, "new": 64}' | python decode_llama_cpp.py SmolLM2-135M-Instruct.Q4_1.gguf

Needs llama-cpp-python built from source (`pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36`), so that
it uses all of the machine's instructions. It multiplies the quantized weights with activations quantized to 8 bits.
A request is a JSON object; what it leaves out has a default:
    prompt    tokens in the prompt, drawn at random (512)
    new       tokens decoded after it               (64)
    threads   for the prompt and for decoding       (2)
    repeats   timed repeats, after one warm-up      (3)
The answer adds `prompt_rate` and `decode_rate`, one a repeat, in tokens a second. Logits are computed at the prompt's
last position only; the low-level interface is called, so that Python adds little.
"""
import argparse
import json
import random
import sys
import time

import llama_cpp
import numpy

DEFAULTS = {"prompt": 512, "new": 64, "threads": 2, "repeats": 3}


def likeliest(model):
    logits = llama_cpp.llama_get_logits_ith(model.ctx, -1)
    return int(numpy.ctypeslib.as_array(logits, shape=(model.n_vocab(),)).argmax())


def decode(model, tokens):
    """Feeds tokens past what was fed before."""
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    if llama_cpp.llama_decode(model.ctx, llama_cpp.llama_batch_get_one(array, len(tokens))) != 0:
        raise SystemExit("llama_decode failed")


def once(model, tokens, new):
    """Seconds of the prompt's pass and of the decoding steps."""
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(model.ctx), True)
    start = time.perf_counter()
    decode(model, tokens)
    token = likeliest(model)
    middle = time.perf_counter()
    for _ in range(new):
        decode(model, [token])
        token = likeliest(model)
    return middle - start, time.perf_counter() - middle


def answer(model, request):
    request = {**DEFAULTS, **request}
    llama_cpp.llama_set_n_threads(model.ctx, request["threads"], request["threads"])
    tokens = random.Random(1).choices(range(model.n_vocab()), k=request["prompt"])
    once(model, tokens, min(4, request["new"]))
    prompts, decodes = zip(*(once(model, tokens, request["new"]) for _ in range(request["repeats"])))
    return {
        **request, "tool": "llama.cpp", "prompt_rate": [round(request["prompt"] / seconds, 2) for seconds in prompts],
        "decode_rate": [round(request["new"] / seconds, 2) for seconds in decodes],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    model = llama_cpp.Llama(
        parser.parse_args().gguf, n_ctx=2048, n_batch=512, n_ubatch=512, n_threads=2, n_threads_batch=2, verbose=False)
    print(json.dumps({"ready": True, "version": llama_cpp.__version__}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(model, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
