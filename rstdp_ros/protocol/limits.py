"""Limits on commands and joints, regardless of what the policy wants."""

from __future__ import annotations

from dataclasses import dataclass
import math

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints


@dataclass(frozen=True)
class Limits:
    """
    Limits between policy and plant; infinity means none.

    :param effort_limit: largest magnitude of a command, N or N m.
    :param effort_step: largest change of a command from one step to the next, N or N m.
    :param joints: their names, for messages.
    :param positions: largest magnitude of each joint's position, m or rad; () for no bounds.
        ``velocities``: the same, m/s or rad/s.
    """

    effort_limit: float = math.inf
    effort_step: float = math.inf
    joints: tuple[str, ...] = ()
    positions: tuple[float, ...] = ()
    velocities: tuple[float, ...] = ()

    def effort(self, wanted: float, before: float) -> float:
        """
        Return the nearest allowed effort.

        :param wanted: finite.
        :param before: the previous step's effort.
        """
        nearest = min(max(wanted, before - self.effort_step), before + self.effort_step)
        return min(max(nearest, -self.effort_limit), self.effort_limit)

    def check(self, efforts: tuple[float, ...]) -> None:
        """
        Make sure that these efforts are allowed in any order and from rest.

        :raises RstdpError: a limit would change one of them.
        """
        for effort in efforts:
            for before in (0.0, *efforts):
                if self.effort(effort, before) != effort:
                    raise RstdpError(f'effort_limit {self.effort_limit:g} and a change of at most '
                                     f'{self.effort_step:g} per step do not allow the effort '
                                     f'{effort:g}, and a simulated plant takes no other: raise '
                                     'effort_limit or effort_slew_limit')

    def excess(self, joints: Joints) -> str:
        """Return which joint exceeds its limits; '' if none. Values that are not finite do."""
        for kind, values, bounds in (('position', joints.positions, self.positions),
                                     ('velocity', joints.velocities, self.velocities)):
            for name, value, bound in zip(self.joints, values, bounds):
                if not abs(value) <= bound:
                    return f'the {kind} of {name}, {value:.4g}, exceeds its limit {bound:g}'
        return ''
