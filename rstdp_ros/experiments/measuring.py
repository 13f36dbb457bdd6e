"""What networks return on starts that served for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds

HELD_OUT_STARTS = 100
Returns = Callable[[SpikingQNetwork, Sequence[int]], np.ndarray]


class Summary(NamedTuple):
    """Mean return on held-out starts before and after, on the changed plant."""

    before: float
    after: float
    starts: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (f'return on {self.starts} held-out starts: {self.before:.1f} before, '
                f'{self.after:.1f} after adaptation')


def summary(adaptation: Adaptation, deployed: SpikingQNetwork, starts: int = HELD_OUT_STARTS,
            returns: Returns | None = None) -> Summary:
    """
    Measure both networks on starts that served for nothing else.

    :param returns: (network, seeds) -> (n,) returns; of the simulated plant by default.
    """
    block = seeds.block(seeds.HELD_OUT, starts)
    if returns is None:
        def returns(network: SpikingQNetwork, seeds: Sequence[int]) -> np.ndarray:
            return adaptation.task.returns(network, seeds, adaptation.physics)
    before, after = (float(returns(n, block).mean()) for n in (adaptation.network, deployed))
    return Summary(before, after, starts)
