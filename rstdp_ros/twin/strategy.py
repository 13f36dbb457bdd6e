"""The strategy ``twin``: identify the plant, find gains in its twin, test them there, deploy."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rstdp_ros.plasticity.guard import UNGUARDED
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy, Weights
from rstdp_ros.snn import SpikingQNetwork, with_gains
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter
from rstdp_ros.tasks import get_task
from rstdp_ros.twin.adequacy import LACKS
from rstdp_ros.twin.agreement import Agreement
from rstdp_ros.twin.identification import identify, NOISIER, TooShortError
from rstdp_ros.twin.identified import Identified, unidentified
from rstdp_ros.twin.memory import Memory
from rstdp_ros.twin.prior import Prior
from rstdp_ros.twin.search import best_gains, Budget, returns

# The log evidence of two plants must exceed that of one by this.
TWO_PLANTS = 10.0
# Standard errors by which a network must be better in the twin.
MARGIN = 2.0
# Episodes without a search after several that found nothing.
LONGEST_PAUSE = 15
# The factor by which a contradicted twin's doubt grows, and its limit.
MORE_DOUBT, MOST_DOUBT = 2.0, 16.0
CHANGED, CONTRADICTED = 'plant changed', 'twin contradicted'
MISFIT = f'structure of the twin {LACKS}'
BETTER, TOO_SHORT = 'better in the twin', 'too short to identify the plant'


@dataclass(frozen=True)
class TwinParameters:
    """How much to try in the twin between two episodes."""

    generations: int = parameter(
        10, 'Rounds of the search.', minimum=1, maximum=1000, effect=NEXT_EPISODE)
    candidates: int = parameter(
        20, 'Gain vectors tried per round.', minimum=5, maximum=10_000, effect=NEXT_EPISODE)
    starts: int = parameter(
        24, 'Starts played by each candidate.', minimum=1, maximum=10_000, effect=NEXT_EPISODE)
    reach: float = parameter(
        0.6, 'Standard deviation of the log gains in the first round.', minimum=0.01,
        maximum=3.0, effect=NEXT_EPISODE)
    max_log_gain: float = parameter(
        3.0, 'Largest magnitude of a log gain.', minimum=0.1, maximum=10.0, effect=NEXT_EPISODE)
    validation_starts: int = parameter(
        300, 'Fresh starts on which a network must be better than the present one.', minimum=10,
        maximum=100_000, effect=NEXT_EPISODE)
    steps_kept: int = parameter(
        400, 'Number of the latest control steps from which the plant is identified.',
        unit='steps', minimum=10, maximum=100_000, effect=NEXT_EPISODE)

    @property
    def budget(self) -> Budget:
        """How long to search."""
        return Budget(self.generations, self.candidates, self.starts, reach=self.reach)


class Challenger(NamedTuple):
    """A candidate network, and its log gains."""

    network: SpikingQNetwork
    log_gains: np.ndarray


class Twin(Strategy):
    """
    Learn in a model of the robot built from its own episodes.

    After every episode the plant is identified from the recent episodes. Gains are searched in
    plants consistent with the data, and those found play and are deployed if they are better there
    than the current ones, from starts used for nothing else. An episode that does not fit the
    known plant makes the strategy forget that plant; returns below the twin's predictions make it
    doubt the twin and search in a wider range of plants.
    """

    name = 'twin'
    Parameters: ClassVar[type] = TwinParameters
    plastic: ClassVar[tuple[int, ...]] = (0,)
    rescaled = (0,)
    default_guard = UNGUARDED
    draws = True
    needs_trajectory = True

    def __init__(self, network: SpikingQNetwork, parameters: Any = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.task = get_task(network.task)
        self.prior = Prior(self.task)
        self.memory, self.agreement = Memory(len(self.task.robot.joints)), Agreement()
        self.log_gains = np.zeros(network.observation_size)
        self.identified: Identified | None = None
        self.doubt, self.episode = 1.0, 0
        # Episodes until the next search, and between the last two.
        self.wait, self.pause = 0, 0

    def propose(self, shown: Shown) -> Proposal:
        """Identify, search, prove."""
        self.generator = np.random.default_rng((self.seed, self.episode))
        self.episode += 1
        before = self.identified
        event = self._identify(shown)
        if self.identified is None:
            return Proposal(shown.network.weights, TOO_SHORT)
        present = shown.network
        if event:
            self.wait = self.pause = 0
        elif not self.identified.adequacy.fits and (before is None or before.adequacy.fits):
            event = MISFIT
        if self._predicted_return(present) < self.task.possible_returns()[1] and self._due():
            weights = self._search(present)
            if weights:
                self.pause = 0
                return Proposal(weights, ', '.join(filter(None, (event, BETTER))))
            self.wait = self.pause = min(2 * self.pause + 1, LONGEST_PAUSE)
        return Proposal(present.weights, event)

    def _due(self) -> bool:
        """Return whether to search again: ever less often if searches find nothing."""
        self.wait = max(self.wait - 1, 0)
        return not self.wait

    def _identify(self, shown: Shown) -> str:
        """Process an episode; return what it means for the twin."""
        contradicted = self.agreement.compare(shown.episode_return)
        self.memory.add(shown.trajectory, self.parameters.steps_kept)
        before = self.identified
        try:
            self.identified = identify(self.task, self.memory.trajectories, before)
        except TooShortError:
            return ''
        if before and self._two_plants(before):
            self.memory.forget_all_but_the_last()
            self.identified = identify(self.task, self.memory.trajectories)
            self.agreement.forget()
            self.doubt = 1.0
            return CHANGED
        if contradicted:
            self.doubt = min(MORE_DOUBT * self.doubt, MOST_DOUBT)
            return CONTRADICTED
        return ''

    def _two_plants(self, before: Identified) -> bool:
        """
        Return whether a separate plant explains the last episode better.

        If the equations lack something, residuals are not independent noise, and the evidence is
        exaggerated by the ratio of the lack-of-fit test (quasi-likelihood; Burnham and Anderson
        2002).
        """
        *old, new = self.memory.trajectories
        if (self.identified.noise <= NOISIER * before.noise).all() or not old:
            return False
        try:
            apart = [identify(self.task, some, before) for some in (old, [new])]
        except TooShortError:
            return False
        evidence = sum(one.log_evidence for one in apart) - self.identified.log_evidence
        exaggeration = max(1.0, *(one.adequacy.ratio for one in apart))
        return evidence > TWO_PLANTS * exaggeration

    def _search(self, present: SpikingQNetwork) -> Weights | None:
        """Return the weights of a better network, if there is one."""
        challengers = self._challengers(present)
        if not challengers:
            return None
        theirs, *ours = self._returns(present, *(one.network for one in challengers))
        best = int(np.argmax([some.mean() for some in ours]))
        if not better(ours[best], theirs):
            return None
        network, self.log_gains = challengers[best]
        self.agreement.predicted = ours[best]
        return network.weights

    def _base(self, w2: np.ndarray) -> SpikingQNetwork:
        """Return the run's first network with this W2: gains are folded into it."""
        w1, _, w3 = self.initial.weights
        return self.initial.replace(weights=(w1, w2, w3))

    def _challengers(self, present: SpikingQNetwork) -> list[Challenger]:
        """Return candidates to replace the current network: the best gains found now."""
        parameters, base = self.parameters, self._base(present.weights[1])
        found = best_gains(self.task, base, self.log_gains, self._plants, self.generator,
                           parameters.budget, parameters.max_log_gain)
        return [Challenger(with_gains(base, found), found)]

    def _predicted_return(self, network: SpikingQNetwork) -> float:
        """Return a network's mean return in the twin, and remember all the returns."""
        self.agreement.predicted = self._returns(network)[0]
        return self.agreement.predicted.mean()

    def _returns(self, *networks: SpikingQNetwork) -> np.ndarray:
        return returns(self.task, networks, self._plants, self.generator,
                       self.parameters.validation_starts)

    def _plants(self, count: int) -> list[Any]:
        return self.identified.plants(count, self.generator, self.doubt)

    def placed(self, network: SpikingQNetwork) -> None:
        """Predict nothing for a network that was put in place from outside."""
        self.agreement.forget()

    def findings(self) -> dict[str, dict[str, Any]]:
        """Return what is known about the plant, by parameter: see :class:`Estimate`."""
        if self.identified is None:
            return {}
        return {'identified': {name: one._asdict()
                               for name, one in self.identified.estimates().items()}}

    def state(self) -> dict[str, Any]:
        """Return all that the next proposal depends on."""
        identified = (self.identified.state() if self.identified else unidentified(self.prior))
        return {'episode': self.episode, 'log_gains': self.log_gains, 'doubt': self.doubt,
                'wait': self.wait, 'pause': self.pause,
                'memory': self.memory.state(), 'agreement': self.agreement.state(),
                'identified': identified}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        for name in ('episode', 'log_gains', 'doubt', 'wait', 'pause'):
            setattr(self, name, state[name])
        self.memory.restore(state['memory'])
        self.agreement.restore(state['agreement'])
        self.identified = Identified.restored(self.prior, state['identified'])


def better(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Return whether returns from the same starts, (n,) each, are better beyond chance."""
    gain = ours - theirs
    return bool(gain.mean() > MARGIN * gain.std() / math.sqrt(len(gain)))
