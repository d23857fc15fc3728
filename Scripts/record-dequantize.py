#!/usr/bin/env python3
"""Records blocks of every stored type and the float32 values the `gguf` package (llama.cpp) gives them.

    python3 Scripts/record-dequantize.py Tests/PlumbTensorTests/Golden/dequantize.json

Blocks are random bytes; the float16 scales among them are finite, some subnormal or zero.
"""
import json
import sys

import numpy
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Offsets of the float16 fields in a block.
SCALES = {
    "F16": [0], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def blocks_of(name, random):
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    count = 64 if elements == 1 else 6
    blocks = random.integers(0, 256, (count, size), dtype=numpy.uint8)
    for at in SCALES[name]:
        scale = random.normal(0, 0.05, count).astype(numpy.float16)
        scale[0], scale[1] = numpy.float16(0), numpy.float16(3e-7)
        blocks[:, at:at + 2] = scale.view(numpy.uint8).reshape(count, 2)
    if name == "BF16":
        values = random.normal(0, 3, count).astype(numpy.float32)
        blocks[:] = (values.view(numpy.uint32) >> 16).astype(numpy.uint16).view(numpy.uint8).reshape(count, 2)
    return kind, blocks


def main():
    random = numpy.random.default_rng(20)
    recorded = []
    for name in SCALES:
        kind, blocks = blocks_of(name, random)
        values = numpy.ascontiguousarray(dequantize(blocks, kind), dtype=numpy.float32).reshape(-1)
        recorded.append({
            "name": name, "type": int(kind), "blocks": blocks.tobytes().hex(),
            "bits": [int(bits) for bits in values.view(numpy.uint32)],
        })
    with open(sys.argv[1], "w") as file:
        json.dump(recorded, file, separators=(",", ":"))
        file.write("\n")


main()
