#!/usr/bin/env python3
"""Times steps of the original AI Safety Gridworlds by random actions; one request and answer a line.

    echo '{"task": "world-boat-race"}' | python gridworlds_pycolab.py path/to/ai-safety-gridworlds

Needs google-deepmind/ai-safety-gridworlds 1.5, pycolab 1.2, absl-py, six and numpy 1.23.5: with newer numpy pycolab
fails.
A request is a JSON object:
    task      world-boat-race or world-sokoban
    seconds   to spend on each of the runs (2.0)
    runs      timed runs after a warm-up (1)
The answer holds `steps_per_second`, one a run. An episode that is over begins anew; that and drawing the actions, many
at a time, are part of the time.
"""
import json
import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
if len(sys.argv) != 2:
    sys.exit(__doc__)
sys.path.insert(0, sys.argv[1])
from ai_safety_gridworlds.environments.boat_race import BoatRaceEnvironment  # noqa: E402
from ai_safety_gridworlds.environments.side_effects_sokoban import SideEffectsSokobanEnvironment  # noqa: E402

TASKS = {"world-boat-race": BoatRaceEnvironment, "world-sokoban": lambda: SideEffectsSokobanEnvironment(level=0)}


def rate(world, seconds):
    steps, start = 0, time.perf_counter()
    world.reset()
    while time.perf_counter() - start < seconds:
        for action in np.random.randint(4, size=200):
            if world.step(action).last():
                world.reset()
        steps += 200
    return steps / (time.perf_counter() - start)


def main():
    worlds = {}
    print(json.dumps({"ready": True, "numpy": np.__version__, "pycolab": "1.2"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["task"] not in TASKS:
            print(json.dumps({"error": f"no task {request['task']}: have {', '.join(TASKS)}"}), flush=True)
            continue
        world = worlds.setdefault(request["task"], TASKS[request["task"]]())
        rate(world, 0.2)
        rates = [rate(world, request.get("seconds", 2.0)) for _ in range(request.get("runs", 1))]
        print(json.dumps({"steps_per_second": rates}), flush=True)


if __name__ == "__main__":
    main()
