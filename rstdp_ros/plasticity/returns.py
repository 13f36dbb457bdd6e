"""How returns are compared."""

import math

from rstdp_ros.support.plugins import TASKS

# A return this close to another one, in proportion, is as good.
CONTENT = 0.01


def in_proportion(value: float) -> float:
    """Return a return on the scale of beliefs: most count steps, and scatter with their size."""
    return math.copysign(math.log1p(abs(value)), value)


def largest_of(task: str) -> float:
    """Return the largest possible return of a task, on the scale of beliefs."""
    return in_proportion(TASKS[task].possible_returns()[1])


def nothing_left(task: str, value: float) -> bool:
    """Say whether a return is as good as the largest possible one of a task."""
    return largest_of(task) - in_proportion(value) <= CONTENT
