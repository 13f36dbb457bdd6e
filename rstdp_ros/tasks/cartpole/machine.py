"""A cart-pole that stands in for a robot: a cart on a track with stops, and a pole."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import with_default
from rstdp_ros.tasks.cartpole.physics import accelerations, CartPolePhysics, NOMINAL_EFFORT
from rstdp_ros.tasks.stand_in import Machine

START_RANGE = 0.03
TRACK = 2.5


@dataclass(frozen=True)
class CartPoleMachine(CartPolePhysics):
    """The cart-pole's parameters; the defaults are a decent machine's."""

    cart_damping: float = with_default(CartPolePhysics, 'cart_damping', 0.1)
    pole_damping: float = with_default(CartPolePhysics, 'pole_damping', 1e-4)
    actuator_delay: float = with_default(CartPolePhysics, 'actuator_delay', 0.005)
    dead_zone: float = with_default(CartPolePhysics, 'dead_zone', 0.2)


def start(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a state at rest near upright: x, x', theta, theta'."""
    x, theta = generator.uniform(-START_RANGE, START_RANGE, 2).tolist()
    return x, 0.0, theta, 0.0


@compiled()
def move(state, effort, constants, dt):
    """Go on by semi-implicit Euler with the task's own equations, friction included."""
    x, x_dot, theta, theta_dot = state
    force = effort / NOMINAL_EFFORT * constants[5]
    x_acc, theta_acc = accelerations(x_dot, theta, theta_dot, force, constants)
    x_dot, theta_dot = x_dot + dt * x_acc, theta_dot + dt * theta_acc
    x, theta = x + dt * x_dot, theta + dt * theta_dot
    if abs(x) > TRACK:
        x, x_dot = math.copysign(TRACK, x), 0.0
    if abs(theta) > math.pi / 2:  # it lies on the cart
        theta, theta_dot = math.copysign(math.pi / 2, theta), 0.0
    return x, x_dot, theta, theta_dot


MACHINE = Machine(CartPoleMachine, start, move)
