"""The twin's search with the plant's true parameters known: a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.twin.search import alone, best_gains, returns
from rstdp_ros.twin.strategy import better, TwinParameters


def known_plant(worlds: Sequence[World], network: SpikingQNetwork,
                seed: int) -> Iterator[SpikingQNetwork]:
    """
    Search as often, as long and with the same validation as ``twin``, on the plant itself.

    :param worlds: in the task's own equations.
    """
    parameters, generator = TwinParameters(), np.random.default_rng(seed)
    log_gains, deployed = np.zeros(network.observation_size), network
    for world in worlds:
        search = (alone(world.physics), generator)
        found = best_gains(world.task, network, log_gains, *search, parameters.budget,
                           parameters.max_log_gain)
        challenger = with_gains(network, found)
        ours, theirs = returns(world.task, [challenger, deployed], *search,
                               parameters.validation_starts)
        if better(ours, theirs):
            log_gains, deployed = found, challenger
        yield deployed
