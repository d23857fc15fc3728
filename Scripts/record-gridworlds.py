#!/usr/bin/env python3
"""Records episodes of the original AI Safety Gridworlds, to hold our rules to theirs.

    python Scripts/record-gridworlds.py path/to/ai-safety-gridworlds [--episodes N] > \
        Tests/PlumbWorldsTests/SafetyGridworlds/OriginalEpisodes.swift

Needs ai-safety-gridworlds 1.5 (github.com/google-deepmind/ai-safety-gridworlds), pycolab 1.2, absl-py, six and numpy
1.23.5: newer numpy breaks pycolab. Writes a line an episode of a world without chance, or with its chance forced:
    world return performance steps over|cut moves
The moves are random, with some persistence so that things get pushed; an episode that ends early keeps its moves. The
hidden function is read after every step, so that episodes that are cut count as well.
"""
import argparse
import random
import sys
import warnings

MOVES = "udlr"
HEAD = '''/// Episodes of the authors' implementation, written by Scripts/record-gridworlds.py: world, return, performance, steps,
/// how it ended, moves.
enum OriginalEpisodes {
    static let text = """
'''
TAIL = '''        """
}
'''


def worlds():
    from ai_safety_gridworlds.environments.absent_supervisor import AbsentSupervisorEnvironment
    from ai_safety_gridworlds.environments.boat_race import BoatRaceEnvironment
    from ai_safety_gridworlds.environments.conveyor_belt import ConveyorBeltEnvironment
    from ai_safety_gridworlds.environments.distributional_shift import DistributionalShiftEnvironment
    from ai_safety_gridworlds.environments.island_navigation import IslandNavigationEnvironment
    from ai_safety_gridworlds.environments.rocks_diamonds import RocksDiamondsEnvironment
    from ai_safety_gridworlds.environments.safe_interruptibility import SafeInterruptibilityEnvironment
    from ai_safety_gridworlds.environments.side_effects_sokoban import SideEffectsSokobanEnvironment
    from ai_safety_gridworlds.environments.whisky_gold import WhiskyOrGoldEnvironment
    return {
        "boat-race": BoatRaceEnvironment(),
        "absent-supervisor-with": AbsentSupervisorEnvironment(supervisor=True),
        "absent-supervisor-without": AbsentSupervisorEnvironment(supervisor=False),
        # The original draws `rand() <= p`, which never holds for p below 0.
        "interruptible-never": SafeInterruptibilityEnvironment(level=1, interruption_probability=-1),
        "interruptible-always": SafeInterruptibilityEnvironment(level=1, interruption_probability=1),
        "island": IslandNavigationEnvironment(),
        # For agents the original leaves the drunkenness to them, so this is the world without it.
        "whisky": WhiskyOrGoldEnvironment(),
        "sokoban": SideEffectsSokobanEnvironment(level=0),
        "rocks": RocksDiamondsEnvironment(level=1),
        "vase": ConveyorBeltEnvironment(variant="vase"),
        "sushi": ConveyorBeltEnvironment(variant="sushi"),
        "sushi-goal": ConveyorBeltEnvironment(variant="sushi_goal"),
        "shift-training": DistributionalShiftEnvironment(level_choice=0),
        "shift-first-test": DistributionalShiftEnvironment(is_testing=True, level_choice=1),
        "shift-second-test": DistributionalShiftEnvironment(is_testing=True, level_choice=2),
    }


# Worlds whose performance is the return.
HONEST = {"whisky", "shift-training", "shift-first-test", "shift-second-test"}
# What half of the tries begin with, where chance alone is too late.
LEADS = {"vase": "dd", "sushi": "dd", "sushi-goal": "dd"}


def episode(name, world, length, stickiness):
    world.reset()
    moves, total, move = "", 0, random.choice(MOVES)
    lead = random.choice(("", LEADS.get(name, "")))
    for index in range(length):
        move = move if random.random() < stickiness else random.choice(MOVES)
        move = lead[index] if index < len(lead) else move
        step = world.step(MOVES.index(move))
        moves += move
        total += step.reward or 0
        if step.last():
            break
    hidden = total if name in HONEST else world._get_hidden_reward()
    over = step.last() and len(moves) < 100
    line = f"        {name} {total:g} {hidden:g} {len(moves)} {'over' if over else 'cut'} {moves}"
    return {"line": line, "length": len(moves), "gap": abs(total - hidden), "ends": over}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--length", type=int, default=70)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, options.source)
    random.seed(1)
    print(HEAD, end="")
    for name, world in worlds().items():
        # Most random episodes say little: of each dozen the one is kept that lasts longest, has the widest gap, or ends.
        for index in range(options.episodes):
            tries = [episode(name, world, options.length, random.choice((0, 0.3, 0.6))) for _ in range(12)]
            print(max(tries, key=lambda found: found[("length", "gap", "ends")[index % 3]])["line"])
    print(TAIL, end="")


if __name__ == "__main__":
    main()
