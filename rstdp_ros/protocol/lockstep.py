"""Lockstep: the plant waits for the policy, and the outcome does not depend on timing."""

from __future__ import annotations

from rstdp_ros.protocol.environment import EnvironmentProtocol
from rstdp_ros.protocol.episode import EpisodeEnd, Messages
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints

RESEND_AFTER = 0.2
# A policy always answers the same observation alike: more retries would not help.
REFUSALS = 5


class Lockstep(EnvironmentProtocol):
    """
    There is no next observation before the action to the last one.

    With ``step_period`` 0 it runs as fast as actions come.
    """

    _sent_at: float | None = None
    _due = 0.0
    _refused = 0

    def action(self, episode_id: str, stamp: int, effort: float, now: float) -> Messages:
        """
        Receive the answer to the open observation and advance by one step.

        :raises RstdpError: an effort that cannot be applied; the observation stays open for a few
            more answers.
        """
        open_observation = self._observation
        if (open_observation is None or self._sent_at is None or stamp != open_observation.stamp
                or episode_id != open_observation.episode_id):
            return self._not_open('stale actions', episode_id, stamp, effort)
        try:
            self._check_effort(effort)
            self._answers[stamp] = effort
            end = self._step(effort)
        except RstdpError as error:
            self._refused += 1
            if self._refused < REFUSALS:
                raise
            return self.abort(f'{REFUSALS} answers to one observation were refused: {error}')
        return end or self.poll(now)

    def poll(self, now: float) -> Messages:
        """Send the observation when it is due, and again while it is unanswered."""
        if self._observation is None:
            return []
        if self._sent_at is None:
            if now < self._due:
                return []
            # A late step does not shorten the following ones.
            self._due = max(self._due, now - self.step_period) + self.step_period
        elif now - self._sent_at < RESEND_AFTER:
            return []
        else:
            self.counters['observations sent again'] += 1
        self._sent_at = now
        return [self._observation]

    def _begin(self, now: float) -> Messages:
        self._due = now
        return self.poll(now)

    def _end(self, message: str) -> EpisodeEnd:
        # An observation that was not yet due was never sent.
        self._steps -= self._sent_at is None
        return super()._end(message)

    def _observe(self, joints: Joints) -> None:
        super()._observe(joints)
        self._sent_at, self._refused = None, 0
