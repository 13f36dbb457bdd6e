"""
Time the simulators: steps per second, policy included, and the parts of PyBullet's time.

The simulators take turns, so that other work on the machine slows all of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from measuring import keep, Spread

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, Task, TASKS
from rstdp_ros.tasks.pybullet.world import World
from rstdp_ros.tasks.stepped import stepped, SteppedTask

STOCK = {'cartpole': 'CartPole-v1', 'acrobot': 'Acrobot-v1'}
SEED = 300_000_000


def forms(task: Task) -> dict[str, Task]:
    """Return the forms of a task."""
    return {'equations, compiled': task, 'equations, step by step': stepped(task, task.env_id),
            f"Gymnasium's {STOCK[task.name]}": stepped(task, STOCK[task.name]),
            'PyBullet': get_task(task.name, 'pybullet')}


def seconds_per_step(task: Task, network: SpikingQNetwork, episodes: int) -> float:
    """Run whole episodes with the network."""
    steps = sum(len(task.episode(network, SEED + i).rasters) for i in range(episodes))
    begin = perf_counter()
    task.returns(network, range(SEED, SEED + episodes))
    return (perf_counter() - begin) / steps


class Timed:
    """A function that counts the seconds spent in it."""

    def __init__(self, function: Callable) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments: object) -> object:
        """Call it."""
        begin = perf_counter()
        try:
            return self.function(*arguments)
        finally:
            self.seconds += perf_counter() - begin


def shares(task: SteppedTask, network: SpikingQNetwork, episodes: int) -> dict[str, float]:
    """Return the shares of the parts of episodes in PyBullet, measured in one run."""
    world = World(task)
    task.plant.env.unwrapped._world = world
    for name in ('build', 'advance', 'read'):
        setattr(world, name, Timed(getattr(world, name)))
    policy = Timed(network.infer)
    network.infer = policy
    begin = perf_counter()
    task.returns(network, range(SEED, SEED + episodes))
    total = perf_counter() - begin
    del network.infer
    parts = {'the bodies in motion (Bullet)': world.advance, 'building them per episode':
             world.build, 'reading the joints': world.read, 'the policy': policy}
    known = {what: part.seconds / total for what, part in parts.items()}
    return {**known, 'all else in Python': 1.0 - sum(known.values())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5, help='(default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=5, help='per round and simulator '
                        '(default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    options = parser.parse_args()
    results: dict[str, dict[str, Spread]] = {}
    for name, task in TASKS.items():
        network = SpikingQNetwork.load(model_path(f'{name}_0'))
        known = forms(task)
        times: dict[str, list[float]] = {form: [] for form in known}
        for _ in range(options.rounds):
            for form, other in known.items():
                times[form].append(seconds_per_step(other, network, options.episodes))
        print(f'{name}: steps per second, median of {options.rounds} rounds')
        results[name] = {form: Spread.of([1.0 / t for t in samples])
                         for form, samples in times.items()}
        for form, rate in results[name].items():
            print(f'  {form:30s} {rate}')
        for part, share in shares(known['PyBullet'], network, options.episodes).items():
            print(f'    {part:30s} {share:8.0%}')
    keep(options.json, 'simulators', results)


if __name__ == '__main__':
    main()
