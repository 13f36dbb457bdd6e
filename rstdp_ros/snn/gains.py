"""Observation gains: how strongly each observed value drives the network."""

from __future__ import annotations

import math

import numpy as np

from rstdp_ros.snn.network import SpikingQNetwork
from rstdp_ros.snn.quantize import on_own_grid
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import Numbers

# Beyond it float32 has no room for the products.
MAX_LOG_GAIN = 20.0


def with_gains(network: SpikingQNetwork, log_gains: Numbers) -> SpikingQNetwork:
    """
    Return the network with every observed value scaled by exp(z).

    The gains are folded into W1: value i feeds its rows 2i and 2i + 1, which are multiplied by
    float32(exp(z_i)). So the result is an ordinary network. The W1 of an 8-bit network gets a new
    scale, 254 / max|W1|, and is rounded to the nearest step; W2 and W3 stay as they are.

    :param log_gains: (n,) z, one per observed value; zeros leave all weights and scales alone.
    :raises RstdpError: a wrong number of gains, or one beyond +-20.
    """
    gains = [_gain(z) for z in log_gains]
    if len(gains) != network.observation_size:
        raise RstdpError(f'{len(gains)} log gains for a network that takes '
                         f'{network.observation_size} values')
    before, *others = network.weights
    w1, scales = before * np.repeat(np.array(gains, np.float32), 2)[:, np.newaxis], network.scales
    if network.quantized and not np.array_equal(w1, before):
        w1, scale = on_own_grid('W1', w1)
        scales = (scale, *scales[1:])
    return network.replace(weights=(w1, *others), scales=scales, metadata={
        **network.metadata, 'log_gains': [float(z) for z in log_gains],
        'gains_on': network.digest})


def _gain(z: float) -> float:
    if not abs(z) <= MAX_LOG_GAIN:  # nor is NaN
        raise RstdpError(f'a log gain of {z} is not within +-{MAX_LOG_GAIN:g}')
    return math.exp(z)
