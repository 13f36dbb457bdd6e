"""What another system's file leaves open, and how it becomes one of our networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rstdp_ros import __version__
from rstdp_ros.snn import Neuron, SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task, Task, TASKS

# The same as for our own files: no task's network comes near it.
MAX_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Facts:
    """
    Facts stated about a network because its file may not hold them; None if not stated.

    :param task: the network's task.
    :param ticks: number of ticks for which an observation is presented.
    :param alpha: decay of the synaptic current per tick; ``beta``: of the potential.
    :param threshold: firing threshold.
    :param dt: seconds per tick assumed by an NIR graph's time constants.
    """

    task: str | None = None
    ticks: int | None = None
    alpha: float | None = None
    beta: float | None = None
    threshold: float | None = None
    dt: float | None = None


def find_task(name: str | None, weights: Sequence[np.ndarray]) -> Task:
    """
    Return the task of that name, or the only one whose observations and actions fit.

    :param weights: W1, W2, W3, each (in, out).
    :raises RstdpError: an unknown name, one that does not fit, or none or several that do.
    """
    candidates = list(TASKS.usable().values()) if name is None else [get_task(name)]
    ends = weights[0].shape[0], weights[-1].shape[1]
    fitting = [task for task in candidates
               if (task.network.sizes[0], task.network.actions) == ends]
    if not fitting and name is not None:
        task = candidates[0]
        raise RstdpError(f'{ends[0]} inputs and {ends[1]} outputs do not fit: {task.name} has '
                         f'{task.network.sizes[0]} and {task.network.actions}')
    if len(fitting) != 1:
        known = ', '.join(f'{task.name} has {task.network.sizes[0]} and {task.network.actions}'
                          for task in candidates)
        raise RstdpError(f'{ends[0]} inputs and {ends[1]} outputs do not tell the task: {known}; '
                         '--task names one')
    return fitting[0]


def make_network(weights: Sequence[np.ndarray], neuron: Neuron, task: Task,
                 efforts: Sequence[float], metadata: dict[str, Any]) -> SpikingQNetwork:
    """
    Build a network and check that it fits its task.

    :param weights: W1, W2, W3, each (in, out).
    :param efforts: of the actions, N or N m.
    :raises RstdpError: it is not a network, or not one for this task.
    """
    network = SpikingQNetwork(weights, neuron, task.name, efforts, metadata)
    task.check_network(network)
    return network


def origin(path: Path) -> dict[str, Any]:
    """Say where a converted network came from."""
    return {'made_by': 'rstdp_ros convert', 'code_version': __version__, 'source': path.name,
            'parent': None}
