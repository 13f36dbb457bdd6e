"""A search for gains that starts from their returns on simulated plants."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from rstdp_ros.plasticity.belief import Belief
from rstdp_ros.plasticity.library import Library
from rstdp_ros.plasticity.plants import PlantBelief
from rstdp_ros.plasticity.restoring import OtherRunError
from rstdp_ros.plasticity.returns import CONTENT
from rstdp_ros.plasticity.search import GainSearch, SearchParameters
from rstdp_ros.plasticity.tried import place_of
from rstdp_ros.support.digests import short
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter

SIMULATED, FLAT = 'simulated', 'flat'
# A vector is deployed if its expected gain is this many times its expected loss.
PRUDENCE = 30.0
# One episode in this many is played by the deployed vector.
REMEASURE = 3


@dataclass(frozen=True)
class GainsParameters(SearchParameters):
    """How to look for better gains, and what is known beforehand."""

    prior: str = parameter(
        SIMULATED, 'What is known before the first episode. simulated: the returns of gains on '
        'random plants, if there is a library of them for the network; flat: nothing.',
        choices=(SIMULATED, FLAT), effect=NEXT_EPISODE)


class InformedSearch(GainSearch):
    """
    Plays and deploys vectors of a library, as long as one of its plants explains the returns.

    Then the belief is the library's, which covers vectors that were never played, so one of these
    may be deployed. Once no plant explains the returns, or a point outside the library was played,
    it continues as :class:`GainSearch`.

    :param library: None for a plain :class:`GainSearch`.
    """

    parameters: GainsParameters

    def __init__(self, size: int, parameters: GainsParameters, seed: int,
                 library: Library | None = None, largest: float = math.inf) -> None:
        super().__init__(size, parameters, seed, largest)
        self.library = library

    @property
    def knows_plants(self) -> bool:
        """Whether there is a library, to be used."""
        return self.library is not None and self.parameters.prior == SIMULATED

    def _belief(self) -> Belief | PlantBelief:
        """Return the belief given library and returns, or given the returns alone."""
        if self.knows_plants and self._knows_all():
            belief = PlantBelief(self.library, self.tried)
            if belief.strangeness < 0.0:
                return belief
        return super()._belief()

    def _knows_all(self) -> bool:
        """Return whether all played points are in the library."""
        return all(place_of(point, self.library.points) is not None for point in self.tried.points)

    def _best_beyond_doubt(self, belief: Any) -> np.ndarray:
        """Return the best of the points that are certainly better than the reference."""
        if not isinstance(belief, PlantBelief):
            return super()._best_beyond_doubt(belief)
        reference = place_of(self.reference, belief.points)
        if reference is None:
            return self.deployed
        gains, losses = belief.prospects(reference)
        safe = self._within_bounds(belief) & (gains >= PRUDENCE * losses)
        worth = np.where(safe, gains - losses, 0.0)
        best = worth.argmax()
        return belief.points[best] if worth[best] > CONTENT else belief.points[reference]

    def _next(self, belief: Any) -> np.ndarray:
        """Choose the best mean, played before or not, and occasionally the deployed point."""
        if not isinstance(belief, PlantBelief):
            return super()._next(belief)
        deployed = place_of(self.deployed, belief.points)
        if self.test.running or (
                deployed is not None and self._content(belief.mean[deployed])) or (
                self.episode % REMEASURE == 0):
            return self.deployed
        return belief.points[np.where(self._within_bounds(belief), belief.mean, -np.inf).argmax()]

    def _within_bounds(self, belief: PlantBelief) -> np.ndarray:
        """Return which points the person's bounds allow, (n,) bool."""
        return (np.abs(belief.points) <= self.parameters.max_log_gain).all(axis=1)

    @property
    def _digest(self) -> str:
        return self.library.digest if self.library else ''

    def state(self) -> dict[str, Any]:
        """Return the search's state and the digest of its library."""
        return {'library': self._digest, **super().state()}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned; a search begun without a library stays without.

        :raises OtherRunError: it needs a library that is not here.
        :raises RstdpError: a state that no search can have had.
        """
        known = state.get('library', '')
        if not known:
            self.library = None
        elif known != self._digest and self.parameters.prior == SIMULATED:
            here = f'{short(self._digest)} is' if self.library else 'none is'
            raise OtherRunError(f'it began with library {short(known)} of simulated plants, and '
                                f'{here} here; prior={FLAT} goes on without')
        super().restore(state)
