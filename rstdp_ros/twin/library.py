"""Make a library: gains that are best for single plants, and their returns on many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.plasticity.library import Library, logarithmic
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.robust import MAX_LOG_GAIN
from rstdp_ros.twin.search import alone, best_gains, Budget

# The library has the best gains for this many plants, and their returns on this many, from this
# many starts each.
VECTORS, LIBRARY_PLANTS, STARTS = 40, 160, 16
# From gains that suit many plants to those that suit one.
BUDGET = Budget(generations=7, candidates=16, starts=16, elite=4, reach=0.5)
# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x11B5


def make_library(task: Task, network: SpikingQNetwork, log_gains: Numbers,
                 seed: int) -> Library:
    """
    Return a library of random plants from the task's ranges.

    :param log_gains: (n,) gains that suit many plants.
    :param seed: of the first plant and of all draws.
    """
    generator = np.random.default_rng((STREAM, seed))
    plants = [task.random_plant(s) for s in seeds.block(seed, LIBRARY_PLANTS)]
    own = [best_gains(task, network, log_gains, alone(plant), generator, BUDGET, MAX_LOG_GAIN)
           for plant in plants[:VECTORS]]
    # As float32, the type in which they are stored.
    points = np.array([np.zeros(len(log_gains)), log_gains, *own], np.float32).astype(float)
    networks = [with_gains(network, point) for point in points]
    shown = [logarithmic(returns) for returns in played(task, networks, plants, generator)]
    means, spreads = (np.array([f(returns, axis=1) for returns in shown])
                      for f in (np.mean, np.std))
    return Library(network.digest, points, denoised(means.astype(np.float32)), spreads, STARTS, {
        'made_by': 'rstdp_ros robustify', 'code_version': __version__, 'task': task.name,
        'seed': seed})


def denoised(means: np.ndarray) -> np.ndarray:
    """
    Return the part beyond chance of means that were measured from few starts.

    Few common factors of plants and vectors matter, so singular values that noise explains are
    dropped: those below the optimal hard threshold (Gavish and Donoho 2014).

    :param means: (plants, n).
    """
    level = means.astype(float).mean(axis=0)
    u, values, v = np.linalg.svd(means - level, full_matrices=False)
    ratio = min(means.shape) / max(means.shape)
    threshold = np.polyval([0.56, -0.95, 1.82, 1.43], ratio) * np.median(values)
    return level + (u * np.where(values > threshold, values, 0.0)) @ v


def played(task: Task, networks: list[SpikingQNetwork], plants: list[Any],
           generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the networks' returns on each plant from the same fresh starts, (networks, starts)."""
    for plant in plants:
        fresh = generator.integers(seeds.VALIDATION, seeds.ADAPTATION, STARTS).tolist()
        yield np.array([task.returns(network, fresh, plant) for network in networks])
