"""A test of whether the deployed point still returns what is believed of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.plasticity.belief import Belief
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import real

# A return this improbable begins a test, in which the deployed point plays this many times.
RARE, RECHECKS = 0.01, 5
# There is nothing to contradict before the deployed point has this many returns.
KNOWN = 3


class ChangeTest:
    """
    A test of the belief in the deployed point, by returns used for nothing else.

    A return that is improbable under the belief in its point begins it; that one may be chance, so
    the mean of the next ones, all of the deployed point, decides (two-sided Student's t).

    :ivar returns: the test's returns so far.
    """

    def __init__(self) -> None:
        self.returns: list[float] = []
        # Expected mean return of the test, its standard deviation, degrees of freedom.
        self._expected: list[float] = []

    @property
    def running(self) -> bool:
        """Whether the deployed point must play."""
        return bool(self._expected)

    @property
    def complete(self) -> bool:
        """Whether the test has all its returns."""
        return len(self.returns) >= RECHECKS

    def begin_if_rare(self, belief: Belief, point: np.ndarray, value: float,
                      deployed: np.ndarray) -> bool:
        """
        Begin if a return is improbable under the belief.

        :param belief: before that return.
        :param point: (size,) the point that returned it.
        :param deployed: (size,).
        :return: whether the test began.
        """
        from scipy.special import stdtr
        known = belief.tried.index(deployed)
        if known is None or belief.tried.counts[known] < KNOWN:
            return False
        means, doubts = belief.at(np.array([point, deployed]))
        noises, degrees = belief.noise(means), belief.degrees
        score = (value - means[0]) / np.hypot(doubts[0], noises[0])
        if 2.0 * stdtr(degrees, -abs(score)) >= RARE:
            return False
        self._expected = [float(means[1]), float(np.hypot(doubts[1], noises[1] / RECHECKS ** 0.5)),
                          degrees]
        return True

    def contradicts(self, level: float) -> bool:
        """
        Say whether the complete test contradicts the belief.

        :param level: probability of doing so if the plant has not changed; 0: never.
        """
        from scipy.special import stdtrit
        mean, deviation, degrees = self._expected
        limit = -stdtrit(degrees, level / 2.0)
        return bool(abs(np.mean(self.returns) - mean) > limit * deviation)

    def state(self) -> dict[str, Any]:
        """Return it as lists of numbers."""
        return {'rechecks': list(self.returns), 'expected': list(self._expected)}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises RstdpError: a state that no test can have had.
        """
        returns, expected = ([real(name, v) for v in state[name]]
                             for name in ('rechecks', 'expected'))
        if len(expected) not in (0, 3) or len(returns) >= (RECHECKS if expected else 1):
            raise RstdpError('rechecks that do not fit what is expected of them')
        self.returns, self._expected = returns, expected
