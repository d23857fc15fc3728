#!/usr/bin/env python3
"""Times deep Q-learning on the cart-pole in PyTorch. One JSON request a line on stdin, one JSON line back on stdout:

    echo '{"seed": 1, "steps": 5000}' | python dqn_torch.py

The algorithm is that of Plumbline's `DQN` with the settings of `AgentBench.swift`: one lane; at each step an action, by
the network or, with a probability that falls in a line, at random; the step goes into a ring of replayed steps; after
`horizon` steps `updates` times a batch drawn with equal probability, double-DQN targets of the rewards of up to
`return_steps` steps and the value of what they led to, Huber's loss and Adam, whose rate falls in a line; every
`target_every` steps the network is copied to the target network. Episodes are cut off after `limit` steps, which is no
end: the value of the last state counts.

The cart-pole is plain Python (numpy is slower on four numbers), the replayed steps are numpy arrays, the sums of rewards
are kept as steps come in rather than made when they are drawn, acting is without gradients, and Adam is the kind that is
found fastest beforehand. Gradients are set to none; the loss is not read.

A request is a JSON object; what it leaves out has a default:
    seed, threads          1, 1
    steps                  the most steps to make (100,000)
    goal                   ends training at this mean return over the last 100 episodes; null for never
    optimizer              fused | foreach | loop; without it the fastest is looked for
    settings               what differs from the defaults below
The answer has `seconds`, the whole of training; `steps`, `updates`, `episodes`, `reached`; and `last_return`.
"""
import collections
import json
import math
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SETTINGS = {
    "hidden": 64, "batch": 64, "horizon": 1, "updates": 1, "discount": 0.99, "return_steps": 10, "capacity": 50_000,
    "warmup": 1_000, "target_every": 200, "first": 1.0, "last": 0.04, "explore": 5_000, "double": True, "rate": 1e-3,
    "rate_steps": 60_000, "rate_floor": 0.02, "limit": 200,
}
OPTIMIZERS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}
ANGLE = 12 * math.pi / 180


class CartPole:
    """Barto, Sutton, Anderson 1983, with Gymnasium's constants."""

    def __init__(self, random, limit):
        self.random, self.limit = random, limit

    def start(self):
        self.steps = 0
        self.state = tuple(self.random.uniform(-0.05, 0.05) for _ in range(4))
        return self.state

    def step(self, action):
        x, v, angle, spin = self.state
        sine, cosine = math.sin(angle), math.cos(angle)
        pull = ((10.0 if action else -10.0) + 0.05 * spin * spin * sine) / 1.1
        turn = (9.8 * sine - pull * cosine) / (0.5 * (4.0 / 3 - 0.1 * cosine * cosine / 1.1))
        push = pull - 0.05 * turn * cosine / 1.1
        self.state = (x + 0.02 * v, v + 0.02 * push, angle + 0.02 * spin, spin + 0.02 * turn)
        self.steps += 1
        over = not (abs(self.state[0]) <= 2.4 and abs(self.state[2]) <= ANGLE)
        return self.state, over, not over and self.steps >= self.limit


class Replay:
    """A ring of steps; each holds the rewards of the steps that followed it in its episode, up to `span` in all."""

    def __init__(self, capacity, width, span, discount):
        self.seen, self.next = np.zeros((capacity, width), np.float32), np.zeros((capacity, width), np.float32)
        self.actions, self.rewards = np.zeros(capacity, np.int64), np.zeros(capacity, np.float32)
        # What the value of what followed counts: nothing where the episode was over.
        self.counts = np.zeros(capacity, np.float32)
        self.capacity, self.count, self.place = capacity, 0, 0
        self.open, self.powers = collections.deque(maxlen=span), [discount ** k for k in range(span + 1)]

    def add(self, seen, action, reward, following, over, cut):
        i, powers = self.place, self.powers
        self.seen[i], self.actions[i], self.rewards[i] = seen, action, 0
        self.open.append(i)
        for k, j in enumerate(reversed(self.open)):
            self.rewards[j] += powers[k] * reward
            self.counts[j] = 0 if over else powers[k + 1]
        self.next[list(self.open)] = following
        if over or cut:
            self.open.clear()
        self.place = (i + 1) % self.capacity
        self.count = min(self.count + 1, self.capacity)

    def sample(self, size, random):
        rows = random.integers(0, self.count, size)
        return [torch.from_numpy(part[rows]) for part in (
            self.seen, self.actions, self.rewards, self.next, self.counts)]


