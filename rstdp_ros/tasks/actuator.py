"""
From commands to the effort that a plant's actuator exerts: dead zone and delay.

The compiled episodes, the Gymnasium environment and trajectories all use these functions. Past
commands are (n,) float64, the newest first, zeros before an episode's start; an actuator is
(delay in control periods, dead zone in N or N m).
"""

from __future__ import annotations

import math
from typing import Any

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import NEXT_STEP, parameter

LONGEST_DELAY = 1.0  # s
# A delay of whole periods must stay one despite rounding: 0.6 / 0.2 is not 3.
DIGITS = 9


def actuator_delay() -> Any:
    """Declare the delay of the actuator."""
    return parameter(
        0.0, 'Delay from a command to its effort. Within a control period the equations average '
        'the effort.', unit='s', minimum=0.0, maximum=LONGEST_DELAY, effect=NEXT_STEP)


def dead_zone(unit: str) -> Any:
    """Declare the dead zone of the actuator."""
    return parameter(0.0, 'Commands up to this magnitude have no effect.', unit=unit, minimum=0.0,
                     maximum=1000.0, effect=NEXT_STEP)


def actuator_of(physics: Any, control_period: float) -> tuple[float, float]:
    """Return delay in control periods and dead zone, as :func:`delivered` takes them."""
    return round(physics.actuator_delay / control_period, DIGITS), physics.dead_zone


def commands_kept(control_period: float) -> int:
    """Return how many past commands matter to the longest delay."""
    return math.ceil(round(LONGEST_DELAY / control_period, DIGITS)) + 2


@compiled()
def reach(actuator):
    """Return how many past commands matter, the present one included."""
    return int(actuator[0]) + 2


@compiled()
def obeyed(command, dead_zone):
    """Return what is left of a command behind the dead zone."""
    return 0.0 if abs(command) <= dead_zone else command


@compiled()
def delivered(command, past, actuator):
    """
    Take a command and return what is exerted in its control period, N or N m as commanded.

    With a delay of n + f periods, n whole and 0 <= f < 1, the command of n + 1 periods ago is in
    force for the first part f of the period and that of n periods ago for the rest. What is
    returned is their mean: (1 - f) d(past[n]) + f d(past[n + 1]), d being the dead zone.

    :param past: at least :func:`reach` commands, shifted: this one becomes the first.
    """
    for k in range(len(past) - 1, 0, -1):
        past[k] = past[k - 1]
    past[0] = command
    delay, dead_zone = actuator[0], actuator[1]
    whole = int(delay)
    part = delay - whole
    newer = obeyed(past[whole], dead_zone)
    if part == 0.0:
        return newer
    return (1.0 - part) * newer + part * obeyed(past[whole + 1], dead_zone)
