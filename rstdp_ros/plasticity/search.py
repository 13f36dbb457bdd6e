"""Bayesian optimisation of a few numbers when every return counts."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.plasticity.belief import Belief, FlatPrior
from rstdp_ros.plasticity.change import ChangeTest
from rstdp_ros.plasticity.returns import CONTENT, in_proportion
from rstdp_ros.plasticity.tried import Tried
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter

# Keeps these draws independent of those that the same seed makes elsewhere.
STREAM = 0x6A15
# Candidates per episode: this many within reach of the reference, and this many within this
# fraction of the reach around the best point.
WITHIN_REACH, CLOSE, CLOSENESS = 256, 128, 0.5
# No more points than this are tried on one plant; then the search only chooses among them.
MOST_POINTS = 200
# One episode in this many is played by the deployed point, or a plant change would not show.
WATCHED = 8
# A point that seems better than the deployed one, by this many standard deviations of the
# difference, is compared with it before anything new is tried.
PROMISING = 0.5
# This many returns outweigh the luck by which a point was picked.
SETTLED = 8
BETTER, FORGOTTEN = 'better gains', 'another plant, begun anew'
RECHECKING, CONFIRMED = 'gains rechecked', 'gains confirmed'
WITHIN = 'begun anew within the new bound'


@dataclass(frozen=True)
class SearchParameters:
    """How to look for better gains."""

    max_log_gain: float = parameter(
        2.5, 'No gain goes beyond exp(+-this); exp(2.5) is 12.', minimum=0.0, maximum=3.0,
        effect=NEXT_EPISODE)
    reach: float = parameter(
        0.6, 'How far from the start to look for other gains: standard deviation of each log '
        'gain; half as far around the best so far.', minimum=0.01, maximum=3.0,
        effect=NEXT_EPISODE)
    length: float = parameter(
        1.5, 'Distance, in log gains, over which returns are similar.', minimum=0.01,
        maximum=100.0, effect=NEXT_EPISODE)
    spread: float = parameter(
        1.0, 'Standard deviation of the mean returns of different gains, in the logarithm of '
        'their magnitude.', minimum=0.001, maximum=10.0, effect=NEXT_EPISODE)
    noise: float = parameter(
        0.3, 'Standard deviation of the returns of one network, in the same unit; corrected by '
        'the returns themselves.', minimum=0.001, maximum=10.0, effect=NEXT_EPISODE)
    exploration: float = parameter(
        1.5, 'The next gains are those with the largest mean plus this many standard deviations '
        'of its uncertainty.', minimum=0.0, maximum=100.0, effect=NEXT_EPISODE)
    confidence: float = parameter(
        0.8, 'Other gains are deployed if they are better than the start with this confidence, '
        "corrected for the number tried (Student's t; Bonferroni).", minimum=0.5, maximum=0.999,
        effect=NEXT_EPISODE)
    false_alarm: float = parameter(
        0.002, 'Probability that a recheck takes an unchanged plant for another one; 0: never.',
        minimum=0.0, maximum=0.5, effect=NEXT_EPISODE)


class Choice(NamedTuple):
    """
    What to do after an episode.

    :param point: the point that plays the next one.
    :param deployed: the point to deploy.
    :param event: what a person should know, '' for nothing.
    """

    point: np.ndarray
    deployed: np.ndarray
    event: str = ''


class GainSearch:
    """
    Chooses the log gains that play next, and those to deploy.

    Zeros, the network as it is, are tried first, and deployed until other gains are certainly
    better. Every return counts. Nothing is deployed that was not tried, and nothing because of
    lucky episodes: beliefs are compared, in which nearby points inform each other, and the more
    points were tried, the more certain the best one must be. A clear improvement needs one
    episode, a small one several: if a point is promising, it and the deployed one play until that
    is settled or both are known well. Otherwise the point that may be best plays next (upper
    confidence bound, Srinivas et al. 2010).

    If a test contradicts the belief, the plant has changed: everything but the test's returns is
    forgotten, and the search restarts, from the better of zeros and the deployed point.

    :param size: the number of gains.
    :param parameters: may be replaced between episodes.
    :param seed: of the draws: each episode draws from a generator made from the seed and its
        number.
    :param largest: the largest possible return, as :func:`.returns.largest_of`.
    :ivar deployed: the point to deploy.
    """

    def __init__(self, size: int, parameters: SearchParameters, seed: int,
                 largest: float = math.inf) -> None:
        self.parameters, self.seed, self.largest = parameters, seed, largest
        self.tried, self.test, self.episode = Tried(size), ChangeTest(), 0
        self.zeros = self.deployed = np.zeros(size)
        # What others must beat to be deployed: zeros, or the deployed point when the plant
        # changed.
        self.reference = self.zeros
        # The largest return so far.
        self.most: float | None = None

    def told(self, point: np.ndarray, value: float) -> Choice:
        """
        Record a return.

        :param point: (size,) the point that played.
        """
        event = self._tested(point, in_proportion(value))
        self.note(point, value)
        if not self._heeds_bounds():
            return Choice(self.zeros, self.zeros, WITHIN)
        belief = self._belief()
        if not self.test.running:
            before, self.deployed = self.deployed, self._best_beyond_doubt(belief)
            if not event and not np.array_equal(before, self.deployed):
                event = BETTER
        return Choice(self._next(belief), self.deployed, event)

    def note(self, point: np.ndarray, value: float) -> None:
        """Record a return, without choosing what to do next."""
        value = in_proportion(value)
        self.tried.add(point, value)
        self.most = value if self.most is None else max(value, self.most)
        self.episode += 1

    def _heeds_bounds(self) -> bool:
        """Forget all if a point that may play lies beyond a bound, which has changed then."""
        limit = self.parameters.max_log_gain
        points = np.vstack((self.tried.points, self.deployed, self.reference))
        if (np.abs(points) <= limit).all():
            return True
        self.tried, self.test, self.most = Tried(len(self.zeros)), ChangeTest(), None
        self.reference = self.deployed = self.zeros
        return False

    def begin_from(self, point: np.ndarray) -> None:
        """Deploy a point; others must be better than this one from now on."""
        self.deployed = self.reference = point

    def _tested(self, point: np.ndarray, value: float) -> str:
        """Continue the test of the belief, or begin one; return what happened."""
        if not self.test.running:
            rare = len(self.tried) and self.parameters.false_alarm and self.test.begin_if_rare(
                self._belief(), point, value, self.deployed)
            return RECHECKING if rare else ''
        if np.array_equal(point, self.deployed):
            self.test.returns.append(value)
        if not self.test.complete:
            return ''
        test, self.test = self.test, ChangeTest()
        if not test.contradicts(self.parameters.false_alarm):
            return CONFIRMED
        self.tried, self.reference, self.most = Tried(len(self.zeros)), self.deployed, None
        for earlier in test.returns[:-1]:
            self.tried.add(self.deployed, earlier)
        return FORGOTTEN

    def _belief(self) -> Any:
        """Return the belief given the returns."""
        parameters, tried = self.parameters, self.tried
        level = float(np.average(tried.means, weights=tried.counts))
        return Belief(
            FlatPrior(level, parameters.spread, parameters.noise, parameters.length), tried)

    def _best_beyond_doubt(self, belief: Belief) -> np.ndarray:
        """Return the point that is certainly better than the reference by the largest amount."""
        from scipy.special import stdtrit
        reference = self.tried.index(self.reference)
        if reference is None:
            return self.deployed
        means, doubts = belief.differences(reference)
        # Of n points tried once, the best may be best by luck, which Bonferroni's correction
        # allows for; one that was replayed often competes only with the reference.
        rivals = np.where(self.tried.counts < SETTLED, len(self.tried), 2)
        chances = (1.0 - self.parameters.confidence) / rivals
        bounds = means - stdtrit(belief.degrees, 1.0 - chances) * doubts
        return self.tried.points[bounds.argmax()]

    def _next(self, belief: Belief) -> np.ndarray:
        """Choose the point that plays next."""
        tried = self.tried
        if self.test.running:
            return self.deployed
        if tried.index(self.zeros) is None:
            return self.zeros
        best, deployed = int(belief.mean.argmax()), tried.index(self.deployed)
        if deployed is not None:
            if self._content(belief.mean[deployed]) or self.episode % WATCHED == 0:
                return self.deployed
            means, doubts = belief.differences(deployed)
            less_known = min(best, deployed, key=tried.counts.__getitem__)
            if means[best] > PROMISING * doubts[best] and tried.counts[less_known] < SETTLED:
                return tried.points[less_known]
        candidates = tried.points
        if len(tried) < MOST_POINTS:
            candidates = np.vstack((self._drawn(tried.points[best]), candidates))
        means, doubts = belief.at(candidates)
        return candidates[(means + self.parameters.exploration * doubts).argmax()]

    def _content(self, mean: float) -> bool:
        """Return whether the deployed point is as good as anything seen, and that says much."""
        played = self.tried.index(self.deployed)
        # Where all episodes return the same, only another point can tell what is possible.
        alike = played is not None and self.tried.counts[played] >= SETTLED
        return self.most - mean < CONTENT and (
            not alike or self.largest - self.most <= CONTENT)

    def _drawn(self, best: np.ndarray) -> np.ndarray:
        """Draw candidates within reach of the reference and close to the best point."""
        parameters, size = self.parameters, len(self.zeros)
        generator = np.random.default_rng((STREAM, self.seed, self.episode))
        steps = parameters.reach * generator.standard_normal((WITHIN_REACH + CLOSE, size))
        steps[:WITHIN_REACH] += self.reference
        steps[WITHIN_REACH:] = best + CLOSENESS * steps[WITHIN_REACH:]
        return np.clip(steps, -parameters.max_log_gain, parameters.max_log_gain)

    def state(self) -> dict[str, Any]:
        """Return all that the next choice depends on: numbers and lists of numbers."""
        return {'episodes': self.episode, 'gains_deployed': self.deployed.tolist(),
                'gains_reference': self.reference.tolist(), **self.tried.state(),
                'most': self.most, **self.test.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises RstdpError: a state that no search can have had.
        """
        deployed, reference = (np.array(state[f'gains_{name}'], float)
                               for name in ('deployed', 'reference'))
        if deployed.shape != self.zeros.shape or reference.shape != self.zeros.shape:
            raise RstdpError(f'there must be {len(self.zeros)} gains')
        self.tried.restore(state)
        self.test.restore(state)
        self.deployed, self.reference = deployed, reference
        self.most, self.episode = state['most'], state['episodes']
