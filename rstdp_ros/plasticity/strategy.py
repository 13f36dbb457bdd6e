"""A strategy turns what an episode showed into the weights that play the next one."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import validated
from rstdp_ros.support.trajectory import Trajectory

# W1, W2, W3, float32. They need not lie on the grid of an 8-bit network: they are rounded.
Weights = tuple[np.ndarray, ...]


class Shown(NamedTuple):
    """
    What an episode showed.

    :param network: the one that played it.
    :param rasters: (steps, T, h1 + h2) uint8, in the order of the observations.
    :param episode_return: the sum of rewards.
    :param trajectory: joints, efforts and how it ended; None for a strategy that needs none.
    """

    network: SpikingQNetwork
    rasters: np.ndarray
    episode_return: float
    trajectory: Trajectory | None = None


class Proposal(NamedTuple):
    """
    What a strategy wants.

    :param weights: those that play the next episode.
    :param event: what a person should know, '' for nothing.
    :param deploy: the weights to deploy now, if they are not those that play next.
    """

    weights: Weights
    event: str = ''
    deploy: Weights | None = None


class Lesson(NamedTuple):
    """What an episode showed, and what a strategy proposes."""

    shown: Shown
    proposal: Proposal


class Strategy:
    """
    The interface of all strategies.

    Equal episodes give equal proposals, bit for bit: all draws come from generators made from the
    seed, whose state is part of :meth:`state`.

    :param network: the run's first one.
    :param parameters: of type ``Parameters``, or the name of a preset.
    :param seed: for all random draws.
    :raises RstdpError: parameters that do not fit, an unknown preset or task.
    :cvar name: its name on the command line, in nodes, checkpoints and bags.
    :cvar Parameters: its table (:mod:`rstdp_ros.support.parameters`).
    :cvar plastic: the indices of the weight matrices it may change.
    :cvar rescaled: those whose grid follows their largest weight in an 8-bit network: when they
        change, they get a new scale and are rounded to its nearest step.
    :cvar default_guard: name of the guard that fits it: 'none' for one that decides itself, by
        ``Proposal.deploy``, what was measured to be good.
    :cvar draws: whether it draws random numbers between episodes.
    :cvar needs_trajectory: whether it needs more than spikes and return.
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
        Return a named set of parameters; 'default' is the table's defaults, for every task.

        :raises RstdpError: unknown preset or task.
        """
        if name != 'default':
            raise RstdpError(f'unknown preset {name!r}; strategy {cls.name} has default')
        return cls.Parameters()

    def propose(self, shown: Shown) -> Proposal:
        """
        Learn from an episode and return the weights to continue with.

        It may take long: over ROS it runs in a separate thread, one call after the other.
        """
        raise NotImplementedError

    def placed(self, network: SpikingQNetwork) -> None:
        """Note that another network than the proposed one plays the next episode."""

    def findings(self) -> dict[str, dict[str, Any]]:
        """Return the findings that interest a person: tables by name."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on: plain values, arrays and networks."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
