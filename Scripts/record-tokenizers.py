#!/usr/bin/env python3
"""Records what Hugging Face's libraries do, for the tokenizer tests.

Needs `tokenizers` and `transformers` (the golden file names the versions last used). Run on purpose, never in CI:

    Scripts/record-tokenizers.py tables                       Unicode class tables (Swift source)
    Scripts/record-tokenizers.py composition                  tables of canonical composition (Swift source)
    Scripts/record-tokenizers.py fixtures DATA                small tokenizer.json fixtures
    Scripts/record-tokenizers.py golden DATA MODEL.gguf       ids and hashes
    Scripts/record-tokenizers.py templates MODEL.gguf         rendered chat templates

DATA is the folder with wikitext2-{test,valid}.txt and tinyshakespeare.txt, of which only hashes are recorded.
"""

import json
import pathlib
import sys

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ROOT / "Sources/PlumbTokenizers/Unicode/CharacterClasses+Tables.swift"
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
        "spaces": r"`\s` as Hugging Face's regular expressions have it (Unicode 16).",
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
    for name, note in notes.items():
        out += table(note, name, runs(classes[name]))
    out += ["}", ""]
    TABLES.write_text("\n".join(out))
    print(TABLES, {k: len(v) for k, v in classes.items()})


# ---- Canonical composition ------------------------------------------------------------------------------------------

COMPOSITION = ROOT / "Sources/PlumbTokenizers/Unicode/UnicodeNormalization+Tables.swift"


def combining_classes():
    """The canonical combining class of every scalar that has one, found by how the library orders marks."""
    import unicodedata

    nfd = normalizers.NFD().normalize_str

    def moves(left, right):
        """Whether the library swaps the two, as it does where 0 < class of right < class of left."""
        return nfd("a" + left + right) != "a" + left + right

    lowest, highest = "\u0334", "\u0345"
    probes = {}
    for c in SCALARS:
        # A mark of a newer version of Unicode has no class in the library.
        value, mark = unicodedata.combining(chr(c)), chr(c)
        if value and value not in probes and nfd(mark) == mark and (moves(highest, mark) or moves(mark, lowest)):
            probes[value] = mark
    found = {}
    for c in SCALARS:
        mark = chr(c)
        if nfd(mark) != mark or not (moves(highest, mark) or moves(mark, lowest)):
            continue
        found[c] = [v for v, p in probes.items() if not moves(p, mark) and not moves(mark, p)]
        assert len(found[c]) == 1, (hex(c), found[c])
    return {c: values[0] for c, values in found.items()}


def composition():
    """Tables of what decomposes, what composes and how marks are ordered, as NFC and NFD of the library have it."""
    nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
    classes = combining_classes()
    decompositions, last = [], 0
    for c in SCALARS:
        whole, parts = chr(c), nfd(chr(c))
        if parts == whole or 0xAC00 <= c < 0xD7A4:
            continue
        composes = nfc(whole) == whole
        if composes:
            parts = nfc(parts[:-1]) + parts[-1]
            assert len(parts) == 2
        decompositions += [c - last, len(parts) * 2 + composes] + [ord(x) for x in parts]
        last = c
    orders, following = [], 0
    for value, start, length in class_runs(classes):
        orders += [start - following, length, value]
        following = start + length
    out = [
        "// Written by Scripts/record-tokenizers.py composition.",
        "//",
        "// As Hugging Face's library composes (its Unicode version is older than that of the standard library).",
        "",
        "extension UnicodeNormalization {",
    ]
    out += table("Runs of scalars of one combining class: gap, length, class.", "classRuns", orders)
    out += table(
        "Scalars that decompose: gap, twice the number of parts plus 1 if they compose again, parts.",
        "decompositions",
        decompositions,
    )
    COMPOSITION.write_text("\n".join(out + ["}", ""]))
    print(COMPOSITION, len(orders), len(decompositions))


def class_runs(classes):
    result = []
    for c in sorted(classes):
        if result and result[-1][0] == classes[c] and result[-1][1] + result[-1][2] == c:
            result[-1][2] += 1
        else:
            result.append([classes[c], c, 1])
    return result


