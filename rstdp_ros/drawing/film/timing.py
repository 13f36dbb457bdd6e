"""The step that each picture shows, and the speed of a film."""

from __future__ import annotations

from collections.abc import Sequence
import math

# The duration of one start if no speed is given, and of its end after that, s.
START_SECONDS = 8.0
HOLD_SECONDS = 1.5


def shown_steps(steps: int, step_seconds: float, fps: int) -> list[int]:
    """
    List the step of each picture, from 0 to the last one, which is held for a while.

    :param steps: of the longer episode.
    :param step_seconds: the film's duration of a step.
    """
    per_step = step_seconds * fps
    # Rounded first: 0.3 / 0.1 is not quite 3.
    count = math.ceil(round(steps * per_step, 6))
    moving = [math.floor(round(i / per_step, 6)) for i in range(count)]
    return [*moving, steps] + [steps] * round(HOLD_SECONDS * fps)


def fitting_speed(steps: Sequence[int], control_period: float, max_seconds: float) -> float:
    """
    Return the speed, times real time, for a film of suitable length.

    :param steps: of the longer episode at each start.
    :return: rounded up to one significant digit, to be readable.
    """
    room = max(max_seconds - len(steps) * HOLD_SECONDS, 1.0)
    seconds = min(len(steps) * START_SECONDS, room)
    speed = sum(steps) * control_period / seconds
    unit = 10.0 ** math.floor(math.log10(speed))
    return math.ceil(round(speed / unit, 9)) * unit
