"""Updates of a quantised network: whole steps of its grid."""

from __future__ import annotations

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.fixed import from_steps, steps

STOCHASTIC, NEAREST = 'stochastic', 'nearest'
ROUNDINGS = (STOCHASTIC, NEAREST)
# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x8B17


def rounded(network: SpikingQNetwork, wanted: np.ndarray, rounding: str, seed: int,
            episode: int, layer: int = 1) -> np.ndarray:
    """
    Return weights changed by whole steps, as near to the wanted ones as the rounding allows.

    The change is rounded, so a weight that does not change stays. Stochastic rounding takes the
    next step up with the probability of the fraction: on average the weights move as far as
    wanted, however small the updates. The draws depend only on seed and episode, so they need no
    saved state.

    :param network: a quantised one.
    :param wanted: float32, in the shape of the layer's matrix.
    :param rounding: one of ``ROUNDINGS``.
    :param layer: index of the matrix; each has its own draws.
    :return: float32 on the grid, saturated at +-127 steps.
    """
    scale, before = network.scales[layer], network.weights[layer]
    change = steps(wanted.astype(np.float64) - before, scale)
    if rounding == STOCHASTIC:
        key = (STREAM, seed, episode) if layer == 1 else (STREAM, seed, episode, layer)
        generator = np.random.default_rng(key)
        change = np.floor(change + generator.random(change.shape))
    return from_steps(network.integers[layer] // 2 + np.rint(change), scale)
