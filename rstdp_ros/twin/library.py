"""Make a library: gains that are best for single plants, and what they return on many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.plasticity.library import Library, logarithmic
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.robust import MAX_LOG_GAIN
from rstdp_ros.twin.search import alone, best_gains, Budget

# Of so many plants the best gains are in the library, on so many it says what they return, from
# so many starts each.
VECTORS, LIBRARY_PLANTS, STARTS = 40, 160, 16
# From gains that serve many plants to those that serve one.
BUDGET = Budget(generations=7, candidates=16, starts=16, elite=4, reach=0.5)
# Keeps the draws apart from those that the same seed makes elsewhere.
STREAM = 0x11B5


def make_library(task: Task, network: SpikingQNetwork, log_gains: Sequence[float],
                 seed: int) -> Library:
    """
    Return a library of random plants of the task's span.

    :param log_gains: (n,) that serve many plants.
    :param seed: of the first plant, and of what is drawn.
    """
    generator = np.random.default_rng((STREAM, seed))
    plants = [task.random_plant(s) for s in seeds.block(seed, LIBRARY_PLANTS)]
    own = [best_gains(task, network, log_gains, alone(plant), generator, BUDGET, MAX_LOG_GAIN)
           for plant in plants[:VECTORS]]
    # As float32, since so they are kept.
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
    Return what is beyond chance in means that were measured from few starts.

    Plants and vectors have few things in common that matter, so singular values that noise
    explains are left out: those below the optimal hard threshold (Gavish and Donoho 2014).

    :param means: (plants, n).
    """
    level = means.astype(float).mean(axis=0)
    u, values, v = np.linalg.svd(means - level, full_matrices=False)
    ratio = min(means.shape) / max(means.shape)
    threshold = np.polyval([0.56, -0.95, 1.82, 1.43], ratio) * np.median(values)
    return level + (u * np.where(values > threshold, values, 0.0)) @ v


def played(task: Task, networks: list[SpikingQNetwork], plants: list[Any],
           generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield what networks return on each plant from the same fresh starts, (networks, starts)."""
    for plant in plants:
        fresh = generator.integers(seeds.VALIDATION, seeds.ADAPTATION, STARTS).tolist()
        yield np.array([task.returns(network, fresh, plant) for network in networks])
