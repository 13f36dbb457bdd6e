"""What a robot did in an episode, for whoever learns from more than spikes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Trajectory(NamedTuple):
    """
    One row per observation; joints in the order of the task's.

    :param positions: (steps, joints) float64, m or rad.
    :param velocities: (steps, joints) float64, m/s or rad/s.
    :param efforts: (steps,) float64, N or N m: what the policy answered.
    :param end: 'terminated' or 'truncated'; '' where that is not known.
    :param before: (k,) float64, the efforts before the first row, newest first; none at the start
        of an episode.
    """

    positions: np.ndarray
    velocities: np.ndarray
    efforts: np.ndarray
    end: str
    before: np.ndarray = np.empty(0)
