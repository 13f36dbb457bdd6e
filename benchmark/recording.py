"""
Compare the steps per second of the graph with and without a recorder, and replay its bags.

Other work on the machine slows everything, so the graphs take turns, and the ratio counts. Every
bag must hold every message and replay to the recorded weights; its replay is timed, too.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
import os
from pathlib import Path
from statistics import median
import sys
from tempfile import TemporaryDirectory
from time import monotonic

from lockstep import MANY, steps_per_second, TASK

from rstdp_ros.bags.events import learning_events
from rstdp_ros.bags.inspection import Inspector
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.replay import Replay, Step
from rstdp_ros.bags.topics import STORAGES
from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.support.endings import TERMINATED, TRUNCATED
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

BAG = 'bag'
WITHOUT = 'without'
GOAL, REPLAY_GOAL = 0.7, 10.0


def graph(folder: Path, storage: str) -> list[NodeDescription]:
    """Describe the demo's graph, with a recorder unless storage is ``WITHOUT``."""
    recording = {} if storage == WITHOUT else {'record': True, 'bag': str(folder / BAG),
                                               'storage': storage}
    return describe_graph(TASK, {
        **get_task(TASK).demo_physics, **recording,
        'strategy': 'rstdp', 'episodes': MANY, 'run_dir': str(folder),
        'model': str(model_path(f'{TASK}_0').resolve())})


def replay(path: Path) -> tuple[list[Step], float]:
    """Replay a bag; return its episodes and the steps per second, opening the bag included."""
    begin = monotonic()
    with Bag(path) as bag:
        steps = list(Replay().steps(learning_events(bag, Counter())))
        return steps, bag.counts['spikes'] / (monotonic() - begin)


def replay_rate(path: Path) -> float:
    """
    Return the steps per second of a correct replay.

    :raises RstdpError: the weights differ from the recorded ones, or messages are missing.
    """
    steps, rate = replay(path)
    if not steps or not all(step.equal for step in steps):
        raise RstdpError(f'{path}: {sum(s.equal for s in steps)} of {len(steps)} episodes equal')
    with Bag(path) as bag:
        for episode in Inspector(bag).inspect().episodes:
            # The return of a cart-pole is the number of its steps.
            if (episode.end in (TERMINATED, TRUNCATED)
                    and episode.observations < episode.episode_return):
                raise RstdpError(f'{path}: episode {episode.episode_id} lacks observations')
    print(f'  {path.parent.name}: {len(steps)} episodes replayed bit for bit, {rate:.0f} steps/s')
    return rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5, help='of all graphs, taking turns '
                        '(default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=40, help='measured per round '
                        '(default: %(default)s)')
    parser.add_argument('--warm-up', type=int, default=10, help='episodes before them '
                        '(default: %(default)s)')
    options = parser.parse_args()
    live: dict[str, list[float]] = {kind: [] for kind in (WITHOUT, *STORAGES)}
    replays: list[float] = []
    with TemporaryDirectory(prefix='rstdp_recording_') as name:
        for number in range(options.rounds):
            for kind in live:
                folder = Path(name, f'{kind}_{number}')
                live[kind].append(steps_per_second(graph(folder, kind), folder, options.warm_up,
                                                   options.episodes))
                if kind != WITHOUT:
                    if not replays:
                        replay(folder / BAG)  # loads the kernels
                    replays.append(replay_rate(folder / BAG))
            print(f'round {number + 1}: ' + ', '.join(
                f'{kind} {rates[-1]:.0f} steps/s' for kind, rates in live.items()), flush=True)
    report(live, replays)


def report(live: dict[str, list[float]], replays: Sequence[float]) -> None:
    """Print the medians and the ratios' ranges."""
    for kind in STORAGES:
        ratios = [recorded / plain for recorded, plain in zip(live[kind], live[WITHOUT])]
        print(f'{kind:8} {median(live[kind]):6.0f} steps/s, {median(ratios):.2f} of those without '
              f'(from {min(ratios):.2f} to {max(ratios):.2f}; goal {GOAL:g} or more)')
    per_round = len(STORAGES)
    speed = [rate / live[WITHOUT][i // per_round] for i, rate in enumerate(replays)]
    print(f'replay   {median(replays):6.0f} steps/s, {median(speed):.1f} times the live graph '
          f'without recorder (from {min(speed):.1f}; goal {REPLAY_GOAL:g} or more), '
          f'{os.cpu_count()} cores')


if __name__ == '__main__':
    try:
        main()
    except RstdpError as error:
        sys.exit(f'recording: {error}')
