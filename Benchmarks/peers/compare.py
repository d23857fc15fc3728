#!/usr/bin/env python3
"""Times Plumbline and its peers turn about, and writes the table.

    python compare.py measure GROUP --bench plumb-bench --model MODEL.gguf [--gemma GEMMA.gguf] --results results.jsonl
    python compare.py table --results results.jsonl --out benchmarks.md

GROUP is sweep, forward-gpt2, forward-smollm2, decode, gemma, training, sparse, circuits, worlds, agents, choices, tuning,
cold, error, growth or all; gemma is the sweep and the decoding of Gemma 3 270M, sparse a step of a sparse autoencoder,
circuits the scores of edges, choices TruthfulQA's multiple-choice questions, tuning what TRL and nanogcg do. Each measurement is appended to the results as
one JSON line, so that groups can be measured one at a time; a later line replaces an earlier one of the same
measurement. Run it with the python in which the peers are installed.
"""
import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from attacks_table import line as attack_line
from resident import Resident

HERE = os.path.dirname(os.path.abspath(__file__))
CHOICES = 100
CLEAN = "When Mary and John went to the store, John gave a drink to"
FIRST = {
    "clean": "John and Mary went to the store together, and then John gave a drink to",
    "corrupted": "Mary and Mary went to the store together, and then John gave a drink to",
}
GROUPS = ["sweep", "forward-gpt2", "forward-smollm2", "decode", "gemma", "training", "sparse", "circuits", "worlds", "agents",
          "choices", "tuning", "cold", "error", "growth"]
# Title, target against the first implementation, turns a round, and our repeats and the peer's seconds in a turn.
TRAINING = {
    "train-gpt2": ("GPT-2's shape, 8×128", 2, 2, 1, 0.1),
    "train-grokking": ("grokking model, 3,830 rows", 2, 3, 3, 0.5),
    "train-transformer": ("2-layer transformer, 32×64", 2, 3, 5, 0.5),
    "train-mlp": ("MLP 64-128-64-10, 64 rows", 8, 5, 200, 0.2),
    "train-convnet": ("conv net, 128 images of 28×28", 1, 3, 20, 0.3),
}

# What it is called, and how many times as fast it shall be.
EDGES = {
    "eap": ("edge attribution patching, GPT-2's shape, 16 tokens", 10),
    "eap-ig": ("edge attribution patching by five gradients (EAP-IG), the same", 10),
    "paths": ("path patching, GPT-2's shape, 16 tokens, a path from head to head", 20),
}

# What it is called, how many times as fast it shall be, and the peer's package.
TUNING = {
    "tune-sft": ("step of supervised fine-tuning, SmolLM2, LoRA of rank 8, 4×256", 1.5, "trl"),
    "tune-dpo": ("step of DPO, SmolLM2, LoRA of rank 8, 4 pairs of 256 tokens", 1.5, "trl"),
    "rollouts": ("16 completions of 48 tokens after 32, SmolLM2", 4, "transformers"),
    "gcg": ("step of GCG, SmolLM2, 512 candidates, suffix of 20 tokens", 3, "nanogcg"),
}


