"""Parameters that PyBullet adds to every task's physics."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, ClassVar

from rstdp_ros.support.parameters import NEXT_STEP, parameter
from rstdp_ros.tasks.simulated import Simulated


@dataclass(frozen=True)
class PyBulletPhysics:
    """Parameters of any plant in PyBullet; a task's table adds these to its own."""

    substep: float = parameter(
        0.001, "The simulator's own time step, rounded so that a control period holds a whole "
        'number of them.', unit='s', minimum=1e-5, maximum=0.02, effect=NEXT_STEP)

    # Limits of the joints' velocities at the end of a control period, m/s or rad/s.
    velocity_limits: ClassVar[tuple[float, ...]] = (math.inf, math.inf)

    def exerted(self, command: float) -> float:
        """Return the actuator's effort for a command, N or N m."""
        raise NotImplementedError


def simulated(env_id: str, physics: type) -> Simulated:
    """
    Declare that PyBullet simulates a task.

    :param env_id: of its Gymnasium environment; physics: a table made of :class:`PyBulletPhysics`.
    """
    return Simulated(env_id, physics, 'rstdp_ros.tasks.pybullet.env:PyBulletEnv')


def derived_parameters() -> Any:
    """Declare that bodies have no derived fields that could be stale."""
    return parameter('recomputed', 'In PyBullet everything follows from masses and lengths.',
                     choices=('recomputed',), effect=NEXT_STEP)
