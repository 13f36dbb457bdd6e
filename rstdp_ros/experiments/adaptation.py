"""One adaptation run in one process: what the graph does, without ROS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rstdp_ros.plasticity import (
    AdaptationRun,
    BoundsParameters,
    EpisodeRecord,
    GuardParameters,
    Learner,
    Recipe,
    RSTDPParameters,
)
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.task import Episode


@dataclass(frozen=True)
class Adaptation:
    """
    What is to be done.

    :param physics: the plant that the network meets.
    :param seed: episode i starts from seed + i.
    :param parameters: of the rule.
    """

    task: Task
    network: SpikingQNetwork
    physics: Any
    seed: int
    episodes: int
    parameters: RSTDPParameters
    rule: str
    guard: str
    guard_parameters: GuardParameters
    bounds: BoundsParameters = BoundsParameters()

    def learner(self) -> Learner:
        """
        Make what learns.

        :raises RstdpError: a rule or guard that does not exist.
        """
        return Learner(self.network, Recipe(self.parameters, self.seed, self.rule, self.guard,
                                            self.guard_parameters, self.bounds))


def adapt(adaptation: Adaptation, report: Callable[[EpisodeRecord], None] = lambda record: None,
          env_id: str = '') -> tuple[Learner, list[EpisodeRecord]]:
    """
    Run every episode and learn from it.

    :param report: called after every episode.
    :param env_id: a Gymnasium environment as the plant; '' for the task's own, compiled.
    :return: the learner at the end, and a record per episode.
    :raises RstdpError: an environment that does not fit.
    """
    play = _gym_player(adaptation, env_id) if env_id else adaptation.task.episode
    run = AdaptationRun(adaptation.learner())
    records = []
    for _ in range(adaptation.episodes):
        learner = run.learner
        episode = play(learner.running, learner.next_seed, adaptation.physics)
        records.append(run.finish_episode(episode.rasters, episode.episode_return))
        report(records[-1])
    return run.learner, records


def _gym_player(adaptation: Adaptation, env_id: str) -> Callable[..., Episode]:
    """Play episodes step by step in any Gymnasium environment that fits the task."""
    from rstdp_ros.tasks.gym import GymPlant
    plant = GymPlant(adaptation.task, env_id)
    plant.set_physics(adaptation.physics)

    def play(network: SpikingQNetwork, seed: int, physics: Any) -> Episode:
        joints, end, total, rasters = plant.reset(seed), '', 0.0, []
        while not end:
            inference = network.infer(adaptation.task.observe(*joints))
            rasters.append(inference.raster)
            effort = adaptation.task.action_efforts[inference.action]
            joints, reward, end = plant.step(effort)
            total += reward
        return Episode(np.array(rasters), total)

    return play
