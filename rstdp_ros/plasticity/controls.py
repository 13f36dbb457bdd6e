"""
Controls: baselines for any claim about r-STDP.

Each changes the weights as far as r-STDP would, in another direction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.norms import norm


class OppositeSign(RSTDP):
    """The r-STDP update, subtracted instead of added."""

    name = 'opposite'
    local = False

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return minus the r-STDP update."""
        return -super().weight_change(episode_return)


class RandomControl(RSTDP):
    """
    The common part of the controls that draw random numbers.

    :param network: as :class:`RSTDP`, like ``parameters``.
    :param seed: of the random directions.
    """

    draws = True
    local = False

    def __init__(self, network: SpikingQNetwork, parameters: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.generator = np.random.default_rng(seed)

    def state(self) -> dict[str, Any]:
        """Return the state of the random generator too."""
        return {**super().state(), 'random': self.generator.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        self.generator.bit_generator.state = state['random']

    def _direction(self, length: float) -> np.ndarray:
        """Draw a change of this norm, Gaussian, over the weights."""
        direction = self.generator.standard_normal(self.eligibility.shape, dtype=np.float32)
        return direction * np.float32(length / norm(direction))


class RandomUpdates(RandomControl):
    """A random walk whose steps have the norms of the r-STDP updates they stand in for."""

    name = 'random'

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return a random direction with the norm of the r-STDP update."""
        return self._direction(norm(super().weight_change(episode_return)))


class IndependentPerturbations(RandomControl):
    """
    A fresh random change of the first network after every episode.

    Its size is the distance that :class:`RandomUpdates` would have covered by then: the root of
    the sum of the squared norms.
    """

    name = 'independent'

    def __init__(self, network: SpikingQNetwork, parameters: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.squared_distance = 0.0

    def _base(self, network: SpikingQNetwork) -> SpikingQNetwork:
        """Return the first network of the run."""
        return self.initial

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return the change of the first network."""
        self.squared_distance += norm(super().weight_change(episode_return)) ** 2
        return self._direction(self.squared_distance ** 0.5)

    def state(self) -> dict[str, Any]:
        """Return the distance too."""
        return {**super().state(), 'squared_distance': self.squared_distance}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        self.squared_distance = float(state['squared_distance'])


class ShuffledUpdates(RandomControl):
    """The r-STDP update with its entries shuffled over the synapses, afresh for every episode."""

    name = 'shuffled'

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return the update's entries in random places."""
        change = super().weight_change(episode_return)
        return self.generator.permutation(change.ravel()).reshape(change.shape)


class PermutedUpdates(RSTDP):
    """
    The r-STDP update with its entries moved to other synapses, by one permutation per run.

    Unlike :class:`ShuffledUpdates` it moves steadily in one wrong direction.

    :param network: as :class:`RSTDP`, like ``parameters``.
    :param seed: of the permutation.
    """

    name = 'permuted'
    local = False

    def __init__(self, network: SpikingQNetwork, parameters: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.order = np.random.default_rng(seed).permutation(self.eligibility.size)

    def weight_change(self, episode_return: float) -> np.ndarray:
        """Return the update's entries in their permuted places."""
        change = super().weight_change(episode_return)
        return change.ravel()[self.order].reshape(change.shape)
