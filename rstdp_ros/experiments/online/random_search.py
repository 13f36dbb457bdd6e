"""Random search over observation gains (Brooks 1958; Bergstra and Bengio 2012)."""

from __future__ import annotations

from collections.abc import Iterator
import math
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.controllers import Controller, playing
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.tasks.task import Task

# Of the log gains, as the first candidates of the other searches; limits as strategy ``twin`` has.
SPREAD, LIMIT = 0.6, 3.0


def random_search(task: Task, network: SpikingQNetwork, plant: Any, seed: int,
                  episodes: int) -> Iterator[Controller]:
    """
    Try other gains in every episode, zeros first, and deploy those of the largest return.

    Each is tried once, so that luck is deployed too; of equal returns the first counts. See
    :mod:`rstdp_ros.experiments.online.controllers`.
    """
    generator = np.random.default_rng(seed)
    log_gains, best, most = np.zeros(network.observation_size), None, -math.inf
    for episode in range(seed, seed + episodes):
        tried = with_gains(network, log_gains)
        value = task.returns(tried, [episode], plant)[0]
        if value > most:
            best, most = playing(task, tried), value
        yield best
        drawn = generator.normal(0.0, SPREAD, len(log_gains))
        log_gains = np.clip(drawn, -LIMIT, LIMIT)
