"""Measure networks, telling a person who waits how far it is."""

from __future__ import annotations

from collections.abc import Sequence
import sys
import time
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task

PATIENCE = 2.0


def measure(task: Task, network: SpikingQNetwork, starts: Sequence[int],
            physics: Any) -> np.ndarray:
    """
    Return what :meth:`Task.returns` does; say every two seconds on standard error how far it is.

    :return: (n,) float64.
    """
    returns, last = np.empty(len(starts)), time.monotonic()
    for i, seed in enumerate(starts):
        returns[i] = task.returns(network, [seed], physics)[0]
        if time.monotonic() - last > PATIENCE:
            last = time.monotonic()
            print(f'{i + 1} of {len(starts)} episodes measured', file=sys.stderr, flush=True)
    return returns
