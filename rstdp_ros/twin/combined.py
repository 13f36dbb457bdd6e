"""The strategy ``combined``: a twin while it is trusted, the robot's own returns, r-STDP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rstdp_ros.plasticity.informed import FLAT, GainsParameters, InformedSearch, SIMULATED
from rstdp_ros.plasticity.library import library_of
from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.returns import largest_of
from rstdp_ros.plasticity.rounding import rounded, STOCHASTIC
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.plasticity.rules import preset
from rstdp_ros.plasticity.search import Choice
from rstdp_ros.plasticity.strategy import Proposal, Shown
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support.norms import norm
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, table
from rstdp_ros.twin.strategy import BETTER, Challenger, MOST_DOUBT, Twin, TwinParameters

DISTRUSTED = 'twin distrusted'


@dataclass(frozen=True)
class CombinedParameters(TwinParameters, GainsParameters, RSTDPParameters):
    """The parameters of its three parts."""

    prior: str = parameter(
        SIMULATED, 'What is known about gains when the twin is distrusted or left out. simulated: '
        'their returns on random plants, if there is a library of them for the network; flat: '
        'nothing.', choices=(SIMULATED, FLAT), effect=NEXT_EPISODE, absent=FLAT)
    rstdp_episodes: int = parameter(
        5, 'Number of first episodes after which r-STDP changes W2 without a twin; later it costs '
        'more than it gains.', unit='episodes', minimum=0, maximum=1_000_000, effect=NEXT_EPISODE)
    use_twin: bool = parameter(
        True, 'Learn in the twin; without it gains are chosen by the returns from the first '
        'episode on.', effect=NEXT_EPISODE)
    use_gains: bool = parameter(True, 'Choose gains, in the twin and without it.',
                                effect=NEXT_EPISODE)
    use_rstdp: bool = parameter(True, 'Let r-STDP change W2, in the twin and without it.',
                                effect=NEXT_EPISODE)


class Combined(Twin):
    """
    Learns everything that an episode can teach.

    r-STDP derives a change of W2 from every episode and its return. While the twin is trusted,
    that change and new gains are both tried there, alone and together, and what proves better
    plays. A twin whose doubt has reached its limit is abandoned; then gains are chosen by the
    robot's own returns (strategy ``gains``), which were recorded from the first episode on, and
    while little is known r-STDP changes W2 without proof.
    """

    name = 'combined'
    Parameters: ClassVar[type] = CombinedParameters
    plastic = (0, 1)

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.rstdp = RSTDP(network, part(self.parameters, RSTDPParameters))
        self.returns = InformedSearch(
            network.observation_size, part(self.parameters, GainsParameters), seed,
            library_of(network.digest), largest_of(network.task))
        self.w2 = network.weights[1]

    @classmethod
    def preset(cls, name: str, task: str) -> CombinedParameters:
        """Return the preset of r-STDP, with the defaults of the other parts."""
        return CombinedParameters(**_values(preset(name, task), RSTDPParameters))

    def propose(self, shown: Shown) -> Proposal:
        """Record the return, and continue with the twin or without it."""
        parameters = self.parameters
        self.rstdp.parameters = part(parameters, RSTDPParameters)
        self.returns.parameters = part(parameters, GainsParameters)
        self.w2 = self._changed(shown)
        choice = self.returns.told(self.log_gains, shown.episode_return)
        if not parameters.use_twin:
            self.episode += 1
            return self._by_returns(shown, choice)
        proposal = super().propose(shown)
        if self.trusted:
            return proposal
        # What the twin found does not play.
        self.agreement.forget()
        said = (word for word in proposal.event.split(', ') if word != BETTER)
        event = ', '.join(filter(None, (*said, choice.event, DISTRUSTED)))
        return self._by_returns(shown, choice)._replace(event=event)

    def _by_returns(self, shown: Shown, choice: Choice) -> Proposal:
        """Continue without the twin."""
        parameters, w2, zeros = self.parameters, shown.network.weights[1], self.returns.zeros
        if parameters.use_rstdp and self.episode <= parameters.rstdp_episodes:
            w2 = self.w2
        base, (point, deployed, event) = self._base(w2), choice
        if not parameters.use_gains:
            point = deployed = zeros
        self.log_gains = point
        return Proposal(with_gains(base, point).weights, event,
                        with_gains(base, deployed).weights)

    def _changed(self, shown: Shown) -> np.ndarray:
        """Return W2 as changed by r-STDP; on the grid if the network has 8 bits."""
        w2 = self.rstdp.propose(shown).weights[1]
        if not shown.network.quantized:
            return w2
        return rounded(shown.network, w2, STOCHASTIC, self.seed, self.episode)

    @property
    def trusted(self) -> bool:
        """Whether the twin decides."""
        return self.identified is not None and self.doubt < MOST_DOUBT

    def placed(self, network: SpikingQNetwork) -> None:
        """Infer another network's gains: the nearest known ones."""
        super().placed(network)
        known = np.vstack((self.log_gains, self.returns.deployed, self.returns.zeros,
                           self.returns.tried.points))
        apart = [norm(with_gains(self.initial, z).weights[0] - network.weights[0])
                 for z in known]
        self.log_gains = known[int(np.argmin(apart))]

    def _challengers(self, present: SpikingQNetwork) -> list[Challenger]:
        """Return the newly found gains, r-STDP's change, and both together."""
        parameters, changed = self.parameters, self._base(self.w2)
        found = super()._challengers(present) if parameters.use_gains else []
        if not parameters.use_rstdp:
            return found
        points = [self.log_gains, *(one.log_gains for one in found)]
        return [*found, *(Challenger(with_gains(changed, point), point) for point in points)]

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on."""
        return {**super().state(), 'rstdp': self.rstdp.state(), 'returns': self.returns.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        self.rstdp.restore(state['rstdp'])
        self.returns.restore(state['returns'])


def part(parameters: Any, kind: type) -> Any:
    """Return one part's table from a table that combines several."""
    return kind(**_values(parameters, kind))


def _values(parameters: Any, kind: type) -> dict[str, Any]:
    return {name: getattr(parameters, name) for name in table(kind)}
