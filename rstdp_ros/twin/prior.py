"""The expectation about a plant before any data: a normal distribution."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.task import Task


class Prior:
    """
    A task's unknowns as a vector u, standard normal before any data.

    A parameter is default * exp(spread u) or default + spread u, within the range of its table.

    :raises RstdpError: a task without named unknowns.
    :ivar groups: indices of the unknowns that enter a model together, in the order of its growth.
    :ivar low: (p,) u at the lower end of each parameter's range; ``high``: at the upper end.
    """

    def __init__(self, task: Task) -> None:
        if not task.unknowns:
            raise RstdpError(f'task {task.name} names no unknowns, so no twin can be made of its '
                             'plant; the strategies gains, perturbation and rstdp need none')
        self.task, self.unknowns, self.nominal = task, task.unknowns, task.physics()
        self.names = tuple(unknown.name for unknown in self.unknowns)
        names = [unknown.group for unknown in self.unknowns]
        self.groups = [np.flatnonzero([one == name for one in names])
                       for name in dict.fromkeys(names)]
        ranges = table(task.physics)
        self.low, self.high = (np.array([
            self._standard(unknown, end(ranges[unknown.name])) for unknown in self.unknowns])
            for end in (lambda p: p.minimum, lambda p: p.maximum))

    def _standard(self, unknown: Any, value: float) -> float:
        centre = getattr(self.nominal, unknown.name)
        if not unknown.logarithmic:
            return (value - centre) / unknown.spread
        return math.log(value / centre) / unknown.spread if value > 0 else -math.inf

    def values(self, u: Numbers) -> dict[str, float]:
        """Return the parameters that a vector represents, by name."""
        inside = np.clip(u, self.low, self.high)
        return {unknown.name: self._value(unknown, float(one))
                for unknown, one in zip(self.unknowns, inside)}

    def _value(self, unknown: Any, u: float) -> float:
        centre = getattr(self.nominal, unknown.name)
        return (centre * math.exp(unknown.spread * u) if unknown.logarithmic
                else centre + unknown.spread * u)

    def physics(self, u: Numbers) -> Any:
        """Return the plant that a vector represents; other parameters are nominal."""
        return replace(self.nominal, **self.values(u))

    def draws(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Draw vectors, (count, p), each within its range."""
        return np.clip(generator.normal(size=(count, len(self.names))), self.low, self.high)
