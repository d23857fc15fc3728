#!/usr/bin/env python3
"""Records what Jinja2 makes of small templates, for the tests of PlumbJinja.

Needs `jinja2` (the golden file names the version last used), set up as `transformers` does for chat templates. Run on
purpose, never in CI:

    Scripts/record-jinja.py            record every case anew
    Scripts/record-jinja.py --print    show the renderings instead

Cases are in Tests/PlumbJinjaTests/Golden/cases.txt: each begins with a line `### name`, and its template is what follows
up to the next such line; lines `### | name` hold a template a line, written with escapes for line ends. Chat templates
are in Tests/PlumbJinjaTests/Golden/chats/*.jinja, rendered for every conversation of CHATS.
"""

import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

ROOT = pathlib.Path(__file__).resolve().parent.parent / "Tests/PlumbJinjaTests/Golden"
NOW = datetime.datetime(2024, 7, 6, 13, 5, 9, 120000)

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town.",
        "parameters": {
            "type": "object",
            "properties": {
                "town": {"type": "string", "description": "The town's name."},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
                "days": {"type": "array", "items": {"type": "integer"}},
            },
            "required": ["town"],
        },
    },
}
CONTEXT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi & <b>hello</b>"},
        {"role": "assistant", "content": "Good day!"},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [TOOL],
    "people": [
        {"name": "Ada", "age": 36, "tags": ["x", "y"], "home": {"town": "London"}},
        {"name": "emmy", "age": 53, "tags": [], "home": {"town": "Erlangen"}},
        {"name": "Zoe", "age": 36, "tags": ["z"], "home": {"town": "Athens"}},
        {"name": "bob", "age": None, "tags": ["x"]},
    ],
    "text": "The quick brown fox\n  jumps over\tthe lazy dog's back.",
    "words": ["pear", "Apple", "fig", "apple", "Fig", "kiwi"],
    "numbers": [3, 1, 2, 10, -4],
    "mixed": [1, 2.5, "three", None, True, [1, "a"], {"k": "v"}],
    "table": {"b": 2, "a": 1, "C": 3, "items": 9},
    "empty": [],
    "nothing": None,
    "yes": True,
    "real": 3.14159,
    "unicode": "Größe ñandú 日本語 😀 ß",
    "html": "<p class=\"x\">Tom & 'Jerry' <!-- gone --> said &lt;hi&gt;</p>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "add_generation_prompt": True,
}
CALL = {"type": "function", "id": "call12345", "function": {"name": "weather", "arguments": {"town": "Oslo", "days": [1, 2]}}}
CHATS = {
    "plain": {"messages": [{"role": "user", "content": " Hello there "}]},
    "system": {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Name two towns."},
            {"role": "assistant", "content": "<think>\nEasy.\n</think>\n\nOslo and Rome."},
            {"role": "user", "content": "One more?"},
        ],
        "add_generation_prompt": False,
    },
    "tools": {
        "messages": [
            {"role": "system", "content": "Use tools."},
            {"role": "user", "content": "Weather in Oslo?"},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "name": "weather", "tool_call_id": "call12345", "content": "{\"degrees\": 21.5}"},
            {"role": "assistant", "content": "It has 21.5 degrees."},
            {"role": "user", "content": "Thanks! “Bye”"},
        ],
        "tools": [TOOL],
    },
    "parts": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this? "}, {"type": "image"}]},
            {"role": "assistant", "content": "A cat."},
        ]
    },
    "wrong": {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]},
    "nothing": {"messages": []},
}


class Generation(jinja2.ext.Extension):
    """`generation` marks what the model writes; the text is that of its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_support"), [], [], body).set_lineno(line)

    def _support(self, caller):
        return caller()


def environment():
    result = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )

    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = refuse
    result.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return result


def cases():
    name, number, lines = "", 0, None
    for line in (ROOT / "cases.txt").read_text().split("\n"):
        if line.startswith("### "):
            if lines is not None:
                yield name, "\n".join(lines)
            name, number, lines = line[4:], 0, [] if not line.startswith("### | ") else None
            name = name.removeprefix("| ")
        elif lines is not None:
            lines.append(line)
        elif line:
            number += 1
            yield f"{name} {number}", line.replace("⏎", "\n").replace("⇥", "\t")
    if lines is not None:
        yield name, "\n".join(lines)


def ordered(value):
    """JSON in which the order of keys is not lost on the reader."""
    if isinstance(value, dict):
        return {"pairs": [[key, ordered(part)] for key, part in value.items()]}
    return [ordered(part) for part in value] if isinstance(value, list) else value


def record(env, name, source, context):
    try:
        rendered = env.from_string(source).render(**context)
        rendered.encode()
        return {"name": name, "source": source, "rendered": rendered}
    except Exception as error:
        return {"name": name, "source": source, "error": f"{type(error).__name__}: {error}"[:200]}


def main():
    env = environment()
    results = [record(env, name, source, CONTEXT) for name, source in cases()]
    base = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    chats = []
    for path in sorted((ROOT / "chats").glob("*.jinja")):
        for name, chat in CHATS.items():
            chats.append(record(env, f"{path.stem} {name}", path.read_text(), {**base, **chat}) | {"chat": name})
            chats[-1]["file"] = path.name
            del chats[-1]["source"]
    if "--print" in sys.argv:
        for case in results + chats:
            print(case["name"], "|", case.get("source"), "->", repr(case.get("rendered", case.get("error"))))
    golden = {
        "jinja2": jinja2.__version__, "context": ordered(CONTEXT), "base": ordered(base), "chats": ordered(CHATS), "cases": results,
        "conversations": chats,
    }
    (ROOT / "renderings.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    wrong = sum("error" in case for case in results + chats)
    print(f"{len(results) + len(chats)} renderings, {wrong} of them refused", file=sys.stderr)


if __name__ == "__main__":
    main()
