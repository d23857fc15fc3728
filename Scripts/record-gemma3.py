#!/usr/bin/env python3
"""Records what `transformers` computes with the Gemma 3 270M that `plumb model get gemma3-270m` fetches.

    python Scripts/record-gemma3.py FILE.gguf Tests/PlumbModelsTests/Golden/gemma3-270m-logprobs.json

Needs torch, transformers 5 and gguf; no network. transformers reads the same GGUF file and works in float32. Two
sequences: a sentence, and 600 tokens, more than the 512 that most layers see. For chosen positions, the record has the 20
most probable next tokens, their log-probabilities, and the log-probability of the token that follows.
"""
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402


def sequences(vocabulary):
    """Token ids need no tokenizer: frequent tokens follow one another by a fixed rule, after the token that begins texts."""
    sentence = [2, 818, 5279, 529, 7001, 563]
    long = [2]
    state = 12345
    while len(long) < 600:
        state = (1103515245 * state + 12345) % 2**31
        long.append(300 + (state >> 8) % 8000 if len(long) % 5 else long[len(long) // 2])
    return [sentence, long]


def main():
    path, output = sys.argv[1:]
    folder, name = os.path.split(os.path.abspath(path))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager").eval()
    print(model.config)
    record = {"sequences": []}
    for tokens in sequences(model.config.vocab_size):
        with torch.no_grad():
            logs = model(torch.tensor([tokens])).logits[0].double().log_softmax(-1)
        positions = range(len(tokens)) if len(tokens) < 20 else [0, 1, 2, 100, 300, 510, 511, 512, 513, 514, 550, 598, 599]
        rows = []
        for position in positions:
            top = logs[position].topk(20)
            follows = logs[position, tokens[position + 1]].item() if position + 1 < len(tokens) else None
            rows.append({
                "position": position, "tokens": top.indices.tolist(),
                "logprobs": [float(f"{value:.7g}") for value in top.values.tolist()], "follows": follows})
        record["sequences"].append({"tokens": tokens, "positions": rows})
    with open(output, "w") as file:
        json.dump(record, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
