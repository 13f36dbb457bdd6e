"""Which step each picture shows, and how fast a film must go."""

from __future__ import annotations

from collections.abc import Sequence
import math

# How long one start is shown if nobody asks for a speed, and its end after that, s.
START_SECONDS = 8.0
HOLD_SECONDS = 1.5


def shown_steps(steps: int, step_seconds: float, fps: int) -> list[int]:
    """
    List the step of each picture, from 0 to the last one, which stays for a while.

    :param steps: of the longer episode.
    :param step_seconds: how long the film takes for a step.
    """
    per_step = step_seconds * fps
    # Rounded first: 0.3 / 0.1 is not quite 3.
    count = math.ceil(round(steps * per_step, 6))
    moving = [math.floor(round(i / per_step, 6)) for i in range(count)]
    return [*moving, steps] + [steps] * round(HOLD_SECONDS * fps)


def fitting_speed(steps: Sequence[int], control_period: float, max_seconds: float) -> float:
    """
    Return how many times real time makes a film of a pleasant length.

    :param steps: of the longer episode at each start.
    :return: rounded up to one significant digit, so that people can say it.
    """
    room = max(max_seconds - len(steps) * HOLD_SECONDS, 1.0)
    seconds = min(len(steps) * START_SECONDS, room)
    speed = sum(steps) * control_period / seconds
    unit = 10.0 ** math.floor(math.log10(speed))
    return math.ceil(round(speed / unit, 9)) * unit
