"""A strategy and a guard as another package might provide them."""

from dataclasses import dataclass
import os
from pathlib import Path
from time import monotonic

import numpy as np

from rstdp_ros.plasticity import NoGuard, Proposal, Strategy
from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.parameters import parameter

# Names a file whose presence ends slow work, once.
RELEASE = 'EXPLORER_RELEASE'
# Size of a compiled loop that may be released, so that it checks about every second.
CHUNK = 500


@dataclass(frozen=True)
class ExplorerParameters:
    """Parameters that no other strategy has; the last two only take time."""

    reach: float = parameter(0.05, 'Standard deviation of a step.', minimum=0.0, maximum=10.0)
    memory: float = parameter(0.5, 'How much of the step before is repeated.', minimum=0.0,
                              maximum=1.0)
    pondering: float = parameter(0.0, 'Python is busy for so long.', unit='s', minimum=0.0)
    reckoning: int = parameter(0, 'A compiled loop goes round so often.', unit='10^6', minimum=0)


@compiled()
def reckon(millions):
    """Do something that no compiler can leave out; a million rounds take about 2 ms."""
    x = np.uint64(1)
    for _ in range(millions * 1_000_000):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
    return x


def released():
    """Say whether to stop, and remove the file."""
    try:
        Path(os.environ.get(RELEASE, '')).unlink()
    except OSError:
        return False
    return True


class Explorer(Strategy):
    """Goes as far as the robot moved, by a walk whose memory consists of arrays."""

    name = 'explorer'
    Parameters = ExplorerParameters
    plastic = (0, 2)
    draws = needs_trajectory = True

    def __init__(self, network, parameters='default', seed=0):
        super().__init__(network, parameters, seed)
        self.generator = np.random.default_rng(seed)
        self.steps = [np.zeros_like(network.weights[i]) for i in self.plastic]
        self.elsewhere = 0

    @classmethod
    def preset(cls, name, task):
        """Return the only preset."""
        return ExplorerParameters()

    def propose(self, shown):
        """Take a step that depends on every number of the trajectory."""
        self._take_time()
        seen, weights, parameters = shown.trajectory, list(shown.network.weights), self.parameters
        moved = np.abs(seen.positions).mean() + np.abs(seen.velocities).mean()
        moved += np.diff(seen.efforts, prepend=0.0).std() * (1 + (seen.end == 'terminated'))
        for k, i in enumerate(self.plastic):
            drawn = self.generator.standard_normal(weights[i].shape, dtype=np.float32)
            self.steps[k] = (np.float32(parameters.memory) * self.steps[k]
                             + np.float32(parameters.reach * moved / 10) * drawn)
            weights[i] = weights[i] + self.steps[k]
        return Proposal(tuple(weights), f'ended {seen.end}')

    def _take_time(self):
        until, millions = monotonic() + self.parameters.pondering, self.parameters.reckoning
        while monotonic() < until and not released():
            pass
        if RELEASE not in os.environ:
            reckon(millions)
            return
        for _ in range(0, millions, CHUNK):
            if released():
                return
            reckon(CHUNK)

    def placed(self, network):
        """Count the call."""
        self.elsewhere += 1

    def state(self):
        """Return arrays and the random state."""
        return {'first': self.steps[0], 'second': self.steps[1], 'elsewhere': self.elsewhere,
                'random': self.generator.bit_generator.state}

    def restore(self, state):
        """Restore them."""
        self.steps = [state['first'], state['second']]
        self.elsewhere = state['elsewhere']
        self.generator.bit_generator.state = state['random']


@dataclass(frozen=True)
class HesitantParameters:
    """The guard's parameter."""

    every: int = parameter(2, 'Episodes from one deployed network to the next.', minimum=1,
                           maximum=100)


class Hesitant(NoGuard):
    """Deploys the running network from time to time."""

    name = 'hesitant'
    Parameters = HesitantParameters

    def __init__(self, network, parameters=HesitantParameters()):
        super().__init__(network, parameters)
        self.seen = 0

    def judge(self, episode_return, running, proposed, preferred=None):
        """Count episodes."""
        self.seen += 1
        if self.seen % self.parameters.every:
            return proposed, ''
        self.deployed = proposed
        return proposed, 'deployed'

    def state(self):
        """Return the state with the count."""
        return {**super().state(), 'seen': self.seen}

    def restore(self, state):
        """Restore it."""
        super().restore(state)
        self.seen = state['seen']
