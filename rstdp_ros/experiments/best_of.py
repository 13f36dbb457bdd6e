"""
The paper's protocol: adapt for 250 episodes, measure after each, keep the best weights.

Choosing the best of 250 on the same starts that are then reported flatters any rule, even a random
one. So each outcome is measured again on held-out starts, and the number of episodes on the plant
is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.experiments.measuring import first_returns
from rstdp_ros.experiments.study import load
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task, Task

# Few starts at a time, so that a hopeless network is recognised early.
CHUNK = 5


@dataclass(frozen=True)
class BestOf:
    """
    One run of the protocol, in plain values: it can be hashed, stored and sent to a worker.

    :param model: network file, or the name of a shipped one.
    :param digest: of that network, so that results are never attributed to another one.
    :param physics: parameters that differ from the task's defaults.
    :param rule: a name in ``STRATEGIES``.
    :param seed: adaptation episode i starts from seed + i.
    :param labels: labels of the rows.
    """

    task: str
    model: str
    digest: str
    physics: Mapping[str, float | str]
    rule: str
    preset: str
    seed: int
    episodes: int = 250
    selection_starts: int = 100
    held_out_starts: int = 1000
    labels: Mapping[str, Any] = field(default_factory=dict)


def run(job: BestOf) -> list[dict[str, Any]]:
    """
    Run a job.

    :return: a row for the selection starts and one for the held-out starts; ``before`` and
        ``after`` are mean returns of the first and the best network, ``default`` that of the first
        one on default physics, ``difference_std`` the standard deviation of the paired
        differences; ``plant_episodes`` counts adaptation and selection.
    """
    task = get_task(job.task)
    network = load(job)
    physics = task.make_physics(job.physics)
    selection = _Selection(task, physics, seeds.block(seeds.SELECTION, job.selection_starts))
    best, best_mean, best_episode = network, selection.mean(network), 0
    learner = Learner(network, Recipe.of(job.task, job.seed, job.rule, 'none', job.preset))
    # Nothing can beat a perfect mean: the remaining episodes would change nothing.
    while learner.episode < job.episodes and best_mean < task.reward.best:
        running = learner.running
        learner.learn(*next_episode(task, learner, physics))
        if learner.running.digest != running.digest:
            mean = selection.mean_if_above(learner.running, best_mean)
            if mean is not None:
                best, best_mean, best_episode = learner.running, mean, learner.episode
    row = {**job.labels, 'task': job.task, 'preset': job.preset,
           'rule': job.rule, 'seed': job.seed, 'episodes': learner.episode,
           'best_episode': best_episode, 'plant_episodes': learner.episode + selection.episodes,
           'best_digest': best.digest,
           'distance': best.distance(network)}
    held_out = seeds.block(seeds.HELD_OUT, job.held_out_starts)
    return [{**row, 'starts': name, **_compare(job, physics, best, starts)} for name, starts in
            (('selection', selection.starts), ('held-out', held_out))]


def _compare(job: BestOf, physics: Any, best: SpikingQNetwork, starts: range) -> dict[str, Any]:
    """Measure the first and the best network on the same starts."""
    before = first_returns(job.task, job.model, physics, starts)
    default = first_returns(job.task, job.model, get_task(job.task).physics(), starts)
    after = get_task(job.task).returns(best, starts, physics)
    return {'count': len(starts), 'default': float(default.mean()), 'before': float(before.mean()),
            'after': float(after.mean()), 'default_std': float(default.std(ddof=1)),
            'before_std': float(before.std(ddof=1)), 'after_std': float(after.std(ddof=1)),
            'difference_std': float((after - before).std(ddof=1))}


class _Selection:
    """Mean returns on the selection starts, stopped early if they cannot matter."""

    def __init__(self, task: Task, physics: Any, starts: range) -> None:
        self.task, self.physics, self.starts = task, physics, starts
        self.episodes = 0

    def mean(self, network: SpikingQNetwork) -> float:
        """Return the mean over all starts."""
        mean = self.mean_if_above(network, -np.inf)
        assert mean is not None
        return mean

    def mean_if_above(self, network: SpikingQNetwork, bar: float) -> float | None:
        """
        Return the mean over all starts if it exceeds the bar, else None.

        Episodes that can no longer lift the mean above the bar are not run. Returns are whole
        numbers, so sums are exact and the order does not matter.
        """
        total, count = 0.0, len(self.starts)
        for i in range(0, count, CHUNK):
            chunk = self.starts[i:i + CHUNK]
            total += self.task.returns(network, chunk, self.physics).sum()
            self.episodes += len(chunk)
            possible = total + (count - i - len(chunk)) * self.task.reward.best
            if possible <= bar * count:
                return None
        return float(total / count)
