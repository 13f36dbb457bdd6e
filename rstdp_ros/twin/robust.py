"""A robust start: gains with which a network does well on many simulated plants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count, islice
from typing import Any

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.search import best_gains, Budget, mean_returns

# Plants that every candidate plays in a generation.
PLANTS = 120
BUDGET = Budget(generations=15, candidates=20, starts=PLANTS)
MAX_LOG_GAIN = 3.0
# Fresh plants on which the gains found must be better than none.
PROOF = 1000
# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x2B57


def plants_seen(plants: int) -> int:
    """Return the largest number of plants that :func:`robust` draws."""
    return BUDGET.generations * plants + PROOF


def plants_from(task: Task, seed: int) -> Callable[[int], list[Any]]:
    """Return a function that draws the random plants of consecutive seeds, each once."""
    seeds = count(seed)
    return lambda number: [task.random_plant(s) for s in islice(seeds, number)]


def robust(task: Task, network: SpikingQNetwork, plants: int = PLANTS,
           seed: int = 0) -> SpikingQNetwork:
    """
    Return the network with one vector of gains for all plants in the task's ranges.

    The vector has the best mean return over random plants, found by the cross-entropy method; it
    is zeros if that proves no better on fresh plants.

    :param plants: that every candidate plays in a generation, one start each, all of them fresh.
    :param seed: of the first plant and of all draws.
    :return: an ordinary network; its metadata hold ``log_gains`` and how they were found.
    :raises RstdpError: a network for another task.
    """
    task.check_network(network)
    drawn, generator = plants_from(task, seed), np.random.default_rng((STREAM, seed))
    zeros = np.zeros(network.observation_size)
    found = best_gains(task, network, zeros, drawn, generator, replace(BUDGET, starts=plants),
                       MAX_LOG_GAIN)
    before, after = mean_returns(task, [network, with_gains(network, found)], drawn, generator,
                                 PROOF)
    result = with_gains(network, found if after > before else zeros)
    return result.replace(metadata={
        **result.metadata, 'made_by': 'rstdp_ros robustify', 'code_version': __version__,
        'parent': network.digest, 'robustified_on': {'plants': plants, 'seed': seed}})
