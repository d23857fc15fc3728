#!/usr/bin/env python3
"""Records SmolLM2-135M-Instruct's log-probabilities as `transformers` computes them.

    python Scripts/record-smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf \
        --out Tests/PlumbModelsTests/Golden/smollm2-logprobs.json [--full FOLDER]

Needs torch, transformers and gguf. `transformers` dequantizes the GGUF to float32 (`gguf_file=`); attention is
"eager", so that every product is a plain float32 one. Log-probabilities are float32 logits minus their logsumexp,
taken in float64, over the full vocabulary.

The file, one JSON object:
    probe_ids            40 vocabulary ids drawn once with a fixed seed
    prompts[i].text      the prompt; prompts[i].tokens its ids, without special tokens
    prompts[i].top_ids   [T, 10] the ten likeliest next tokens at each position, likeliest first
    prompts[i].top       [T, 10] their log-probabilities
    prompts[i].probes    [T, 40] log-probabilities of `probe_ids`
    prompts[i].logsumexp [T]     of the logits, so that the logits themselves can be checked: logit = logprob + this
    prompts[i].margin    smallest gap between first and second over the positions: below it "same top-1" is a coin toss
    pair                 logit differences of the indirect-object pair at its last position, clean and corrupted

`--full FOLDER` also writes the log-probabilities of all prompts over the full vocabulary, one `.npy` [T, V] each:
large, for a check by hand, never committed.
"""
import argparse
import json
import os
import random

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

CLEAN = "When Mary and John went to the store, John gave a drink to"
CORRUPTED = "When Mary and John went to the store, Mary gave a drink to"
LONG = (
    "The lighthouse keeper kept two notebooks. In the first he wrote what the instruments said: the height of the "
    "barometer at six in the morning, the direction of the wind, the hour at which the fog came in and the hour at "
    "which it left. In the second he wrote what he had expected the instruments to say. Every Sunday, when the supply "
    "boat had gone, he laid the two books side by side on the kitchen table and counted how often they agreed. In the "
    "first year they agreed on one day in three. In the second year they agreed on two days in three, and he began to "
    "trust himself a little too much. In the third winter a storm arrived which neither book had seen coming, and it "
    "took the roof off the boat house. After that he added a third column, in which he wrote how sure he was. \"A "
    "forecast without a confidence,\" he told the boy who brought the coal, \"is only a rumour that happens to have a "
    "date on it.\" The boy, who was twelve and was in a hurry, asked him how"
)
PROMPTS = [
    CLEAN,
    CORRUPTED,
    "The",
    "The capital of France is Paris, the capital of Japan is Tokyo, and the capital of Italy is",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n    if n < 2:\n        return n\n    return",
    "for (int i = 0; i < count; ++i) {\n\tsum += values[i] * weights[i];\n}\nprintf(\"%d\\n\",",
    "1, 1, 2, 3, 5, 8, 13, 21, 34,",
    "17 + 25 = 42. 30 + 12 = 42. 9 + 33 =",
    "La bibliothèque est fermée le dimanche, mais elle ouvre",
    "Am nächsten Morgen ging der Bäcker über die Brücke und",
    "机械学習の研究者は、モデルの内部を",
    "Быстрая лиса перепрыгнула через",
    " cat cat cat cat cat cat cat cat cat cat cat cat",
    "one two three four five six seven one two three four five six",
    "...?!?! ;;; (((([[[[{{{{ --- ___ \"'`~",
    "<|im_start|>user\nName three primary colours.<|im_end|>\n<|im_start|>assistant\n",
    "{\"name\": \"Ada\", \"born\": 1815, \"fields\": [\"mathematics\", \"computing\"], \"died\":",
    "   \n\n\t  Indented,    oddly   spaced \n text ",
    "I ❤️ hiking 🏔️ with my dog 🐕‍🦺 because",
    LONG,
]


def load(path, attention="eager"):
    """The model in float32 and its tokenizer, both from the GGUF."""
    folder, name = os.path.split(os.path.abspath(path))
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32, attn_implementation=attention)
    return model.eval(), AutoTokenizer.from_pretrained(folder, gguf_file=name)


def rounded(array, digits=6):
    return np.round(np.asarray(array, dtype=np.float64), digits).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf")
    parser.add_argument("--out", required=True)
    parser.add_argument("--full", help="folder for the full log-probabilities, not for committing")
    arguments = parser.parse_args()
    model, tokenizer = load(arguments.gguf)
    vocabulary = model.config.vocab_size
    probes = sorted(random.Random(20).sample(range(vocabulary), 40))
    record = {"model": os.path.basename(arguments.gguf), "probe_ids": probes, "prompts": []}
    last = {}
    for index, text in enumerate(PROMPTS):
        tokens = tokenizer.encode(text, add_special_tokens=False)
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0].double()
        logsumexp = logits.logsumexp(-1)
        logprobs = logits - logsumexp[:, None]
        top = logprobs.topk(10)
        last[text] = logits[-1]
        record["prompts"].append({
            "text": text, "tokens": tokens, "top_ids": top.indices.tolist(), "top": rounded(top.values),
            "probes": rounded(logprobs[:, probes]), "logsumexp": rounded(logsumexp),
            "margin": round(float((top.values[:, 0] - top.values[:, 1]).min()), 6),
        })
        if arguments.full:
            os.makedirs(arguments.full, exist_ok=True)
            np.save(os.path.join(arguments.full, f"logprobs-{index:02d}.npy"), logprobs.float().numpy())
        print(f"{index:2d}  {len(tokens):4d} tokens  margin {record['prompts'][-1]['margin']:.4f}  {text[:50]!r}")
    mary, john = (tokenizer.encode(word, add_special_tokens=False)[0] for word in (" Mary", " John"))
    record["pair"] = {
        "answer": mary, "wrong": john,
        "clean_logit_difference": round(float(last[CLEAN][mary] - last[CLEAN][john]), 6),
        "corrupted_logit_difference": round(float(last[CORRUPTED][mary] - last[CORRUPTED][john]), 6),
    }
    print(record["pair"])
    with open(arguments.out, "w") as file:
        json.dump(record, file, ensure_ascii=False, separators=(",", ":"))
    print(arguments.out, os.path.getsize(arguments.out), "bytes")


if __name__ == "__main__":
    main()
