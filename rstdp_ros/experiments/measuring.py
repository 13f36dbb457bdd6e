"""Returns of networks on starts that were used for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

HELD_OUT_STARTS = 100
Returns = Callable[[SpikingQNetwork, Sequence[int]], np.ndarray]


class Summary(NamedTuple):
    """Mean return on held-out starts before and after, on the changed plant."""

    before: float
    after: float
    starts: int

    def __str__(self) -> str:
        """Return it as a sentence."""
        return (f'return on {self.starts} held-out starts: {self.before:.1f} before, '
                f'{self.after:.1f} after adaptation')


def summary(adaptation: Adaptation, deployed: SpikingQNetwork, starts: int = HELD_OUT_STARTS,
            returns: Returns | None = None) -> Summary:
    """
    Measure both networks on starts that were used for nothing else.

    :param returns: (network, seeds) -> (n,) returns; of the simulated plant by default.
    """
    block = seeds.block(seeds.HELD_OUT, starts)
    if returns is None:
        def returns(network: SpikingQNetwork, seeds: Sequence[int]) -> np.ndarray:
            return adaptation.task.returns(network, seeds, adaptation.physics)
    before, after = (float(returns(n, block).mean()) for n in (adaptation.network, deployed))
    return Summary(before, after, starts)


def adapted(adaptation: Adaptation, starts: int) -> dict[str, float]:
    """Adapt; return mean returns on held-out starts ``before`` and ``after``, for a row."""
    learner, _ = adapt(adaptation)
    measured = summary(adaptation, learner.deployed, starts)
    return {'before': measured.before, 'after': measured.after}


@lru_cache(maxsize=32)
def first_returns(task: str, model: str, physics: Any, starts: range,
                  simulator: str = 'gym') -> np.ndarray:
    """Return those of a run's first network; the runs of a comparison share them."""
    network = SpikingQNetwork.load(model_path(model))
    return get_task(task, simulator).returns(network, starts, physics)


class Measured:
    """
    A measure of networks; one deployed for long is measured once.

    :param measure: network, or another controller with a digest -> result.
    """

    def __init__(self, measure: Callable[[Any], Any]) -> None:
        self.measure = measure
        self.known: dict[str, Any] = {}

    def __call__(self, network: Any) -> Any:
        """Return a network's result."""
        if network.digest not in self.known:
            self.known[network.digest] = self.measure(network)
        return self.known[network.digest]
