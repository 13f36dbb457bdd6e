"""A stand-in for a real cart-pole: it moves by itself and has the flaws of real ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
import math

import numpy as np

from rstdp_ros.support.parameters import parameter, with_default
from rstdp_ros.tasks.actuator import obeyed
from rstdp_ros.tasks.cartpole.physics import accelerations, CartPolePhysics, NOMINAL_EFFORT
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.tasks.interface import Joints

SUBSTEP = 0.001
START_RANGE = 0.03
TRACK = 2.5


@dataclass(frozen=True)
class StandInPhysics(CartPolePhysics):
    """The cart-pole's parameters; the defaults are a decent machine's."""

    cart_damping: float = with_default(CartPolePhysics, 'cart_damping', 0.1)
    pole_damping: float = with_default(CartPolePhysics, 'pole_damping', 1e-4)
    actuator_delay: float = with_default(CartPolePhysics, 'actuator_delay', 0.005)
    dead_zone: float = with_default(CartPolePhysics, 'dead_zone', 0.2)


# The cart-pole with that table, to make physics from names and values.
STAND_IN = replace(CARTPOLE, physics=StandInPhysics)


@dataclass(frozen=True)
class StandInParameters:
    """A robot's imperfections beyond the plant's; the defaults are a decent machine's."""

    seed: int = parameter(0, 'Seed of noise, jitter, losses and starts.', minimum=0, maximum=2**31)
    rate: float = parameter(100.0, 'Joint states per second.', unit='Hz', minimum=1.0,
                            maximum=1000.0)
    position_noise: float = parameter(0.0005, 'Standard deviation of position readings.',
                                      unit='m or rad', minimum=0.0, maximum=1.0)
    velocity_noise: float = parameter(0.01, 'Standard deviation of velocity readings.',
                                      unit='m/s or rad/s', minimum=0.0, maximum=10.0)
    resolution: float = parameter(0.0005, 'Step of the encoders.', unit='m or rad', minimum=0.0,
                                  maximum=1.0)
    jitter: float = parameter(0.001, 'Largest delay of joint states.', unit='s', minimum=0.0,
                              maximum=1.0)
    loss: float = parameter(0.0, 'Fraction of joint states that are lost.', minimum=0.0,
                            maximum=1.0)
    set_up_after: float = parameter(0.5, 'Time of zero commands after which a hand puts the pole '
                                    'upright and holds it; 0: never.', unit='s', minimum=0.0,
                                    maximum=1e6)


class StandIn:
    """
    A cart on a track with stops, a pole, a motor, two encoders, and a hand.

    The hand holds the pole near upright until the first command that is not zero, and puts it
    back there when commands have been zero for a while. Equations of motion, friction included,
    are the task's, by semi-implicit Euler with steps of a millisecond.

    :param physics: of cart, pole, motor and sensor errors.
    :param parameters: all the rest.
    """

    def __init__(self, physics: CartPolePhysics, parameters: StandInParameters) -> None:
        self.parameters, self.physics = parameters, physics
        self._constants, self._sensors = physics.constants(), physics.sensors()
        self._random = np.random.default_rng(parameters.seed)
        self._commands: deque[tuple[float, float]] = deque()
        self._command = 0.0
        self.time = self._idle = 0.0
        self._set_up()
        # Load compiled code now: a robot does not pause at its first move.
        accelerations(0.0, 0.0, 0.0, 0.0, self._constants)
        CARTPOLE.shown(self.state, self._sensors)

    def command(self, effort: float) -> None:
        """Take a command, N; like forward_command_controller, ignore one that is not finite."""
        if math.isfinite(effort):
            self._commands.append((self.time + self.physics.actuator_delay, effort))

    def advance(self, until: float) -> None:
        """Advance the time."""
        while self.time < until:
            self._substep()

    def read(self) -> Joints:
        """Return the encoders' readings of cart and pole."""
        parameters, noise = self.parameters, self._random.normal
        joints = CARTPOLE.shown(self.state, self._sensors)
        positions = joints.positions + parameters.position_noise * noise(size=2)
        if parameters.resolution:
            positions = np.round(positions / parameters.resolution) * parameters.resolution
        velocities = joints.velocities + parameters.velocity_noise * noise(size=2)
        return Joints(positions.tolist(), velocities.tolist())

    def lost(self) -> bool:
        """Draw whether the next message is lost."""
        return self._random.random() < self.parameters.loss

    def lateness(self) -> float:
        """Draw the delay of the next message, s."""
        return self.parameters.jitter * self._random.random()

    def _substep(self) -> None:
        self.time += SUBSTEP
        while self._commands and self._commands[0][0] <= self.time:
            self._command = self._commands.popleft()[1]
        self._idle = 0.0 if self._command else self._idle + SUBSTEP
        if self._command:
            self.held = False
        if self.parameters.set_up_after and self._idle > self.parameters.set_up_after:
            if not self.held:
                self._set_up()
        elif not self.held:
            self._move()

    def _move(self) -> None:
        x, x_dot, theta, theta_dot = self.state
        effort = obeyed(self._command, self.physics.dead_zone)
        force = effort / NOMINAL_EFFORT * self.physics.force_magnitude
        x_acc, theta_acc = accelerations(x_dot, theta, theta_dot, force, self._constants)
        x_dot, theta_dot = x_dot + SUBSTEP * x_acc, theta_dot + SUBSTEP * theta_acc
        x, theta = x + SUBSTEP * x_dot, theta + SUBSTEP * theta_dot
        if abs(x) > TRACK:
            x, x_dot = math.copysign(TRACK, x), 0.0
        if abs(theta) > math.pi / 2:  # it lies on the cart
            theta, theta_dot = math.copysign(math.pi / 2, theta), 0.0
        self.state = (x, x_dot, theta, theta_dot)

    def _set_up(self) -> None:
        x, theta = self._random.uniform(-START_RANGE, START_RANGE, 2).tolist()
        self.state, self.held = (x, 0.0, theta, 0.0), True
