#!/usr/bin/env python3
"""Times training steps in PyTorch: forward, backward and the optimizer's step; one request and answer a line.

    echo '{"task": "train-mlp", "threads": 1}' | python train_torch.py
    python train_torch.py --table [--tasks TASK …] [--threads N …] [--compile]

Needs torch, and transformers for one of the GPT-2s. A task has one implementation or more:
    train-gpt2         GPT-2-small's shape, 8 × 128 tokens, AdamW: "module", written here, or "transformers"
    train-grokking     Nanda et al. 2023 (arXiv 2301.05217): one block without norms, D 128, 4 heads, 512 ReLU, 113 + 1
                       tokens, all 3,830 rows of three tokens, AdamW with decay 1: "every-position", as published, or
                       "last-position", which leaves out what the answer does not depend on
    train-transformer  GPT-2's kind, 2 layers, D 128, 4 heads, 65 tokens, 32 × 64, AdamW
    train-mlp          64-128-64-10, ReLU, 64 rows, Adam
    train-convnet      3×3 1→16, ReLU, max pool 2, 3×3 16→32, ReLU, max pool 2, linear →10; padding 1; 128 images
                       of 28 × 28, Adam
Every loss is a mean cross entropy, over every position but for grokking. Data are random and fixed, there is no
dropout, everything is float32, gradients are set to none, and the loss is not read.

A request is a JSON object; what it leaves out has a default:
    task, implementation   the first implementation
    threads                torch threads (2)
    seconds, runs          to spend on each setting, and the least number of timed runs (1.0, 3)
    settings               what to time; without it the best is looked for, one choice after the other:
                           optimizer  fused | foreach | loop  (train-gpt2 looks at "fused" only: the update alone is
                                      3 to 5 times faster than by "loop")
                           attention  sdpa | plain            (where there is attention)
                           layout     channels_last | default (train-convnet)
    compile                with torch.compile (false)
    arithmetic             float32 | bfloat16, in which the parameters, activations and gradients then are ("float32")
On Linux the C library is told to keep freed memory: by default it hands tensors over 32 MB back to the system at every
step and waits for fresh pages at the next, which made GPT-2's step about a sixth slower.
The answer adds `settings`, the best ones, `seconds`, one a run, `median`, and `tried`, the median of everything timed.
A run is one step, or as many as last ten milliseconds; its time is given for one step.
"""
import argparse
import json
import os
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

DEFAULTS = {"threads": 2, "seconds": 1.0, "runs": 3, "settings": None, "compile": False,
            "arithmetic": "float32"}
OPTIMIZERS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}


def attend(q, k, v, kind):
    """Causal attention of [B, H, T, K]; with fewer queries than keys, the queries are the last ones."""
    if kind == "sdpa":
        return F.scaled_dot_product_attention(q, k, v, is_causal=q.shape[2] > 1)
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    if q.shape[2] > 1:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return scores.softmax(-1) @ v


class Block(nn.Module):
    """GPT-2's."""

    def __init__(self, width, heads, attention):
        super().__init__()
        self.heads, self.attention = heads, attention
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(self.ln1(x)).chunk(3, -1))
        x = x + self.out(attend(q, k, v, self.attention).transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


class Transformer(nn.Module):
    """GPT-2: learned positions, tied unembedding. The mean loss of [B, T] tokens and targets."""

    def __init__(self, vocabulary, length, width, layers, heads, attention):
        super().__init__()
        self.embed, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads, attention) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embed.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, tokens, targets):
        x = self.norm(self.blocks(self.embed(tokens) + self.positions.weight[:tokens.shape[1]]))
        return F.cross_entropy(F.linear(x, self.embed.weight).flatten(0, 1), targets.flatten())


class Grokking(nn.Module):
    """One block, no norms, no biases but the MLP's. The mean loss of the answer after [B, 3] tokens."""

    def __init__(self, attention, last_only, p=113, width=128, hidden=512, heads=4):
        super().__init__()
        self.heads, self.attention, self.last_only = heads, attention, last_only
        self.embed, self.positions = nn.Embedding(p + 1, width), nn.Embedding(3, width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.unembed = nn.Linear(width, p, bias=False)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=width ** -0.5)

    def projected(self, x):
        """Queries, keys and values."""
        if not self.last_only:
            return self.qkv(x).chunk(3, -1)
        width = x.shape[-1]
        k, v = F.linear(x, self.qkv.weight[width:]).chunk(2, -1)
        return F.linear(x[:, -1:], self.qkv.weight[:width]), k, v

    def forward(self, tokens, targets):
        x = self.embed(tokens) + self.positions.weight
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.projected(x))
        z = attend(q, k, v, self.attention).transpose(1, 2).flatten(2)
        x = (x[:, -1:] if self.last_only else x) + self.out(z)
        x = x + self.down(F.relu(self.up(x)))
        return F.cross_entropy(self.unembed(x[:, -1]), targets)


class Classifier(nn.Sequential):
    """The mean loss of inputs and classes."""

    def forward(self, x, targets):
        return F.cross_entropy(super().forward(x), targets)


def tokens_and_targets(vocabulary, shape):
    return torch.randint(0, vocabulary, shape), torch.randint(0, vocabulary, shape)


def gpt2(implementation, settings):
    tokens, targets = tokens_and_targets(50257, (8, 128))
    if implementation == "module":
        return Transformer(50257, 1024, 768, 12, 12, settings["attention"]), (tokens, targets)
    from transformers import GPT2Config, GPT2LMHeadModel
    model = GPT2LMHeadModel(GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))
    model.set_attn_implementation({"plain": "eager"}.get(settings["attention"], settings["attention"]))
    return model, {"input_ids": tokens, "labels": tokens, "use_cache": False}


