"""The length of vectors, the same on every processor."""

from __future__ import annotations

import math

import numpy as np


def norm(*parts: np.ndarray) -> float:
    """
    Return the Euclidean norm over all numbers of some arrays.

    BLAS, behind ``np.linalg.norm``, adds in an order that depends on the processor.
    """
    return math.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in parts))
