"""
Adaptation's side: requests episodes, collects their spikes, accepts or discards them.

Nothing here depends on which nodes are connected: after a crash that information is wrong for many
seconds. Only progress, time-outs and ids count.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
import math

import numpy as np

from rstdp_ros.protocol.collecting import Collected
from rstdp_ros.protocol.envelope import AGAIN, Announcements, Envelope, LEARNED, UNLEARNED
from rstdp_ros.protocol.episode import announced_policy, EpisodeEnd
from rstdp_ros.protocol.outputs import (
    Accepted,
    Discarded,
    Output,
    PublishWeights,
    Reset,
    SetSeed,
    Waiting,
)
from rstdp_ros.support.digests import short
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints

ACTIVATION_TIMEOUT = 2.0
SERVICE_TIMEOUT = 2.0
PROGRESS_TIMEOUT = 5.0
STRAGGLER_TIMEOUT = 0.5
DISCARDS_BEFORE_BACK_OFF = 5
MAX_BACK_OFF, MOST_DOUBLINGS = 10.0, 4
ASK_AGAIN_AFTER = 0.5
EPISODES_REMEMBERED = 4


class Phase(Enum):
    """What adaptation is waiting for."""

    IDLE = 'the start'
    ACTIVATING = 'the policy to take up the weights'
    SEEDING = "the environment's seed"
    RESETTING = 'the reset'
    WAITING = 'the environment to be ready'
    RUNNING = 'the episode'
    LEARNING = 'the strategy to learn from the episode'
    BACKING_OFF = 'a while, after several discarded episodes'


@dataclass
class Heard(Collected):
    """What has arrived of an episode, which networks made its spikes, and how it ended."""

    digests: set[str] = field(default_factory=set)
    end: EpisodeEnd | None = None
    reward: float | None = None

    @property
    def steps(self) -> int:
        """The number of complete observations."""
        return len(self.stamps())


# Returns what is wrong with an episode's end and rasters, '' if nothing.
Objection = Callable[[EpisodeEnd, np.ndarray], str]


class AdaptationProtocol:
    """
    The loop of weights, seed, reset, episode; every wait has a time-out.

    Times are steady, in seconds. Replies carry the token of their request, so that a reply after
    its time-out is not mistaken for the next one.

    :param paced: whether adaptation requests episodes (otherwise the environment decides).
    :param reward_from_topic: wait for :meth:`reward` instead of the return in ``episode_end``.
    :param max_steps: at most this many rasters per episode are kept.
    :param coverage: the fraction of an episode's steps whose rasters must have arrived.
    :param objection: further conditions on an episode.
    :param returns: the smallest and the largest return that :meth:`reward` accepts.
    :param learned: id of the last episode that an earlier process learned from.
    :param joints_wanted: whether an episode needs the joints of every observation to count.
    """

    def __init__(self, paced: bool = True, reward_from_topic: bool = False,
                 max_steps: int = 10_000, coverage: float = 1.0,
                 objection: Objection = lambda end, rasters: '',
                 returns: tuple[float, float] = (-math.inf, math.inf),
                 learned: str = '', joints_wanted: bool = False) -> None:
        self.paced, self.reward_from_topic, self.max_steps = paced, reward_from_topic, max_steps
        self.coverage, self._objection, self.returns = coverage, objection, returns
        self.joints_wanted = joints_wanted
        self.phase = Phase.IDLE
        self.counters: Counter[str] = Counter()
        self.episode_id = ''
        self.discards_in_a_row = 0
        self._episodes: OrderedDict[str, Heard] = OrderedDict()
        self._token = 0
        self._since = 0.0
        self._digest, self._seed = '', 0
        self._accepted = self._active = ''
        self._said = Announcements()
        self._greets = False
        self._begun_at: float | None = None
        if learned:
            self._said.settle(learned, LEARNED)

    def begin(self, digest: str, seed: int, now: float, unlearned: str = '') -> list[Output]:
        """
        Request an episode with given weights from a given seed.

        :param digest: of the running network, which is published now.
        :param unlearned: why nothing was learned from the last accepted episode, if so.
        """
        self._digest, self._seed = digest, seed
        self.discards_in_a_row = 0
        if self._begun_at is None:
            self._begun_at = now
        if self._accepted:
            verdict = f'{UNLEARNED}: {unlearned}' if unlearned else LEARNED
            self._said.settle(self._accepted, verdict)
            self._accepted = ''
        if self.paced:
            return self._again(now)
        self._enter(Phase.RUNNING, now)
        return [PublishWeights(), *self._judge(now)]

    @property
    def between_episodes(self) -> bool:
        """Whether no episode has begun with the published weights, as far as is known."""
        if self.paced:
            return self.phase in (Phase.ACTIVATING, Phase.WAITING, Phase.BACKING_OFF)
        return self.phase is Phase.RUNNING and not self._episodes

    def envelope(self) -> Envelope:
        """Return the envelope of the published network."""
        return self._said.envelope(self._digest)

    def _again(self, now: float) -> list[Output]:
        """Request the episode again: same weights, same seed, new id."""
        self.episode_id = ''
        self._episodes.clear()
        self._enter(Phase.ACTIVATING, now)
        return [PublishWeights()]

    def weights_active(self, digest: str, now: float) -> list[Output]:
        """Note with which weights the policy plays the next episode."""
        self._active = digest
        return self._check_active(now)

    def _check_active(self, now: float) -> list[Output]:
        # The report may be older than this process, and does not show that the policy is heard.
        if self.phase is Phase.ACTIVATING and self._said.hears and self._active == self._digest:
            return self._ask_seed(now)
        return []

    def _ask_seed(self, now: float) -> list[Output]:
        self._enter(Phase.SEEDING, now)
        return [SetSeed(self._seed, self._token)]

    def seed_set(self, token: int, refusal: str, now: float) -> list[Output]:
        """
        Note the environment's reply that it took the seed.

        :param refusal: why not, '' if it did.
        """
        if self.phase is not Phase.SEEDING or token != self._token:
            return []
        if refusal:
            return self._discard(f'the environment refused seed {self._seed}: {refusal}', now)
        self._enter(Phase.RESETTING, now)
        return [Reset(self._token)]

    def reset_done(self, token: int, episode_id: str, refusal: str, now: float) -> list[Output]:
        """
        Note the environment's reply that it began an episode.

        :param refusal: why not, '' if it did.
        """
        if self.phase is not Phase.RESETTING or token != self._token:
            return []
        if refusal or not episode_id:
            self._enter(Phase.WAITING, now)
            return [Waiting(refusal or 'it gave no episode id')]
        self._enter(Phase.RUNNING, now)
        self.episode_id = episode_id
        # Spikes may overtake the reply; those of other episodes are no longer needed.
        collected = self._episodes.get(episode_id) or Heard(self.joints_wanted)
        self._episodes = OrderedDict({episode_id: collected})
        return self._judge(now)

    def raster(self, episode_id: str, stamp: int, digest: str, raster: np.ndarray,
               now: float) -> list[Output]:
        """
        Receive the spikes of one observation.

        :param digest: the first 16 hex digits of the digest of the weights that made them.
        """
        policy = announced_policy(episode_id)
        if policy or not self._said.hears:
            self._hear(policy)
        if policy:
            return self._check_active(now)
        collected = self._collected(episode_id)
        if collected is None or len(collected.rasters) >= self.max_steps:
            self.counters['stale spikes'] += 1
            return []
        if stamp not in collected.rasters:  # a repeat is no progress
            self._since = now
        collected.rasters[stamp] = raster
        collected.digests.add(digest)
        return self._judge(now) if collected.end else []

    def observation(self, episode_id: str, stamp: int, joints: Joints, now: float
                    ) -> list[Output]:
        """Receive one observation's joints, if they are wanted."""
        collected = self._collected(episode_id) if self.joints_wanted else None
        if collected is None or len(collected.joints) >= self.max_steps:
            return []
        collected.joints[stamp] = joints
        return self._judge(now) if collected.end else []

    def end(self, end: EpisodeEnd, now: float) -> list[Output]:
        """
        Note that an episode is over.

        An environment that paces itself repeats this until it gets an answer, even one without a
        verdict yet.
        """
        answers: list[Output] = [] if self.paced else [PublishWeights()]
        if not self.paced and (end.episode_id == self._accepted
                               or self._said.answers(end.episode_id)):
            return answers
        collected = self._collected(end.episode_id)
        if collected is None:
            self.counters['stale episode ends'] += 1
            return []
        first = collected.end is None
        if not self.paced:
            self.episode_id = end.episode_id
        if first:
            collected.end, self._since = end, now
        return self._judge(now) or ([] if first else answers)

    def reward(self, value: float, now: float) -> list[Output]:
        """
        Receive the return that somebody gives for the episode that has ended.

        :raises RstdpError: a value that no episode can return.
        """
        least, largest = self.returns
        if not (math.isfinite(value) and least <= value <= largest):
            raise RstdpError(f'an episode_reward of {value:g} was ignored: no episode returns '
                             f'less than {least:g} or more than {largest:g}')
        collected = self._episodes.get(self.episode_id)
        if not self.reward_from_topic or collected is None or not collected.end:
            return []
        if collected.reward is None:
            collected.reward = value
        return self._judge(now)

    def poll(self, now: float) -> list[Output]:
        """Process time-outs."""
        if self.phase is Phase.IDLE:
            return []
        if not self._said.hears and now - self._begun_at > ACTIVATION_TIMEOUT:
            self._hear('')  # a foreign policy need not announce itself
        if self._greets:
            self._greets = False
            return [PublishWeights(), *self._check_active(now), *self._time_out(now)]
        return self._time_out(now)

    def _hear(self, policy: str) -> None:
        """Note that a policy is heard; the next poll tells it, however many messages arrive."""
        self._said.hear(policy)
        self._greets = True

    def _time_out(self, now: float) -> list[Output]:
        waited = now - self._since
        if self.phase is Phase.ACTIVATING and waited > ACTIVATION_TIMEOUT:
            # A foreign policy need not confirm; what it used is checked with every raster.
            return self._ask_seed(now)
        if self.phase in (Phase.SEEDING, Phase.RESETTING) and waited > SERVICE_TIMEOUT:
            return self._discard(f'no reply within {SERVICE_TIMEOUT:g} s while waiting for '
                                 f'{self.phase.value}', now)
        if self.phase is Phase.WAITING and waited > ASK_AGAIN_AFTER:
            return self._ask_seed(now)
        if self.phase is Phase.BACKING_OFF and waited > self._back_off():
            return self._again(now)
        if self.phase is Phase.RUNNING and self.episode_id:
            return self._check_progress(waited, now)
        return []

    def _check_progress(self, waited: float, now: float) -> list[Output]:
        collected = self._episodes.get(self.episode_id)
        if collected is None:  # too many other episodes were heard of
            self.episode_id = ''
            return []
        if collected.end is None:
            if self.paced and waited > PROGRESS_TIMEOUT:
                return self._discard(f'no progress within {PROGRESS_TIMEOUT:g} s after '
                                     f'{len(collected.rasters)} spike rasters', now)
            return []
        steps, missing = collected.end.steps, collected.end.steps - collected.steps
        if missing <= 0 or waited <= STRAGGLER_TIMEOUT:
            return []  # its reward may still come: a person may take time
        if collected.steps >= self.coverage * steps:
            return self._judge(now, final=True)
        lacking = ('observations lack spikes or joints' if self.joints_wanted
                   else 'spike rasters are missing')
        return self._discard(f'{missing} of {steps} {lacking}', now, again=True)

    def _judge(self, now: float, final: bool = False) -> list[Output]:
        """
        Accept or discard the current episode if it is over and complete.

        :param final: whether nothing more of it will come.
        """
        collected = self._episodes.get(self.episode_id)
        if self.phase is not Phase.RUNNING or collected is None or collected.end is None:
            return []
        end = collected.end
        if end.aborted:
            return self._discard(end.message, now)
        if self.paced and end.seed != self._seed:
            return self._discard(f'it started from seed {end.seed}, not {self._seed}', now)
        if collected.steps < end.steps and not final:
            return []
        if len(collected.rasters) > end.steps:
            return self._discard(f'{len(collected.rasters)} spike rasters for {end.steps} steps',
                                 now)
        if collected.digests != {short(self._digest)}:
            return self._discard('it was played by other weights than those published', now,
                                 again=True)
        rasters, joints = collected.ordered_rasters(), collected.ordered_joints()
        reason = self._objection(end, rasters)
        if reason:
            return self._discard(reason, now)
        if self.reward_from_topic and collected.reward is None:
            return []
        self._enter(Phase.LEARNING, now)
        self.episode_id, self._accepted = '', end.episode_id
        self._episodes.clear()
        total = collected.reward if self.reward_from_topic else end.episode_return
        return [Accepted(end.episode_id, end.seed, rasters, total, joints, end.message)]

    def _discard(self, reason: str, now: float, again: bool = False) -> list[Output]:
        """
        Learn nothing from an episode.

        :param again: whether the same episode would count if it were received again.
        """
        self.counters['episodes discarded'] += 1
        self.discards_in_a_row += 1
        discarded = Discarded(reason, self.discards_in_a_row)
        if self.episode_id:
            self._said.settle(self.episode_id, f'{AGAIN if again else UNLEARNED}: {reason}')
        if not self.paced:
            self._episodes.pop(self.episode_id, None)
            self.episode_id = ''
            return [discarded, PublishWeights()]
        if self.discards_in_a_row >= DISCARDS_BEFORE_BACK_OFF:
            self._enter(Phase.BACKING_OFF, now)
            return [discarded]
        return [discarded, *self._again(now)]

    def _back_off(self) -> float:
        doublings = min(self.discards_in_a_row - DISCARDS_BEFORE_BACK_OFF, MOST_DOUBLINGS)
        return min(MAX_BACK_OFF, 2.0 ** doublings)

    def _collected(self, episode_id: str) -> Heard | None:
        """Return where to collect for an episode; None if it is not wanted."""
        if episode_id in self._episodes:
            return self._episodes[episode_id]
        # Until the reply to the reset arrives, any new id may turn out to be the right one. An
        # environment that paces itself may begin the next one before this one was learned from.
        wanted = (Phase.RESETTING,) if self.paced else (Phase.RUNNING, Phase.LEARNING)
        if self.phase not in wanted:
            return None
        if episode_id == self._accepted or self._said.judged(episode_id):
            return None
        while len(self._episodes) >= EPISODES_REMEMBERED:
            self._episodes.popitem(last=False)
        return self._episodes.setdefault(episode_id, Heard(self.joints_wanted))

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase, self._since = phase, now
        self._token += 1
