"""The interface of a robot, and a policy's view of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.snn.kernels import greedy
from rstdp_ros.support.compiling import compiled, Kernel
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import Numbers


class Joints(NamedTuple):
    """
    The values of a robot's sensors, in the order of the task's joints.

    :param positions: m or rad; ``velocities``: m/s or rad/s.
    """

    positions: Sequence[float]
    velocities: Sequence[float]


class Shape(NamedTuple):
    """
    The common properties of a task's networks.

    :param sizes: neurons per layer: (two per observed value, hidden 1, hidden 2, actions).
    :param neuron: decays, threshold and ticks.
    """

    sizes: tuple[int, int, int, int]
    neuron: Neuron

    @property
    def observed(self) -> int:
        """The number of values in an observation."""
        return self.sizes[0] // 2

    @property
    def actions(self) -> int:
        """The number of Q-values."""
        return self.sizes[-1]


@compiled()
def greedy_effort(q_values, efforts):
    """Return the effort of the largest Q-value; of equal ones the first."""
    return efforts[greedy(q_values)]


@dataclass(frozen=True)
class RobotInterface:
    """
    Takes efforts, returns joints.

    :param joints: names, in the order of positions and velocities.
    :param angles: the joints that turn: their positions are known up to whole turns.
    :param actuated_joint: the joint that takes the effort.
    :param control_period: seconds between observations.
    :param efforts: the effort of each action of a network, N or N m.
    :param layout: for each value of a state, its index among all positions and then all
        velocities.
    :param observe: compiled, (state,) float64 that sensors show, (n,) float32 to be written.
    :param joints_of: observation -> :class:`Joints`, for plants that only show observations.
    :param observation_high: upper bounds of the magnitudes of observations.
    :param observation_scale: factors that bring every observed value to the same size: one over
        its root mean square, in episodes of trained networks and of random efforts on the default
        plant, half of each.
    :param decode: compiled, (actions,) Q-values, (actions,) float64 efforts -> effort.
    """

    joints: tuple[str, ...]
    angles: tuple[str, ...]
    actuated_joint: str
    control_period: float
    efforts: tuple[float, ...]
    layout: tuple[int, ...]
    observe: Kernel
    joints_of: Callable[[np.ndarray], Joints]
    observation_high: tuple[float, ...]
    observation_scale: tuple[float, ...]
    decode: Kernel = greedy_effort

    @cached_property
    def effort_array(self) -> np.ndarray:
        """The efforts as (actions,) float64, for compiled code."""
        return np.array(self.efforts, np.float64)

    @property
    def takes_any_effort(self) -> bool:
        """Whether a network commands what lies between the efforts too."""
        return self.decode is not greedy_effort

    def check_effort(self, effort: float) -> None:
        """
        Refuse an effort that no network commands.

        :raises RstdpError: it is none of the efforts, or not between them where that is enough.
        """
        within = min(self.efforts) <= effort <= max(self.efforts)
        if not (within if self.takes_any_effort else effort in self.efforts):
            raise RstdpError(f"effort {effort} is none of {self.actuated_joint}'s: {self.efforts}")

    def state(self, joints: Joints) -> tuple[float, ...]:
        """Return a pose as a state, in the order of :attr:`layout`."""
        values = (*joints.positions, *joints.velocities)
        return tuple([float(values[i]) for i in self.layout])

    def states(self, positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """
        Return poses as states.

        :param positions: (..., joints), m or rad; ``velocities``: m/s or rad/s.
        :return: (..., state) float64.
        """
        values = np.concatenate([positions, velocities], axis=-1, dtype=np.float64)
        return np.take(values, self.layout, axis=-1)

    def pose(self, state: Numbers) -> Joints:
        """Undo :meth:`state`."""
        values = [0.0] * len(self.layout)
        for value, place in zip(state, self.layout):
            values[place] = float(value)
        return Joints(tuple(values[:len(self.joints)]), tuple(values[len(self.joints):]))

    def observation(self, positions: Sequence[float], velocities: Sequence[float]) -> np.ndarray:
        """
        Build the policy's observation from the joints' values.

        :param positions: (joints,), m or rad; ``velocities``: m/s or rad/s.
        :return: (n,) float32.
        """
        seen = np.empty(len(self.observation_high), np.float32)
        self.observe(np.array(self.state(Joints(positions, velocities))), seen)
        return seen

    def effort(self, q_values: np.ndarray) -> float:
        """
        Return the effort that Q-values command, N or N m.

        :param q_values: (actions,) float32.
        """
        return self.decode(q_values, self.effort_array)
