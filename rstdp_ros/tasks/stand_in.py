"""A stand-in for a robot: it moves by itself and has the flaws of real machines."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
import math
from typing import Any, TYPE_CHECKING

import numpy as np

from rstdp_ros.support.compiling import Kernel, specialised
from rstdp_ros.support.parameters import parameter
from rstdp_ros.tasks.actuator import obeyed
from rstdp_ros.tasks.interface import Joints

if TYPE_CHECKING:
    from rstdp_ros.tasks.task import Task

SUBSTEP = 0.001


@dataclass(frozen=True)
class Machine:
    """
    The motion of a task's plant as a stand-in robot.

    :param physics: the table of the plant's parameters, whose defaults are a decent machine's.
    :param start: random generator -> the state in which a hand holds it before an episode.
    :param move: compiled, see :func:`move`.
    """

    physics: type
    start: Callable[[np.random.Generator], tuple[float, ...]]
    move: Kernel


def move(state, effort, constants, dt):
    """
    Let the machine go on for a short time, against the stops that it has.

    :param state: a tuple of float.
    :param effort: what the actuator exerts, N or N m as commanded.
    :param constants: a tuple of float: of the plant, ``physics.constants()``.
    :param dt: s.
    :return: the next state.
    """
    raise NotImplementedError('a task has it')


def moves(state, effort, constants, dt, count):
    """Let the machine go on for ``count`` such times."""
    for _ in range(count):
        state = move(state, effort, constants, dt)
    return state


@cache
def _moves_of(one: Kernel) -> Kernel:
    return specialised(moves, move=one)


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
    set_up_after: float = parameter(0.5, 'Time of zero commands after which a hand puts the robot '
                                    'at a start and holds it; 0: never.', unit='s', minimum=0.0,
                                    maximum=1e6)


class StandIn:
    """
    A plant with a motor, encoders, and a hand.

    The hand holds it at a start until the first command that is not zero, and puts it back to one
    when commands have been zero for a while. It moves by its :class:`Machine`, in steps of a
    millisecond.

    :param task: one that has a machine.
    :param physics: of the plant, its motor and sensor errors.
    :param parameters: all the rest.
    """

    def __init__(self, task: Task, physics: Any, parameters: StandInParameters) -> None:
        self.task, self.parameters, self.physics = task, parameters, physics
        self._start, self._moves = task.machine.start, _moves_of(task.machine.move)
        self._constants, self._sensors = physics.constants(), physics.sensors()
        self._random = np.random.default_rng(parameters.seed)
        self._commands: deque[tuple[float, float]] = deque()
        self._command = 0.0
        self.time = self._idle = 0.0
        self.state: tuple[float, ...]
        self._set_up()
        # Load compiled code now: a robot does not pause at its first move.
        self._move(0)
        task.shown(self.state, self._sensors)

    def command(self, effort: float) -> None:
        """Take a command, N or N m; ignore non-finite ones like forward_command_controller."""
        if math.isfinite(effort):
            self._commands.append((self.time + self.physics.actuator_delay, effort))

    def advance(self, until: float) -> None:
        """Advance the time."""
        # Steps since the state was last brought up to date.
        pending = 0
        while self.time < until:
            self.time += SUBSTEP
            while self._commands and self._commands[0][0] <= self.time:
                self._move(pending)
                pending = 0
                self._command = self._commands.popleft()[1]
            self._idle = 0.0 if self._command else self._idle + SUBSTEP
            if self._command:
                self.held = False
            if self.parameters.set_up_after and self._idle > self.parameters.set_up_after:
                if not self.held:
                    self._set_up()
                    pending = 0
            elif not self.held:
                pending += 1
        self._move(pending)

    def read(self) -> Joints:
        """Return the encoders' readings."""
        parameters, noise = self.parameters, self._random.normal
        joints = self.task.shown(self.state, self._sensors)
        size = len(joints.positions)
        positions = joints.positions + parameters.position_noise * noise(size=size)
        if parameters.resolution:
            positions = np.round(positions / parameters.resolution) * parameters.resolution
        velocities = joints.velocities + parameters.velocity_noise * noise(size=size)
        return Joints(positions.tolist(), velocities.tolist())

    def lost(self) -> bool:
        """Draw whether the next message is lost."""
        return self._random.random() < self.parameters.loss

    def lateness(self) -> float:
        """Draw the delay of the next message, s."""
        return self.parameters.jitter * self._random.random()

    def _move(self, count: int) -> None:
        """Move by a number of steps under the present command."""
        effort = obeyed(self._command, self.physics.dead_zone)
        self.state = self._moves(self.state, effort, self._constants, SUBSTEP, count)

    def _set_up(self) -> None:
        self.state, self.held = self._start(self._random), True