def grokking(implementation, settings):
    pairs = torch.randperm(113 * 113)[:3830]
    a, b = pairs // 113, pairs % 113
    tokens = torch.stack([a, b, torch.full_like(a, 113)], 1)
    return Grokking(settings["attention"], implementation == "last-position"), (tokens, (a + b) % 113)


def transformer(implementation, settings):
    return Transformer(65, 64, 128, 2, 4, settings["attention"]), tokens_and_targets(65, (32, 64))


def mlp(implementation, settings):
    model = Classifier(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    return model, (torch.randn(64, 64), torch.randint(0, 10, (64,)))


def convnet(implementation, settings):
    model = Classifier(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 7 * 7, 10))
    images = torch.randn(128, 1, 28, 28)
    if settings["layout"] == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    return model, (images, torch.randint(0, 10, (128,)))


ADAM = (torch.optim.Adam, {"lr": 1e-3})
ADAMW = (torch.optim.AdamW, {"lr": 1e-4, "betas": (0.9, 0.95), "weight_decay": 0.1})
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "8000000000", "MALLOC_TRIM_THRESHOLD_": "16000000000", "MALLOC_TOP_PAD_": "67108864"}
WITH_ATTENTION = {"attention": ["sdpa", "plain"], "optimizer": list(OPTIMIZERS)}
# What builds it, its implementations, the optimizer, and what may be chosen.
TASKS = {
    "train-gpt2": (gpt2, ["module", "transformers"], ADAMW, {"attention": ["sdpa", "plain"], "optimizer": ["fused"]}),
    "train-grokking": (grokking, ["every-position", "last-position"], (torch.optim.AdamW, {
        "lr": 1e-3, "betas": (0.9, 0.98), "weight_decay": 1.0}), WITH_ATTENTION),
    "train-transformer": (transformer, ["module"], ADAMW, WITH_ATTENTION),
    "train-mlp": (mlp, ["module"], ADAM, {"optimizer": list(OPTIMIZERS)}),
    "train-convnet": (convnet, ["module"], ADAM, {
        "layout": ["channels_last", "default"], "optimizer": list(OPTIMIZERS)}),
}


def new_step(request, settings):
    """A function that makes one training step of a new model."""
    build, _, (optimizer, values), _ = TASKS[request["task"]]
    torch.manual_seed(1)
    model, data = build(request["implementation"], settings)
    model.train()
    if request["arithmetic"] == "bfloat16":  # data are tokens
        model = model.to(torch.bfloat16)
    optimizer = optimizer(model.parameters(), **values, **OPTIMIZERS[settings["optimizer"]])
    if request["compile"]:
        torch._dynamo.reset()
        model = torch.compile(model)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = model(**data).loss if isinstance(data, dict) else model(*data)
        loss.backward()
        optimizer.step()

    step()  # the first one allocates
    return step


def timed(step, request):
    """Seconds a step, of each run."""
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    repeats = max(1, round(0.01 / first))
    seconds, spent = ([], 0.0) if first < 1 else ([first], first)  # where one step is long, every one counts
    while spent < request["seconds"] or len(seconds) < request["runs"]:
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        spent += time.perf_counter() - start
        seconds.append((time.perf_counter() - start) / repeats)
    return seconds


class Peer:
    """Keeps the steps timed last, so that turns need not build them anew."""

    def __init__(self):
        self.steps, self.owner = {}, None

    def seconds(self, request, settings):
        owner = [request[key] for key in ("task", "implementation", "threads", "compile", "arithmetic")]
        if owner != self.owner:
            self.steps, self.owner = {}, owner
        key = json.dumps(settings)
        if key not in self.steps:
            if request["task"] == "train-gpt2":  # two of them would not fit everywhere
                self.steps = {}
            self.steps[key] = new_step(request, settings)
        return timed(self.steps[key], request)

    def answer(self, request):
        request = {**DEFAULTS, **request}
        if request.get("task") not in TASKS:
            return {**request, "error": f"no such task: have {', '.join(TASKS)}"}
        _, implementations, _, choices = TASKS[request["task"]]
        request.setdefault("implementation", implementations[0])
        if request["implementation"] not in implementations:
            return {**request, "error": f"no such implementation: have {', '.join(implementations)}"}
        torch.set_num_threads(request["threads"])
        best = request["settings"] or {name: values[0] for name, values in choices.items()}
        seconds = self.seconds(request, best)
        tried = {" ".join(best.values()): statistics.median(seconds)}
        for name, values in ({} if request["settings"] else choices).items():
            for value in values[1:]:
                settings = {**best, name: value}
                other = self.seconds(request, settings)
                tried[" ".join(settings.values())] = statistics.median(other)
                if statistics.median(other) < statistics.median(seconds):
                    best, seconds = settings, other
        return {
            **request, "tool": "torch", "settings": best, "seconds": [round(value, 8) for value in seconds],
            "median": round(statistics.median(seconds), 8), "fastest": round(min(seconds), 8),
            "tried": {name: round(value, 8) for name, value in tried.items()},
        }


def table(peer, options):
    for task in options.tasks:
        for implementation in TASKS[task][1]:
            for threads in options.threads:
                request = {"task": task, "implementation": implementation, "threads": threads,
                           "compile": options.compile, "seconds": options.seconds, "runs": options.runs}
                answer = peer.answer(request)
                answer["runs"] = len(answer.pop("seconds"))
                print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=DEFAULTS["seconds"])
    parser.add_argument("--runs", type=int, default=DEFAULTS["runs"])
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if sys.platform.startswith("linux") and not KEEP_MEMORY.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **KEEP_MEMORY})
    if options.table:
        return table(Peer(), options)
    peer = Peer()
    print(json.dumps({"ready": True, "tasks": {task: entry[1] for task, entry in TASKS.items()}}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(peer.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
