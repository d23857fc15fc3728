#!/usr/bin/env python3
"""Records what Hugging Face's `tokenizers` takes each Unicode scalar for, as tables in Swift.

Needs `tokenizers`. Run on purpose, never in CI:

    Scripts/record-unicode.py          general categories, properties, lower case, compatibility decompositions
"""

import importlib.util
import pathlib

from tokenizers import normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("record_tokenizers", HERE / "record-tokenizers.py")
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)

FOLDER = HERE.parent / "Sources/PlumbTokenizers/Unicode"
SCALARS = base.SCALARS
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co".split()


def categories():
    """Runs of scalars of one general category, each as 32 times its length plus the number of the category."""
    table = [0] * 0x110000
    for number, name in enumerate(CATEGORIES):
        if number:
            for c in base.matching(r"\p{%s}" % name):
                table[c] = number
    result, start = [], 0
    for c in range(1, 0x110001):
        if c == 0x110000 or table[c] != table[start]:
            result.append((c - start) * 32 + table[start])
            start = c
    return result


def bert(**flags):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(options | flags)).normalize_str


def lowercase():
    """Runs of scalars that go up or down by the same step: gap, length, stride, difference plus 65,536."""
    lower = normalizers.Lowercase().normalize_str
    changed = {c: lower(chr(c)) for c in SCALARS if lower(chr(c)) != chr(c)}
    several = {c: v for c, v in changed.items() if len(v) > 1}
    assert list(several) == [0x130], several
    single = [(c, ord(v) - c) for c, v in changed.items() if len(v) == 1]
    runs = []
    for c, step in single:
        if runs:
            first, count, stride, difference = runs[-1]
            last = first + (count - 1) * stride
            if difference == step and c - last in ((1, 2) if count == 1 else (stride,)):
                runs[-1] = (first, count + 1, c - last, difference)
                continue
        runs.append((c, 1, 1, step))
    result, following = [], 0
    for first, count, stride, difference in runs:
        result += [first - following, count, stride, difference + 65536]
        following = first
    return result


def compatibility():
    """Scalars whose compatibility decomposition is not their canonical one: gap, number of parts, parts."""
    nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str
    result, last = [], 0
    for c in SCALARS:
        parts = nfkd(chr(c))
        if parts != nfd(chr(c)):
            result += [c - last, len(parts)] + [ord(x) for x in parts]
            last = c
    return result


def sets():
    clean, marks = bert(clean_text=True), bert(strip_accents=True)
    strip = normalizers.StripAccents().normalize_str
    cut = pre_tokenizers.Punctuation("isolated").pre_tokenize_str
    nfd = normalizers.NFD().normalize_str
    return {
        "words": (r"`\w` of regular expressions.", base.matching(r"\w")),
        "han": (r"`\p{Han}` of regular expressions.", base.matching(r"\p{Han}")),
        "punctuation": (
            "What the Punctuation and Bert pre-tokenizers cut apart.",
            {c for c in SCALARS if len(cut("a" + chr(c) + "a")) == 3},
        ),
        "controls": (
            "What BertNormalizer removes as it cleans text.",
            {c for c in SCALARS if clean("a" + chr(c) + "a") == "aa"},
        ),
        "nonspacingMarks": (
            "What BertNormalizer removes as it strips accents.",
            {c for c in SCALARS if marks("a" + chr(c)) == "a"},
        ),
        "marks": ("What StripAccents removes.", {c for c in SCALARS if strip("a" + chr(c)) == "a"}),
        "ideographs": (
            "What BertNormalizer puts spaces around.",
            {c for c in SCALARS if bert(handle_chinese_chars=True)(chr(c)) != chr(c)},
        ),
    }


def write(name, title, notes, tables):
    out = [
        "// Written by Scripts/record-unicode.py.",
        "//",
        *("// " + note for note in notes),
        "",
        f"extension {title} {{",
    ]
    for name_of_table, (note, numbers) in tables.items():
        out += base.table(note, name_of_table, numbers)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / name).write_text("\n".join(out + ["}", ""]))
    print(FOLDER / name, {k: len(v[1]) for k, v in tables.items()}, len(out), "lines")


if __name__ == "__main__":
    write(
        "GeneralCategory+Tables.swift",
        "GeneralCategory",
        ["As Hugging Face's regular expressions have it (Unicode 16)."],
        {"runs": (categories.__doc__, categories())},
    )
    write(
        "ScalarSet+Tables.swift",
        "ScalarSet",
        ["Runs of scalars as alternating gap and length, from scalar 0 on, as Hugging Face's library has them."],
        {name + "Runs": (note, base.runs(points)) for name, (note, points) in sets().items()},
    )
    write(
        "CaseMapping+Tables.swift",
        "CaseMapping",
        ["As Hugging Face's library has it."],
        {"lowercase": (lowercase.__doc__, lowercase())},
    )
    write(
        "UnicodeNormalization+Compatibility.swift",
        "UnicodeNormalization",
        ["As Hugging Face's library has it."],
        {"compatibility": (compatibility.__doc__, compatibility())},
    )
