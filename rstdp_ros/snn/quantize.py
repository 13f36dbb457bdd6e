"""Quantisation: from float32 weights to the 8 bits of a neuromorphic chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rstdp_ros.snn.fixed import from_steps, MAX_STEPS, steps
from rstdp_ros.snn.network import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError


def quantize(network: SpikingQNetwork,
             factors: Sequence[float] = (1.0, 1.0, 1.0)) -> SpikingQNetwork:
    """
    Return the network in fixed point: one scale per layer, weights rounded to the nearest step.

    :param factors: of each layer's scale 254 / max|W|. With 1 the largest weight just fits; with a
        larger factor the steps are finer and the largest weights saturate.
    :raises RstdpError: it is quantised already, a layer is all zeros, or its constants do not fit.
    """
    if network.quantized:
        raise RstdpError('the network is quantised already')
    layers = [on_own_grid(f'W{i}', w, factor)
              for i, (w, factor) in enumerate(zip(network.weights, factors), 1)]
    weights, scales = zip(*layers)
    return network.replace(weights=weights, scales=scales, metadata={
        **network.metadata, 'quantized_from': network.digest})


def on_own_grid(name: str, w: np.ndarray, factor: float = 1.0) -> tuple[np.ndarray, float]:
    """
    Round a layer to the grid given by its largest weight; idempotent with factor 1.

    :param name: what to call it in an error.
    :param w: float32.
    :param factor: of the scale 254 / max|W|.
    :return: float32 weights, rounded to the nearest step, and the scale.
    :raises RstdpError: it is all zeros.
    """
    largest = float(np.abs(w).max())
    if not largest:
        raise RstdpError(f'{name} is all zeros: it has no scale')
    scale = 2 * MAX_STEPS * factor / largest
    return from_steps(np.rint(steps(w, scale)), scale), scale
