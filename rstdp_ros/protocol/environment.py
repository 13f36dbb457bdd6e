"""The environment's side: one episode at a time, in lockstep with the policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import math
from typing import Protocol

from rstdp_ros.errors import RstdpError
from rstdp_ros.protocol.episode import ABORTED, EpisodeEnd, Observation
from rstdp_ros.tasks.task import Joints

RESEND_AFTER = 0.2


class Plant(Protocol):
    """What can be controlled: :class:`rstdp_ros.tasks.gym.GymPlant` and its like."""

    def reset(self, seed: int) -> Joints:
        """Start an episode and return the joints at its start."""

    def step(self, effort: float) -> tuple[Joints, float, str]:
        """Apply an effort; return joints, reward and how the episode ended, '' if not."""


class EnvironmentProtocol:
    """
    Lockstep: the next observation exists only after the action of the last one.

    :param plant: what is controlled.
    :param boot: drawn anew at every process start, so that ids never repeat.
    :param stamp: the node's clock, ns.
    :param step_period: seconds of steady time per step; 0 goes as fast as actions come.
    """

    def __init__(self, plant: Plant, boot: str, stamp: Callable[[], int],
                 step_period: float = 0.0) -> None:
        self.plant, self.boot, self.step_period = plant, boot, step_period
        self.seed = 0
        self.enabled = True
        self.episode_id = ''
        self.counters: Counter[str] = Counter()
        self._stamp = stamp
        self._episodes = 0
        self._last_stamp = 0
        self._observation: Observation | None = None
        self._sent_at: float | None = None
        self._due = 0.0

    @property
    def running(self) -> bool:
        """Whether an episode is going on."""
        return self._observation is not None

    def reset(self, now: float) -> list[Observation | EpisodeEnd]:
        """
        Begin an episode from ``seed``, aborting one that runs; ``episode_id`` is its id.

        :param now: steady time, s.
        :raises RstdpError: disabled.
        """
        if not self.enabled:
            raise RstdpError('the environment is disabled; call ~/enable first')
        outputs: list[Observation | EpisodeEnd] = list(self.abort('reset'))
        self._episodes += 1
        self.episode_id = f'{self.boot}-{self._episodes}'
        self._episode_seed, self._steps, self._return = self.seed, 0, 0.0
        self._due = now
        self._observe(self.plant.reset(self.seed))
        return outputs + self.poll(now)

    def abort(self, why: str) -> list[EpisodeEnd]:
        """Break off the running episode, if any; it teaches nothing."""
        if not self.running:
            return []
        self.counters['episodes aborted'] += 1
        return [self._end(f'{ABORTED}: {why}')]

    def set_enabled(self, enabled: bool) -> list[EpisodeEnd]:
        """Switch motion on or off; off aborts the running episode."""
        self.enabled = enabled
        return [] if enabled else self.abort('disabled')

    def action(self, episode_id: str, stamp: int, effort: float,
               now: float) -> list[Observation | EpisodeEnd]:
        """
        Take the answer to an observation and let time go on by one step.

        An answer to anything but the open observation is ignored and counted: after a re-send
        the second answer is no fault.

        :raises RstdpError: an effort that is not finite or not one of the task's; the observation
            stays open.
        """
        open_observation = self._observation
        if (open_observation is None or self._sent_at is None or stamp != open_observation.stamp
                or episode_id != open_observation.episode_id):
            self.counters['stale actions'] += 1
            return []
        if not math.isfinite(effort):
            raise RstdpError(f'an effort of {effort} was refused')
        joints, reward, end = self.plant.step(effort)
        self._return += reward
        if end:
            return [self._end(end)]
        self._observe(joints)
        return self.poll(now)

    def poll(self, now: float) -> list[Observation]:
        """Send the observation when it is due, and again when nobody answers it."""
        if self._observation is None:
            return []
        if self._sent_at is None:
            if now < self._due:
                return []
            # A late step does not make the following ones hurry.
            self._due = max(self._due, now - self.step_period) + self.step_period
        elif now - self._sent_at < RESEND_AFTER:
            return []
        else:
            self.counters['observations sent again'] += 1
        self._sent_at = now
        return [self._observation]

    def _observe(self, joints: Joints) -> None:
        """Open an observation; stamps rise strictly, they pair observation and action."""
        self._last_stamp = max(self._stamp(), self._last_stamp + 1)
        self._observation = Observation(self.episode_id, self._last_stamp, joints)
        self._sent_at = None
        self._steps += 1

    def _end(self, message: str) -> EpisodeEnd:
        self._observation = None
        return EpisodeEnd(self.episode_id, message, self._episode_seed, self._steps, self._return)
