"""
The paper's protocol: adapt for 250 episodes, measure after each, keep the best weights.

Choosing the best of 250 on the very starts that are then reported flatters any rule, random ones
included. So each outcome is measured again on held-out starts, and says how many episodes on the
plant it took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rstdp_ros import seeds
from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.plasticity import GuardParameters, preset
from rstdp_ros.resources import model_path
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import get_task, Task

# So few starts at a time that a hopeless network is found out early.
CHUNK = 5


@dataclass(frozen=True)
class BestOf:
    """
    One run of the protocol, in plain values: it can be hashed, stored and sent to a worker.

    :param model: network file, or the name of a shipped one.
    :param physics: parameters that differ from the task's defaults.
    :param rule: a name in ``RULES``, or 'none'.
    :param seed: adaptation episode i starts from seed + i.
    :param labels: what the rows are to be called by.
    """

    task: str
    model: str
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
        ``after`` are mean returns.
    """
    task = get_task(job.task)
    network = SpikingQNetwork.load(model_path(job.model))
    physics = task.make_physics(job.physics)
    selection = _Selection(task, physics, seeds.block(seeds.SELECTION, job.selection_starts))
    best, best_mean, best_episode = network, selection.mean(network), 0
    before, episodes = best_mean, 0
    if job.rule != 'none':
        learner = Adaptation(task, network, physics, job.seed, job.episodes,
                             preset(job.preset, job.task), job.rule, 'none',
                             GuardParameters()).learner()
        # Nothing can beat a perfect mean, so the rest of the episodes would change nothing.
        while episodes < job.episodes and best_mean < task.max_return:
            running = learner.running
            learner.learn(*task.episode(running, learner.next_seed, physics))
            episodes += 1
            mean = None
            if learner.running.digest != running.digest:
                mean = selection.mean_if_above(learner.running, best_mean)
            if mean is not None:
                best, best_mean, best_episode = learner.running, mean, episodes
    held_out = seeds.block(seeds.HELD_OUT, job.held_out_starts)
    row = {**job.labels, 'task': job.task, 'model': job.model, 'rule': job.rule, 'seed': job.seed,
           'episodes': episodes, 'best_episode': best_episode,
           'plant_episodes': episodes + selection.episodes, 'digest': best.digest,
           'distance': float(np.linalg.norm(best.weights[1] - network.weights[1]))}
    return [
        {**row, 'starts': 'selection', 'before': before, 'after': best_mean},
        {**row, 'starts': 'held-out', 'before': float(task.returns(network, held_out,
                                                                  physics).mean()),
         'after': float(task.returns(best, held_out, physics).mean())}]


class _Selection:
    """Mean returns on the selection starts, given up as soon as they cannot matter."""

    def __init__(self, task: Task, physics: Any, starts: Sequence[int]) -> None:
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

        Episodes that cannot lift the mean above the bar any more are not run. Returns are whole
        numbers, so sums are exact and the order does not matter.
        """
        total, count = 0.0, len(self.starts)
        for i in range(0, count, CHUNK):
            chunk = self.starts[i:i + CHUNK]
            total += self.task.returns(network, chunk, self.physics).sum()
            self.episodes += len(chunk)
            possible = total + (count - i - len(chunk)) * self.task.max_return
            if possible <= bar * count:
                return None
        return float(total / count)
