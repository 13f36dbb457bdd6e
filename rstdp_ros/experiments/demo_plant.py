"""
Whether guarded r-STDP helps on the demo's plant, and whether it is the rule that helps.

Every shipped network adapts from several seeds, once by r-STDP and once by random updates of the
same norm under the same guard. Both are measured on starts that served for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import csv
import io
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rstdp_ros import seeds
from rstdp_ros.atomic import write_atomically
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.experiments.report import summary
from rstdp_ros.plasticity import GuardParameters, preset
from rstdp_ros.resources import share_path
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task

NETWORKS = 3
RUNS = 5
# Far enough apart that no two runs share a start.
SEED_STRIDE = 1000
EPISODES = 100
HELD_OUT_STARTS = 1000
RULES = ('rstdp', 'random')


class Result(NamedTuple):
    """A row: one network, one seed, one rule; returns are means over held-out starts."""

    network: int
    seed: int
    rule: str
    before: float
    after: float

    @property
    def gain(self) -> float:
        """How much better the deployed network is than the first one."""
        return self.after - self.before


def jobs(task: Task, episodes: int = EPISODES) -> Iterator[tuple[int, Adaptation]]:
    """List every run as (network, what to do)."""
    physics = task.make_physics(task.demo_physics)
    networks = [SpikingQNetwork.load(share_path(f'models/{task.name}_{i}.npz'))
                for i in range(NETWORKS)]
    for i, k, rule in product(range(NETWORKS), range(RUNS), RULES):
        yield i, Adaptation(task, networks[i], physics, seeds.ADAPTATION + SEED_STRIDE * k,
                            episodes, preset('default', task.name), rule, 'snapshot',
                            GuardParameters())


def run(network: int, adaptation: Adaptation, starts: int = HELD_OUT_STARTS) -> Result:
    """Adapt and measure."""
    learner, _ = adapt(adaptation)
    measured = summary(adaptation, learner.deployed, starts)
    return Result(network, adaptation.seed, adaptation.rule, measured.before, measured.after)


def write_csv(results: Iterable[Result], path: Path) -> None:
    """Write a row per run."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator='\n').writerows([Result._fields, *results])
    write_atomically(path, buffer.getvalue().encode())


def report(results: list[Result]) -> str:
    """Say what came out: every pair, the gains, and the paired difference to the control."""
    pairs = list(zip(*([r for r in results if r.rule == rule] for rule in RULES)))
    lines = [f'{"network":>8} {"seed":>10} {"before":>8} {"r-STDP":>8} {"random":>8}']
    lines += [f'{a.network:8d} {a.seed:10d} {a.before:8.1f} {a.after:8.1f} {b.after:8.1f}'
              for a, b in pairs]
    for rule, column in zip(RULES, zip(*pairs)):
        gains = np.array([result.gain for result in column])
        lines.append(f'{rule}: median gain {np.median(gains):.1f}, least {gains.min():.1f}, '
                     f'most {gains.max():.1f}')
    difference = np.array([a.after - b.after for a, b in pairs])
    low, high = interval(difference)
    lines.append(f'r-STDP minus random, paired: mean {difference.mean():.1f}, '
                 f'95 % interval {low:.1f} to {high:.1f} (bootstrap over {len(pairs)} pairs)')
    return '\n'.join(lines)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean."""
    from scipy.stats import bootstrap
    result = bootstrap((values,), np.mean, method='BCa', rng=np.random.default_rng(0))
    return result.confidence_interval.low, result.confidence_interval.high
