"""How weights lie in memory for the kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How many hidden neurons are computed at once: a mask of their spikes is one integer. And how many
# actions.
WIDE, NARROW = 64, 4
# A vector that crosses a cache line takes twice as long to load.
CACHE_LINE = 64


def laid_out(weights: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """
    Return read-only copies of W1, W2 and W3 with as many columns as are computed at once.

    The columns that are added are zero: nothing arrives at such neurons, and none spikes.

    :param weights: three (in, out) matrices of float32 or int32.
    """
    return tuple(_padded(w, at_once) for w, at_once in zip(weights, (WIDE, WIDE, NARROW)))


def _padded(w: np.ndarray, at_once: int) -> np.ndarray:
    rows, columns = w.shape
    shape = rows, -(-columns // at_once) * at_once
    size = shape[0] * shape[1] * w.itemsize
    memory = np.zeros(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    padded = memory[start:start + size].view(w.dtype).reshape(shape)
    padded[:, :columns] = w
    padded.setflags(write=False)
    return padded
