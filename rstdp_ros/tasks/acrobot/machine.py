"""An acrobot that stands in for a robot: two links that turn freely, and a motor between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import with_default
from rstdp_ros.tasks.acrobot.physics import (
    accelerations,
    AcrobotPhysics,
    clipped,
    MAX_VELOCITY_1,
    MAX_VELOCITY_2,
    NOMINAL_EFFORT,
    wrapped,
)
from rstdp_ros.tasks.stand_in import Machine

START_RANGE = 0.03


@dataclass(frozen=True)
class AcrobotMachine(AcrobotPhysics):
    """The acrobot's parameters; the defaults are a decent machine's."""

    shoulder_damping: float = with_default(AcrobotPhysics, 'shoulder_damping', 0.01)
    elbow_damping: float = with_default(AcrobotPhysics, 'elbow_damping', 0.01)
    actuator_delay: float = with_default(AcrobotPhysics, 'actuator_delay', 0.01)
    dead_zone: float = with_default(AcrobotPhysics, 'dead_zone', 0.02)


def start(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a state at rest, nearly hanging: theta1, theta2, theta1', theta2'."""
    theta1, theta2 = generator.uniform(-START_RANGE, START_RANGE, 2).tolist()
    return theta1, theta2, 0.0, 0.0


@compiled()
def move(state, effort, constants, dt):
    """Go on by semi-implicit Euler with the task's own equations, friction included."""
    theta1, theta2, velocity1, velocity2 = state
    torque = effort / NOMINAL_EFFORT * constants[5]
    change1, change2 = accelerations(theta1, theta2, velocity1, velocity2, torque, constants)
    velocity1 = clipped(velocity1 + dt * change1, MAX_VELOCITY_1)
    velocity2 = clipped(velocity2 + dt * change2, MAX_VELOCITY_2)
    return (wrapped(theta1 + dt * velocity1), wrapped(theta2 + dt * velocity2), velocity1,
            velocity2)


MACHINE = Machine(AcrobotMachine, start, move)
