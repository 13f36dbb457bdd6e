"""Updates of a quantised network: whole steps of its grid."""

from __future__ import annotations

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.fixed import from_steps, steps

ROUNDINGS = ('stochastic', 'nearest')
# Keeps the draws apart from those that the same seed makes elsewhere.
STREAM = 0x8B17


def rounded(network: SpikingQNetwork, wanted: np.ndarray, rounding: str, seed: int,
            episode: int) -> np.ndarray:
    """
    Return W2 of the network changed by whole steps, as near to the wanted one as the rounding has.

    What is rounded is the change, so a weight that nothing changes stays. Stochastic rounding
    takes the next step up with the probability of the fraction: on average the weights move as
    far as wanted, however small the updates. The draws depend on seed and episode alone, so that
    nothing about them needs to be kept.

    :param network: a quantised one.
    :param wanted: (h1, h2) float32.
    :param rounding: one of ``ROUNDINGS``.
    :return: (h1, h2) float32 on the grid; beyond +-127 steps it saturates.
    """
    scale, before = network.scales[1], network.weights[1]
    change = steps(wanted.astype(np.float64) - before, scale)
    if rounding == 'stochastic':
        generator = np.random.default_rng((STREAM, seed, episode))
        change = np.floor(change + generator.random(change.shape))
    return from_steps(network.integers[1] // 2 + np.rint(change), scale)
