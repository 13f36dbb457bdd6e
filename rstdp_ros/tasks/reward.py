"""The rewards of steps, and the possible returns of episodes."""

from __future__ import annotations

from typing import NamedTuple

from rstdp_ros.support.compiling import Kernel


class Reward(NamedTuple):
    """
    A task's reward.

    :param of: compiled, (state in which the effort was commanded, effort, whether the step ended
        the episode) -> what the step is worth.
    :param usual: (least, largest) reward of a step after which the episode continues.
    :param last: (least, largest) reward of a step that ends it.
    :param best: the largest return of an episode.
    """

    of: Kernel
    usual: tuple[float, float]
    last: tuple[float, float]
    best: float

    def bounds(self, steps: int) -> tuple[float, float]:
        """Return the (least, largest) return of episodes with this number of steps."""
        ends = zip(self.usual, self.last)
        (low, low_end), (high, high_end) = ends
        return ((steps - 1) * low + min(low, low_end), (steps - 1) * high + max(high, high_end))