def table(note, name, numbers):
    out = [f"    /// {note}", f"    static let {name}: [UInt32] = ["]
    line = "       "
    for n in numbers:
        if len(line) + len(str(n)) + 2 > 118:
            out.append(line)
            line = "       "
        line += f" {n},"
    return out + [line, "    ]"]


# ---- Fixtures -------------------------------------------------------------------------------------------------------

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def lines_of(data):
    text = [(data / f"wikitext2-{part}.txt").read_text(encoding="utf8").split("\n") for part in ("test", "valid")]
    play = (data / "tinyshakespeare.txt").read_text(encoding="utf8").split("\n")
    return text[0] + text[1] + play[:5000]


def train(data, pre_tokenizer, size, normalizer=None):
    """A small tokenizer; the cases are among its training text so that other scripts get merges too."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    own = [text for text, times in CASES if times == 1] * 20
    tokenizer.train_from_iterator(lines_of(data)[:4000] + own, trainer)
    return json.loads(tokenizer.to_str())


def save(name, parts):
    path = GOLDEN / f"tokenizer-{name}.json"
    path.write_text(json.dumps(parts, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf8")
    Tokenizer.from_file(str(path))
    print(path, path.stat().st_size)


def added(parts, content, **flags):
    token = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    vocabulary = parts["model"]["vocab"]
    following = max([*vocabulary.values()] + [t["id"] for t in parts["added_tokens"]]) + 1
    token.update(flags, id=vocabulary.get(content, following), content=content)
    parts["added_tokens"].append(token)


def fixtures(data):
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    plain_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def split(pattern):
        return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), plain_bytes])

    gpt2 = train(data, byte_level, 2000)
    gpt2["model"]["merges"] = [" ".join(pair) for pair in gpt2["model"]["merges"]]
    gpt2["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    save("gpt2", gpt2)

    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    save("smollm", train(data, digits, 1800))

    llama3 = train(data, split(LLAMA3), 2000)
    # Tokens without merges are reached only as whole pieces.
    llama3["model"]["merges"] = llama3["model"]["merges"][:-150]
    llama3["model"]["ignore_merges"] = True
    bos = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    a, b = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    template = {
        "type": "TemplateProcessing",
        "single": [bos, a],
        "pair": [bos, a, bos, b],
        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}},
    }
    llama3["post_processor"] = {"type": "Sequence", "processors": [gpt2["post_processor"], template]}
    save("llama3", llama3)

    qwen2 = train(data, split(QWEN2), 1600, normalizers.NFC())
    added(qwen2, "<tool>", lstrip=True)
    added(qwen2, "<mask>", rstrip=True, special=True)
    added(qwen2, "word", single_word=True)
    added(qwen2, "caf\u00e9", normalized=True)
    added(qwen2, "<both>", lstrip=True, rstrip=True)
    added(qwen2, "<tool>s")
    save("qwen2", qwen2)


# ---- Golden ---------------------------------------------------------------------------------------------------------

# Text and how often it is repeated.
CASES = [
    (text, 1)
    for text in [
        "",
        " ",
        "a",
        "When Mary and John went to the store, John gave a drink to",
        "Hello, world! It's 2024; we've 1,234,567.89 reasons & 12345678901 more.",
        "I'm you're he's we'd they'll it'd don't SHE'S I'M YOU'RE WE'VE THEY'LL CAN'T 'Sly 'twas 'Tis o'clock rock'n'roll",
        "'s't're've'm'll'd 'S'T'RE'VE'M'LL'D ' s 'x 'lx 'rx 'vx ''s",
        "'\u017f '\u017ft '\u017fa \u2019s \u2019T",
        "  two  spaces   three    four     ",
        "tab\tin\t\ttext\t \t end\t",
        "line\nline\n\nline\r\nline\r\n\r\nline\rline\n \n  \n\tx \n",
        "\n\n1. one\n2. two\n\n10. ten\n  3 three\n\n\t4",
        "x  1 x\t1 x \n1 x\u00a01 \u00a0 2",
        "if (a[i] != b->c) { return x**2 + ~y; } // done!\n\n\n}",
        "def f(x):\n    return x\n\n\tif x:\n\t\tpass\n",
        "...?!\n\n\n!!! --- *** ### <<>> $$$\r\n",
        "https://example.org/a%20b?c=d&e=f#g user@example.org",
        "caf\u00e9 cafe\u0301 \u00c5 A\u030a \u212b \u1e9b\u0323 \u1e9b\u0323\u0307",
        "e\u0301\u0302\u0303\u0304\u0305 \u0301alone a\u0328\u0301 a\u0301\u0328",
        "Zalgo: Z\u0351\u036b\u0343a\u0369\u0365l\u0352g\u0335\u0321o\u0489",
        "\u2126 \u00b5 \ufb01 \uff21\uff22 \u1100\u1161\u11a8 \uac01 \u0958 \u0915\u093c \U0001d15e",
        "\U0001f600\U0001f603 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd",
        "\U0001f1e8\U0001f1ed\U0001f1ef\U0001f1f5 \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u2764\ufe0f \u2764 1\ufe0f\u20e3 \U0001f3f3\ufe0f\u200d\U0001f308",
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u0661\u0662\u0663\u0664\u0665",
        "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u202eright\u202c \u200fmark\u200e",
        "\u0939\u093f\u0928\u094d\u0926\u0940 \u0967\u0968\u0969 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u0e51\u0e52\u0e53",
        "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f\u3000\uc548\ub155\ud558\uc138\uc694 \u4e00\u4e8c\u4e09",
        "\u0417\u0434\u0440\u0430\u0432\u0441\u0442\u0432\u0443\u0439, \u043c\u0438\u0440! \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u0540\u0561\u0575",
        "\u00bd \u00b2\u00b3 \u2167 \u2460\u2461 \u3220 \u00bc1\u00be2 1\u00b2\u00b3456 \U0001d7d8\U0001d7d9 \uff11\uff12\uff13\uff14",
        "\U00011de0\U00011de1 \U00016ff4 \U0002b73a \u088f \ua7ce a\U00011de2b",
        "nbsp\u00a0x\u00a0\u00a0y thin\u2009x en\u2002\u2003x nel\u0085x ls\u2028x\u2029 zw\u200bx wj\u2060x bom\ufeffx mv\u180ex og\u1680x id\u3000x",
        "\u0000 a\u0000b \u0000\u0000 \u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000b\u000c\u000e\u0013\u0016\u001c\u001d\u001e\u001f\u007f\u0080\u009f",
        "\ufffd \ufffe \uffff \U0010ffff \U000f0000 \ue000 \U00050000",
        "<|endoftext|>",
        "a<|endoftext|>b <|im_start|>user\nhi<|im_end|>\n<|im_start|> <|im_end|><|im_end|>",
        "<|endoftext <|endoftext|> |> <|<|im_end|>|> <|IM_END|> < |im_end|>",
        "a  <tool>  b<tool>s<tool>\n <tool>  <mask>  c<mask>\n\n<mask>d \u3000<tool>",
        "word words sword word. -word_ word1 w\u00f6rd word\u0301 (word) word",
        "caf\u00e9cafe\u0301 cafe CAF\u00c9 x  <both>  <both><tool> <both>\n\n1",
        "a <mask> <tool> b <mask><tool>  <both> <mask> word <mask>word",
        "supercalifragilisticexpialidocious antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789012345678901234567890123456789 00 000 0000 00000 1 12 123 1234 12345",
        "\u01c5 \u02b0 \u02c8 \u0345 \u0903 \u2040 \u2071 \u2c7c \u3005 \u303b \ua67f _under_score_ \u203f",
        "\u5582\U00020000\U0002a6df\U00030000\U000313af \U00010330\U00010331 \U0001e900\U0001e922 \U0001f170\U0001f171",
    ]
] + [
    ("abcdefghijklmnopqrstuvwxyz", 4000),
    ("the", 34000),
    ("\U0001f600", 25000),
    (" ", 100000),
    ("\n", 5000),
    ("0", 100000),
    ("-=", 50000),
    ("\u00e9e\u0301", 20000),
]


def fnv(ids, seed=0xCBF29CE484222325):
    value = seed
    for i in ids:
        for byte in i.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def record(tokenizer, lines):
    cases = []
    for text, times in CASES:
        ids = tokenizer.encode(text * times).ids
        if times == 1:
            cases.append({"ids": ids})
            # The library takes the letters of an added token for stand-ins of bytes; only ASCII survives that.
            if all(token.content.isascii() for i, token in tokenizer.get_added_tokens_decoder().items() if i in ids):
                cases[-1]["decoded"] = tokenizer.decode(ids, skip_special_tokens=False)
        else:
            cases.append({"count": len(ids), "hash": f"{fnv(ids):016x}"})
    blocks = []
    for k in range(0, len(lines), 100):
        value = fnv([])
        block = lines[k : k + 100]
        for text in block + ["\n".join(block)]:
            value = fnv(tokenizer.encode(text).ids + [2**32 - 1], value)
        blocks.append(f"{value:016x}")
    return {"cases": cases, "blocks": blocks}


def golden(data, gguf):
    import transformers

    lines = lines_of(data)
    real = transformers.AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    small = {n: Tokenizer.from_file(str(GOLDEN / f"tokenizer-{n}.json")) for n in ("gpt2", "smollm", "llama3", "qwen2")}
    prefixed = json.loads(small["gpt2"].to_str())
    prefixed["pre_tokenizer"]["add_prefix_space"] = True
    small["gpt2-prefix"] = Tokenizer.from_str(json.dumps(prefixed))
    published = Tokenizer.from_str(real.backend_tokenizer.to_str())
    published.pre_tokenizer = small["smollm"].pre_tokenizer
    every = small | {"smollm2-transformers": real.backend_tokenizer, "smollm2-published": published}

    table, _ = class_bytes()
    nfc = normalizers.NFC()
    composed = 0xCBF29CE484222325
    for c in SCALARS:
        for text in (chr(c), "e" + chr(c), chr(c) + "\u0301", "a\u0328" + chr(c) + "\u0301\u1161"):
            composed = fnv([ord(x) for x in nfc.normalize_str(text)] + [0], composed)
    out = {
        "versions": {"tokenizers": tokenizers.__version__, "transformers": transformers.__version__},
        "classes": f"{fnv_bytes(table):016x}",
        "nfc": f"{composed:016x}",
        "lines": len(lines),
        "texts": CASES,
        "tokenizers": {name: record(t, lines) for name, t in every.items()},
    }
    write("tokenizers.json", out)
    for name, t in every.items():
        print(name, "blocks", len(out["tokenizers"][name]["blocks"]))


def fnv_bytes(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def write(name, value):
    path = GOLDEN / name
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size)


# ---- Chat templates -------------------------------------------------------------------------------------------------

CHATS = [
    [("user", "Hello")],
    [("system", "Be brief."), ("user", " What is 2 + 2?\n"), ("assistant", " 4 "), ("user", "Thanks, caf\u00e9 \U0001f600!")],
    [("user", "a"), ("assistant", "b")],
    [("assistant", "out of turn"), ("user", "{{ not a tag }} {% nor this %}")],
    [("user", ""), ("user", "twice")],
    [("user", "")],
]

# In the shapes that published templates have; the first is the model file's own.
TEMPLATES = {
    "smollm2": None,
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' "
    "+ '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    "headers": "{% set turns = messages %}{% for turn in turns %}{% set text = '<|h|>' + turn['role'] + '<|/h|>\\n\\n' + "
    "turn['content'] | trim + '<|eot|>' %}{% if loop.index0 == 0 %}{% set text = bos_token + text %}{% endif %}{{ text }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|h|>assistant<|/h|>\\n\\n' }}{% endif %}",
    "brackets": "{% if messages and messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set rules = "
    "messages[0]['content'] %}{% else %}{% set rest = messages %}{% set rules = false %}{% endif %}{% for turn in rest %}"
    "{% if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}"
    "{% if loop.first and rules != false %}{% set text = '<<' + rules + '>>\\n' + turn['content'] %}{% else %}{% set text = "
    "turn['content'] %}{% endif %}{% if turn['role'] == 'user' %}{{ bos_token + '[I] ' + text.strip() + ' [/I]' }}"
    "{% elif turn['role'] == 'assistant' %}{{ ' ' + text.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "dashes": """{%- if tools %}
    {{- '# Tools' }}
{%- else %}
    {%- if messages and messages[0].role == 'system' %}
        {{- '<s>' + messages[0]['content'] + '</s>\\n' }}
    {%- else %}
        {{- '<s>default</s>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.calls) %}
        {{- '<t>' + message.role + '\\n' + message.content + '</t>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {{- raise_exception("no tools") }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<t>assistant\\n' }}
{%- endif %}
""",
    "blocks": """{# A comment. #}
{% set ns = namespace(seen=0, last='nobody') %}
  {% for m in messages if m.content is string and m['content'] | length > 0 %}
    {% set ns.seen = ns.seen + 1 %}
{{ loop.index }}/{{ loop.length }} {{ m.role | upper }}: {{ m.content | trim }}{{ '' if loop.last else ';' }}
    {% set ns.last = m.role | title %}
  {% else %}
empty
  {% endfor %}
{{ ns.seen }} by {{ ns.last }} {{- " (" ~ messages | length ~ ")" }}
{% if date is defined %}{{ date }}{% elif not documents %}no documents{% endif %}

{% for i in range(3) %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}
{{ [1, 'two', none, true, 3.5] }} {{ {'a': 1, "b": 'x'} | tojson }}
{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 'a' 'b' }} {{ 'x' in 'xyz' }} {{ 1 < 2 < 3 }} {{ missing }}|
{% for k, v in {'p': 1, 'q': 2}.items() %}{{ k }}={{ v }} {% endfor +%}
{{ 'a-b-c'.split('-')[-1] }} {{ 'Hi there'.replace('t', 'T', 1) }} {{ ' x '.lstrip() }}| {{ 'abc'[1:] }} {{ 'abc'[::-1] }}
{%- set body %}  captured {{ 1 + 1 }} {% endset %}
[{{ body | trim }}] {{ missing | default('d') }} {{ 'abc'.startswith('ab') and 'abc'.endswith('x') }} {{ ['b', 'a'] | join('+') }}
{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.role }} {% endfor %}
{{ messages | first | tojson if messages }} {{ 5 is odd }} {{ none is none }} {{ not false or missing }} {{ (1, 2) | last }}
""",
    "unfinished-dash": "a  {%- if true -%}  b  {%- endif -%}  c\n  {{- 1 -}}  \n d \n{% if true %}\n\n e{% endif %}\n",
}


def templates(tokenizer):
    import jinja2

    out = []
    for name, source in TEMPLATES.items():
        source = source or tokenizer.chat_template
        for chat in CHATS:
            messages = [{"role": role, "content": content} for role, content in chat]
            for prompt in (False, True):
                try:
                    text = tokenizer.apply_chat_template(
                        messages, chat_template=source, tokenize=False, add_generation_prompt=prompt
                    )
                except jinja2.exceptions.TemplateError:
                    text = None
                out.append(
                    {"name": name, "source": source, "messages": chat, "prompt": prompt, "rendered": text}
                )
    return {"bos": tokenizer.bos_token, "eos": tokenizer.eos_token, "cases": out}


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "templates":
        import transformers

        gguf = pathlib.Path(sys.argv[2])
        real = transformers.AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
        write("chat-templates.json", templates(real))
    elif command == "tables":
        tables()
    elif command == "composition":
        composition()
    elif command == "fixtures":
        fixtures(pathlib.Path(sys.argv[2]))
    elif command == "golden":
        golden(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        sys.exit(__doc__)
