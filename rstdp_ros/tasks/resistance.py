"""What resists a joint's motion: viscous damping and Coulomb friction."""

from __future__ import annotations

from typing import Any

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import NEXT_STEP, parameter


def damping(joint: str, unit: str) -> Any:
    """Declare the viscous damping of a joint."""
    return parameter(0.0, f'Viscous damping of {joint}.', unit=unit, minimum=0.0, maximum=1000.0,
                     effect=NEXT_STEP)


def friction(joint: str, unit: str) -> Any:
    """Declare the dry friction of a joint."""
    return parameter(0.0, f'Dry (Coulomb) friction of {joint}. In PyBullet it holds the joint '
                     'at rest against anything less; in the equations the joint creeps.',
                     unit=unit, minimum=0.0, maximum=1000.0, effect=NEXT_STEP)


@compiled()
def resistance(velocity, damping, friction, full_velocity):
    """
    Return the force or torque against a joint's motion: damping v + friction clip(v / v0, -1, 1).

    Without either it is 0.0 whatever the velocity, so that a joint moves as if there were none.

    :param full_velocity: v0, from which on friction is full: a sign that jumps at rest would make
        the joint chatter in steps of a whole control period.
    """
    if damping == 0.0 and friction == 0.0:
        return 0.0
    return damping * velocity + friction * min(max(velocity / full_velocity, -1.0), 1.0)
