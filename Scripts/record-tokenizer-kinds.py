#!/usr/bin/env python3
"""Records what Hugging Face's and Google's libraries do with tokenizers of every kind, for the tokenizer tests.

Needs `tokenizers`, `transformers` and `sentencepiece` (the golden file names the versions last used). Run on purpose,
never in CI:

    Scripts/record-tokenizer-kinds.py fixtures DATA            small tokenizers of every kind
    Scripts/record-tokenizer-kinds.py golden DATA [PART …]     ids, texts and stages; parts: kinds, stages, scalars
    Scripts/record-tokenizer-kinds.py real DATA GEMMA.gguf MINILM      ids and texts of real vocabularies

DATA is the folder with wikitext2-{test,valid}.txt and tinyshakespeare.txt, of which only hashes are recorded; MINILM is
the folder with all-MiniLM-L6-v2.
"""

import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import zlib
from array import array

import sentencepiece
import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("record_tokenizers", HERE / "record-tokenizers.py")
base = importlib.util.module_from_spec(spec)
spec.loader.exec_module(base)
GOLDEN = base.GOLDEN

CASES = [text for text, times in base.CASES if times == 1] + [
    "\u2581 \u2581\u2581a \u2581", " \u2581x", "<0x41> <0x0A>", "a  b   c    d", " leading and trailing ",
    "na\u00efve Na\u00cfVE \u0130stanbul \u0130\u0307 \u1e9e\u00df \u03a3\u03a3\u03c2 \u0391\u03a3", "\u00c5\u0301 e\u0327\u0301 \u0344 \u0958",
    "\ufb03 \u2460 \u00bd \u2122 \u33a5 \uff76\uff9e \u3300 \ufdfa \u1e9b\u0323 \u00a8", "\u4e2d\u6587a\u5b57 \u3041\u30a2 \uac00\u3131",
    "unbelievably internationalization " + "x" * 101 + " " + "y" * 100, "don't you're . , ! ? ' n't",
    "a\u0300\u0301\u0302 \u0345\u0345 \u0f73 \u0f75 \u0f81 \u1d16e", "\U0001f600\U0001f3fd \U0001f468\u200d\U0001f469", "\x00\x01\x7f\x80\u200b\ufeff\ufffd",
    "1234567 12 3 \u0663\u0664 \u00b2\u00b3 $5.00+<=>^~|`", "CamelCaseHTTPServer iPhone \u01c5 \u01c5\u01c4 A\u0300b\u0300", "// comment\n/path/to\n\n x",
    "foo <s> bar</s> <mask>  [MASK] [CLS] <pad>baz", "x" * 300, "ab" * 200, "\u3042" * 100, "aaaa" * 64 + "b", "the" * 100,
]


def texts(data):
    return base.lines_of(data)[:4000] + CASES * 5


def sentence_pieces(data, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text for text in texts(data) if text and "\0" not in text), model_writer=model, minloglevel=2,
        num_threads=1, max_sentence_length=100000, **options
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def scored(pieces):
    """Tokens, scores and types as a GGUF file holds them."""
    from sentencepiece import sentencepiece_model_pb2 as pb

    proto = pb.ModelProto.FromString(pieces.serialized_model_proto())
    return {
        "tokens": [p.piece for p in proto.pieces],
        "scores": [p.score for p in proto.pieces],
        "types": [p.type for p in proto.pieces],
    }


def special(content, id, **flags):
    token = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    token.update(flags, id=id, content=content)
    return token


def save(name, parts):
    base.save(name, parts)


