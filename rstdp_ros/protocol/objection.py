"""What can be wrong with a complete episode: its return, or who played it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import Task

OTHER_EFFORTS = ('not all efforts were those of its spikes: more than one policy publishes on '
                 'action, or a bag is replayed to other weights')


def objection(task: Task, network: Callable[[], SpikingQNetwork], by_hand: bool, end: EpisodeEnd,
              rasters: np.ndarray) -> str:
    """
    Return why an episode teaches nothing; '' if it teaches something.

    :param network: returns the network that should have played it.
    :param by_hand: whether a person gives the return.
    :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
    """
    reason = '' if by_hand else task.objection_to(end.episode_return, end.steps)
    if reason or not end.efforts or len(rasters) < end.steps:
        return reason
    efforts = task.efforts(network(), rasters)
    return '' if efforts_digest(efforts) == end.efforts else OTHER_EFFORTS
