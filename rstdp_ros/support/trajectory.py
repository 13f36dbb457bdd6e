"""What a robot did in an episode, for strategies that learn from more than spikes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Trajectory(NamedTuple):
    """
    One row per observation; joints in the task's order.

    :param positions: (steps, joints) float64, m or rad.
    :param velocities: (steps, joints) float64, m/s or rad/s.
    :param efforts: (steps,) float64, N or N m: the policy's answers.
    :param end: 'terminated' or 'truncated'; '' if unknown.
    :param before: (k,) float64, the efforts before the first row, newest first; none at the start
        of an episode.
    """

    positions: np.ndarray
    velocities: np.ndarray
    efforts: np.ndarray
    end: str
    before: np.ndarray = np.empty(0)
