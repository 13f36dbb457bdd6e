"""Quantisation: from float32 weights to the 8 bits of a neuromorphic chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.snn.fixed import from_steps, MAX_STEPS, steps
from rstdp_ros.snn.network import SpikingQNetwork


def quantize(network: SpikingQNetwork,
             factors: Sequence[float] = (1.0, 1.0, 1.0)) -> SpikingQNetwork:
    """
    Return the network in fixed point: one scale per layer, weights rounded to the nearest step.

    :param factors: of each layer's scale 254 / max|W|. With 1 the largest weight just fits; with
        more the steps are finer and the largest weights saturate.
    :raises RstdpError: it is quantised already, a layer is all zeros, or its constants do not fit.
    """
    if network.quantized:
        raise RstdpError('the network is quantised already')
    largest = [float(np.abs(w).max()) for w in network.weights]
    if not all(largest):
        raise RstdpError(f'W{largest.index(0.0) + 1} is all zeros: it has no scale')
    scales = [2 * MAX_STEPS * factor / m for factor, m in zip(factors, largest)]
    weights = [from_steps(np.rint(steps(w, s)), s) for w, s in zip(network.weights, scales)]
    return network.replace(weights=weights, scales=scales, metadata={
        **network.metadata, 'quantized_from': network.digest})
