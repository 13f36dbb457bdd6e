"""
A strategy for rstdp_ros in a separate package: random search over the readout W3.

``pip install ./docs/examples/random_search``, then ``rstdp_ros plugins`` lists it, and ``rstdp_ros
adapt cartpole --strategy random_search --set reach=0.1`` runs it.
"""

from dataclasses import dataclass

import numpy as np

from rstdp_ros.plasticity import Proposal, Strategy
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter


@dataclass(frozen=True)
class SearchParameters:
    """How far and how patiently to search."""

    reach: float = parameter(
        0.05, 'Standard deviation of what is added to each weight of the readout.', minimum=0.0,
        maximum=10.0, effect=NEXT_EPISODE)
    forgetting: float = parameter(
        0.02, 'The best return shrinks by this part per episode, as it may have been luck.',
        minimum=0.0, maximum=1.0, effect=NEXT_EPISODE)


class RandomSearch(Strategy):
    """Change the readout with the highest return at random."""

    name = 'random_search'
    Parameters = SearchParameters
    plastic = (2,)
    draws = True

    def __init__(self, network, parameters='default', seed=0):
        super().__init__(network, parameters, seed)
        self.generator = np.random.default_rng(seed)
        self.best, self.best_return = network.weights[2], None

    @classmethod
    def preset(cls, name, task):
        """Return the only set of parameters."""
        return SearchParameters()

    def propose(self, shown):
        """Keep the readout that played if it was the best, and try another one near the best."""
        w1, w2, played = shown.network.weights
        parameters = self.parameters
        if self.best_return is not None:
            self.best_return -= parameters.forgetting * abs(self.best_return)
        if self.best_return is None or shown.episode_return >= self.best_return:
            self.best, self.best_return = played, shown.episode_return
        drawn = self.generator.standard_normal(self.best.shape, dtype=np.float32)
        return Proposal((w1, w2, self.best + np.float32(parameters.reach) * drawn))

    def state(self):
        """Return what the next proposal depends on."""
        return {'best': self.best, 'best_return': self.best_return,
                'random': self.generator.bit_generator.state}

    def restore(self, state):
        """Take it over."""
        self.best, self.best_return = state['best'], state['best_return']
        self.generator.bit_generator.state = state['random']
