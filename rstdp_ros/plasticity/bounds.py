"""How far learning may go: per episode, in total and per weight; and in which steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstdp_ros.plasticity.rounding import ROUNDINGS, STOCHASTIC
from rstdp_ros.plasticity.strategy import Weights
from rstdp_ros.support.norms import norm
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, validated


@dataclass(frozen=True)
class BoundsParameters:
    """Bounds on the weights that change; 0 means none. 8-bit networks are rounded afterwards."""

    max_update: float = parameter(
        0.0, "Largest norm of one episode's change; a larger one is scaled down. 0: no bound.",
        minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    max_distance: float = parameter(
        0.0, "Largest norm of the difference from the run's first network; weights beyond it are "
        'pulled back. 0: no bound.', minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    max_weight: float = parameter(
        0.0, 'Largest magnitude of a plastic weight; larger ones are clipped. 0: no bound.',
        minimum=0.0, maximum=1e6, effect=NEXT_EPISODE)
    weight_rounding: str = parameter(
        STOCHASTIC, 'Only for 8-bit networks, whose weights change in whole steps. stochastic: '
        'up or down at random, so that small updates count on average; nearest: updates of less '
        'than half a step are lost.', choices=ROUNDINGS, effect=NEXT_EPISODE)


class Bounds:
    """
    Keep new weights within bounds; without bounds they pass unchanged, bit for bit.

    Norms are over all weights together; a matrix that the strategy did not change stays unchanged.

    :param initial: the weights of the run's first network.
    :param plastic: indices of the matrices that may change.
    """

    def __init__(self, initial: Weights, parameters: BoundsParameters,
                 plastic: tuple[int, ...]) -> None:
        self.initial, self.parameters = initial, validated(parameters)
        self.plastic = plastic

    def apply(self, before: Weights, wanted: Weights) -> Weights:
        """
        Return the allowed weights nearest to the wanted ones, one bound after the other.

        The distance comes last: if bounds contradict each other, the trained network wins.

        :param before: the weights that played the episode.
        :param wanted: the weights that the strategy proposes.
        """
        parameters = self.parameters
        result = _within(wanted, before, parameters.max_update)
        if parameters.max_weight:
            result = tuple(_cut(w, parameters.max_weight) if i in self.plastic else w
                           for i, w in enumerate(result))
        return _within(result, self.initial, parameters.max_distance)


def _cut(weights: np.ndarray, largest: float) -> np.ndarray:
    if np.abs(weights).max() <= largest:
        return weights
    return np.clip(weights, -np.float32(largest), np.float32(largest))


def _within(weights: Weights, centre: Weights, radius: float) -> Weights:
    """Pull weights back into a ball around a centre; radius 0 means no bound."""
    if not radius:
        return weights
    changed = [w is not c and not np.array_equal(w, c) for w, c in zip(weights, centre)]
    distance = norm(*(w - c for w, c, moved in zip(weights, centre, changed) if moved))
    if distance <= radius:
        return weights
    part = np.float32(radius / distance)
    return tuple(c + (w - c) * part if moved else w
                 for w, c, moved in zip(weights, centre, changed))
