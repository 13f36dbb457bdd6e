"""
The best linear control of a known cart-pole: a bound for controllers with the same inputs.

Found by the cross-entropy method (Rubinstein 1999) on the true plant, with its sensors, delay,
friction and dead zone, without any episode of a robot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.linear import INPUTS, LinearControl, mean_steps
from rstdp_ros.experiments.online.quadratic import designed
from rstdp_ros.experiments.online.worlds import World
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.cartpole.task import CARTPOLE

POPULATION, ELITE, ROUNDS, STARTS = 128, 16, 25, 50
# For a bound: starts of the search, and fresh ones to compare its results.
MANY = 200
USUAL = np.array((0.1, 0.5, 2.0, 1.0))


def cross_entropy(measure: Callable[[np.ndarray], float], centre: Numbers,
                  generator: np.random.Generator) -> np.ndarray:
    """
    Return the best direction tried by the cross-entropy method.

    :param measure: (n,) of norm one -> mean return.
    :param centre: (n,), the initial direction.
    :return: (n,) float64 of norm one.
    """
    mean, std = np.array(centre), np.ones(len(centre))
    best, best_return = mean, -1.0
    for _ in range(ROUNDS):
        weights = generator.normal(mean, std, (POPULATION, len(mean)))
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        returns = np.array([measure(w) for w in weights])
        elite = weights[np.argsort(-returns, kind='stable')[:ELITE]]
        mean, std = elite.mean(axis=0), elite.std(axis=0) + 0.01
        if returns.max() > best_return:
            best, best_return = weights[returns.argmax()], returns.max()
        if best_return == CARTPOLE.reward.best:
            break
    return best


def best_linear(physics: Any, memory: int = 0, seed: int = 0) -> LinearControl:
    """
    Search for the best linear control of a plant.

    The cross-entropy method begins at usual weights and at the linear-quadratic design for the
    plant; its results and the design itself, without any memory that is not allowed, are compared
    on fresh starts.

    :param memory: number of its own last commands that it gets.
    :param seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    starts = seeds.block(seeds.VALIDATION, 2 * MANY)
    some, others = (mean_steps(part, physics) for part in (starts[:MANY], starts[MANY:]))
    size = INPUTS + memory
    tried: list[np.ndarray] = []
    for centre in (USUAL, *_designs(physics)):
        centre = np.append(centre, np.zeros(size))[:size]
        centre /= np.linalg.norm(centre)
        tried += [centre, cross_entropy(some, centre, generator)]
    return LinearControl(max(tried, key=others))


def linear_bound(worlds: Sequence[World], network: SpikingQNetwork, seed: int,
                 memory: int = 0) -> Iterator[LinearControl]:
    """
    Deploy the best linear control of the first plant, regardless of the episodes.

    :param worlds: cart-poles in their own equations, which do not change.
    :param memory: as :func:`best_linear`.
    """
    best = best_linear(worlds[0].physics, memory, seed)
    for _ in worlds:
        yield best


def _designs(physics: Any) -> list[np.ndarray]:
    """Return the linear-quadratic design, if there is one."""
    try:
        return [designed(physics)]
    except np.linalg.LinAlgError:
        return []
