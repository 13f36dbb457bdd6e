"""Controls: what a claim about r-STDP must be compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.snn import SpikingQNetwork


class RandomUpdates(RSTDP):
    """
    Gaussian updates with the norm of the r-STDP update they stand in for.

    :param network: as :class:`RSTDP`; likewise preset.
    :param seed: of the random directions.
    """

    name = 'random'

    def __init__(self, network: SpikingQNetwork, preset: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, preset)
        self.generator = np.random.default_rng(seed)

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return a random direction with the length of the r-STDP update."""
        change = super().weight_change(episode_return)
        direction = self.generator.standard_normal(change.shape, dtype=np.float32)
        return direction * np.float32(np.linalg.norm(change) / np.linalg.norm(direction))

    def state(self) -> dict[str, Any]:
        """Return the random state too."""
        return {**super().state(), 'random': self.generator.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        self.generator.bit_generator.state = state['random']
