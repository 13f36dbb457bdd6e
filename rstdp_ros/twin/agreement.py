"""Whether the robot does what its twin predicted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class Agreement:
    """
    Compares returns with predictions made before the episodes (Fisher 1932).

    How often the twin returned as little as the robot did is a p-value; those of the latest
    episodes are combined into a chi-squared statistic. If robot and twin agree, it exceeds its
    bound with at most the probability ``FALSE_ALARMS`` after any given episode.

    :ivar predicted: (n,) returns of the network that plays next, in the twin; empty without one.
    """

    FALSE_ALARMS = 0.01
    EPISODES = 5

    def __init__(self) -> None:
        self.predicted = np.empty(0)
        self.chances: list[float] = []

    def compare(self, episode_return: float) -> bool:
        """Record a return; return whether the twin is contradicted: the robot does worse."""
        count = len(self.predicted)
        if count:
            as_bad = int(np.sum(self.predicted <= episode_return))
            self.chances = [*self.chances, (1 + as_bad) / (1 + count)][-self.EPISODES:]
        contradicted = bool(self.chances) and combined(self.chances) < self.FALSE_ALARMS
        if contradicted:
            self.forget()
        return contradicted

    def forget(self) -> None:
        """Start over: the twin has changed."""
        self.predicted, self.chances = np.empty(0), []

    def state(self) -> dict[str, Any]:
        """Return all that the next comparison depends on."""
        return {'predicted': self.predicted, 'chances': list(self.chances)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.predicted, self.chances = state['predicted'], list(state['chances'])


def combined(chances: list[float]) -> float:
    """
    Return the joint probability of p-values as small as these, if nothing is wrong.

    That is the upper tail of a chi-squared distribution with twice as many degrees of freedom,
    which for an even number of them is a finite sum.
    """
    half = -sum(map(math.log, chances))
    return math.exp(-half) * sum(half**k / math.factorial(k) for k in range(len(chances)))
