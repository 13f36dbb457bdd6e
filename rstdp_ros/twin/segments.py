"""Pieces of episodes, each simulated from its own start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.actuator import commands_kept
from rstdp_ros.tasks.task import Task

# Long enough to tell noise from motion, short enough to follow an unstable plant.
ROWS = 12


@dataclass(frozen=True)
class Segments:
    """
    n pieces of up to m rows; missing rows do not count.

    :param shown: (n, m, state) float64, the sensor values.
    :param present: (n, m) bool.
    :param commands: (n, m - 1) float64, N or N m, between the rows.
    :param pasts: (n, k) float64, the commands before, newest first.
    """

    shown: np.ndarray
    present: np.ndarray
    commands: np.ndarray
    pasts: np.ndarray


def segments(task: Task, trajectories: Sequence[Trajectory]) -> Segments:
    """Cut episodes into pieces that share no row, so that each row counts once."""
    kept = commands_kept(task.robot.control_period)
    pieces = [piece for trajectory in trajectories
              for piece in _pieces(task, trajectory, kept)]
    count, size = len(pieces), max((len(shown) for shown, _, _ in pieces), default=1)
    width = len(task.start_states([0])[0])
    whole = Segments(np.zeros((count, size, width)), np.zeros((count, size), bool),
                     np.zeros((count, size - 1)), np.zeros((count, kept)))
    for i, (shown, commands, past) in enumerate(pieces):
        whole.shown[i, :len(shown)], whole.present[i, :len(shown)] = shown, True
        whole.commands[i, :len(commands)], whole.pasts[i, :len(past)] = commands, past
    return whole


def _pieces(task, trajectory, kept):
    """Yield the sensor values, the commands between them, and the commands before."""
    shown = task.robot.states(trajectory.positions, trajectory.velocities)
    newest_first = np.concatenate([trajectory.efforts[::-1], trajectory.before])
    for first in range(0, len(shown), ROWS):
        last = min(first + ROWS, len(shown))
        if last - first > 1:
            yield (shown[first:last], trajectory.efforts[first:last - 1],
                   newest_first[len(shown) - first:][:kept])
