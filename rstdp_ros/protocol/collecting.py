"""Collects an episode, message by message, until it is complete."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rstdp_ros.tasks.interface import Joints


@dataclass
class Collected:
    """
    What has arrived for every observation, by stamp; topics overtake each other.

    :param joints_wanted: whether joints are needed besides spikes.
    """

    joints_wanted: bool = False
    rasters: dict[int, np.ndarray] = field(default_factory=dict)
    joints: dict[int, Joints] = field(default_factory=dict)

    def stamps(self) -> list[int]:
        """Return the stamps for which everything has arrived, in order."""
        whole = self.rasters.keys() & self.joints.keys() if self.joints_wanted else self.rasters
        return sorted(whole)

    def ordered_rasters(self) -> np.ndarray:
        """Return the rasters in the order of their observations: (steps, T, h1 + h2)."""
        return np.array([self.rasters[stamp] for stamp in self.stamps()])

    def ordered_joints(self) -> tuple[Joints, ...]:
        """Return the joints in the same order; nothing if they are not wanted."""
        return tuple(self.joints[stamp] for stamp in self.stamps() if self.joints_wanted)
