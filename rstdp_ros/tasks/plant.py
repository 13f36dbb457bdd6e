"""The plant that an environment controls, simulated or real."""

from __future__ import annotations

from typing import Any, NamedTuple

from rstdp_ros.tasks.interface import Joints


class Outcome(NamedTuple):
    """The result of one step; ``end`` is '' while the episode continues."""

    joints: Joints
    reward: float
    end: str


class Plant:
    """
    Takes efforts, returns joints; the last three methods are for plants that move by themselves.

    :cvar efforts: the only accepted efforts; () for any.
    :cvar waits: whether its time stands still between two steps.
    :cvar unproven: why an episode that ends now teaches nothing, '' if it may.
    """

    efforts: tuple[float, ...] = ()
    waits = False
    unproven = ''

    def set_physics(self, physics: Any) -> None:
        """
        Change the plant's parameters, effective at the next step.

        :raises RstdpError: physics other than the defaults for a plant that cannot change them.
        """
        raise NotImplementedError

    def reset(self, seed: int) -> Joints:
        """
        Start an episode and return the joints at its start.

        :raises RstdpError: not ready to start; says why.
        """
        raise NotImplementedError

    def step(self, effort: float) -> Outcome:
        """
        Advance the plant by one control period under an effort.

        :raises RstdpError: an effort that cannot be applied, or a plant that cannot continue.
        """
        raise NotImplementedError

    def apply(self, effort: float) -> None:
        """Exert an effort from now on, between two steps."""

    def stop(self) -> None:
        """Stop exerting an effort: the episode is over."""

    def rest(self) -> None:
        """Spend a control period without an episode."""
