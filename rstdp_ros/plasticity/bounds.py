"""How far learning may go: per episode, in all, and per weight; and in which steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstdp_ros.parameters import parameter, validated
from rstdp_ros.plasticity.parameters import NEXT_EPISODE
from rstdp_ros.plasticity.rounding import ROUNDINGS


@dataclass(frozen=True)
class BoundsParameters:
    """Bounds on the plastic weights W2; 0 is none. An 8-bit network is rounded after them."""

    max_update: float = parameter(
        0.0, 'Largest norm of the change that one episode makes; a larger one is scaled down. '
        '0: no bound.', minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    max_distance: float = parameter(
        0.0, 'Largest norm of the difference to the first network of the run; what goes further '
        'is pulled back. 0: no bound.', minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    max_weight: float = parameter(
        0.0, 'Largest magnitude of a plastic weight; what exceeds it is cut. 0: no bound.',
        minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    weight_rounding: str = parameter(
        'stochastic', 'Only for 8-bit networks, whose weights change in whole steps. stochastic: '
        'up or down at random, so that small updates count on average; nearest: updates of less '
        'than half a step are lost.', choices=ROUNDINGS, effect=NEXT_EPISODE)


class Bounds:
    """
    Keep new weights where they may be; without bounds they pass untouched, bit for bit.

    :param initial: (h1, h2) float32, W2 of the first network of the run.
    """

    def __init__(self, initial: np.ndarray, parameters: BoundsParameters) -> None:
        self.initial, self.parameters = initial, validated(parameters)

    def apply(self, before: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """
        Return the allowed weights nearest to the wanted ones, one bound after the other.

        The distance comes last: where bounds contradict each other, the trained network wins.

        :param before: (h1, h2) float32, W2 that played the episode.
        :param wanted: (h1, h2) float32, W2 that the rule makes of it.
        """
        own = self.parameters
        result = _within(wanted, before, own.max_update)
        if own.max_weight and np.abs(result).max() > own.max_weight:
            result = np.clip(result, -np.float32(own.max_weight), np.float32(own.max_weight))
        return _within(result, self.initial, own.max_distance)


def _within(weights: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """Pull weights back to a ball around a centre; radius 0 is no ball."""
    difference = weights - centre
    norm = float(np.linalg.norm(difference))
    if not radius or norm <= radius:
        return weights
    return centre + difference * np.float32(radius / norm)
