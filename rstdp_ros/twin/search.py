"""Search for observation gains in simulated plants: the cross-entropy method (Rubinstein 1999)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support import seeds
from rstdp_ros.support.parallel import in_parallel
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.task import Task

# Draws a given number of plants.
Plants = Callable[[int], Sequence[Any]]


@dataclass(frozen=True)
class Budget:
    """
    How long to search.

    :param starts: of every candidate in a generation, each on its own plant.
    :param elite: the number of candidates that form the next generation.
    :param reach: initial standard deviation of the log gains.
    """

    generations: int = 8
    candidates: int = 20
    starts: int = 24
    elite: int = 5
    reach: float = 0.6


def alone(plant: Any) -> Plants:
    """Return a function that always draws the same plant."""
    return lambda count: [plant] * count


LEAST_REACH, SHRINKING = 0.05, 0.6


def best_gains(task: Task, network: SpikingQNetwork, log_gains: Numbers, plants: Plants,
               generator: np.random.Generator, budget: Budget, limit: float) -> np.ndarray:
    """
    Return log gains with which a network does well on plants.

    Every generation plays new starts on new plants, the same for all its candidates, so that no
    candidate stays lucky for long.

    :param log_gains: (n,) to start from.
    :param plants: draws plants.
    :param limit: on each log gain's magnitude.
    :return: (n,) float64.
    """
    centre, reach = np.array(log_gains), np.full(len(log_gains), budget.reach)
    best_possible = task.possible_returns()[1]
    for _ in range(budget.generations):
        drawn = centre + reach * generator.normal(size=(budget.candidates, len(centre)))
        candidates = np.clip(np.vstack([centre, drawn]), -limit, limit)
        returns = mean_returns(task, [with_gains(network, z) for z in candidates], plants,
                               generator, budget.starts)
        elite = np.argsort(-returns, kind='stable')[:budget.elite]
        centre = candidates[elite].mean(axis=0)
        reach = np.maximum(SHRINKING * reach + (1 - SHRINKING) * candidates[elite].std(axis=0),
                           LEAST_REACH)
        if returns[elite].min() >= best_possible:
            break
    return centre


def mean_returns(task: Task, networks: Sequence[SpikingQNetwork], plants: Plants,
                 generator: np.random.Generator, starts: int) -> np.ndarray:
    """Return the networks' mean returns from the same fresh starts and plants."""
    return returns(task, networks, plants, generator, starts).mean(axis=1)


def returns(task: Task, networks: Sequence[SpikingQNetwork], plants: Plants,
            generator: np.random.Generator, starts: int) -> np.ndarray:
    """
    Play networks from the same fresh starts on the same plants, on all cores.

    :return: (networks, starts) float64.
    """
    fresh = generator.integers(seeds.VALIDATION, seeds.ADAPTATION, starts).tolist()
    states, drawn = task.start_states(fresh), plants(starts)
    return np.array(in_parallel(
        lambda network: task.returns_from(network, states, drawn), networks))
