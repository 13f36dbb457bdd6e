"""A local three-factor rule: noise in synapses, reinforced by the centred return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rstdp_ros.plasticity.guard import UNGUARDED
from rstdp_ros.plasticity.reinforcement import Reinforcement, ReinforcementParameters
from rstdp_ros.plasticity.rules import rule_of
from rstdp_ros.plasticity.sites import Site, SITES, VALUES
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy, Weights
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.norms import norm
from rstdp_ros.support.parameters import parameter, START_OF_RUN


@dataclass(frozen=True)
class PerturbationParameters(ReinforcementParameters):
    """Where noise is, and how fast it is reinforced."""

    site: str = parameter(
        VALUES, 'What the noise scales. values: all synapses that an observed value feeds, '
        'together; inputs: those of an input neuron; hidden: those onto a neuron of the first '
        'hidden layer; W1, W2, W3: every synapse of the matrix on its own. Finer noise needs a '
        'lower speed and more episodes.', choices=SITES, effect=START_OF_RUN)


class Perturbation(Strategy):
    """
    Every synapse scales its weight by exp(z), plays with noise in z, and learns from its own.

    The rule is that of :class:`~rstdp_ros.plasticity.reinforcement.Reinforcement`. A synapse needs
    its own noise and a broadcast number, the centred return; nothing else is known or selected.
    The network without noise is deployed. Noise that all synapses of an observed value share
    leaves few numbers to learn, and so learns fastest.

    :param network: the run's first one.
    :param parameters: of type :class:`PerturbationParameters`, or the name of a preset.
    :param seed: of the noise.
    """

    name = 'perturbation'
    Parameters = PerturbationParameters
    plastic = rescaled = (0, 1, 2)
    default_guard = UNGUARDED
    draws = True

    def __init__(self, network: SpikingQNetwork,
                 parameters: str | PerturbationParameters = 'default', seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.site = Site.of(self.parameters.site, network.weights)
        self.learned = Reinforcement(self.site.shape, self.parameters, seed, network.task)

    @classmethod
    def preset(cls, name: str, task: str) -> PerturbationParameters:
        """Return a named set of parameters; 'default' is the task's."""
        return replace(super().preset(name, task), **rule_of(task).perturbation)

    def propose(self, shown: Shown) -> Proposal:
        """Let noise play, and deploy what was learned."""
        self.learned.parameters = self.parameters
        self.learned.told(shown.episode_return)
        return Proposal(self._weights(self.learned.noisy),
                        deploy=self._weights(self.learned.log_gains))

    def _weights(self, log_gains: np.ndarray) -> Weights:
        return self.site.scaled(self.initial.weights, log_gains)

    def placed(self, network: SpikingQNetwork) -> None:
        """Note that no noise plays if the network is rather the one without it."""
        def distance(log_gains: np.ndarray) -> float:
            layer = self.site.layer
            return norm(network.weights[layer] - self._weights(log_gains)[layer])
        if distance(self.learned.log_gains) < distance(self.learned.noisy):
            self.learned.be_quiet()

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on."""
        return self.learned.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.learned.restore(state)
