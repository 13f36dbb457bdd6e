"""The paper's protocol with every episode counted: what it would cost on a robot."""

from __future__ import annotations

from collections.abc import Iterator
import math
from typing import Any

from rstdp_ros.experiments.online.controllers import Controller, playing
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.task import Task

VALIDATION = 100


def paper(task: Task, network: SpikingQNetwork, plant: Any, seed: int, episodes: int,
          preset: str = 'paper') -> Iterator[Controller]:
    """
    Update by one episode, measure the result in 100, keep the best result.

    So an update costs 101 episodes. The first network is deployed until the first update is
    measured; it is not measured itself, which would cost 100 more. See
    :mod:`rstdp_ros.experiments.online.controllers`.

    :param preset: of r-STDP's parameters.
    """
    learner = Learner(network, Recipe.of(task.name, seed, 'rstdp', 'none', preset))
    best, most = playing(task, network), -math.inf
    for first in range(seed, seed + episodes, 1 + VALIDATION):
        learner.learn(*task.episode(learner.running, first, plant), seed=first)
        yield best
        total = 0.0
        for episode in range(first + 1, min(first + 1 + VALIDATION, seed + episodes)):
            total += task.returns(learner.running, [episode], plant)[0]
            if episode == first + VALIDATION and total > most:
                best, most = playing(task, learner.running), total
            yield best
