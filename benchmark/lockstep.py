"""
Compare the steps per second of the real graph with those of a bare one (see ``bare.py``).

Other work on the machine slows both, so they take turns, and the ratio counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
import json
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from measuring import keep, ratio, Spread

from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.plasticity.run import EPISODES
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

TASK = 'cartpole'
# Nothing to learn: every episode has all its steps.
HALF_LENGTH = 0.5
MANY = 1_000_000
GOAL, COMPOSED_GOAL = 0.85, 3.0
# Short against the time of a measurement, long against that of a check.
POLL_PERIOD = 0.01
PATIENCE = 60.0


class BareDescription(NodeDescription):
    """A node of the bare graph."""

    @property
    def module(self) -> str:
        """The module that runs it, found through PYTHONPATH."""
        return 'bare'


def real_graph(folder: Path, **more: bool) -> list[NodeDescription]:
    """
    Describe environment, policy and adaptation as the demo does.

    :param more: further launch arguments.
    """
    return describe_graph(TASK, {
        **more,
        # The fastest strategy: only the cost of steps is measured.
        'strategy': 'rstdp', 'pole_half_length': HALF_LENGTH, 'episodes': MANY,
        'run_dir': str(folder),
        'model': str(model_path(f'{TASK}_0').resolve())})


def bare_graph(folder: Path) -> list[NodeDescription]:
    """Describe the three processes of the bare graph."""
    return [BareDescription(role, {'role': role, 'log': str(folder / EPISODES)})
            for role in ('environment', 'policy', 'adaptation')]


def environment() -> dict[str, str]:
    """Keep to this machine, apart from other graphs, and let ``bare`` be found."""
    paths = [str(Path(__file__).resolve().parent), os.environ.get('PYTHONPATH', '')]
    return {'ROS_DOMAIN_ID': str(150 + os.getpid() % 50),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            'PYTHONPATH': os.pathsep.join(filter(None, paths))}


class Log:
    """
    The lines of an episode log while it grows; bare and real graph write one per episode.

    :param path: of the log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def count(self) -> int:
        """Count the complete lines."""
        return self.path.read_bytes().count(b'\n') if self.path.exists() else 0

    def wait(self, supervisor: Supervisor, episodes: int) -> float:
        """
        Wait for a number of lines and return the time at which they were there.

        :raises RstdpError: a node died or the graph makes no progress.
        """
        seen, since = -1, monotonic()
        while True:
            count, now = self.count(), monotonic()
            if count >= episodes:
                return now
            if count > seen:
                seen, since = count, now
            if events := supervisor.poll():
                raise RstdpError('; '.join(events))
            if now - since > PATIENCE:
                raise RstdpError(f'no episode within {PATIENCE:g} s; see the logs beside '
                                 f'{self.path}')
            sleep(POLL_PERIOD)

    def steps(self, first: int, last: int) -> int:
        """Sum the steps of the episodes from first to last; a bare line is a full episode."""
        full = get_task(TASK).max_episode_steps
        lines = self.path.read_text().splitlines()[first:last]
        # The return of a cart-pole is the number of its steps.
        return round(sum(json.loads(line).get('return', full) for line in lines))


def steps_per_second(nodes: Sequence[NodeDescription], folder: Path, warm_up: int, episodes: int,
                     prepare: Callable[[Supervisor, Log], None] = lambda *graph: None) -> float:
    """
    Run a graph for a while and return its steps per second, warm-up not counted.

    :param prepare: called before it is measured.
    """
    log = Log(folder / EPISODES)
    with Supervisor(nodes, folder, environment=environment()) as supervisor:
        log.wait(supervisor, warm_up)
        prepare(supervisor, log)
        # Start from a fresh line, so that both ends of the time lie equally close to one.
        first = log.count() + 1
        start = log.wait(supervisor, first)
        end = log.wait(supervisor, first + episodes)
    return log.steps(first, first + episodes) / (end - start)


def read_options(document: str) -> argparse.Namespace:
    """Read the command line of a benchmark whose docstring this is."""
    parser = argparse.ArgumentParser(description=document.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5, help='of all graphs, taking turns '
                        '(default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=40, help='measured per round '
                        '(default: %(default)s)')
    parser.add_argument('--warm-up', type=int, default=10, help='episodes before them '
                        '(default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = read_options(__doc__)
    graphs = {'real': real_graph, 'composed': partial(real_graph, composed=True),
              'bare': bare_graph}
    rates: dict[str, list[float]] = {kind: [] for kind in graphs}
    with TemporaryDirectory(prefix='rstdp_lockstep_') as name:
        for number in range(options.rounds):
            for kind, graph in graphs.items():
                folder = Path(name, f'{kind}_{number}')
                rates[kind].append(steps_per_second(graph(folder), folder, options.warm_up,
                                                    options.episodes))
            print(f'round {number + 1}, steps per second: ' + ', '.join(
                f'{kind} {rates[kind][-1]:.0f}' for kind in graphs), flush=True)
    results = {'steps per second': Spread.of(rates['real']),
               'of a bare graph': Spread.of(rates['bare']),
               'ratio': ratio(rates['bare'], rates['real']),
               'in one process': Spread.of(rates['composed']),
               'against three': ratio(rates['real'], rates['composed'])}
    for what, spread in results.items():
        print(f'{what:16s} {spread}')
    print(f'goals: a ratio of {GOAL:g}, in one process {COMPOSED_GOAL:g} times as many')
    keep(options.json, 'lockstep', results)


if __name__ == '__main__':
    try:
        main()
    except RstdpError as error:
        sys.exit(f'lockstep: {error}')
