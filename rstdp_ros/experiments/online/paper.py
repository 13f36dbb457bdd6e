"""The paper's protocol with every episode counted: its cost on a robot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math

from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork

VALIDATION = 100


def paper(worlds: Sequence[World], network: SpikingQNetwork, seed: int,
          preset: str = 'paper') -> Iterator[SpikingQNetwork]:
    """
    Update from one episode, measure the result in 100, keep the best one.

    So an update costs 101 episodes. The first network is deployed until the first update is
    measured; it is not measured itself, which would cost 100 more.

    :param preset: of r-STDP's parameters.
    """
    learner = Learner(network, Recipe.of(network.task, seed, 'rstdp', 'none', preset))
    deployed, most, total = network, -math.inf, 0.0
    for played, world in enumerate(worlds):
        episode = world.episode(learner.running, seed + played)
        turn = played % (1 + VALIDATION)
        if turn == 0:
            learner.learn(*episode, seed=seed + played)
            total = 0.0
        else:
            total += episode.episode_return
        if turn == VALIDATION and total > most:
            deployed, most = learner.running, total
        yield deployed
