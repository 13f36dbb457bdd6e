"""The loop of adaptation: which network plays the next episode, and what its end leads to."""

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

# Why nothing was learned from an episode that was accepted.
ROLLED_BACK = 'it was rolled back before it was learned from'
RESTARTED = 'the run began anew before it was learned from'
UNEXPECTED = 'an unexpected error came in between'


class AdaptationLoop:
    """
    Asks the protocol for episodes and learns from those it accepts.

    Nobody acts on what is not on disk yet: the loop waits for a disk that takes no more. Learning
    may take long: whoever runs the loop does that work where it likes and says when it is done.
    Until then the network that played stays, and what would change it waits. Times are steady, in
    seconds; every method returns what is to be done.

    :param run: what learns, and its folder.
    :param paced: as in :class:`AdaptationProtocol`; coverage likewise.
    :param by_hand: whether a person gives the returns.
    :param episodes: learn from so many; then the deployed network goes on unchanged.
    :param plasticity: False pauses learning: the deployed network goes on meanwhile.
    :param refresh: called where no episode runs, to put changed parameters in force.
    :ivar protocol: told of whatever is heard.
    :ivar network: the one that plays the episode that was asked for.
    :ivar published: the same with metadata that say where the run stood then.
    :ivar lesson: what is being learned now, if anything is.
    """

    def __init__(self, run: AdaptationRun, task: Task, episodes: int, plasticity: bool = True,
                 paced: bool = True, by_hand: bool = False, coverage: float = 1.0,
                 refresh: Callable[[], None] = lambda: None) -> None:
        self.run, self.task, self.episodes, self.plasticity = run, task, episodes, plasticity
        self._refresh = refresh
        self.disk = DiskWait(run.secure)
        self.protocol = AdaptationProtocol(
            paced, by_hand, task.max_episode_steps, coverage,
            partial(objection, task, lambda: self.network, by_hand), task.possible_returns(),
            run.learner.latest.get('episode_id', ''), run.learner.needs_trajectory)
        self.lesson: Learn | None = None
        self._finished = self._rolls_back = False
        # Episodes in a row from which nothing was to be learned, and why not from the last one.
        self._unlearned_episodes, self._unlearned = 0, ''
        self.network = self.next_network
        self.published = self.learner.labelled(self.network)

    @property
    def learner(self) -> Learner:
        """What learns; another one after :meth:`restart`."""
        return self.run.learner

    @property
    def over(self) -> bool:
        """Whether as many episodes were learned from as there should be."""
        return self.learner.episode >= self.episodes

    @property
    def frozen(self) -> bool:
        """Whether the deployed network goes on unchanged."""
        return self.over or not self.plasticity

    @property
    def next_network(self) -> SpikingQNetwork:
        """The network that should play the next episode."""
        return self.learner.deployed if self.frozen else self.learner.running

    def begin(self, now: float) -> list[Output]:
        """Ask for the next episode."""
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
        self.network = self.next_network
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
        """Learn from an episode that the protocol accepted, or ask for the next one."""
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
        Hear that the work is done, and ask for the next episode.

        :param outcome: returns what the work did, or raises what it raised; the work itself will
            do, where nobody is held up.
        """
        if lesson is not self.lesson:  # it was restarted meanwhile
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
        """Let time-outs happen."""
        said: list[Output] = []
        if self.disk.reason:
            said = self.begin(now) if self.disk.due(now) else []
        elif self.protocol.phase is Phase.LEARNING and not self.lesson:
            # After an unexpected error nobody else asks for the next episode.
            self._unlearned = UNEXPECTED
            said = self.begin(now)
        return said + self.protocol.poll(now)

    def roll_back(self, now: float) -> list[Output]:
        """
        Break off the episode and go on from the deployed network.

        An episode that is over is learned from first: the strategy has half done so.
        """
        if self.lesson:
            self._rolls_back = True
            return []
        self.run.roll_back()
        return self.begin(now)

    def restart(self, now: float) -> list[Output]:
        """
        Break off the episode, or what is being learned, and begin anew from the first network.

        :raises OSError: what there is of the run cannot be set aside.
        """
        self.run.restart()
        self.lesson, self._rolls_back, self._unlearned = None, False, RESTARTED
        self._unlearned_episodes = 0
        return self.begin(now)
