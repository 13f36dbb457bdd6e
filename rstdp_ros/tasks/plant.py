"""What an environment controls, simulated or real."""

from __future__ import annotations

from typing import Any, NamedTuple

from rstdp_ros.tasks.interface import Joints


class Outcome(NamedTuple):
    """What one step led to; ``end`` is '' while the episode goes on."""

    joints: Joints
    reward: float
    end: str


class Plant:
    """
    Efforts in, joints out; the last three methods matter to what moves by itself.

    :cvar efforts: the only efforts that it takes; () for any.
    :cvar waits: whether time stands still for it between two steps.
    :cvar unproven: why an episode that ends now teaches nothing, '' if it may.
    """

    efforts: tuple[float, ...] = ()
    waits = False
    unproven = ''

    def set_physics(self, physics: Any) -> None:
        """
        Change what can be changed of the plant, effective at the next step.

        :raises RstdpError: other than default physics for a plant that has none to offer.
        """
        raise NotImplementedError

    def reset(self, seed: int) -> Joints:
        """
        Start an episode and return the joints at its start.

        :raises RstdpError: not ready to start, and why.
        """
        raise NotImplementedError

    def step(self, effort: float) -> Outcome:
        """
        Let the plant go on for one control period under an effort.

        :raises RstdpError: an effort that cannot be applied, or a plant that cannot go on.
        """
        raise NotImplementedError

    def apply(self, effort: float) -> None:
        """Exert an effort from now on, between two steps."""

    def stop(self) -> None:
        """Exert nothing any more: the episode is over."""

    def rest(self) -> None:
        """Spend a control period without an episode."""