def fixtures(data):
    pairs = sentence_pieces(
        data, model_type="bpe", vocab_size=900, byte_fallback=True, character_coverage=0.995, normalization_rule_name="identity",
        remove_extra_whitespaces=False, user_defined_symbols=["\u2581\u2581", "\u2581\u2581\u2581", "<mask>"], split_digits=True,
    )
    lists = scored(pairs)
    from transformers.tokenization_utils_base import generate_merges

    vocabulary = {t: i for i, t in enumerate(lists["tokens"])}
    scores = dict(zip(lists["tokens"], lists["scores"]))
    merges = generate_merges(vocabulary, scores, skip_tokens={t for t, k in zip(lists["tokens"], lists["types"]) if k in (2, 3, 6)})
    specials = [special(t, i) for t, i in list(vocabulary.items())[:3]]
    model = dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None, end_of_word_suffix=None,
                 fuse_unk=True, byte_fallback=True, ignore_merges=False, vocab=vocabulary, merges=[list(m) for m in merges])
    space = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    back = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    bytes_back = [back, {"type": "ByteFallback"}, {"type": "Fuse"}]
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    bos = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    common = dict(version="1.0", truncation=None, padding=None, added_tokens=specials, model=model)
    save("gemma", common | dict(
        normalizer=space,
        pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        post_processor=bos, decoder={"type": "Sequence", "decoders": bytes_back}))
    # The others share its model; the tests put their stages into it.
    # SentencePiece takes the longest run of spaces that the user defined; one length makes no difference.
    lists["tokens"][lists["tokens"].index("\u2581\u2581\u2581")] = "<pad>"
    (GOLDEN / "tokenizer-scored.json").write_text(json.dumps(lists, ensure_ascii=False, separators=(",", ":")) + "\n")
    # Words by WordPiece.
    for name, lower in (("wordpiece", True), ("wordpiece-cased", False)):
        words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        words.normalizer = normalizers.BertNormalizer(lowercase=lower)
        words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        words.decoder = decoders.WordPiece()
        words.train_from_iterator(texts(data), trainers.WordPieceTrainer(
            vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], limit_alphabet=200, show_progress=False))
        if lower:
            words.post_processor = processors.TemplateProcessing(
                single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        else:
            words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        save(name, json.loads(words.to_str()))
    # Unigrams with SentencePiece's compiled rules for characters.
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for old, new in (("\u00bd", "1\u20442"), ("\ufb03", "ffi"), ("\u00e9", "e"), ("e\u0301", "e"), ("\u3000", " "), ("\u2019", "'"), ("\u00a0", " "),
                         ("\t", " "), ("\n", " "), ("\uff21", "A"), ("\u2126", "\u03a9"), ("\u200b", "")):
            rules.write(" ".join(f"{ord(c):x}" for c in old) + "\t" + " ".join(f"{ord(c):x}" for c in new) + "\n")
        rules.flush()
        grams = sentence_pieces(data, model_type="unigram", vocab_size=700, character_coverage=0.99, normalization_rule_tsv=rules.name)
    from sentencepiece import sentencepiece_model_pb2 as pb
    import base64

    proto = pb.ModelProto.FromString(grams.serialized_model_proto())
    lists = scored(grams)
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    meta = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    save("unigram", dict(
        version="1.0", truncation=None, padding=None, added_tokens=[special(t, i) for i, t in enumerate(lists["tokens"][:3])],
        normalizer={"type": "Sequence", "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": charsmap}, {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]},
        pre_tokenizer=meta, post_processor={"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": True},
        decoder=meta, model=dict(type="Unigram", unk_id=0, byte_fallback=False, vocab=[[t, s] for t, s in zip(lists["tokens"], lists["scores"])])))


# ---- Variants -------------------------------------------------------------------------------------------------------

SPACE = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
BACK = [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def sequence(members, *stages):
    return {"type": "Sequence", members: list(stages)}


def metaspace(scheme, split):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split}


ADDED = [
    special("<tool>", 900, lstrip=True, special=False), special("<mask>x", 901, rstrip=True), special("foo", 902, single_word=True, special=False),
    special("bar baz", 903, normalized=True, special=False),
]
# Stages that take the places of those of the fixture "gemma".
VARIANTS = {
    "llama2": dict(normalizer=sequence("normalizers", {"type": "Prepend", "prepend": "\u2581"}, SPACE), pre_tokenizer=None,
                   decoder=sequence("decoders", *BACK, STRIP)),
    "mistral": dict(normalizer=None, pre_tokenizer=metaspace("first", False), decoder=sequence("decoders", *BACK, STRIP)),
    "metaspace-always": dict(normalizer=None, pre_tokenizer=metaspace("always", True), decoder=metaspace("always", True)),
    "metaspace-never": dict(normalizer={"type": "NFKC"}, pre_tokenizer=metaspace("never", True), decoder=metaspace("never", True)),
    "added": dict(added_tokens=ADDED),
    "unfused": dict(model=dict(byte_fallback=False, fuse_unk=False), pre_tokenizer=None),
    "fused": dict(model=dict(byte_fallback=False, fuse_unk=True), pre_tokenizer=None, decoder=None),
    "whole": dict(model=dict(ignore_merges=True), normalizer=None, pre_tokenizer=metaspace("first", True)),
}


def variant(parts, changes):
    parts = json.loads(json.dumps(parts))
    for key, value in changes.items():
        if key == "model":
            parts["model"].update(value)
        elif key == "added_tokens":
            parts[key] += value
        else:
            parts[key] = value
    return parts


# ---- Stages ---------------------------------------------------------------------------------------------------------

