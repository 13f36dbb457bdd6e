"""A robot's recent episodes, as far as identification needs them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.trajectory import Trajectory


class Memory:
    """
    The latest episodes.

    :param joints: the number of the robot's joints.
    """

    def __init__(self, joints: int) -> None:
        self.joints = joints
        self.trajectories: list[Trajectory] = []

    @property
    def steps(self) -> int:
        """The number of control steps kept."""
        return sum(len(one.efforts) for one in self.trajectories)

    def add(self, trajectory: Trajectory, steps: int) -> None:
        """
        Keep one more, and drop the oldest that are not needed for this many steps.

        Episodes are kept whole, because efforts delayed in the actuator were commanded earlier.
        """
        self.trajectories.append(trajectory)
        while self.steps - len(self.trajectories[0].efforts) >= steps:
            del self.trajectories[0]

    def forget_all_but_the_last(self) -> None:
        """Keep only the last episode."""
        del self.trajectories[:-1]

    def state(self) -> dict[str, Any]:
        """Return everything as arrays: a row per step, and the number of steps per episode."""
        rows = [np.column_stack([one.positions, one.velocities, one.efforts])
                for one in self.trajectories]
        return {'rows': np.concatenate([np.empty((0, 2 * self.joints + 1)), *rows]),
                'lengths': np.array([len(row) for row in rows], np.int64)}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned; how the episodes ended is not needed and not kept.

        :raises RstdpError: lengths that do not fit.
        """
        rows, lengths = state['rows'], state['lengths']
        if (lengths < 1).any() or lengths.sum() != len(rows):
            raise RstdpError(f'{len(rows)} steps of episodes of {lengths.tolist()}')
        self.trajectories = [
            Trajectory(part[:, :self.joints], part[:, self.joints:-1], part[:, -1], '')
            for part in np.split(rows, np.cumsum(lengths))[:-1]]
