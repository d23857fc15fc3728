#!/usr/bin/env python3
"""Records what `transformers` computes with encoders.

    python Scripts/record-encoders.py Tests/PlumbModelsTests/Golden [MINILM]

Needs torch, transformers 5 and safetensors; no network. Writes
    bert-tiny/      config.json, model.safetensors, hidden.json: a random encoder of 2 blocks, D 32, and its hidden states
                    and pooled states [T, D] for texts of 7 and 20 tokens, the second with two segments
    minilm.json     (where MINILM is the folder that `plumb model get minilm` prints) token ids of 20 pairs of sentences,
                    the cosine of each pair's mean hidden states, and the hidden states of the first sentence
"""
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel  # noqa: E402

PAIRS = [
    ("The cat sits outside.", "A cat is sitting in the garden."),
    ("A man is playing guitar.", "The new movie is awesome."),
    ("The weather is lovely today.", "It's so sunny outside!"),
    ("He drove to the stadium.", "She drove her car to work."),
    ("Interpretability studies what networks compute.", "Mechanistic analysis explains model internals."),
    ("Where is the railway station?", "How do I get to the train station?"),
    ("Apples are red or green.", "The stock market fell sharply."),
    ("I did not like the book.", "I liked the book."),
    ("Two plus two is four.", "2 + 2 = 4"),
    ("The river flooded the town.", "Heavy rain caused a flood."),
    ("A naïve café façade.", "A naive cafe facade."),
    ("She speaks French.", "Elle parle français."),
    ("Reset your password.", "I forgot my login."),
    ("The dog chased the ball.", "The ball was chased by the dog."),
    ("Turn the lights off.", "Please switch off the lamp."),
    ("Gradient descent minimizes a loss.", "Bread rises because of yeast."),
    ("The meeting is at noon.", "We meet at 12 o'clock."),
    ("Birds migrate in winter.", "Many birds fly south when it gets cold."),
    ("This sentence is short.", "This sentence, in contrast to the one before it, goes on for rather longer than needed."),
    ("No.", "Yes."),
]


def numbers(tensor):
    return [[float(f"{value:.8g}") for value in row] for row in tensor.tolist()]


def tiny(root):
    config = BertConfig(
        vocab_size=61, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=24, type_vocab_size=2, layer_norm_eps=1e-12, attn_implementation="eager")
    model = BertModel(config).eval()
    generator = torch.Generator().manual_seed(300)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                parameter.copy_((1 if "LayerNorm.weight" in name else 0) + 0.2 * noise)
            else:
                parameter.copy_(noise * (0.3 if "embeddings" in name else parameter.shape[1] ** -0.5))
    folder = os.path.join(root, "bert-tiny")
    model.save_pretrained(folder)
    record = []
    for length, types in ((7, None), (20, [0] * 9 + [1] * 11)):
        tokens = torch.randint(0, 61, (1, length), generator=generator)
        with torch.no_grad():
            output = model(tokens, token_type_ids=torch.tensor([types or [0] * length]))
        record.append({
            "tokens": tokens[0].tolist(), "types": types or [0] * length,
            "hidden": numbers(output.last_hidden_state[0]), "pooled": numbers(output.pooler_output)[0]})
    with open(os.path.join(folder, "hidden.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))
    for file in os.listdir(folder):
        os.chmod(os.path.join(folder, file), 0o644)


def minilm(root, source):
    model = AutoModel.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    record = {"pairs": []}
    for pair in PAIRS:
        ids = [tokenizer(text)["input_ids"] for text in pair]
        with torch.no_grad():
            hidden = [model(torch.tensor([tokens])).last_hidden_state[0] for tokens in ids]
        means = [torch.nn.functional.normalize(states.mean(0), dim=0) for states in hidden]
        record["pairs"].append({"tokens": ids, "texts": pair, "cosine": (means[0] @ means[1]).item()})
        if "hidden" not in record:
            record["hidden"] = numbers(hidden[0])
    with open(os.path.join(root, "minilm.json"), "w") as file:
        json.dump(record, file, separators=(",", ":"))


if __name__ == "__main__":
    tiny(sys.argv[1])
    if len(sys.argv) > 2:
        minilm(sys.argv[1], sys.argv[2])
