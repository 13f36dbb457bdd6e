"""What steps are worth, and what episodes can return."""

from __future__ import annotations

from typing import NamedTuple

from rstdp_ros.support.compiling import Kernel


class Reward(NamedTuple):
    """
    What a task is about.

    :param of: compiled, (state in which the effort was commanded, effort, whether the step ended
        the episode) -> what the step is worth.
    :param usual: (least, largest) that a step is worth after which the episode goes on.
    :param last: likewise of a step that ends it.
    :param best: no episode returns more.
    """

    of: Kernel
    usual: tuple[float, float]
    last: tuple[float, float]
    best: float

    def bounds(self, steps: int) -> tuple[float, float]:
        """Return (least, largest) that episodes of so many steps return."""
        ends = zip(self.usual, self.last)
        (low, low_end), (high, high_end) = ends
        return ((steps - 1) * low + min(low, low_end), (steps - 1) * high + max(high, high_end))
