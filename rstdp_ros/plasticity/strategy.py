"""What adapts: a strategy turns what an episode showed into the weights that play the next one."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import validated
from rstdp_ros.support.trajectory import Trajectory

# W1, W2, W3, float32. They need not lie on the grid of an 8-bit network: they are rounded.
Weights = tuple[np.ndarray, np.ndarray, np.ndarray]


class Shown(NamedTuple):
    """
    What an episode showed.

    :param network: that played it.
    :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
    :param episode_return: the sum of rewards.
    :param trajectory: joints, efforts and how it ended; None for a strategy that asks for none.
    """

    network: SpikingQNetwork
    rasters: np.ndarray
    episode_return: float
    trajectory: Trajectory | None = None


class Proposal(NamedTuple):
    """
    What a strategy wants.

    :param weights: to play the next episode.
    :param event: what a person should know, '' for nothing.
    :param deploy: weights that it would deploy now, where they are not those that play next.
    """

    weights: Weights
    event: str = ''
    deploy: Weights | None = None


class Lesson(NamedTuple):
    """What an episode showed, and what a strategy makes of it."""

    shown: Shown
    proposal: Proposal


class Strategy:
    """
    The interface of all strategies.

    Equal episodes make equal proposals, bit for bit: whatever is drawn is drawn from generators
    that the seed makes and whose state is part of :meth:`state`.

    :param network: the first one of the run.
    :param parameters: of type ``Parameters``, or the name of a preset.
    :param seed: of what is drawn at random.
    :raises RstdpError: parameters that do not fit, an unknown preset or task.
    :cvar name: what command line, nodes, checkpoints and bags call it.
    :cvar Parameters: its table (:mod:`rstdp_ros.support.parameters`).
    :cvar plastic: the indices of the weight matrices that it may change.
    :cvar rescaled: those of them whose grid follows their largest weight in an 8-bit network:
        where they change, they get a new scale and are rounded to its nearest step.
    :cvar default_guard: name of the guard that fits it: 'none' for one that says itself, by
        ``Proposal.deploy``, what was measured to be good.
    :cvar draws: whether it draws random numbers between episodes.
    :cvar needs_trajectory: whether spikes and return are not enough for it.
    """

    name: ClassVar[str]
    Parameters: ClassVar[type]
    plastic: ClassVar[tuple[int, ...]] = (0, 1, 2)
    rescaled: ClassVar[tuple[int, ...]] = ()
    default_guard: ClassVar[str] = 'recheck'
    draws: ClassVar[bool] = False
    needs_trajectory: ClassVar[bool] = False

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        self.initial, self.seed = network, seed
        self.parameters = (self.preset(parameters, network.task) if isinstance(parameters, str)
                           else parameters)

    @property
    def parameters(self) -> Any:
        """The parameters in force; assign between episodes to change them."""
        return self._parameters

    @parameters.setter
    def parameters(self, parameters: Any) -> None:
        self._parameters = validated(parameters)

    @classmethod
    def preset(cls, name: str, task: str) -> Any:
        """
        Return a named set of parameters; 'default' is that of the table, for every task.

        :raises RstdpError: unknown preset or task.
        """
        if name != 'default':
            raise RstdpError(f'unknown preset {name!r}; strategy {cls.name} has default')
        return cls.Parameters()

    def propose(self, shown: Shown) -> Proposal:
        """
        Learn from an episode and say with which weights to go on.

        It may take its time: over ROS it runs in a thread of its own, one call after the other.
        """
        raise NotImplementedError

    def placed(self, network: SpikingQNetwork) -> None:
        """Hear that another network than the proposed one plays the next episode."""

    def findings(self) -> dict[str, dict[str, Any]]:
        """Return what a person would like to know of what was found out: tables by name."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on: plain values, arrays and networks."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
