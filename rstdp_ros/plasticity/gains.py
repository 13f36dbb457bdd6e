"""The strategy that scales observed values up and down to maximise the robot's returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.plasticity.guard import UNGUARDED
from rstdp_ros.plasticity.informed import GainsParameters, InformedSearch
from rstdp_ros.plasticity.library import library_of
from rstdp_ros.plasticity.returns import largest_of
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy, Weights
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.norms import norm


class Gains(Strategy):
    """
    Bayesian optimisation of one log gain per observed value, on the robot's own returns.

    Gains are folded into W1 of the run's first network (:func:`rstdp_ros.snn.with_gains`), so
    every network that plays or is deployed is an ordinary one. If there is a library of simulated
    plants for that network (:mod:`rstdp_ros.plasticity.library`), the search begins with it.

    :param network: the run's first one.
    :param parameters: of the search, or the name of a preset.
    :param seed: for drawing candidates.
    """

    name = 'gains'
    Parameters = GainsParameters
    plastic = rescaled = (0,)
    default_guard = UNGUARDED
    draws = True

    def __init__(self, network: SpikingQNetwork, parameters: str | GainsParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.search = InformedSearch(network.observation_size, self.parameters, seed,
                                     library_of(network.digest), largest_of(network.task))
        # The log gains of the network that plays.
        self.playing: np.ndarray = self.search.zeros

    def propose(self, shown: Shown) -> Proposal:
        """Let the search choose the gains to play next and those to deploy."""
        self.search.parameters = self.parameters
        choice = self.search.told(self.playing, shown.episode_return)
        self.playing = choice.point
        return Proposal(self._weights(choice.point), choice.event, self._weights(choice.deployed))

    def placed(self, network: SpikingQNetwork) -> None:
        """Infer another network's gains: those of the nearest known one, within bounds."""
        points = np.vstack((self.playing, self.search.deployed, self.search.zeros,
                            self.search.tried.points))
        w1 = network.weights[0]
        apart = [norm(self._weights(point)[0] - w1) for point in points]
        self.playing = points[int(np.argmin(apart))]

    def _weights(self, point: np.ndarray) -> Weights:
        return with_gains(self.initial, point).weights

    def state(self) -> dict[str, Any]:
        """Return the search and the gains that play."""
        return {'playing': self.playing.tolist(), **self.search.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises OtherRunError: it needs a library that is not here.
        :raises RstdpError: a state that no search can have had.
        """
        self.search.restore(state)
        self.playing = np.array(state['playing'], float)
        if self.playing.shape != self.search.zeros.shape:
            raise RstdpError(f'there must be {len(self.search.zeros)} gains')