def network(hidden):
    return nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2))


def train(request, settings, optimizer):
    torch.manual_seed(request["seed"])
    chance, numbers = random.Random(request["seed"]), np.random.default_rng(request["seed"])
    online, target = network(settings["hidden"]), network(settings["hidden"])
    target.load_state_dict(online.state_dict())
    adam = torch.optim.Adam(online.parameters(), lr=settings["rate"], **OPTIMIZERS[optimizer])
    replay = Replay(settings["capacity"], 4, settings["return_steps"], settings["discount"])
    world = CartPole(chance, settings["limit"])
    fall = (settings["last"] - settings["first"]) / settings["explore"]
    seen, total, returns, updates, reached, step = world.start(), 0.0, [], 0, False, 0
    begun = time.perf_counter()
    while step < request["steps"]:
        for _ in range(settings["horizon"]):
            explore = settings["first"] + fall * min(step, settings["explore"])
            if chance.random() < explore:
                action = chance.randrange(2)
            else:
                with torch.inference_mode():
                    action = int(online(torch.tensor([seen])).argmax())
            following, over, cut = world.step(action)
            replay.add(seen, action, 1.0, following, over, cut)
            seen, total, step = following, total + 1, step + 1
            if over or cut:
                returns.append(total)
                seen, total = world.start(), 0.0
                if request["goal"] is not None and len(returns) >= 100:
                    reached = sum(returns[-100:]) / 100 >= request["goal"]
        if step >= settings["warmup"]:
            done = min(1.0, (step - settings["horizon"]) / settings["rate_steps"])
            adam.param_groups[0]["lr"] = settings["rate"] * (1 - (1 - settings["rate_floor"]) * done)
            for _ in range(settings["updates"]):
                observations, actions, rewards, next_, counts = replay.sample(settings["batch"], numbers)
                with torch.no_grad():
                    values = target(next_)
                    if settings["double"]:
                        best = values.gather(1, online(next_).argmax(1, keepdim=True)).squeeze(1)
                    else:
                        best = values.max(1).values
                    targets = rewards + counts * best
                chosen = online(observations).gather(1, actions.unsqueeze(1)).squeeze(1)
                loss = F.smooth_l1_loss(chosen, targets)
                adam.zero_grad(set_to_none=True)
                loss.backward()
                adam.step()
                updates += 1
            every = settings["target_every"]
            if (step - settings["horizon"]) // every < step // every:
                target.load_state_dict(online.state_dict())
        if reached:
            break
    return {
        "seconds": time.perf_counter() - begun, "steps": step, "updates": updates, "episodes": len(returns),
        "reached": reached, "last_return": sum(returns[-100:]) / max(1, len(returns[-100:])),
    }


def answer(request):
    request = {"seed": 1, "threads": 1, "steps": 100_000, "goal": 195.0, "settings": {}, **request}
    unknown = set(request["settings"]) - set(SETTINGS)
    if unknown:
        return {**request, "error": f"no such setting: {', '.join(sorted(unknown))}"}
    torch.set_num_threads(request["threads"])
    settings = {**SETTINGS, **request["settings"]}
    optimizer, tried = request.get("optimizer"), {}
    if optimizer is None:
        brief = {**request, "steps": settings["warmup"] + 2_000, "goal": None}
        tried = {name: train(brief, settings, name)["seconds"] for name in OPTIMIZERS}
        optimizer = min(tried, key=tried.get)
    return {**request, **train(request, settings, optimizer), "tool": "torch", "optimizer": optimizer, "tried": tried}


def main():
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
