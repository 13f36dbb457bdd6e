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
    return tuple(widened(w, at_once) for w, at_once in zip(weights, (WIDE, WIDE, NARROW)))


def aligned(rows: int, columns: int, dtype: type | np.dtype) -> np.ndarray:
    """Return (rows, columns) zeros that begin where a cache line does."""
    memory = np.zeros(rows * columns * np.dtype(dtype).itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start:start + len(memory) - CACHE_LINE].view(dtype).reshape(rows, columns)


def padded(number: int, at_once: int = WIDE) -> int:
    """Return the least multiple of what is computed at once."""
    return -(-number // at_once) * at_once


def widened(w: np.ndarray, at_once: int = WIDE) -> np.ndarray:
    """Return a read-only copy with zeros in further columns, up to a multiple."""
    rows, columns = w.shape
    result = aligned(rows, padded(columns, at_once), w.dtype)
    result[:, :columns] = w
    result.setflags(write=False)
    return result
