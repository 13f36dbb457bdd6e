"""The acrobot's physics in PyBullet."""

from __future__ import annotations

from dataclasses import dataclass

from rstdp_ros.tasks.acrobot.physics import (
    AcrobotPhysics,
    MAX_VELOCITY_1,
    MAX_VELOCITY_2,
    NOMINAL_EFFORT,
)
from rstdp_ros.tasks.pybullet.physics import derived_parameters, PyBulletPhysics, simulated


@dataclass(frozen=True)
class AcrobotInPyBullet(PyBulletPhysics, AcrobotPhysics):
    """The plant's parameters; the defaults are Gymnasium's, without friction."""

    derived_parameters: str = derived_parameters()

    velocity_limits = (MAX_VELOCITY_1, MAX_VELOCITY_2)

    def exerted(self, command: float) -> float:
        """Return the torque at the elbow that a command leads to, N m."""
        return command / NOMINAL_EFFORT * self.torque_magnitude


IN_PYBULLET = simulated('rstdp_ros/PyBulletAcrobot-v0', AcrobotInPyBullet)
