"""Progress messages for a waiting person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import sys
import threading
import time
from typing import TextIO

import numpy as np

from rstdp_ros.experiments.measuring import Returns
from rstdp_ros.snn import SpikingQNetwork

PATIENCE = 2.0


class Progress:
    """Reports progress every two seconds, on a stream for people."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = time.monotonic() + PATIENCE

    def __call__(self, doing: str) -> None:
        """Print it if it is due."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PATIENCE
            print(f'... {doing}', file=self._stream, flush=True)


def measure(of: Returns, network: SpikingQNetwork, starts: Sequence[int]) -> np.ndarray:
    """
    Measure a network start by start; report progress on standard error.

    :param of: (network, seeds) -> returns.
    :return: (n,) float64.
    """
    returns, progress = np.empty(len(starts)), Progress(sys.stderr)
    for i, seed in enumerate(starts):
        # Before, not after: after the last one there is nothing to wait for.
        progress(f'{i} of {len(starts)} episodes measured')
        returns[i] = of(network, [seed])[0]
    return returns


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Print the elapsed time of silent work on standard error every two seconds."""
    begun, over = time.monotonic(), threading.Event()

    def tell() -> None:
        while not over.wait(PATIENCE):
            print(f'... {doing}, {time.monotonic() - begun:.0f} s', file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
