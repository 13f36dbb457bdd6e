"""The acrobot's physics in PyBullet."""

from __future__ import annotations

from dataclasses import dataclass

from rstdp_ros.tasks.acrobot.physics import (
    AcrobotPhysics,
    COMMAND,
    MAX_VELOCITY_1,
    MAX_VELOCITY_2,
)
from rstdp_ros.tasks.pybullet.physics import (
    damping,
    derived_parameters,
    friction,
    PyBulletPhysics,
)
from rstdp_ros.tasks.urdf import Dynamics


@dataclass(frozen=True)
class AcrobotInPyBullet(PyBulletPhysics, AcrobotPhysics):
    """The plant's parameters; the defaults are Gymnasium's, without friction."""

    derived_parameters: str = derived_parameters()
    shoulder_damping: float = damping('the shoulder', 'N m s/rad')
    shoulder_friction: float = friction('the shoulder', 'N m')
    elbow_damping: float = damping('the elbow', 'N m s/rad')
    elbow_friction: float = friction('the elbow', 'N m')

    velocity_limits = (MAX_VELOCITY_1, MAX_VELOCITY_2)

    def joint_dynamics(self) -> dict[str, Dynamics]:
        """Describe what resists each joint's motion."""
        return {'shoulder': Dynamics(self.shoulder_damping, self.shoulder_friction),
                'elbow': Dynamics(self.elbow_damping, self.elbow_friction)}

    def exerted(self, command: float) -> float:
        """Return the torque at the elbow that a command leads to, N m."""
        return command / COMMAND * self.torque_magnitude
