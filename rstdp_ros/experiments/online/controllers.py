"""
What a baseline yields, and what all baselines are.

A baseline is a generator function (task, network, plant, seed, episodes). It plays real episodes
one by one on the plant, a physics object, from the starts seed, seed + 1, ..., and yields after
each of them the controller that it would deploy then: the same object as long as that is the same.
It counts every episode and sees nothing else of the plant. How much it learns in between does not
depend on how many episodes follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.task import Task

# (seeds, plant) -> (n,) float64, the returns of whole episodes from these starts.
Controller = Callable[[Sequence[int], Any], np.ndarray]
Baseline = Callable[[Task, SpikingQNetwork, Any, int, int], Iterator[Controller]]


def playing(task: Task, network: SpikingQNetwork) -> Controller:
    """Return the controller that a network is."""
    return partial(task.returns, network)
