"""A task's plant as bodies in a Bullet world of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task
from rstdp_ros.tasks.urdf import describe, Dynamics

MISSING = 'PyBullet is not installed: pip install "rstdp_ros[pybullet]"'
PICTURE = (640, 480)
# The camera, in front: m and degrees.
TARGET, DISTANCE, PITCH = (0.0, 0.0, 0.0), 6.0, -10.0


class Simulation:
    """
    Bullet's functions and constants, bound to a simulation of their own.

    :param gui: open Bullet's window.
    :raises RstdpError: PyBullet is missing, or there is no display for the window.
    """

    def __init__(self, gui: bool = False) -> None:
        try:
            import pybullet
        except ModuleNotFoundError:
            raise RstdpError(MISSING) from None
        # Bullet would end the process.
        if gui and sys.platform == 'linux' and not os.environ.get('DISPLAY'):
            raise RstdpError("PyBullet's window needs a display: there is no DISPLAY")
        self._module = pybullet
        try:
            self._id = pybullet.connect(pybullet.GUI if gui else pybullet.DIRECT)
        except pybullet.error as error:
            raise RstdpError(f"PyBullet's window cannot be opened: {error}") from None

    def __getattr__(self, name: str) -> Any:
        """Bind at the first use; later uses find it as an attribute."""
        value = getattr(self._module, name)
        if callable(value):
            value = partial(value, physicsClientId=self._id)
        setattr(self, name, value)
        return value


class World:
    """
    The bodies; they are where :meth:`place` put them last.

    Bullet's step first changes velocities, then moves with the new ones for the whole step. Seen
    half a step later or earlier that is the symmetric scheme (half a move, change, half a move),
    whose error is of second order: so positions go in half a step ahead and are read half a step
    back.

    :param task: whose joints to read, in order, and which of them is driven.
    :param gui: open Bullet's window.
    :raises RstdpError: PyBullet is missing, or there is no display for the window.
    """

    def __init__(self, task: Task, gui: bool = False) -> None:
        self.task, self.bullet = task, Simulation(gui)
        self._folder = TemporaryDirectory()
        self._urdf = Path(self._folder.name) / f'{task.name}.urdf'
        self.physics: Any = None
        if gui:
            self.bullet.configureDebugVisualizer(self.bullet.COV_ENABLE_GUI, 0)
            self.bullet.resetDebugVisualizerCamera(DISTANCE, 0.0, PITCH, TARGET)

    def build(self, physics: Any) -> None:
        """Rebuild the bodies from nothing; :meth:`place` must follow."""
        bullet = self.bullet
        if physics != self.physics:
            self._urdf.write_text(describe(self.task, physics))
            self.physics = physics
        bullet.resetSimulation()
        # Otherwise Bullet would keep using the file's content of its first loading.
        bullet.setPhysicsEngineParameter(enableFileCaching=0)
        bullet.setGravity(0.0, 0.0, -physics.gravity)
        self.body = bullet.loadURDF(str(self._urdf), useFixedBase=True,
                                    flags=bullet.URDF_USE_INERTIA_FROM_FILE)
        indices = {bullet.getJointInfo(self.body, i)[1].decode(): i
                   for i in range(bullet.getNumJoints(self.body))}
        self.joints = [indices[name] for name in self.task.robot.joints]
        self.driven = indices[self.task.robot.actuated_joint]
        self._resist(physics.joint_dynamics())
        self.substeps = max(1, round(self.task.robot.control_period / physics.substep))
        self.substep = self.task.robot.control_period / self.substeps

    def _resist(self, dynamics: Mapping[str, Dynamics]) -> None:
        """Set damping and friction; by default Bullet has some of both."""
        self._frictions = {}
        for name, joint in zip(self.task.robot.joints, self.joints):
            damping, friction = dynamics.get(name, Dynamics())
            self.bullet.changeDynamics(self.body, joint, linearDamping=0.0, angularDamping=0.0,
                                       jointDamping=damping)
            self._rub(joint, 0.0)
            if friction:
                self._frictions[joint] = friction

    def _rub(self, joint: int, friction: float) -> None:
        """Let a motor brake a joint with an amount of dry friction."""
        self.bullet.setJointMotorControl2(self.body, joint, self.bullet.VELOCITY_CONTROL,
                                          targetVelocity=0.0, force=friction)

    def place(self, joints: Joints) -> None:
        """Set the joints' positions and velocities."""
        for joint, position, velocity in zip(self.joints, *joints):
            self.bullet.resetJointState(self.body, joint, position + self.substep / 2 * velocity,
                                        velocity)

    def read(self) -> Joints:
        """Return the joints' positions and velocities."""
        states = self.bullet.getJointStates(self.body, self.joints)
        return Joints(tuple(state[0] - self.substep / 2 * state[1] for state in states),
                      tuple(state[1] for state in states))

    def advance(self, effort: float, substeps: int) -> None:
        """Advance by some substeps under a constant effort, N or N m."""
        bullet = self.bullet
        bullet.setPhysicsEngineParameter(fixedTimeStep=substeps * self.substep,
                                         numSubSteps=substeps)
        for joint, friction in self._frictions.items():
            # Bullet gives each substep the impulse of the whole step.
            self._rub(joint, friction / substeps)
        bullet.setJointMotorControl2(self.body, self.driven, bullet.TORQUE_CONTROL, force=effort)
        bullet.stepSimulation()

    def picture(self) -> np.ndarray:
        """Return the picture of a camera in front, (height, width, 3) uint8; needs no display."""
        bullet, (width, height) = self.bullet, PICTURE
        view = bullet.computeViewMatrixFromYawPitchRoll(TARGET, DISTANCE, 0.0, PITCH, 0.0, 2)
        projection = bullet.computeProjectionMatrixFOV(45.0, width / height, 0.1, 100.0)
        pixels = bullet.getCameraImage(width, height, view, projection,
                                       renderer=bullet.ER_TINY_RENDERER)[2]
        return np.reshape(pixels, (height, width, 4))[:, :, :3].astype(np.uint8)

    def close(self) -> None:
        """End the simulation and close its window."""
        if self.bullet.isConnected():
            self.bullet.disconnect()
