"""Random search over observation gains (Brooks 1958; Bergstra and Bengio 2012)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math

import numpy as np

from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork, with_gains

# Of the log gains, as the first candidates of the other searches; limits as strategy ``twin`` has.
SPREAD, LIMIT = 0.6, 3.0


def random_search(worlds: Sequence[World], network: SpikingQNetwork,
                  seed: int) -> Iterator[SpikingQNetwork]:
    """
    Try other gains in every episode, zeros first, and deploy those of the largest return.

    Each is tried once, so that luck is deployed too; of equal returns the first counts.
    """
    generator = np.random.default_rng(seed)
    tried, deployed, most = network, network, -math.inf
    for episode, world in enumerate(worlds, seed):
        value = world.episode(tried, episode).episode_return
        if value > most:
            deployed, most = tried, value
        yield deployed
        drawn = generator.normal(0.0, SPREAD, network.observation_size)
        tried = with_gains(network, np.clip(drawn, -LIMIT, LIMIT))
