"""What a verb tells a person who waits."""

from __future__ import annotations

from collections.abc import Sequence
import sys
import time
from typing import Any, TextIO

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task

PATIENCE = 2.0


class Progress:
    """Says every two seconds what goes on, on a stream for people."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = time.monotonic() + PATIENCE

    def __call__(self, doing: str) -> None:
        """Say it if it is time to."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PATIENCE
            print(f'... {doing}', file=self._stream, flush=True)


def measure(task: Task, network: SpikingQNetwork, starts: Sequence[int],
            physics: Any) -> np.ndarray:
    """
    Return what :meth:`Task.returns` does; say on standard error how far it is.

    :return: (n,) float64.
    """
    returns, progress = np.empty(len(starts)), Progress(sys.stderr)
    for i, seed in enumerate(starts):
        # Before, not after: nobody waits once the last one is measured.
        progress(f'{i} of {len(starts)} episodes measured')
        returns[i] = task.returns(network, [seed], physics)[0]
    return returns
