"""The adaptation loop: which network plays the next episode, and what follows its end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rstdp_ros.plasticity import AdaptationRun, Learner, Lesson
from rstdp_ros.protocol.adaptation import AdaptationProtocol, Phase
from rstdp_ros.protocol.disk import DiskWait
from rstdp_ros.protocol.objection import objection
from rstdp_ros.protocol.outputs import (
    Accepted,
    Finished,
    Learn,
    Learned,
    NotLearned,
    Output,
    RollBack,
    Unwritten,
    Written,
)
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.seeds import END
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.task import trajectory_of

# Why nothing was learned from an accepted episode.
ROLLED_BACK = 'it was rolled back before it was learned from'
RESTARTED = 'the run began anew before it was learned from'
UNEXPECTED = 'an unexpected error came in between'


class AdaptationLoop:
    """
    Requests episodes from the protocol and learns from those it accepts.

    Nothing acts on what is not on disk yet: the loop waits while the disk is full. Learning may
    take long: the caller does that work wherever it likes and reports when it is done. Until then
    the network that played stays, and anything that would change it waits. Times are steady, in
    seconds; every method returns the outputs to carry out.

    :param run: the learner and its folder.
    :param paced: as in :class:`AdaptationProtocol`, like ``coverage``.
    :param by_hand: whether a person gives the returns.
    :param episodes: how many to learn from; then the deployed network plays on unchanged.
    :param plasticity: False pauses learning: the deployed network plays meanwhile.
    :param refresh: called when no episode runs, to put changed parameters in force.
    :ivar protocol: receives everything that is heard.
    :ivar network: the one that plays the requested episode.
    :ivar published: the same with metadata on the run's progress at that time.
    :ivar lesson: the lesson being learned now, if any.
    """

    def __init__(self, run: AdaptationRun, task: Task, episodes: int, plasticity: bool = True,
                 paced: bool = True, by_hand: bool = False, coverage: float = 1.0,
                 refresh: Callable[[], None] = lambda: None) -> None:
        self.run, self.task, self.episodes, self.plasticity = run, task, episodes, plasticity
        self._refresh = refresh
        self.disk = DiskWait(run.secure)
        self.protocol = AdaptationProtocol(
            paced, by_hand, task.max_episode_steps,
            # Neighbouring rows of a trajectory are one control period apart.
            1.0 if run.learner.needs_trajectory else coverage,
            partial(objection, task, lambda: self.network, by_hand), task.possible_returns(),
            run.learner.latest.get('episode_id', ''), run.learner.needs_trajectory)
        self.lesson: Learn | None = None
        self._finished = self._rolls_back = False
        # Successive episodes from which nothing could be learned, and the reason for the last one.
        self._unlearned_episodes, self._unlearned = 0, ''
        self.network: SpikingQNetwork = self.next_network
        self._requested = self._request()
        self.published = self.learner.labelled(self.network)

    @property
    def learner(self) -> Learner:
        """The learner; another one after :meth:`restart`."""
        return self.run.learner

    @property
    def over(self) -> bool:
        """Whether all the requested episodes were learned from."""
        return self.learner.episode >= self.episodes

    @property
    def frozen(self) -> bool:
        """Whether the deployed network plays unchanged."""
        return self.over or not self.plasticity

    @property
    def next_network(self) -> SpikingQNetwork:
        """The network that should play the next episode."""
        return self.learner.deployed if self.frozen else self.learner.running

    def begin(self, now: float) -> list[Output]:
        """Request the next episode."""
        self._refresh()
        if not self.frozen:
            self._unlearned_episodes = 0
        said: list[Output] = []
        if self.over and not self._finished:
            self.run.finish()
            said.append(Finished())
        self._finished = self.over
        said += self._secure(now)
        if self.disk.reason:
            return said
        self.network, self._requested = self.next_network, self._request()
        self.published = self.learner.labelled(self.network)
        seed = self.learner.next_seed + self._unlearned_episodes
        said += self.protocol.begin(self.network.digest, seed % END, now, self._unlearned)
        self._unlearned = ''
        if self._rolls_back:
            self._rolls_back = False
            said.append(RollBack())
        return said

    def _secure(self, now: float) -> list[Output]:
        waited = bool(self.disk.reason)
        if not self.disk.over(now):
            return [Unwritten(self.disk.reason)]
        return [Written()] if waited else []

    def accepted(self, episode: Accepted, now: float) -> list[Output]:
        """Learn from an episode that the protocol accepted, or request the next one."""
        if self.disk.reason:
            self._unlearned = ROLLED_BACK
            return []
        if self.frozen:
            self._unlearned_episodes += 1
            self._unlearned = 'learning is over' if self.over else 'learning is paused'
            return self.begin(now)
        self.lesson = Learn(episode, partial(
            self.learner.propose, episode.rasters, episode.episode_return,
            self._trajectory(episode)), now)
        return [self.lesson]

    def learned(self, lesson: Learn, outcome: Callable[[], Lesson], now: float) -> list[Output]:
        """
        Note that the work is done, and request the next episode.

        :param outcome: returns the work's result, or raises its exception; may be the work itself
            if blocking is acceptable.
        """
        if lesson is not self.lesson:  # the run was restarted meanwhile
            return []
        self.lesson = None
        said: Output
        try:
            said = Learned(self.run.adopt(outcome(), episode_id=lesson.episode.episode_id,
                                          seed=lesson.episode.seed))
        except RstdpError as error:
            self._unlearned = str(error)
            said = NotLearned(self._unlearned)
        return [said, *self.begin(now)]

    def _trajectory(self, episode: Accepted) -> Trajectory | None:
        if not self.learner.needs_trajectory:
            return None
        efforts = self.task.efforts(self.network, episode.rasters)
        return trajectory_of(episode.joints, efforts, episode.end)

    def poll(self, now: float) -> list[Output]:
        """Process time-outs."""
        said: list[Output] = []
        if self.disk.reason:
            said = self.begin(now) if self.disk.due(now) else []
        elif self.protocol.phase is Phase.LEARNING and not self.lesson:
            # After an unexpected error nothing else requests the next episode.
            self._unlearned = UNEXPECTED
            said = self.begin(now)
        elif self.protocol.between_episodes:
            said = self._reconsider(now)
        return said + self.protocol.poll(now)

    def _reconsider(self, now: float) -> list[Output]:
        """Request another episode if changed parameters ask for another network."""
        self._refresh()
        return [] if self._request() == self._requested else self.begin(now)

    def _request(self) -> tuple[bool, bool, str]:
        """Return what the request for the next episode depends on."""
        return self.over, self.frozen, self.next_network.digest

    def roll_back(self, now: float) -> list[Output]:
        """
        Abort the episode and continue from the deployed network.

        A finished episode is learned from first: the strategy is already halfway through it.
        """
        if self.lesson:
            self._rolls_back = True
            return []
        self.run.roll_back()
        return self.begin(now)

    def restart(self, now: float) -> list[Output]:
        """
        Abort the episode or the learning in progress, and restart from the first network.

        :raises OSError: the run so far cannot be set aside.
        """
        self.run.restart()
        self.lesson, self._rolls_back, self._unlearned = None, False, RESTARTED
        self._unlearned_episodes = 0
        return self.begin(now)
