"""One adaptation run in one process: the graph's work, without ROS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rstdp_ros.plasticity import AdaptationRun, EpisodeRecord, Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.task import Episode


@dataclass(frozen=True)
class Adaptation:
    """
    The description of an adaptation run.

    :param physics: the plant that the network meets.
    :param recipe: how to learn.
    """

    task: Task
    network: SpikingQNetwork
    physics: Any
    episodes: int
    recipe: Recipe

    def learner(self) -> Learner:
        """
        Make the learner.

        :raises RstdpError: a strategy or guard that does not exist.
        """
        return Learner(self.network, self.recipe)


def next_episode(task: Task, learner: Learner, physics: Any) -> Episode:
    """Play a learner's next episode, with all the data that its strategy needs."""
    return task.episode(learner.running, learner.next_seed, physics, learner.needs_trajectory)


def adapt(adaptation: Adaptation, report: Callable[[EpisodeRecord], None] = lambda record: None
          ) -> tuple[Learner, list[EpisodeRecord]]:
    """
    Run every episode and learn from it.

    :param report: called after every episode.
    :return: the learner at the end, and a record per episode.
    :raises RstdpError: an episode with an impossible return.
    """
    run = AdaptationRun(adaptation.learner())
    records = []
    for _ in range(adaptation.episodes):
        learner = run.learner
        episode = next_episode(adaptation.task, learner, adaptation.physics)
        reason = adaptation.task.objection_to(episode.episode_return, len(episode.rasters))
        if reason:
            raise RstdpError(f'episode {learner.episode} of {adaptation.task.env_id} teaches '
                             f'nothing: {reason}')
        records.append(run.finish_episode(*episode))
        report(records[-1])
    return run.learner, records
