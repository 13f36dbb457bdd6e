"""A task in PyBullet as a Gymnasium environment."""

from __future__ import annotations

from collections import deque

import numpy as np

from rstdp_ros.tasks.actuator import obeyed
from rstdp_ros.tasks.env import TunableEnv
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.pybullet.physics import PyBulletPhysics
from rstdp_ros.tasks.pybullet.world import World
from rstdp_ros.tasks.registry import get_task


class PyBulletEnv(TunableEnv):
    """
    The same observations, actions, rewards and ends as the task's equations; other physics.

    :param task: name of the task.
    :param physics: the plant; may change between two steps, lengths included.
    :param render_mode: ``human`` opens Bullet's window, ``rgb_array`` draws without a display.
    :raises RstdpError: PyBullet is missing, or there is no display.
    """

    metadata = {'render_modes': ['human', 'rgb_array'], 'render_fps': 50}

    def __init__(self, task: str, physics: PyBulletPhysics | None = None,
                 render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self._world = World(get_task(task, 'pybullet'), gui=render_mode == 'human')
        self._joints: Joints | None = None
        # Each command under way: seconds until it takes effect, and the effort.
        self._commands: deque[tuple[float, float]] = deque()
        super().__init__(self._world.task, physics)

    def _true_state(self) -> tuple[float, ...]:
        return self.task.robot.state(self._joints)

    def _take_up(self, physics: PyBulletPhysics) -> None:
        """Rebuild the bodies where the old ones were; commands under way keep their times."""
        self._world.build(physics)
        if self._joints:
            self._world.place(self._joints)

    def _begin(self, state: np.ndarray) -> None:
        # A new world for every episode: none depends on earlier ones.
        self._world.build(self.physics)
        self._joints = self.task.robot.pose(state)
        self._world.place(self._joints)
        self._commands.clear()
        self._effort = 0.0

    def _advance(self, effort: float) -> bool:
        """Apply each command after its delay, in order: none overtakes another."""
        world, now = self._world, 0
        latest = self._commands[-1][0] if self._commands else 0.0
        self._commands.append((max(self.physics.actuator_delay, latest),
                               self.physics.exerted(obeyed(effort, self.physics.dead_zone))))
        while now < world.substeps:
            while self._commands and self._first_due() <= now:
                self._effort = self._commands.popleft()[1]
            until = min(world.substeps, self._first_due()) if self._commands else world.substeps
            world.advance(self._effort, until - now)
            now = until
        self._commands = deque((due - self.task.robot.control_period, command)
                               for due, command in self._commands)
        self._joints = self._braked(world.read())
        return self.task.terminated(self._joints, self.physics)

    def _first_due(self) -> int:
        """Return the substep at which the first waiting command takes effect."""
        return round(self._commands[0][0] / self._world.substep)

    def _braked(self, joints: Joints) -> Joints:
        """Bound the joints' velocities, as Gymnasium's equations do."""
        bounded = tuple(max(-limit, min(velocity, limit)) for velocity, limit
                        in zip(joints.velocities, self.physics.velocity_limits))
        if bounded == joints.velocities:
            return joints
        joints = joints._replace(velocities=bounded)
        self._world.place(joints)
        return joints

    def render(self) -> np.ndarray | None:
        """Return a picture, (height, width, 3) uint8, in mode ``rgb_array``."""
        return self._world.picture() if self.render_mode == 'rgb_array' else None

    def close(self) -> None:
        """End the simulation; may be called twice."""
        self._world.close()
