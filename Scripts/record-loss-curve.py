#!/usr/bin/env python3
"""Records the losses of 200 AdamW steps of a small GPT-2 in PyTorch.

    python Scripts/record-loss-curve.py Tests/PlumbLearningTests/Golden/loss-curve

Needs torch 2.13, transformers and safetensors; no network. Writes
    text.txt              the corpus, made here by a seeded generator: sentences of invented words
    weights.safetensors   the initial weights, float32, under the names `transformers` saves; the output is tied to
                          `wte`
    curve.json            configuration, hyper-parameters, vocabulary, batches and losses:
        vocabulary    one string; a character's token is its place in it
        starts        [steps][B] where each window begins in the text, in characters
        losses        [steps] float32 losses before each step's update
        exact         [steps] the same run in float64
A window is T + 1 characters: the first T are the input, the last T the targets; the loss is the mean cross entropy over
B × T. Decoupled weight decay falls on every parameter. No dropout, constant learning rate, one thread. Hold a run to
the losses, not to final weights: a key's bias shifts all scores of a query alike, so its gradient is rounding, which
Adam divides by its own size; the biases wander apart without a trace in the losses.
"""
import argparse
import json
import os
import random

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel  # noqa: E402

STEPS, BATCH, LENGTH, SEED = 200, 8, 32, 20
OPTIMIZER = {"lr": 3e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1}


def corpus(size):
    """Sentences of 120 invented words, the frequent ones far more often, about `size` characters."""
    generator = random.Random(SEED)
    syllables = [first + vowel + last for first in "bdfgklmnprst" for vowel in "aeiou" for last in ("", "n", "r", "s")]
    words = ["".join(generator.choices(syllables, k=generator.choice([1, 2, 2, 3]))) for _ in range(120)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    sentences, length = [], 0
    while length < size:
        chosen = generator.choices(words, weights, k=generator.randint(3, 9))
        if len(chosen) > 5:
            chosen[generator.randint(1, 3)] += ","
        sentence = " ".join(chosen).capitalize() + generator.choice("...?!")
        sentences.append(sentence)
        length += len(sentence) + 1
    return "\n".join(sentences) + "\n"


def new_model(vocabulary):
    torch.manual_seed(SEED)
    configuration = GPT2Config(
        vocab_size=vocabulary, n_positions=LENGTH, n_embd=64, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(configuration).train()


def train(model, tokens, starts):
    """The loss before each update."""
    settings = {**OPTIMIZER, "betas": tuple(OPTIMIZER["betas"])}
    optimizer = torch.optim.AdamW(model.parameters(), **settings, foreach=False)
    losses = []
    for batch in starts:
        windows = torch.stack([tokens[start:start + LENGTH + 1] for start in batch])
        logits = model(windows[:, :-1], use_cache=False).logits
        loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    text = corpus(19_000)
    vocabulary = "".join(sorted(set(text)))
    tokens = torch.tensor([vocabulary.index(character) for character in text])
    generator = torch.Generator().manual_seed(SEED)
    starts = torch.randint(0, len(tokens) - LENGTH, (STEPS, BATCH), generator=generator).tolist()
    model = new_model(len(vocabulary))
    weights = {name: value.detach().clone() for name, value in model.named_parameters()}
    double = new_model(len(vocabulary)).double()
    double.load_state_dict({name: value.double() for name, value in model.state_dict().items()})
    losses, exact = train(model, tokens, starts), train(double, tokens, starts)
    gap = max(abs(a - b) for a, b in zip(losses, exact, strict=True))
    print(f"{len(text)} characters of {len(vocabulary)}; loss {losses[0]:.4f} to {losses[-1]:.4f}; float32 off float64 "
          f"by {gap:.1e}")
    if not gap < 2e-4:
        raise SystemExit("float32 is too far off float64 for a curve to be held to 1e-3")
    with open(os.path.join(folder, "text.txt"), "w") as file:
        file.write(text)
    save_file(weights, os.path.join(folder, "weights.safetensors"))
    values = model.config.to_dict()
    keys = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "activation_function", "layer_norm_epsilon")
    record = {
        "tool": f"torch {torch.__version__}", "configuration": {key: values[key] for key in keys},
        "optimizer": {"kind": "AdamW", **OPTIMIZER}, "vocabulary": vocabulary, "starts": starts,
        "losses": [float(f"{value:.8g}") for value in losses], "exact": [float(f"{value:.9g}") for value in exact],
    }
    with open(os.path.join(folder, "curve.json"), "w") as file:
        lines = [f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in record.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)):,} bytes")


if __name__ == "__main__":
    main()
