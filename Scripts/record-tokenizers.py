#!/usr/bin/env python3
"""Records what Hugging Face's libraries do, for the tokenizer tests.

Needs `tokenizers` and `transformers` (see VERSIONS in the golden files for those last used). Run on purpose, never in CI:

    Scripts/record-tokenizers.py tables                       Unicode class tables (Swift source)
    Scripts/record-tokenizers.py fixtures DATA GPT2           small tokenizer.json fixtures
    Scripts/record-tokenizers.py golden DATA MODEL.gguf       ids, hashes, rendered chat templates

DATA is the folder with wikitext2-*.txt; GPT2 is gpt2.tiktoken of the PyPI package openai-whisper.
"""

import hashlib
import json
import pathlib
import sys

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ROOT / "Sources/PlumbData/Tokenizers/CharacterClasses+Tables.swift"
GOLDEN = ROOT / "Tests/PlumbDataTests/Golden"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def matching(pattern):
    """The code points that a character class of the library's regular expressions matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    rest = set()
    for k in range(0, len(SCALARS), 2000):
        for piece, _ in split.pre_tokenize_str("".join(map(chr, SCALARS[k : k + 2000]))):
            rest.update(map(ord, piece))
    return set(SCALARS) - rest


def numeric():
    """The code points the Digits pre-tokenizer isolates."""
    split = pre_tokenizers.Digits(individual_digits=True)
    found = set()
    for k in range(0, len(SCALARS), 2000):
        text = "".join("a" + chr(c) + "a" for c in SCALARS[k : k + 2000])
        found.update(ord(p) for p, _ in split.pre_tokenize_str(text) if len(p) == 1 and p != "a")
    return found


def runs(points):
    """Gaps and lengths of the runs of consecutive code points, alternating."""
    result, next_free, start, previous = [], 0, None, None
    for c in sorted(points) + [None]:
        if start is not None and c != previous + 1:
            result += [start - next_free, previous + 1 - start]
            next_free, start = previous + 1, None
        if c is not None and start is None:
            start = c
        previous = c
    return result


def class_bytes():
    letters, numbers, spaces, digits = matching(r"\p{L}"), matching(r"\p{N}"), matching(r"\s"), numeric()
    assert not numbers - digits
    table = bytearray(0x110000)
    for value, points in ((1, letters), (2, numbers), (3, spaces), (4, digits - numbers)):
        for c in points:
            assert table[c] == 0
            table[c] = value
    return bytes(table), {"letters": letters, "numbers": numbers, "spaces": spaces, "laterNumbers": digits - numbers}


def tables():
    _, classes = class_bytes()
    notes = {
        "letters": r"`\p{L}` as Hugging Face's regular expressions have it (Unicode 16).",
        "numbers": r"`\p{N}`, likewise.",
        "spaces": r"`\s`, likewise.",
        "laterNumbers": "What only the `Digits` pre-tokenizer takes for a number: it follows Unicode 17.",
    }
    out = [
        "// Written by Scripts/record-tokenizers.py tables.",
        "//",
        "// Runs of code points as alternating gap and length, from code point 0 on. They are kept here, and not asked of the",
        "// standard library, because its Unicode version changes with the toolchain and the operating system; ids must not.",
        "",
        "extension CharacterClasses {",
    ]
    for name, points in classes.items():
        numbers = runs(points)
        out += [f"    /// {notes[name]}", f"    static let {name}: [UInt32] = ["]
        line = "       "
        for n in numbers:
            if len(line) + len(str(n)) + 2 > 118:
                out.append(line)
                line = "       "
            line += f" {n},"
        out += [line, "    ]"]
    out += ["}", ""]
    TABLES.write_text("\n".join(out))
    print(TABLES, {k: len(v) for k, v in classes.items()})


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "tables":
        tables()
    elif command == "fixtures":
        fixtures(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    elif command == "golden":
        golden(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        sys.exit(__doc__)
