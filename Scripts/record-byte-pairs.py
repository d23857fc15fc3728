#!/usr/bin/env python3
"""Records what Hugging Face's BpeTrainer learns from a small text, for the tests of BytePairTrainer.

Needs `tokenizers` (the golden file names the version last used). Run on purpose, never in CI:

    Scripts/record-byte-pairs.py
"""

import json
import pathlib

import tokenizers
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "Tests/PlumbDataTests/Golden/byte-pairs.json"

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

WORDS = "the plumb line hangs still; aaaa aaaaa banana Banana né née 東京 東 2024 20245 don't we'll \t tab  two\n\n😀😀".split(" ")


def text():
    """Words repeated unevenly, so that many pairs are equally frequent."""
    state, out = 7, []
    for _ in range(900):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(WORDS[(state >> 12) % len(WORDS)])
    return " ".join(out)


def stage(name):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=name != "llama3")
    if name == "gpt2":
        return byte_level
    first = (
        pre_tokenizers.Digits(individual_digits=True)
        if name == "smollm"
        else pre_tokenizers.Split(Regex(LLAMA3), "isolated")
    )
    return pre_tokenizers.Sequence([first, byte_level])


def main():
    sample, cases = text(), []
    for name, size, special in [("gpt2", 330, ["<|end|>"]), ("smollm", 300, []), ("llama3", 512, ["<a>", "<b>"])]:
        learner = Tokenizer(models.BPE())
        learner.pre_tokenizer = stage(name)
        learner.train_from_iterator(
            [sample],
            trainers.BpeTrainer(
                vocab_size=size,
                min_frequency=2,
                special_tokens=special,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            ),
        )
        model = json.loads(learner.to_str())["model"]
        vocabulary = model["vocab"]
        merges = [[vocabulary[left], vocabulary[right]] for left, right in model["merges"]]
        ids = learner.encode(sample).ids
        cases.append({"name": name, "size": size, "special": special, "merges": merges, "ids": ids[:400], "count": len(ids)})
    golden = {"tokenizers": tokenizers.__version__, "text": sample, "cases": cases}
    GOLDEN.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
