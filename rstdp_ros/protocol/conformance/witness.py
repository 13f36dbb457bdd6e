"""Judges everything that an environment sends on its own, message by message."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
import math
import re
from statistics import median

from rstdp_ros.protocol.conformance.rules import Report, Rule
from rstdp_ros.protocol.episode import efforts_digest, EpisodeEnd, Observation
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task

EPISODE_ID = re.compile(r'[^/]+-\d+')
# Topics overtake each other: an observation may still be on its way when its episode has ended.
GRACE = 0.3
# In real time a lost observation is not sent again.
COVERAGE = 0.95
# A rate is steady if this share of its periods is within this fraction of their median: a busy
# machine is sometimes late. Fewer than MIN_PERIODS are inconclusive.
STEADY_PART, STEADY_WITHIN, MIN_PERIODS = 0.75, 0.5, 5
# Returns are written as text, and foreign drivers round them.
RELATIVE_ERROR = 1e-6


@dataclass
class Seen:
    """
    What was seen of an episode.

    :param joints: by stamp, in order of first arrival; ``arrivals``: their times, s.
    :param efforts: the efforts answered, by stamp.
    """

    joints: dict[int, Joints] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    efforts: dict[int, float] = field(default_factory=dict)
    end: EpisodeEnd | None = None
    ended_at: float = math.inf


class Witness:
    """
    Sees every message of an environment, and judges the rules that need no requests.

    :param task: what the environment embodies.
    :param report: records which rules were kept and broken.
    :ivar lockstep: whether the environment waits for answers; None while unknown.
    :ivar latest: the latest observation of any episode; latest_at, s, when it came.
    :ivar stray_end: the id in an end that matches no observed episode.
    """

    def __init__(self, task: Task, report: Report) -> None:
        self.task, self.report = task, report
        self.lockstep: bool | None = None
        self.latest: Observation | None = None
        self.latest_at = -math.inf
        self.stray_end = ''
        self.episodes: dict[str, Seen] = defaultdict(Seen)
        self._current, self._whole = '', False
        self._seed: int | None = None
        self._return: float | None = None
        self._reward: float | None = None

    def expect(self, episode_id: str, seed: int | None = None, whole: bool = True) -> None:
        """
        Set which episode should run now.

        :param episode_id: '' for none in particular.
        :param seed: the one it should have started from; None for any.
        :param whole: whether it is observed from its beginning.
        """
        self._current, self._seed, self._whole, self.stray_end = episode_id, seed, whole, ''
        if episode_id:
            self.report.judge(Rule.ID_FORM, bool(EPISODE_ID.fullmatch(episode_id)),
                              f'{episode_id!r}')

    def observation(self, observation: Observation, now: float) -> bool:
        """
        Record an observation.

        :return: whether it can be answered.
        """
        values = [*observation.joints.positions, *observation.joints.velocities]
        finite = all(map(math.isfinite, values))
        self.report.judge(Rule.JOINTS, finite, '' if finite else f'{values}')
        seen = self.episodes[observation.episode_id]
        self._judge_id(observation, seen)
        if now - seen.ended_at > GRACE:
            self.report.judge(Rule.QUIET, False, f'one came {now - seen.ended_at:.2f} s after it')
        self._judge_order(observation, seen)
        if observation.stamp not in seen.joints:
            seen.joints[observation.stamp] = observation.joints
            seen.arrivals.append(now)
        self.latest, self.latest_at = observation, now
        return finite

    def answered(self, episode_id: str, stamp: int, effort: float) -> None:
        """Record a correct answer."""
        self.episodes[episode_id].efforts[stamp] = effort

    def first(self, episode_id: str) -> Joints:
        """Return the first joints seen in an episode."""
        return next(iter(self.episodes[episode_id].joints.values()))

    def _judge_id(self, observation: Observation, seen: Seen) -> None:
        if observation.episode_id != self._current:
            return
        before = self.latest.episode_id if self.latest else self._current
        interrupted = bool(seen.joints) and before != self._current
        self.report.judge(Rule.ID_CARRIED, not interrupted,
                          f'one of {before!r} came in the middle of {self._current!r}'
                          if interrupted else '')

    def _judge_order(self, observation: Observation, seen: Seen) -> None:
        if not seen.joints:
            return
        newest = next(reversed(seen.joints))
        if observation.stamp < newest:
            self.report.judge(Rule.STAMPS, False, f'{observation.stamp} came after {newest}')
        elif observation.stamp > newest:
            self.report.judge(Rule.STAMPS, True)
        elif observation.joints != seen.joints[newest]:
            self.report.judge(Rule.RESEND, False, f'{observation.joints} came under the stamp of '
                              f'{seen.joints[newest]}')

    def end(self, end: EpisodeEnd, now: float) -> None:
        """Record the end of an episode."""
        seen = self.episodes[end.episode_id]
        seen.end, seen.ended_at = end, now
        if self._current and not seen.joints:
            self.stray_end = end.episode_id
        if not end.aborted:
            self._pair_reward(end.episode_return, self._reward)
        if end.episode_id != self._current:
            return
        self.report.judge(Rule.END, True)
        if self._seed is not None:
            self.report.judge(Rule.SEED_KEPT, end.seed == self._seed,
                              f'seed {end.seed} after {self._seed} was set')
        if self._whole and not end.aborted:
            self._judge_whole(end, seen)

    def _judge_whole(self, end: EpisodeEnd, seen: Seen) -> None:
        count, longest = len(seen.joints), self.task.max_episode_steps
        fewest = end.steps if self.lockstep else math.floor(COVERAGE * end.steps)
        self.report.judge(Rule.STEPS, fewest <= count <= end.steps,
                          f'steps {end.steps}, and {count} observations came')
        self.report.judge(Rule.LENGTH, count <= longest, f'{count} of at most {longest}')
        if end.efforts and len(seen.efforts) == end.steps:
            answered = efforts_digest(seen.efforts.values())
            self.report.judge(Rule.EFFORTS, end.efforts == answered,
                              f'{end.efforts} where {answered} was answered')

    def rate(self, episode_id: str) -> tuple[bool, str] | None:
        """Return whether an episode's observations came steadily, and how; None for too few."""
        arrivals = self.episodes[episode_id].arrivals
        periods = [after - before for before, after in zip(arrivals, arrivals[1:])]
        if len(periods) < MIN_PERIODS:
            return None
        usual, mean = median(periods), sum(periods) / len(periods)
        steady = sum(abs(period - usual) <= STEADY_WITHIN * usual for period in periods)
        return (steady >= STEADY_PART * len(periods),
                f'{1 / max(mean, 1e-9):.1f} Hz, longest period {1e3 * max(periods):.0f} ms')

    def reward(self, value: float) -> None:
        """Record an episode's return on its own topic; it may come before or after the end."""
        if self._return is None:
            self._reward = value
        else:
            self._pair_reward(self._return, value)

    def _pair_reward(self, episode_return: float, reward: float | None) -> None:
        if reward is None:
            self._return = episode_return
            return
        self.report.judge(Rule.REWARD, math.isclose(episode_return, reward,
                                                    rel_tol=RELATIVE_ERROR),
                          f'{reward:g} for a return of {episode_return:g}')
        self._return = self._reward = None
