"""The strategy that lets a local rule lead, and then searches for something better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rstdp_ros.plasticity.gains import Gains
from rstdp_ros.plasticity.informed import GainsParameters
from rstdp_ros.plasticity.reinforcement import Reinforcement, ReinforcementParameters
from rstdp_ros.plasticity.returns import nothing_left
from rstdp_ros.plasticity.rules import rule_of
from rstdp_ros.plasticity.strategy import Proposal, Shown
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, with_default


@dataclass(frozen=True)
class BlendedParameters(ReinforcementParameters, GainsParameters):
    """The parameters of both parts."""

    jitter: float = with_default(ReinforcementParameters, 'jitter', 0.5)
    lead: int = parameter(
        10, 'After this many episodes the search takes over from the local rule.',
        unit='episodes', minimum=0, maximum=1_000_000, effect=NEXT_EPISODE)


class Blended(Gains):
    """
    ``gains`` with ``perturbation`` in front: a search needs returns, a local rule hardly any.

    The library of simulated plants chooses the gains after the first episode, as in ``gains``.
    From there the local rule leads: its noisy gains play, and what it has learned is deployed. The
    search hears of every return. When it takes over, it has many points near a good one, and
    deploys another only if that is certainly better than what the rule had learned. Without a
    library nothing is known to be good, and the search, which looks farther, goes first; so it
    does if the first episode left nothing to improve.

    :param network: the run's first one.
    :param parameters: of both parts, or the name of a preset.
    :param seed: for drawing noise and candidates.
    """

    name = 'blended'
    Parameters = BlendedParameters

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.leading = Reinforcement(self.search.zeros.shape, self.parameters, seed,
                                     network.task)
        # Whether the local rule is to lead.
        self.in_need = False

    @classmethod
    def preset(cls, name: str, task: str) -> BlendedParameters:
        """Return a named set of parameters; 'default' is the task's."""
        rule = rule_of(task)
        lead = {} if rule.lead is None else {'lead': rule.lead}
        return replace(super().preset(name, task), **rule.perturbation, **lead)

    def propose(self, shown: Shown) -> Proposal:
        """Let the local rule or the search choose."""
        self.leading.parameters = self.parameters
        episode, lead = self.search.episode, self.parameters.lead
        if not (0 < episode < lead and self.in_need):
            proposal = super().propose(shown)
            if not episode:
                self.in_need = self.search.knows_plants and not nothing_left(
                    self.initial.task, shown.episode_return)
                self.leading.log_gains = self.playing
            return proposal
        self.search.note(self.playing, shown.episode_return)
        self.leading.told(shown.episode_return)
        learned = self.leading.log_gains
        self.search.begin_from(learned)
        # The search must know how good it is.
        if episode + 1 >= lead:
            # A larger lead that is set later must not bring back what is known less well.
            self.in_need = False
        self.playing = self.leading.noisy if self.in_need else learned
        return Proposal(self._weights(self.playing), deploy=self._weights(learned))

    def placed(self, network: SpikingQNetwork) -> None:
        """Infer another network's gains, and what of them is noise."""
        super().placed(network)
        if np.array_equal(self.playing, self.leading.log_gains):
            self.leading.be_quiet()

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on."""
        return {**super().state(), 'in_need': self.in_need, 'leading': self.leading.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        super().restore(state)
        self.in_need = state['in_need']
        self.leading.restore(state['leading'])
