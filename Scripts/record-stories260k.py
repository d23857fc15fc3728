#!/usr/bin/env python3
"""Continues the empty prompt greedily with stories260K, in plain numpy, and records tokens, text and some logits.

    python Scripts/record-stories260k.py stories260K.bin tok512.bin \
        --out Tests/PlumbModelsTests/Golden/stories260k.json

Needs numpy only. The model file has the "v0" layout of llama2.c: seven int32 (width, hidden width, layers, heads,
key-value heads, vocabulary, context; a negative vocabulary means an untied output matrix) and then float32 tensors:
token embedding, attention norms, wq, wk, wv, wo (each for all layers), MLP norms, w1 (gate), w2 (down), w3 (up), final
norm, the two rotary tables, and the output matrix if untied. Rotary pairs are adjacent features (2i, 2i+1).
The tokenizer file: int32 longest piece, then for each token float32 score, int32 length, bytes.

Arithmetic is float64 on the stored float32 weights, so that the record is no one's rounding. The file, one JSON object:
    tokens     BOS and the 60 greedy continuations
    text       their text, BOS left out
    margin     smallest gap between the first and second logit on the way
    logits     position -> all V logits after that position
"""
import argparse
import json

import numpy as np

STEPS, POSITIONS = 60, (0, 1, 17, 59)


def read_model(path):
    with open(path, "rb") as file:
        header = np.fromfile(file, dtype="<i4", count=7)
        values = np.fromfile(file, dtype="<f4").astype(np.float64)
    width, hidden, layers, heads, kv_heads, vocabulary, context = (int(value) for value in header)
    tied, vocabulary = vocabulary > 0, abs(vocabulary)
    head = width // heads
    shapes = {
        "embedding": (vocabulary, width), "attention_norm": (layers, width),
        "wq": (layers, heads * head, width), "wk": (layers, kv_heads * head, width),
        "wv": (layers, kv_heads * head, width), "wo": (layers, width, heads * head), "mlp_norm": (layers, width),
        "w1": (layers, hidden, width), "w2": (layers, width, hidden), "w3": (layers, hidden, width),
        "final_norm": (width,), "cosines": (context, head // 2), "sines": (context, head // 2),
    }
    if not tied:
        shapes["output"] = (vocabulary, width)
    weights, offset = {"layers": layers, "heads": heads, "kv_heads": kv_heads}, 0
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        weights[name] = values[offset:offset + count].reshape(shape)
        offset += count
    if offset != values.size:
        raise SystemExit(f"{path}: {values.size} values, but the header asks for {offset}")
    weights.setdefault("output", weights["embedding"])
    return weights


def read_pieces(path, vocabulary):
    with open(path, "rb") as file:
        np.fromfile(file, dtype="<i4", count=1)
        pieces = []
        for _ in range(vocabulary):
            np.fromfile(file, dtype="<f4", count=1)
            pieces.append(file.read(int(np.fromfile(file, dtype="<i4", count=1)[0])))
    return pieces


def norm(x, weight):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight


def rotate(x):
    """x [T, heads, K], adjacent pairs, base 10000."""
    angles = np.arange(x.shape[0])[:, None] * 10000.0 ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cosine - odd * sine, even * sine + odd * cosine], axis=-1).reshape(x.shape)


def forward(weights, tokens):
    """Logits [T, V] of a whole sequence, recomputed from scratch."""
    x = weights["embedding"][tokens]
    length, heads, kv_heads = len(tokens), weights["heads"], weights["kv_heads"]
    future = np.triu(np.ones((length, length), dtype=bool), 1)
    for layer in range(weights["layers"]):
        h = norm(x, weights["attention_norm"][layer])
        q = rotate((h @ weights["wq"][layer].T).reshape(length, heads, -1))
        k = rotate((h @ weights["wk"][layer].T).reshape(length, kv_heads, -1)).repeat(heads // kv_heads, axis=1)
        v = (h @ weights["wv"][layer].T).reshape(length, kv_heads, -1).repeat(heads // kv_heads, axis=1)
        scores = np.einsum("qhk,shk->hqs", q, k) / np.sqrt(q.shape[-1])
        scores[:, future] = -np.inf
        pattern = np.exp(scores - scores.max(-1, keepdims=True))
        pattern /= pattern.sum(-1, keepdims=True)
        x = x + np.einsum("hqs,shk->qhk", pattern, v).reshape(length, -1) @ weights["wo"][layer].T
        h = norm(x, weights["mlp_norm"][layer])
        gate = h @ weights["w1"][layer].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ weights["w3"][layer].T)) @ weights["w2"][layer].T
    return norm(x, weights["final_norm"]) @ weights["output"].T


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("tokenizer")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    weights = read_model(arguments.model)
    pieces = read_pieces(arguments.tokenizer, weights["embedding"].shape[0])
    tokens, margin = [1], np.inf
    for _ in range(STEPS):
        logits = forward(weights, tokens)
        order = np.sort(logits[-1])
        margin = min(margin, order[-1] - order[-2])
        tokens.append(int(logits[-1].argmax()))
    text = b""
    for previous, token in zip(tokens, tokens[1:]):
        piece = pieces[token]
        if piece.startswith(b"<0x") and len(piece) == 6:
            piece = bytes([int(piece[3:5], 16)])
        text += piece.removeprefix(b" ") if previous == 1 else piece  # a space after BOS is the tokenizer's, not ours
    record = {
        "tokens": tokens, "text": text.decode(), "margin": round(float(margin), 6),
        "logits": {str(at): np.round(logits[at], 6).tolist() for at in POSITIONS},
    }
    with open(arguments.out, "w") as file:
        json.dump(record, file, separators=(",", ":"))
    print(record["text"], record["margin"], sep="\n")


if __name__ == "__main__":
    main()
