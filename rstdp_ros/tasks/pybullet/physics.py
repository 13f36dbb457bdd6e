"""What PyBullet adds to every task's physics."""

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

    # As of the joints' velocities at the end of a control period, m/s or rad/s.
    velocity_limits: ClassVar[tuple[float, ...]] = (math.inf, math.inf)

    def exerted(self, command: float) -> float:
        """Return the effort that a command makes the actuator exert, N or N m."""
        raise NotImplementedError


def simulated(env_id: str, physics: type) -> Simulated:
    """
    Say that a task can be simulated by PyBullet.

    :param env_id: of its Gymnasium environment; physics: a table made of :class:`PyBulletPhysics`.
    """
    return Simulated(env_id, physics, 'rstdp_ros.tasks.pybullet.env:PyBulletEnv')


def derived_parameters() -> Any:
    """Declare that bodies have no derived fields which could be stale."""
    return parameter('recomputed', 'In PyBullet everything follows from masses and lengths.',
                     choices=('recomputed',), effect=NEXT_STEP)