class Session:
    def __init__(self, options):
        self.options = options
        self.ours = Resident([options.bench, "serve", "--model", options.model])

    def peer(self, script, *arguments):
        return Resident([sys.executable, os.path.join(HERE, script), *arguments])

    def record(self, what, threads, unit, target, ours, peer=None, peer_name=None, **details):
        row = {
            "what": what, "threads": threads, "unit": unit, "target": target, "ours": ours, "peer": peer,
            "peer_name": peer_name, "date": datetime.date.today().isoformat(), **details,
        }
        with open(self.options.results, "a") as results:
            results.write(json.dumps(row) + "\n")
        shown = f"{what}, {threads} threads: {statistics.median(ours):.4g} {unit}"
        print(shown + (f" against {statistics.median(peer):.4g}" if peer else ""), flush=True)

    def peak(self, threads):
        return max(self.ours.ask(task="peak", threads=threads, repeats=5)["series"]["gigaflops"])

    def gemma(self):
        if not self.options.gemma:
            print("Gemma 3 is left out, since --gemma does not name its GGUF", flush=True)
            return
        rest = (self.ours, self.options.model)
        self.options.model = self.options.gemma
        self.ours = Resident([self.options.bench, "serve", "--model", self.options.gemma])
        self.sweep(of=", Gemma 3 270M", plans=1)
        self.decode(of=", Gemma 3 270M")
        self.ours.close()
        self.ours, self.options.model = rest

    def sweep(self, of="", plans=None):
        peer = self.peer("sweep_transformer_lens.py", self.options.model)
        asked = [
            ("sweep of resid_pre, the pair", {}, {}, 100, 2),
            ("sweep of resid_pre, first token differs", {"pair": "first-token"}, FIRST, 15, 2),
            ("sweep of z by head", {"site": "z"}, {"site": "z"}, None, 2),
            ("sweep of resid_pre, the pair", {}, {}, 100, 1),
        ]
        for what, mine, theirs, target, threads in asked[:plans]:
            ours, other, answer = [], [], None
            for _ in range(self.options.rounds):
                answer = self.ours.ask(task="sweep", threads=threads, repeats=3, **mine)
                ours += answer["series"]["seconds"]
                other += peer.ask(threads=threads, **theirs)["seconds"]
                ours += self.ours.ask(task="sweep", threads=threads, repeats=3, **mine)["series"]["seconds"]
            version = importlib.metadata.version("transformer-lens")
            self.record(
                what + of, threads, "s", target, ours, other, f"TransformerLens {version}", **answer["details"])
        peer.close()
        self.batched_sweep(of)

    def batched_sweep(self, of):
        """The pair beside entoscope, which patches several cells in a batch; its fastest width is looked for before."""
        try:
            version = importlib.metadata.version("entoscope")
        except importlib.metadata.PackageNotFoundError:
            print("entoscope is not installed here: it is left out", flush=True)
            return
        peer = self.peer("sweep_entoscope.py", self.options.model)
        for threads in (1, 2):
            width = min((8, 16, 32, 64), key=lambda batch: min(peer.ask(threads=threads, batch=batch)["seconds"]))
            ours, other = [], []
            for _ in range(self.options.rounds):
                ours += self.ours.ask(task="sweep", threads=threads, repeats=3)["series"]["seconds"]
                other += peer.ask(threads=threads, batch=width)["seconds"]
            self.record(
                f"sweep of resid_pre, the pair{of}, against entoscope", threads, "s", None, ours, other,
                f"entoscope {version}, {width} cells a batch")
        peer.close()

    def forward(self, model):
        peer = self.peer("forward_transformers.py", "--gguf", self.options.model)
        for shape, target in (([1, 16], 3.5), ([8, 128], 2.3), ([1, 1024], 2.3)):
            for threads in (1, 2):
                ours, other = [], []
                for _ in range(self.options.rounds):
                    request = {"model": model, "shape": shape, "threads": threads}
                    answer = self.ours.ask(task="forward", repeats=7 if shape == [1, 16] else 2, **request)
                    ours += answer["series"]["seconds"]
                    least = {"seconds": 1.0, "runs": 2} if shape == [1, 16] else {"seconds": 0.1, "runs": 2}
                    other += peer.ask(**request, **least)["seconds"]
                rounded, other_rounded = [], []
                for _ in range(self.options.rounds):
                    rounded += self.ours.ask(task="forward", repeats=3, arithmetic="bfloat16", **request)[
                        "series"]["seconds"]
                    other_rounded += peer.ask(**request, **least, arithmetic="bfloat16")["seconds"]
                details = {**answer["details"], "bfloat16": rounded, "peak": self.peak(threads)}
                name = f"transformers {importlib.metadata.version('transformers')}"
                what = f"forward, {model}, {shape[0]}×{shape[1]}"
                self.record(what, threads, "s", target, ours, other, name, **details)
                self.record(f"bfloat16 {what}", threads, "s", 1.3, rounded, other_rounded, f"{name}, bfloat16")
        peer.close()

    def bandwidth(self, threads):
        """The rate at which the memory is read, in bytes a second: the best of several."""
        return max(self.ours.ask(task="bandwidth", threads=threads, repeats=7)["series"]["bytes_per_second"])

    def decode(self, of=""):
        peers = {"transformers": self.peer("decode_transformers.py", self.options.model)}
        try:
            importlib.metadata.version("llama-cpp-python")
            peers["llama-cpp-python"] = self.peer("decode_llama_cpp.py", self.options.model)
        except importlib.metadata.PackageNotFoundError:
            print("llama-cpp-python is not installed here: llama.cpp is left out", flush=True)
        for threads in (1, 2):
            rates = {name: {"decode_rate": [], "prompt_rate": []} for name in [*peers, "ours"]}
            bandwidth = 0
            for _ in range(self.options.rounds):
                bandwidth = max(bandwidth, self.bandwidth(threads))
                answer = self.ours.ask(task="decode", threads=threads, repeats=3)
                memory = {"bandwidth": bandwidth, **answer["details"]}
                for figure, values in answer["series"].items():
                    rates["ours"][figure] += values
                for name, peer in peers.items():
                    repeats, new = (1, 32) if name == "transformers" else (3, 64)
                    answer = peer.ask(threads=threads, repeats=repeats, new=new)
                    for figure in ("decode_rate", "prompt_rate"):
                        rates[name][figure] += answer[figure]
            for name in peers:
                title = f"{name} {importlib.metadata.version(name)}"
                is_target = name != "transformers"
                self.record(
                    f"decoding after 512 tokens{of}, against {name}", threads, "tokens/s", 1.5 if is_target else None,
                    rates["ours"]["decode_rate"], rates[name]["decode_rate"], title, **memory)
                self.record(
                    f"prompt of 512 tokens{of}, against {name}", threads, "tokens/s", 2.5 if is_target else None,
                    rates["ours"]["prompt_rate"], rates[name]["prompt_rate"], title)
        for peer in peers.values():
            peer.close()

    def training(self):
        """A step is forward, backward and the optimizer's; the peer's best settings are looked for beforehand."""
        refused = self.ours.try_asking(task="train-mlp", threads=1, repeats=1).get("error")
        if refused:
            print(f"training is left out, since this plumb-bench has none: {refused}", flush=True)
            return
        peer = self.peer("train_torch.py")
        for task, (title, target, *_) in TRAINING.items():
            for index, implementation in enumerate(peer.greeting["tasks"][task]):
                for threads in (1, 2):
                    request = {"task": task, "implementation": implementation, "threads": threads}
                    self.training_turns(peer, request, title, None if index else target)
                    if implementation == "module" and task in ("train-gpt2", "train-transformer"):
                        self.training_turns(peer, {**request, "arithmetic": "bfloat16"}, title, 1.3)
        peer.close()

    def training_turns(self, peer, request, title, target):
        _, _, turns, repeats, seconds = TRAINING[request["task"]]
        brief = {**request, "seconds": seconds, "runs": 2}
        settings = peer.ask(**brief)["settings"]
        ours, other, answer = [], [], None
        for _ in range(turns * self.options.rounds):
            mine = {key: value for key, value in request.items() if key != "implementation"}
            answer = self.ours.ask(**mine, repeats=repeats)
            ours += answer["series"]["seconds"]
            other += peer.ask(**brief, settings=settings)["seconds"]
        name = f"torch {importlib.metadata.version('torch')}, {request['implementation']}"
        what = f"training step, {title}, against {request['implementation']}"
        if request.get("arithmetic") == "bfloat16":
            what, name = f"bfloat16 {what}", f"{name}, bfloat16"
        details = {**answer["details"], "settings": settings}
        self.record(
            what, request["threads"], "s", target, ours, other, f"{name}, {', '.join(settings.values())}", **details)
        if self.options.compile:
            compiled = peer.ask(**brief, settings=settings, compile=True)["seconds"]
            self.record(f"{what}, compiled", request["threads"], "s", None, ours, compiled, f"{name}, torch.compile")

    def worlds(self):
        """Gridworld steps a second on one core; the original needs a python of its own, since it needs an old numpy."""
        if not (self.options.gridworlds_python and self.options.gridworlds_source):
            print("the original gridworlds are left out, since --gridworlds-python and --gridworlds-source do not name "
                  "them", flush=True)
            return
        script = os.path.join(HERE, "gridworlds_pycolab.py")
        peer = Resident([self.options.gridworlds_python, script, self.options.gridworlds_source])
        for task, title in (("world-boat-race", "boat race"), ("world-sokoban", "sokoban side effects")):
            ours, other = [], []
            for _ in range(3 * self.options.rounds):
                ours += self.ours.ask(task=task, threads=1, repeats=2)["series"]["steps_per_second"]
                other += peer.ask(task=task, seconds=2.0)["steps_per_second"]
            self.record(
                f"gridworld, {title}", 1, "steps/s", None, ours, other,
                f"pycolab {peer.greeting['pycolab']}, numpy {peer.greeting['numpy']}")
        peer.close()

    def sparse(self):
        python = self.options.saelens_python
        if not python:
            print("SAELens is left out, since --saelens-python does not name its python", flush=True)
            return
        peer = Resident([python, os.path.join(HERE, "train_sae_lens.py")])
        name = f"SAELens {peer.greeting['version']}"
        repeats = 8 * self.options.rounds
        answer = self.ours.ask(task="train-sae", threads=2, repeats=repeats)
        other = peer.ask(threads=2, repeats=repeats)
        errors = {"ours": answer["series"]["unexplained"], "peer": other["unexplained"]}
        self.record(
            "training step of a sparse autoencoder, 4,096 rows, TopK 32 of 16,384", 2, "s", 3, answer["series"]["seconds"],
            other["seconds"], f"{name}, {'sparse' if other['sparse'] else 'dense'} activations", unexplained=errors)
        peer.close()

    def circuits(self):
        """Scores of edges and paths between heads beside CircuitKit and TransformerLens, on one checkpoint of GPT-2's shape;
        then ours alone on the language model."""
        if self.options.circuitkit_python:
            with tempfile.TemporaryDirectory() as folder:
                self.edges(folder)
        else:
            print("CircuitKit is left out, since --circuitkit-python does not name its python", flush=True)
        for task in ("eap", "eap-ig", "random-circuits", "paths"):
            for threads in (1, 2):
                answer = self.ours.ask(task=task, threads=threads, repeats=3 * self.options.rounds)
                self.record(f"edges: {task}", threads, "s", None, answer["series"]["seconds"], **answer["details"])

    def edges(self, folder):
        peer = Resident([self.options.circuitkit_python, os.path.join(HERE, "circuits_circuitkit.py"), folder])
        mine = Resident([self.options.bench, "serve", "--model", folder])
        for task in ("eap", "eap-ig"):
            ours = mine.ask(task=f"{task}-scores", pair="shared", repeats=1)["series"]["scores"]
            theirs = peer.ask(task=task, scores=True)["scores"]
            self.compare(task, ours, theirs)
        self.compare(
            "paths", mine.ask(task="path-values", pair="shared", repeats=1)["series"]["values"],
            peer.ask(task="paths", repeats=36, scores=True)["values"])
        for task, (what, target) in EDGES.items():
            for threads in (1, 2):
                ours, theirs = [], []
                for _ in range(self.options.rounds):
                    answer = mine.ask(task=task, pair="shared", threads=threads, repeats=3)
                    ours += [seconds / answer["details"].get("timed", 1) for seconds in answer["series"]["seconds"]]
                    theirs += peer.ask(task=task, threads=threads, repeats=20 if task == "paths" else 2)["seconds"]
                name = "TransformerLens 3.8.0, a forward pass each" if task == "paths" else "CircuitKit 0.2.0"
                self.record(what, threads, "s", target, ours, theirs, name, **answer["details"])
        mine.close()
        peer.close()

    def compare(self, task, ours, theirs):
        """Ends the run where equal scores differ by more than 1e-4 of the greatest."""
        if len(ours) != len(theirs):
            raise SystemExit(f"{task}: {len(ours)} scores here and {len(theirs)} there")
        greatest = max(map(abs, theirs))
        gap = max(abs(first - second) for first, second in zip(ours, theirs)) / greatest
        print(f"{task}: {len(ours)} scores differ by {gap:.2g} of the greatest, {greatest:.3g}", flush=True)
        if gap > 1e-4:
            raise SystemExit(f"{task}: equal edges have other scores")
        self.record(f"gap: {task}", 2, "of the greatest", None, [gap])

    def agents(self):
        """Deep Q-learning on the cart-pole with one thread: turns seed by seed, the same settings on both sides. Torch is
        given the kind of Adam that is found fastest beforehand."""
        peer = self.peer("dqn_torch.py")
        name = f"torch {importlib.metadata.version('torch')}"
        optimizer = peer.ask(seed=1, threads=1, steps=1, goal=None)["optimizer"]
        seeds = range(11, 11 + max(5, self.options.rounds))  # the settings were chosen on seeds 0 to 4
        steps, ours, other = 5_000, [], []
        for seed in seeds:
            answer = self.ours.ask(task="agent-dqn-steps", threads=1, repeats=1, seed=seed, steps=steps)
            ours += answer["series"]["seconds_per_step"]
            other.append(peer.ask(seed=seed, threads=1, steps=steps, goal=None, optimizer=optimizer)["seconds"] / steps)
        self.record("DQN on the cart-pole, a step with its update", 1, "s", 5, ours, other, f"{name}, {optimizer}")
        mine, theirs, solved = [], [], {"ours": 0, "peer": 0}
        for seed in seeds:
            answer = self.ours.ask(task="agent-dqn", threads=1, repeats=1, seed=seed)
            mine += answer["series"]["seconds"]
            solved["ours"] += int(answer["details"]["reached"])
            answer = peer.ask(seed=seed, threads=1, steps=100_000, optimizer=optimizer)
            theirs.append(answer["seconds"])
            solved["peer"] += int(answer["reached"])
        what = "DQN on the cart-pole to a mean return of 195"
        self.record(what, 1, "s", 5, mine, theirs, f"{name}, {optimizer}", solved=solved)
        answer = self.ours.ask(task="agent-ppo", threads=1, repeats=len(mine), seed=seeds[0])
        self.record(
            what.replace("DQN", "PPO"), 1, "s", None, answer["series"]["seconds"],
            solved={"ours": int(answer["details"]["reached"])})
        peer.close()

    def choices(self):
        """Questions scored by the log-probabilities of options: ours is the time of the whole process, loading and
        controls included, the peer's that of scoring alone."""
        if not self.options.questions:
            print("multiple-choice questions are left out, since --questions does not name TruthfulQA's file", flush=True)
            return
        plumb = os.path.join(os.path.dirname(os.path.abspath(self.options.bench)), "plumb")
        peer = self.peer("choices_transformers.py", self.options.model, self.options.questions)
        batch = min((1, 4, 16), key=lambda size: peer.ask(limit=10, batch=size)["seconds"])
        for threads in (1, 2):
            ours, theirs = [], []
            for _ in range(self.options.rounds):
                answer = peer.ask(limit=CHOICES, batch=batch, threads=threads)
                theirs.append(answer["seconds"])
                for _ in range(2):
                    with tempfile.TemporaryDirectory() as folder:
                        command = [plumb, "eval", self.options.questions, "--model", self.options.model, "--limit",
                                   str(CHOICES), "--threads", str(threads), "--out", folder, "--json"]
                        start = time.perf_counter()
                        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                        ours.append(time.perf_counter() - start)
                found = {metric["name"]: metric["value"] for metric in json.loads(output)["metrics"]}
                for name in ("choice", "mass"):
                    if abs(found[name] - answer[name]) > 1e-3:
                        raise SystemExit(f"{name} is {found[name]} here and {answer[name]} in transformers")
            self.record(
                f"multiple choice, {CHOICES} questions of TruthfulQA", threads, "s", 5, ours, theirs,
                f"transformers {importlib.metadata.version('transformers')}, {batch} options a batch")
        peer.close()

    def tuning(self):
        """Steps of fine-tuning beside TRL, rollouts beside transformers, a step of GCG beside nanogcg. Each side runs in a
        process of its own for each line, so that its memory is known."""
        for task, (what, target, package) in TUNING.items():
            python = (self.options.nanogcg_python or sys.executable) if task == "gcg" else sys.executable
            script = [python, os.path.join(HERE, "language_models.py"), self.options.model]
            asked = [{"batch": size, "prefix": True} for size in (32, 128, 512)] if task == "gcg" else [{}]
            for threads in (1, 2):
                mine, peer = Resident([self.options.bench, "serve", "--model", self.options.model]), Resident(script)
                width = min(asked, key=lambda extra: min(
                    peer.ask(task=task, threads=threads, repeats=1, **extra)["seconds"])) if len(asked) > 1 else {}
                ours, theirs = [], []
                for _ in range(self.options.rounds):
                    answer = mine.ask(task=task, threads=threads, repeats=3)
                    ours += answer["series"]["seconds"]
                    other = peer.ask(task=task, threads=threads, repeats=3, **width)
                    theirs += other["seconds"]
                details = {"peer_megabytes": other["megabytes"], **answer["details"]}
                if task == "gcg":
                    losses = [mine.ask(task="gcg-losses", threads=threads, repeats=1)["series"]["losses"],
                              peer.ask(task="gcg-losses", threads=threads)["losses"]]
                    details["gap"] = max(abs(first - second) for first, second in zip(*losses))
                    print(f"losses of equal suffixes differ by {details['gap']:.2g} at most", flush=True)
                if "megabytes" in answer["details"]:
                    print(f"{answer['details']['megabytes']:.0f} MB against {other['megabytes']:.0f} MB", flush=True)
                name = f"{package} {other['version']}"
                self.record(what, threads, "s", target, ours, theirs, name, **details)
                mine.close()
                peer.close()
        answer = self.ours.ask(task="ppo", threads=2, repeats=2 * self.options.rounds)
        self.record("round of PPO", 2, "s", None, answer["series"]["seconds"], writing=answer["series"]["writing"])

    def cold(self):
        answer = self.ours.ask(task="cold", threads=2, repeats=5)
        plumb = os.path.join(os.path.dirname(os.path.abspath(self.options.bench)), "plumb")
        command = [plumb, "predict", "--model", self.options.model, "--text", CLEAN]
        # A process counts the memory of the one that started it until it is itself: start it from a small one.
        counting = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, "
                    "check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        peak = subprocess.run(
            [sys.executable, "-c", counting, *command], capture_output=True, text=True, check=True).stdout
        unit = 1 if sys.platform == "darwin" else 1024
        answer["details"]["peak_megabytes"] = int(peak) * unit / 1e6
        start = time.perf_counter()
        script = os.path.join(HERE, "cold_predict_transformers.py")
        output = subprocess.run(
            [sys.executable, script, self.options.model, CLEAN], capture_output=True, text=True, check=True).stdout
        other = [time.perf_counter() - start]
        self.record(
            "predict, process start to answer", 2, "s", None, answer["series"]["seconds"], other,
            f"transformers {importlib.metadata.version('transformers')}", **answer["details"],
            peer_megabytes=json.loads(output)["peak_bytes"] / 1e6)

    def error(self):
        """How far bfloat16 log-probabilities are from float32's, over the whole vocabulary and its likely part."""
        plumb = os.path.join(os.path.dirname(os.path.abspath(self.options.bench)), "plumb")
        values = []
        for arithmetic in ("float32", "bfloat16"):
            output = subprocess.run(
                [plumb, "predict", "--model", self.options.model, "--text", CLEAN, "--top", "1000000", "--json",
                 "--arithmetic", arithmetic], capture_output=True, text=True, check=True).stdout
            values.append({entry["token"]: entry["logprob"] for entry in json.loads(output)["next"]})
        exact, rounded = values
        gaps = [abs(exact[token] - rounded[token]) for token in exact]
        likely = [abs(exact[token] - rounded[token]) for token in exact if exact[token] > -7]
        self.record("bfloat16 error", 2, "nats", None, gaps and [max(gaps)], likely=max(likely))

    def growth(self):
        peak = {threads: self.peak(threads) for threads in (1, 2)}
        plans = [(f"GPT-2's shape, {n} layers, 16 tokens", {"model": "gpt2", "layers": n, "shape": [1, 16]})
                 for n in (3, 6, 12)]
        plans += [(f"SmolLM2, {n} tokens", {"shape": [1, n]}) for n in (8, 16, 32, 64)]
        plans += [(f"SmolLM2, {n} pairs of 16 tokens", {"shape": [n, 16]}) for n in (2, 4)]
        for what, request in plans:
            answer = self.ours.ask(task="sweep", pair="random", threads=2, repeats=2, **request)
            details = {**answer["details"], "peak": peak[2]}
            self.record(f"growth: {what}", 2, "s", None, answer["series"]["seconds"], **details)

    def measure(self, group):
        if group.startswith("forward-"):
            self.forward(group.removeprefix("forward-"))
        else:
            getattr(self, group)()


def processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def spread(values, unit):
    """The median with the least and the greatest, in the unit that spares zeros."""
    middle, scale, name = statistics.median(values), 1, unit
    if unit == "s" and middle < 1e-3:
        scale, name = 1e6, "µs"
    elif unit == "s" and middle < 1:
        scale, name = 1e3, "ms"
    elif middle >= 1e6:
        scale, name = 1e-6, f"M {unit}"
    values = [value * scale for value in values]
    return f"{number(statistics.median(values))} {name} ({number(min(values))}–{number(max(values))})"


def comparison(row):
    """A line of the table beside the peers."""
    ours, peer = statistics.median(row["ours"]), statistics.median(row["peer"])
    ratio = peer / ours if row["unit"] == "s" else ours / peer
    target, met = "", ""
    if row["target"]:
        target = f"≥ {row['target']}"
        met = "yes" if ratio >= row["target"] else "no"
    if row["what"].startswith("predict"):
        target = "≤ 1.5 s, ≤ 1.2 GB"
        met = "yes" if ours <= 1.5 and row["peak_megabytes"] <= 1200 else "no"
    if row["what"].startswith("gridworld"):
        target = "≥ 5,000,000 steps/s"
        met = "yes" if ours >= 5e6 else "no"
    what = row["what"].split(", against")[0]
    if "solved" in row:
        what += (f", with {row['solved']['ours']} of {len(row['ours'])} seeds (peer: {row['solved']['peer']} of "
                 f"{len(row['peer'])})")
    cells = [
        what, row["threads"], spread(row["ours"], row["unit"]),
        spread(row["peer"], row["unit"]), row["peer_name"], f"{number(ratio)}×", target, met,
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


EXPECTED = [("sweep of resid_pre, the pair", 2), ("sweep of resid_pre, the pair", 1),
            ("sweep of resid_pre, first token differs", 2), ("sweep of z by head", 2)]
EXPECTED += [(f"forward, {model}, {shape}", threads) for model in ("gpt2", "smollm2")
             for shape in ("1×16", "8×128", "1×1024") for threads in (1, 2)]
EXPECTED += [(f"bfloat16 {what}", threads) for what, threads in EXPECTED if what.startswith("forward")]
EXPECTED += [("sweep of resid_pre, the pair, Gemma 3 270M", 2)]
EXPECTED += [(f"sweep of resid_pre, the pair{of}, against entoscope", threads)
             for of in ("", ", Gemma 3 270M") for threads in (1, 2)]
EXPECTED += [(f"gridworld, {title}", 1) for title in ("boat race", "sokoban side effects")]
EXPECTED += [(f"multiple choice, {CHOICES} questions of TruthfulQA", threads) for threads in (1, 2)]
EXPECTED += [(what, threads) for what, *_ in TUNING.values() for threads in (1, 2)]
EXPECTED += [(what, threads) for what, _ in EDGES.values() for threads in (1, 2)]
EXPECTED += [("DQN on the cart-pole, a step with its update", 1)]
EXPECTED += [("training step of a sparse autoencoder, 4,096 rows, TopK 32 of 16,384", 2)]
EXPECTED_TRAINING = {"train-gpt2": ["module", "transformers"], "train-grokking": ["every-position", "last-position"]}
EXPECTED += [(f"bfloat16 training step, {TRAINING[task][0]}, against module", threads)
             for task in ("train-gpt2", "train-transformer") for threads in (1, 2)]
EXPECTED += [(f"training step, {title}, against {implementation}", threads) for task, (title, *_) in TRAINING.items()
             for implementation in EXPECTED_TRAINING.get(task, ["module"]) for threads in (1, 2)]

HEAD = """# Benchmarks

Written by `make bench PEERS=/path/to/python` (`Benchmarks/peers/compare.py`). Both sides hold the same weights, get the
same number of threads and take turns; figures are medians, with least and greatest in brackets. {date}; {processor},
{cores} cores, {system}. Torch {torch}; every peer's version stands in its line.

## Beside the peers

| what | threads | Plumbline | peer | version of the peer | ratio | target | met |
|---|--:|--:|--:|---|--:|--:|---|"""

NOTES = """
Training: forward, backward and the optimizer's step (Adam for the MLP and the conv net, else AdamW), float32, torch in
eager mode with the settings found fastest, which its line names (kind of attention, layout, kind of Adam), and with a C
library that keeps freed memory. In the lines with bfloat16 torch holds parameters, activations and gradients in it; ours
rounds what the forward pass multiplies, and computes gradients in float32. The first kind of a model is the one that the target is for. The grokking model
computes the queried position only; its second kind gives torch the same saving. Torch's two threads wait for each other
busily: on a machine that does anything else its figures with two threads grow by an order of magnitude and mean nothing.
Deep Q-learning: one thread, the same algorithm and settings on both sides, one seed a turn; a step is the world's, the
choice of the action and one update. What training to a goal takes depends on the seed: least and greatest are of seeds,
and a seed that had not reached the goal after 100,000 steps counts with what it took until then.{ppo}
Sweeps: TransformerLens runs one full forward pass a cell, on the same GGUF in float32; both give the same values to
within 2e-3. Entoscope runs the same cells in batches of the width that was found fastest, caches of both runs included;
its values are TransformerLens's to within 1e-6. Forward passes: float32, logits at every position, the better of torch's
two kinds of attention. Multiple choice by log-probability: ours is the whole process, with loading, the scripted controls
and the record, the peer's the scoring alone, a whole pass an option; the scores agree to within 1e-3.
Fine-tuning: whole steps of TRL's trainers without gradient checkpoints, the reference's log-probabilities computed
beforehand on both sides; each side in a process of its own.{tuning} GCG: the gradient, 512 draws of one token, those
dropped that are not cut into the same tokens again, and the losses of the rest, the prompt's keys and values kept by
both sides; nanogcg in the batches that were found fastest.{suffixes}{edges}
Decoding: llama.cpp multiplies quantized weights with activations that it rounds to 8 bits; Plumbline multiplies the
exactly dequantized weights in float32, which costs more arithmetic and gives the model's own log-probabilities.
llama.cpp's lines are open to doubt: this project's reference figures for the same version and file are 143 and 169
tokens/s decoding at 1 and 2 threads, 239 and 463 for the prompt. Where its measured line is far below them, the cause
is not known, and "met" holds for the measured ratio only; compare our absolute figures with the reference as well.
Gridworlds: random actions on one core, drawing them and beginning new episodes included; ours in a batch of 64
episodes, the original one episode at a time, as it comes.
Cold start: the model file is in the system's cache for both; ours peaks at {ours_mb} MB, the peer at {peer_mb} MB.
"""

FRACTION = """
## How much of the machine a forward pass uses

The rate is that of our own packed float32 product, 1024 × 1024 × 4096, the best of several in the same run.

| what | threads | GFLOP/s | product alone | fraction | of the peer: GFLOP/s | bfloat16, by name |
|---|--:|--:|--:|--:|--:|--:|"""

LIMIT = """
What bounds the ratios at 8×128 and 1×1024: on a processor that runs AVX-512 at half width (Zen 4) the float32 peak is
two 256-bit multiply-adds a cycle, about 114 GFLOP/s a core on the one used here, and torch's library already reaches 54
to 63 % of it there. No float32 product can then be 2.3 times faster; at the very peak the ratio would be 1.6 to 1.9 with
one thread, and SmolLM2's 4.3 GFLOP of 16 tokens would take 38 ms. A machine with full-width AVX-512 has room for it. The
same bound holds for training steps.

`--arithmetic bfloat16` goes past the float32 peak by rounding activations and weights to 8 bits of mantissa before each
product, and is asked for by name and written in the record: on the pair's clean prompt its log-probabilities are off by
up to {error} nats over the whole vocabulary, {likely} among tokens above one in a thousand.
"""

MEMORY = """
## How much of the memory's rate decoding uses

A token reads every weight once: those of the blocks and of the unembedding, as they are stored. The memory's rate is
that of reading 256 MB with the same threads, the best of several in the same run. Gemma's file holds Q5_0, Q4_K and Q6_K
beside Q8_0; Q5_0 is held as Q8_0 and the other two as bytes with scales, so that more bytes are read than are stored.

| what | threads | bytes a token | tokens/s | GB/s | memory alone: GB/s | fraction |
|---|--:|--:|--:|--:|--:|--:|"""

ATTACKS = """
## Attacks on a classifier

`Benchmarks/peers/attacks.py`: a perceptron 64-128-64-10 and the 360 test digits, the same steps, queries and targets on
both sides. Accuracy is what is left under the attack, at the radius and in the norm named. Seconds are of the
attack alone.

| attack | threads | Plumbline | peer | version of the peer | ratio | target | met | accuracy | of the peer |
|---|--:|--:|--:|---|--:|--:|---|--:|--:|"""

ATTACKS_LIMIT = """
What bounds these ratios: PGD's 40 steps are 1.5 GFLOP of float32 products. Divided by the rate of the product alone, in
the table above, that is the least time that gradients of this network take in float32.

Square: torchattacks draws no square that touches the last row or the last column, so that more of these small digits
survive. With those squares included its accuracy is 0.447 to 0.458 (seeds 0 to 2; 0.553 to 0.564 without).
"""

GROWTH = """
## How a sweep's cost grows

`resid_pre`, every layer × position, two threads; the prompts differ in the middle token. Patched runs start at their
layer and position, so work grows with layers² × positions²; computed cells are those causality does not decide.
The product's rate is measured once, beforehand: where the machine was slower at that moment, a part exceeds 100 %.

| what | cells | computed | row-blocks | time | µs a row-block | fraction of the product's rate |
|---|--:|--:|--:|--:|--:|--:|"""


def edges_note(rows):
    """What is said of edges: how near the scores are, and our times on the language model."""
    found = {(row["what"].partition(": ")[2], row["threads"]): row for row in rows
             if row["what"].startswith(("edges: ", "gap: "))}
    times = {task: [found[task, threads] for threads in (1, 2)] for task in ("eap", "eap-ig", "random-circuits", "paths")
             if (task, 1) in found and found[task, 1]["unit"] == "s"}
    if len(times) < 4:
        return ""
    gaps = [row["ours"][0] for row in rows if row["what"].startswith("gap: ")]

    def both(task):
        return " and ".join(
            spread([seconds * row.get("paths", 1) / row.get("timed", 1) for seconds in row["ours"]], "s")
            for row in times[task])

    circuits, edges, paths = times["random-circuits"], times["eap"][0], times["paths"][0]
    near = (f" Equal edges and paths have scores that differ by {max(gaps):.1e} of the greatest at most. CircuitKit's texts are "
            "tokens here, and its weights neither folded nor centered; a path is timed as one forward pass in which one head is "
            "patched, without the passes of the prompts." if gaps else "")
    return (f"\nEdges:{near} On SmolLM2's pair of {edges['tokens']:.0f} tokens, with one thread and two: the scores of its "
            f"{edges['edges']:,.0f} edges {both('eap')} (asked: 1 s), by five gradients {both('eap-ig')} (asked: 6 s); 200 "
            f"circuits of 3 % of the edges {both('random-circuits')}, {circuits[0]['times_faster']:.1f} and "
            f"{circuits[1]['times_faster']:.1f} times as fast as a forward pass each (asked: 20); the {paths['paths']:,.0f} paths "
            f"from head to head {both('paths')}, by {paths['timed']:.0f} of them, evenly spaced.")


def table(options):
    rows = {}
    with open(options.results) as lines:
        for line in lines:
            row = json.loads(line)
            rows[row["what"], row["threads"]] = row
    rows = list(rows.values())
    compared = [row for row in rows if row["peer"]]
    cold = next((row for row in rows if row["what"].startswith("predict")), None)
    lines = [HEAD.format(
        date=max(row["date"] for row in rows), processor=processor(), cores=os.cpu_count(),
        system=platform.system(), torch=importlib.metadata.version("torch"))]
    lines += [comparison(row) for row in compared]
    if options.note:
        lines.append(f"\n{options.note}")
    measured = {(row["what"], row["threads"]) for row in rows}
    missing = [f"{what} ({threads})" for what, threads in EXPECTED if (what, threads) not in measured]
    if missing:
        lines.append("\nNot measured in this run (threads in brackets): " + "; ".join(missing) + ".")
    ppo = next((row for row in rows if row["what"].startswith("PPO")), None)
    memory = [f"{row['what'].split(',')[0]} {number(row['megabytes'])} MB against {number(row['peer_megabytes'])}"
              for row in rows if row["what"].startswith("step of") and "megabytes" in row and row["threads"] == 2]
    gap = max((row["gap"] for row in rows if "gap" in row), default=None)
    rounds = next((row for row in rows if row["what"] == "round of PPO"), None)
    suffixes = f" Equal suffixes have losses that differ by {gap:.1e} at most." if gap is not None else ""
    if rounds:
        suffixes += (f"\nA round of PPO on 16 completions of 48 tokens takes {spread(rounds['ours'], 's')} with two threads, "
                     f"{spread(rounds['writing'], 's')} of it for writing them; the rest is four passes of updates.")
    lines.append(NOTES.format(
        edges=edges_note(rows),
        tuning=f" The most memory held, with two threads: {'; '.join(memory)}." if memory else "", suffixes=suffixes,
        ppo=f"\nPPO, which has no peer here, reached it with {ppo['solved']['ours']} of {len(ppo['ours'])} seeds in "
            f"{spread(ppo['ours'], 's')}." if ppo else "",
        ours_mb=number(cold["peak_megabytes"]) if cold else "?",
        peer_mb=number(cold["peer_megabytes"]) if cold else "?"))
    lines.append(FRACTION.strip("\n"))
    for row in rows:
        if row["what"].startswith("forward"):
            ours, peer = statistics.median(row["ours"]), statistics.median(row["peer"])
            rate = row["gigaflops"]
            bf16 = statistics.median(row["bfloat16"])
            lines.append(
                f"| {row['what']} | {row['threads']} | {number(rate)} | {number(row['peak'])} | "
                f"{100 * rate / row['peak']:.0f} % | {number(rate * ours / peer)} | "
                f"{spread(row['bfloat16'], 's')}, {number(peer / bf16)}× the peer |")
    error = next((row for row in rows if row["what"] == "bfloat16 error"), None)
    if error:
        lines.append(LIMIT.format(error=number(error["ours"][0]), likely=number(error["likely"])))
    lines.append("\n" + MEMORY.strip("\n"))
    for row in rows:
        if "bandwidth" in row and row["peer_name"].startswith("transformers"):
            rate = statistics.median(row["ours"])
            what = row["what"].split(", against")[0]
            lines.append(
                f"| {what} | {row['threads']} | {row['token_bytes'] / 1e6:.1f} MB | {number(rate)} | "
                f"{rate * row['token_bytes'] / 1e9:.1f} | {row['bandwidth'] / 1e9:.1f} | "
                f"{100 * rate * row['token_bytes'] / row['bandwidth']:.0f} % |")
    if options.attacks:
        with open(options.attacks) as file:
            attacks = json.load(file)["rows"]
        lines += ["\n" + ATTACKS.strip("\n"), *map(attack_line, attacks), ATTACKS_LIMIT.rstrip("\n")]
    lines.append("\n" + GROWTH.strip("\n"))
    for row in rows:
        if row["what"].startswith("growth"):
            seconds = statistics.median(row["ours"])
            lines.append(
                f"| {row['what'].removeprefix('growth: ')} | {row['cells']:.0f} | {row['computed']:.0f} | "
                f"{row['row_blocks']:,.0f} | {spread(row['ours'], 's')} | {1e6 * seconds / row['row_blocks']:.1f} | "
                f"{100 * row['fraction']:.0f} % |")
    with open(options.out, "w") as out:
        out.write("\n".join(lines) + "\n")
    print(f"wrote {options.out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("measure")
    measure.add_argument("group", choices=[*GROUPS, "all"])
    measure.add_argument("--bench", required=True)
    measure.add_argument("--model", required=True)
    measure.add_argument("--gemma", help="gemma: the GGUF of Gemma 3 270M")
    measure.add_argument("--rounds", type=int, default=1)
    measure.add_argument("--gridworlds-python", help="worlds: a python with pycolab and the numpy that it needs")
    measure.add_argument("--gridworlds-source", help="worlds: a copy of google-deepmind/ai-safety-gridworlds")
    measure.add_argument("--questions", help="choices: TruthfulQA's mc_task.json")
    measure.add_argument("--saelens-python", help="sparse: a python with sae-lens, which needs another transformer-lens")
    measure.add_argument("--circuitkit-python", help="circuits: a python with circuitkit, which needs another transformer-lens")
    measure.add_argument("--nanogcg-python", help="tuning: a python with nanogcg, where it needs another transformers")
    measure.add_argument("--compile", action="store_true", help="training: against torch.compile as well")
    measure.add_argument("--results", required=True)
    writer = commands.add_parser("table")
    writer.add_argument("--results", required=True)
    writer.add_argument("--attacks", help="what attacks.py --out wrote: the attacks' lines")
    writer.add_argument("--out", required=True)
    writer.add_argument("--note", help="a remark about this run, printed under the table")
    options = parser.parse_args()
    if options.command == "table":
        return table(options)
    session = Session(options)
    for group in GROUPS if options.group == "all" else [options.group]:
        session.measure(group)
    session.ours.close()


if __name__ == "__main__":
    main()
