#!/usr/bin/env python3
"""Records pycid's answers on 1,000 random influence diagrams, and its own random diagrams of two decisions.

usage: record-pycid.py   (a python with pycid 0.8.2; pygambit, which it imports and this does not need, may be missing)

Writes Sources/PlumbFoundations/InfluenceDiagrams/PycidAnswers.swift and Tests/PlumbFoundationsTests/Golden/pycid.jsonl.
"""
import json
import pathlib
import random
import sys
import types

sys.modules.setdefault("pygambit", types.ModuleType("pygambit"))
import pycid  # noqa: E402
from pycid.analyze.instrumental_control_incentive import admits_ici  # noqa: E402
from pycid.analyze.response_incentive import admits_ri  # noqa: E402
from pycid.analyze.value_of_control import admits_voc  # noqa: E402
from pycid.analyze.value_of_information import admits_voi  # noqa: E402
from pycid.random.random_cid import random_cid  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
MASK = (1 << 64) - 1


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def seeded(seed):
    return mix((seed + 0x9E3779B97F4A7C15) & MASK)


def named(state, name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return mix(state ^ mix(value))


def numbered(state, index):
    return mix((state + mix(index ^ 0xD1B54A32D192ED03)) & MASK)


class Generator:
    """The project's RandomKey.Generator."""

    def __init__(self, state):
        self.state = state

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        return (mix(self.state) >> 11) * 2.0**-53

    def index(self, bound):
        return int(self.uniform() * bound)


def diagram(key):
    """As InfluenceDiagram.random(using:)."""
    g = Generator(key)
    count = 5 + g.index(4)
    utilities = 1 + g.index(2)
    decision = g.index(count - utilities)
    kinds = ["D" if n == decision else "U" if n >= count - utilities else "C" for n in range(count)]
    edges, parents = [], [0] * count
    for effect in range(1, count):
        for cause in range(effect):
            if kinds[cause] == "U":
                continue
            if g.uniform() < 0.4 and parents[effect] < 3:
                edges.append((f"N{cause}", f"N{effect}"))
                parents[effect] += 1
    return kinds, edges


def model(kinds, edges):
    names = [f"N{n}" for n in range(len(kinds))]
    cid = pycid.CID(
        edges, decisions=[n for n, k in zip(names, kinds) if k == "D"],
        utilities=[n for n, k in zip(names, kinds) if k == "U"])
    cid.add_nodes_from(n for n in names if n not in cid.nodes)
    return cid, names


def answers(cid, names, decision):
    return [
        [i for i, n in enumerate(names) if f(n)]
        for f in (
            lambda n: admits_voi(cid, decision, n), lambda n: admits_ri(cid, decision, n), lambda n: admits_voc(cid, n),
            lambda n: admits_ici(cid, decision, n))
    ]


def digits(found):
    return "".join(f"{sum(1 << i for i in nodes):02x}" for nodes in found)


def main():
    base, recorded = named(seeded(2021), "influence diagrams"), []
    for index in range(1000):
        kinds, edges = diagram(numbered(base, index))
        cid, names = model(kinds, edges)
        recorded.append(digits(answers(cid, names, f"N{kinds.index('D')}")))
    lines = ["".join(recorded[i : i + 12]) for i in range(0, 1000, 12)]
    text = (
        "extension InfluenceDiagram {\n"
        "    /// The incentives that pycid 0.8.2 finds in ``recorded(_:)``, eight digits a diagram, in the form of\n"
        "    /// ``incentiveDigits()``; written by `Scripts/record-pycid.py`.\n"
        '    public static let pycidAnswers = """\n'
        + "".join(f"        {line}\\\n" for line in lines[:-1]) + f"        {lines[-1]}\n"
        '        """\n}\n')
    (ROOT / "Sources/PlumbFoundations/InfluenceDiagrams/PycidAnswers.swift").write_text(text)
    random.seed(7)
    golden = ROOT / "Tests/PlumbFoundationsTests/Golden"
    golden.mkdir(parents=True, exist_ok=True)
    with open(golden / "pycid.jsonl", "w") as file:
        while file.tell() < 40_000:
            cid = random_cid(
                random.randint(6, 10), number_of_decisions=2, number_of_utilities=2, add_cpds=False, edge_density=0.3)
            names, recall = sorted(cid.nodes), cid.sufficient_recall()
            kinds = ["D" if n in cid.decisions else "U" if n in cid.utilities else "C" for n in names]
            found = {d: answers(cid, names, d) for d in sorted(cid.decisions)} if recall else None
            edges = sorted([names.index(a), names.index(b)] for a, b in cid.edges)
            file.write(json.dumps({"kinds": "".join(kinds), "edges": edges, "recall": recall, "answers": found and [
                {"decision": names.index(d), "nodes": nodes} for d, nodes in found.items()]}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
