"""Detect a network that cannot learn: the rule pairs spikes of both hidden layers."""

from __future__ import annotations

import numpy as np

SILENT = 'nothing to learn from'


def silence(rasters: np.ndarray, h1: int) -> str:
    """
    Say which hidden layers did not spike in an episode, '' if both did.

    :param rasters: (steps, T, h1 + h2) uint8.
    :param h1: the number of neurons in the first layer.
    """
    layers = np.split(rasters.any((0, 1)), [h1])
    silent = ' and '.join(str(i) for i, spiked in enumerate(layers, 1) if not spiked.any())
    return f'{SILENT}: no spikes in hidden layer {silent}' if silent else ''
