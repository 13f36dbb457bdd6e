"""Random search over observation gains (Brooks 1958; Bergstra and Bengio 2012)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import math

import numpy as np

from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork, with_gains

# Standard deviation of log gains, as in other searches at first; limit as in strategy ``twin``.
SPREAD, LIMIT = 0.6, 3.0


def random_search(worlds: Sequence[World], network: SpikingQNetwork,
                  seed: int) -> Iterator[SpikingQNetwork]:
    """
    Try new log gains in every episode, zeros first, and deploy those of the largest return.

    Each is tried once, so lucky ones are deployed too; of equal returns the first counts.
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
