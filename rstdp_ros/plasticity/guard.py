"""
Guards: which of a rule's networks to keep, judged by running returns alone.

On a robot every episode counts, and no update can be validated on a hundred others. A guard sees
what the robot sees, one return per episode, and decides which network to continue with and which
one to deploy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.parameters import NEXT_EPISODE, parameter, validated

UNGUARDED = 'none'
# Events that guards report when the next network is not the one that the rule proposed.
ROLLED_BACK, RECHECKING, CONTINUED = 'rolled back', 'rechecking', 'continued'


@dataclass(frozen=True)
class GuardParameters:
    """How a guard judges."""

    window: int = parameter(
        10, 'Episodes whose mean return is judged together.', unit='episodes', minimum=1,
        maximum=10_000, effect=NEXT_EPISODE)
    tolerance: float = parameter(
        0.2, 'Go back to the best network when the mean falls by more than this fraction of the '
        'best mean.', minimum=0.0, maximum=10.0, effect=NEXT_EPISODE)
    margin: float = parameter(
        1.0, 'recheck: a mean is better if it exceeds the best by this many standard errors of '
        'the difference.', minimum=0.0, maximum=10.0, effect=NEXT_EPISODE)
    patience: int = parameter(
        5, 'recheck: number of undecided windows after which the deployed network is measured '
        'again.', unit='windows', minimum=1, maximum=10_000, effect=NEXT_EPISODE)


class NoGuard:
    """
    Keep every update: the running network is deployed, unless the strategy names another.

    :param network: the one that the run starts with.
    """

    name = UNGUARDED
    Parameters = GuardParameters

    def __init__(self, network: SpikingQNetwork,
                 parameters: GuardParameters = GuardParameters()) -> None:
        self.deployed = network
        self.parameters = validated(parameters)
        self.best_mean: float | None = None

    def judge(self, episode_return: float, running: SpikingQNetwork, proposed: SpikingQNetwork,
              preferred: SpikingQNetwork | None = None) -> tuple[SpikingQNetwork, str]:
        """
        Decide after an episode.

        :param running: the network that the return belongs to.
        :param proposed: the network that the rule proposes next.
        :param preferred: the network that the strategy would deploy, if it names one. Guards that
            deploy only measured networks ignore it.
        :return: the network to continue with, and what happened in a word ('' for nothing).
        """
        self.deployed = proposed if preferred is None else preferred
        return proposed, ''

    def roll_back(self) -> SpikingQNetwork:
        """Return the network to continue with: the deployed one."""
        return self.deployed

    def state(self) -> dict[str, Any]:
        """Return all that the next decision depends on."""
        return {'deployed': self.deployed}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.deployed = state['deployed']


class SnapshotGuard:
    """
    Deploy the start of the best window of episodes; go back to it when returns fall.

    Each window of episodes is judged by its mean return. If it is the best so far, the network
    that the window *started* with is deployed: the window's episodes are evidence for it, whereas
    later ones contain untested updates. If the mean fell by more than the tolerance, learning
    continues from the deployed network.

    :param network: the one that the run starts with; deployed until a window is complete.
    """

    name = 'snapshot'
    Parameters = GuardParameters

    def __init__(self, network: SpikingQNetwork,
                 parameters: GuardParameters = GuardParameters()) -> None:
        self.parameters = validated(parameters)
        self.deployed = self.window_start = network
        self.best_mean: float | None = None
        self.returns: list[float] = []

    def judge(self, episode_return: float, running: SpikingQNetwork, proposed: SpikingQNetwork,
              preferred: SpikingQNetwork | None = None) -> tuple[SpikingQNetwork, str]:
        """Decide after an episode; see :meth:`NoGuard.judge`."""
        self.returns.append(episode_return)
        if len(self.returns) < self.parameters.window:
            return proposed, ''
        mean = sum(self.returns) / len(self.returns)
        self.returns = []
        best, event = self.best_mean, ''
        if best is None or mean > best:
            self.deployed, self.best_mean, event = self.window_start, mean, 'kept'
        elif mean < best - self.parameters.tolerance * abs(best):
            proposed, event = self.deployed, ROLLED_BACK
        self.window_start = proposed
        return proposed, event

    def roll_back(self) -> SpikingQNetwork:
        """Begin a new window with the deployed network and return it."""
        self.window_start, self.returns = self.deployed, []
        return self.deployed

    def state(self) -> dict[str, Any]:
        """Return all that the next decision depends on."""
        return {'deployed': self.deployed, 'window_start': self.window_start,
                'best_mean': self.best_mean, 'returns': list(self.returns)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.deployed, self.window_start = state['deployed'], state['window_start']
        self.best_mean, self.returns = state['best_mean'], list(state['returns'])
