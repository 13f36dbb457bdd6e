"""A learner that follows a recorded run, with the run's parameters or other ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rstdp_ros.bags.events import Publication
from rstdp_ros.plasticity import EpisodeRecord, Learner, Recipe
from rstdp_ros.plasticity.guard import CONTINUED, RECHECKING, ROLLED_BACK, UNGUARDED
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.task import Episode

# As many as the adaptation node's checkpoints, plus the current state.
STATES = 6
# By the user, between two publications.
MAX_ROLLBACKS = 1000
WENT_ELSEWHERE = (ROLLED_BACK, RECHECKING, CONTINUED)


class Follower:
    """
    The learner of a run, controlled by its publications.

    :param changes: parameters that differ from the run's, name and value.
    """

    def __init__(self, changes: Mapping[str, Any]) -> None:
        self._changes = changes
        self._learner: Learner | None = None
        self._states: dict[int, dict[str, Any]] = {}
        # Whether it has the run's complete state; not if it joined in the middle.
        self._whole = True

    @property
    def begun(self) -> bool:
        """Whether it knows the state of the run."""
        return self._learner is not None

    @property
    def episode(self) -> int:
        """The number of episodes learned from."""
        return self._learner.episode if self._learner else 0

    @property
    def running(self) -> SpikingQNetwork | None:
        """The network to continue with."""
        return self._learner.running if self._learner else None

    def begin(self, initial: SpikingQNetwork, recipe: Recipe) -> None:
        """Start where the run began."""
        self._learner = Learner(initial, recipe.with_values(self._changes))
        self._whole = True
        self._remember()

    def join(self, publication: Publication) -> None:
        """Take over the recorded network; the guard's memory is not in the bag."""
        self.begin(self._learner.initial, replace(publication.recipe, guard=UNGUARDED))
        learner, self._whole = self._learner, False
        learner.running = learner.guard.deployed = publication.network
        learner.episode, learner.rollbacks = publication.learned, publication.rollbacks
        self._remember()

    def forget(self) -> None:
        """Forget the state until the run publishes its running network again."""
        self._learner = None

    def objection(self, publication: Publication) -> str:
        """Say why the next episode cannot be replayed although its spikes are there."""
        if self._whole:
            return ''
        if self._learner.strategy.draws:
            return (f'strategy {publication.recipe.strategy} has drawn random numbers before the '
                    'recording')
        if any(word in publication.event for word in WENT_ELSEWHERE):
            return 'the guard went on with a network that may be from before the recording'
        return ''

    def learn(self, episode: Episode, publication: Publication) -> EpisodeRecord:
        """Learn from an episode with the parameters in force."""
        learner = self._learner
        learner.retune(publication.recipe.with_values(self._changes))
        record = learner.learn(*episode, episode_id=publication.episode_id,
                               seed=publication.seed)
        self._remember()
        return record

    def roll_back(self, times: int) -> None:
        """
        Roll back, like the service, until the total number of calls is reached.

        :raises RstdpError: too many calls between two publications.
        """
        if self._learner and self._whole and times > self._learner.rollbacks + MAX_ROLLBACKS:
            raise RstdpError(f'weights that were rolled back {times} times')
        while self._learner and self._whole and self._learner.rollbacks < times:
            self._learner.roll_back()
            self._remember()

    def go_back(self, episode: int) -> bool:
        """Return to the state after a number of episodes; return whether it is remembered."""
        if episode not in self._states:
            return False
        self._learner.restore(self._states[episode])
        return True

    def _remember(self) -> None:
        learner = self._learner
        self._states = {n: state for n, state in self._states.items()
                        if learner.episode - STATES < n < learner.episode}
        self._states[learner.episode] = learner.state()