SPLITS = {
    "words": r"\w+", "signs": r"[^\w\s]+", "spaces": r"\s+", "lazy": r"\d+?|[a-z]{2,3}?x", "possessive": r"[a-m]++n?|\p{Lu}{1,2}",
    "around": r"(?<=[a-z])(?=[A-Z])|(?<!\d)\d{3}(?!\d)", "lines": r"^.|.$", "atomic": r"(?>a|ab)c|\bthe\b|x(?i:Ks)\B", "classes": r"[^\p{L}\p{N}\s]|[\x41-\x5a\u0430-\u044f\-\]]+",
    "han": r"\p{Han}+|[\p{Sm}\p{Sc}]|\P{^Nd}", "flag": r"(?i)the|and", "groups": r"(?:ab){2,}|(?:[aeiou][^aeiou\s]){1,3}",
}


def stages():
    upper, lower, start = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"[^\r\n\p{L}\p{N}]?"
    tail, short = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+", "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    known = {
        "tekken": f"{start}{upper}*{lower}+|{start}{upper}+{lower}*" + r"|\p{N}" + tail,
        "gpt-4o": f"{start}{upper}*{lower}+{short}?|{start}{upper}+{lower}*{short}?" + r"|\p{N}{1,3}" + tail,
        "qwen35": short + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "llama-bpe": base.LLAMA3, "qwen2": base.QWEN2,
    }

    split = lambda pattern, behavior="Isolated", invert=False: {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    plain = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    cut = {name: split({"Regex": source}) for name, source in SPLITS.items()}
    for behavior in ("Removed", "Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"):
        cut["split-" + behavior] = split({"Regex": r"[aeiou ]"}, behavior)
        cut["inverted-" + behavior] = split({"Regex": r"[a-z]+"}, behavior, True)
        cut["text-" + behavior] = split({"String": "e"}, behavior)
        cut["punctuation-" + behavior] = {"type": "Punctuation", "behavior": behavior}
    cut |= {
        "whitespace": {"type": "Whitespace"}, "whitespace-split": {"type": "WhitespaceSplit"}, "bert": {"type": "BertPreTokenizer"},
        "digits": {"type": "Digits", "individual_digits": False}, "digit": {"type": "Digits", "individual_digits": True},
        "metaspace": metaspace("always", True), "metaspace-whole": metaspace("first", False),
        "sequence": sequence("pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}, metaspace("first", True)),
        "prefix": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "late-prefix": sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}),
    }
    published = {name: sequence("pretokenizers", split({"Regex": known[name]}), plain) for name in ("tekken", "gpt-4o", "qwen35", "llama-bpe", "qwen2")}
    published["falcon"] = sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"}, dict(plain, use_regex=True),
                                   {"type": "Digits", "individual_digits": False}, split({"Regex": "[0-9][0-9][0-9]"}))
    published["deepseek-coder"] = sequence("pretokenizers", *(split({"Regex": r}) for r in ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}")), plain)
    published["deepseek-v3"] = sequence("pretokenizers", *(split({"Regex": r}) for r in (
        r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")), plain)
    change = {form: {"type": form} for form in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents")}
    change |= {
        "replace": {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "_"}, "empty": {"type": "Replace", "pattern": {"String": "e"}, "content": ""},
        "prepend": {"type": "Prepend", "prepend": ">"}, "strip": {"type": "Strip", "strip_left": True, "strip_right": True},
        "strip-left": {"type": "Strip", "strip_left": True, "strip_right": False},
        "bert": dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
        "bert-cased": dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False),
        "bert-accents": dict(type="BertNormalizer", clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=True),
        "sequence": sequence("normalizers", {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}, {"type": "NFC"}),
    }
    return cut, published, change


def hashes(values):
    """The CRC-32 of each text's UTF-8."""
    return [f"{zlib.crc32(v.encode()):08x}" for v in values]


def of_ids(ids, value=0):
    """The CRC-32 of ids of four bytes each, lowest first."""
    return zlib.crc32(array("I", ids).tobytes(), value)


def loaded(**stage):
    parts = dict(version="1.0", truncation=None, padding=None, added_tokens=[], normalizer=None, pre_tokenizer=None, post_processor=None,
                 decoder=None, model=dict(type="BPE", dropout=None, unk_token=None, fuse_unk=False, vocab={"a": 0}, merges=[]))
    return Tokenizer.from_str(json.dumps(parts | stage))


def scalars(mark):
    """Lines of 64 scalars, each after "a" and before a mark."""
    for k in range(0, len(base.SCALARS), 64):
        yield "".join("a" + chr(c) + mark for c in base.SCALARS[k : k + 64])


def every_scalar(change):
    """The CRC-32 of what a normalizer makes of all scalars."""
    value = 0
    for text in scalars("b"):
        value = zlib.crc32(change(text).encode() + b"\xff", value)
    return f"{value:08x}"


def every_cut(pieces):
    value = 0
    for text in scalars("1"):
        value = zlib.crc32("\0".join(p for p, _ in pieces(text)).encode() + b"\xff", value)
    return f"{value:08x}"


# ---- Golden ---------------------------------------------------------------------------------------------------------


def record(encode, decode, lines):
    cases = [encode(text) for text in CASES]
    blocks, decoded = [], []
    for k in range(0, len(lines), 1000):
        value, written = 0, 0
        block = lines[k : k + 1000]
        for text in block + ["\n".join(block[:100])]:
            ids = encode(text)
            value = of_ids(ids + [2**32 - 1], value)
            written = zlib.crc32(decode(ids).encode() + b"\0", written)
        blocks.append(f"{value:08x}")
        decoded.append(f"{written:08x}")
    return {
        "ids": [f"{of_ids(ids):08x}" for ids in cases], "first": cases[3],
        "decoded": hashes(decode(ids) for ids in cases), "blocks": blocks, "texts": decoded,
    }


def of(tokenizer):
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return (lambda text: tokenizer.encode(text).ids), (lambda ids: tokenizer.decode(ids, skip_special_tokens=False))


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("tokenizers", "transformers", "sentencepiece")}


def real(data, gemma, minilm):
    import transformers

    lines = base.lines_of(data)
    out = {"versions": versions(), "tokenizers": {}}
    out["tokenizers"]["minilm"] = record(*of(Tokenizer.from_file(str(minilm / "tokenizer.json"))), lines)
    backend = transformers.AutoTokenizer.from_pretrained(gemma.parent, gguf_file=gemma.name).backend_tokenizer
    out["tokenizers"]["gemma3"] = record(*of(backend), lines)
    base.write("tokenizer-real.json", out)


def golden(data, parts):
    path = GOLDEN / "tokenizer-kinds.json"
    out = json.loads(path.read_text()) if path.exists() else {}
    out |= {"versions": versions(), "texts": CASES, "variants": VARIANTS}
    cut, published, change = stages()
    pieces = {n: loaded(pre_tokenizer=s).pre_tokenizer.pre_tokenize_str for n, s in (cut | published).items()}
    changed = {n: loaded(normalizer=s).normalizer.normalize_str for n, s in change.items()}
    if "stages" in parts:
        cuts = {n: hashes("\0".join(p for p, _ in pieces[n](t)) for t in CASES) for n in pieces}
        out["cuts"] = {n: {"json": s, "pieces": cuts[n]} for n, s in cut.items()}
        out["names"] = {n: cuts[n] for n in published}
        out["changes"] = {n: {"json": s, "texts": hashes(map(changed[n], CASES))} for n, s in change.items()}
    if "scalars" in parts:
        out["changed scalars"] = {n: every_scalar(changed[n]) for n in change}
        names = ("whitespace", "punctuation-Isolated", "bert", "words", "han", "classes", "possessive")
        out["cut scalars"] = {n: every_cut(pieces[n]) for n in names}
    if "kinds" in parts:
        lines = base.lines_of(data)[::10]
        small = {n: Tokenizer.from_file(str(GOLDEN / f"tokenizer-{n}.json")) for n in ("gemma", "wordpiece", "wordpiece-cased", "unigram")}
        gemma = json.loads((GOLDEN / "tokenizer-gemma.json").read_text())
        small |= {n: Tokenizer.from_str(json.dumps(variant(gemma, changes))) for n, changes in VARIANTS.items()}
        out["tokenizers"] = {n: record(*of(t), lines) for n, t in small.items()}
        lists = json.loads((GOLDEN / "tokenizer-scored.json").read_text())
        scored_ids = out["tokenizers"]["scored"] = record(*google(lists), lines)
        # After what the user defined SentencePiece puts no space, unlike llama.cpp and the older form of Llama's tokenizer.
        for index, text in enumerate(CASES):
            if any(token in text for token in ("<mask>", "<pad>", "\u2581\u2581")):
                scored_ids["ids"][index] = scored_ids["decoded"][index] = None
    base.write("tokenizer-kinds.json", out)


def google(lists):
    """SentencePiece's own ids for a vocabulary with scores, with the beginning of a sequence as Llama's has it."""
    from sentencepiece import sentencepiece_model_pb2 as pb

    proto = pb.ModelProto()
    for token, score, kind in zip(lists["tokens"], lists["scores"], lists["types"]):
        proto.pieces.add(piece=token, score=score, type=kind)
    proto.trainer_spec.model_type = 2
    proto.trainer_spec.byte_fallback = True
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = False
    pieces = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    return (lambda text: [1] + pieces.encode(text)), pieces.decode


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "fixtures":
        fixtures(pathlib.Path(sys.argv[2]))
    elif command == "golden":
        golden(pathlib.Path(sys.argv[2]), sys.argv[3:] or ["kinds", "stages", "scalars"])
    elif command == "real":
        real(*map(pathlib.Path, sys.argv[2:]))
    else:
        sys.exit(__doc__)
