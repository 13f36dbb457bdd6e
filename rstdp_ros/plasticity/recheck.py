"""A guard that re-measures its best network, so that a changed plant does not freeze it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
import math
from typing import Any

from rstdp_ros.plasticity.guard import CONTINUED, GuardParameters, RECHECKING, ROLLED_BACK
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.parameters import validated
from rstdp_ros.support.plain import whole


@dataclass(frozen=True)
class Sample:
    """
    What is known of a network's returns.

    :param squares: sum of the squared deviations from the mean.
    """

    count: int
    mean: float
    squares: float

    @classmethod
    def of(cls, returns: list[float]) -> Sample:
        """Summarise returns."""
        mean = sum(returns) / len(returns)
        return cls(len(returns), mean, sum((r - mean) ** 2 for r in returns))

    @property
    def variance(self) -> float:
        """Squared standard error of the mean; 0 for a single return."""
        return self.squares / (self.count - 1) / self.count if self.count > 1 else 0.0

    def error(self, other: Sample) -> float:
        """Return the standard error of the difference of the means."""
        return math.sqrt(self.variance + other.variance)

    def with_more(self, other: Sample) -> Sample:
        """Return both samples pooled."""
        count, apart = self.count + other.count, other.mean - self.mean
        return Sample(count, self.mean + apart * other.count / count,
                      self.squares + other.squares
                      + apart ** 2 * self.count * other.count / count)


class RecheckGuard:
    """
    Deploy what is better beyond chance; re-measure the deployed network when in doubt.

    Like the snapshot guard it judges windows of episodes, deploys the network that the best window
    started with, and goes back to it when the mean falls by more than the tolerance. But it does
    not take a mean for the truth:

    * A window is better only if its mean exceeds the best by ``margin`` standard errors of the
      difference, because among many windows one is always lucky.
    * After every rollback, and after ``patience`` undecided windows, the deployed network plays a
      window *unchanged*. Nothing is learned meanwhile, but only these returns are evidence for it,
      and for the plant as it is now.
    * If they differ from its known returns by more than two standard errors, the plant has
      changed: the old returns are forgotten and the new mean is the one to beat. Otherwise old and
      new returns are pooled, which removes the luck from the best mean.

    :param network: the one that the run starts with; deployed until a window is better.
    """

    name = 'recheck'
    Parameters = GuardParameters
    # Standard errors beyond which two means of one network come from two plants.
    CONTRADICTION = 2.0

    def __init__(self, network: SpikingQNetwork,
                 parameters: GuardParameters = GuardParameters()) -> None:
        self.parameters = validated(parameters)
        self.deployed = self.window_start = network
        self.best: Sample | None = None
        self.returns: list[float] = []
        self.undecided = 0
        self.rechecking = False
        # What learning continues from after a recheck; None for the deployed network's next step.
        self.waiting: SpikingQNetwork | None = None

    @property
    def best_mean(self) -> float | None:
        """Mean return of the deployed network, as far as known."""
        return self.best.mean if self.best else None

    def judge(self, episode_return: float, running: SpikingQNetwork, proposed: SpikingQNetwork,
              preferred: SpikingQNetwork | None = None) -> tuple[SpikingQNetwork, str]:
        """Decide after an episode; see :meth:`NoGuard.judge`."""
        self.returns.append(episode_return)
        if len(self.returns) < self.parameters.window:
            return (self.deployed, RECHECKING) if self.rechecking else (proposed, '')
        window, self.returns = Sample.of(self.returns), []
        decide = self._after_recheck if self.rechecking else self._after_learning
        self.window_start, event = decide(window, proposed)
        return self.window_start, event

    def _after_learning(self, window: Sample,
                        proposed: SpikingQNetwork) -> tuple[SpikingQNetwork, str]:
        best = self.best
        if best is None or window.mean > best.mean + self.parameters.margin * best.error(window):
            self.deployed, self.best, self.undecided = self.window_start, window, 0
            return proposed, 'kept'
        self.undecided += 1
        if window.mean < best.mean - self.parameters.tolerance * abs(best.mean):
            self.rechecking = True
            return self.deployed, ROLLED_BACK
        if self.undecided >= self.parameters.patience:
            self.rechecking, self.waiting = True, proposed
            return self.deployed, RECHECKING
        return proposed, ''

    def _after_recheck(self, window: Sample,
                       proposed: SpikingQNetwork) -> tuple[SpikingQNetwork, str]:
        best, waiting = self.best, self.waiting
        self.rechecking, self.waiting, self.undecided = False, None, 0
        if abs(window.mean - best.mean) > self.CONTRADICTION * best.error(window):
            self.best, event = window, 'forgotten'
        else:
            self.best, event = best.with_more(window), 'confirmed'
        return (waiting, f'{event}, {CONTINUED}') if waiting else (proposed, event)

    def roll_back(self) -> SpikingQNetwork:
        """Begin a new window with the deployed network and return it."""
        self.window_start, self.returns = self.deployed, []
        self.rechecking, self.waiting, self.undecided = False, None, 0
        return self.deployed

    def state(self) -> dict[str, Any]:
        """Return all that the next decision depends on."""
        return {'deployed': self.deployed, 'window_start': self.window_start,
                'best': asdict(self.best) if self.best else None, 'returns': list(self.returns),
                'undecided': self.undecided, 'rechecking': self.rechecking,
                'waiting': self.waiting}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.deployed, self.window_start = state['deployed'], state['window_start']
        best = state['best']
        self.best = Sample(whole('count', best['count']), best['mean'],
                           best['squares']) if best else None
        self.returns, self.undecided = list(state['returns']), state['undecided']
        self.rechecking, self.waiting = state['rechecking'], state['waiting']
