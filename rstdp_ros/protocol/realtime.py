"""Real time: the plant does not wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rstdp_ros.protocol.environment import EnvironmentProtocol
from rstdp_ros.protocol.episode import EpisodeEnd, Messages
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.plant import Plant

# A cycle that begins later than this fraction of the period counts as late.
LATE = 0.1
LATENCIES = 1000
# The default for time-outs, in control periods.
TIMEOUT_PERIODS = 5
# The minimum time to wait for a simulated plant's first answer, s.
FIRST_ANSWER = 1.0


class RealTime(EnvironmentProtocol):
    """
    One step per control period, with the latest action.

    Every :meth:`poll` is a cycle: the caller's timer keeps the rate. An action is as old as the
    observation that it answers; it is applied until a newer one comes or it is too old, when the
    episode is aborted, which is the safe stop. A simulated plant stands still until the first
    answer, because the policy may have to warm up; a plant that moves by itself does not wait.

    :param step_period: s; only to detect late cycles.
    :param action_timeout: s; no older action is applied.
    :param cycle_clock: the clock that the cycles follow, s, if not steady time: simulated time.
    :raises RstdpError: an action would be too old before it could be applied.
    """

    def __init__(self, plant: Plant, boot: str, stamp: Callable[[], int], step_period: float,
                 limits: Limits | None = None, action_timeout: float = 0.1,
                 cycle_clock: Callable[[], float] | None = None) -> None:
        super().__init__(plant, boot, stamp, step_period, limits)
        if action_timeout < 2 * step_period:
            raise RstdpError(f'action_timeout {action_timeout:g} s is shorter than two control '
                             f'periods of {step_period:g} s')
        self.action_timeout = action_timeout
        self._cycle_clock = cycle_clock
        # The latencies of the latest answers, s.
        self.latencies: deque[float] = deque(maxlen=LATENCIES)
        self._cycle_at: float | None = None
        self._polled_at = 0.0
        # (stamp, steady time) of the observations that may still be answered.
        self._sent: deque[tuple[int, float]] = deque()
        self._answered, self._acting_since = 0, 0.0
        self._wanted: float | None = None
        self._began_at = 0.0

    def action(self, episode_id: str, stamp: int, effort: float, now: float) -> Messages:
        """
        Receive a newer action; a plant that moves by itself gets it at once.

        :raises RstdpError: an effort that is not finite; the previous action stays in force.
        """
        sent_at = dict(self._sent).get(stamp)
        if (not self.running or episode_id != self.episode_id or sent_at is None
                or now - sent_at > self.action_timeout):
            return self._not_open('stale actions', episode_id, stamp, effort)
        if stamp <= self._answered:
            return self._not_open('actions overtaken or repeated', episode_id, stamp, effort)
        self._check_effort(effort)
        self._answers[stamp] = effort
        self._wanted, self._answered, self._acting_since = effort, stamp, sent_at
        self.latencies.append(now - sent_at)
        self._exerted = self._limited(effort)
        self.plant.apply(self._exerted)
        return []

    def poll(self, now: float) -> Messages:
        """Do one cycle: apply the action, advance the plant, observe."""
        self._polled_at = now
        self._count_cycle(self._cycle_clock() if self._cycle_clock else now)
        if self._observation is None:
            self.plant.rest()
            return []
        if self._wanted is None and self.plant.waits:
            patience = max(FIRST_ANSWER, self.action_timeout)
            if now - self._began_at > patience:
                return self.abort(f'no action within {patience:g} s')
            self._acting_since = now
            self._sent.clear()
        elif self._sent:
            ends = self._act(now)
            if ends:
                return ends
        self._sent.append((self._observation.stamp, now))
        return [self._observation]

    def _act(self, now: float) -> list[EpisodeEnd]:
        age = now - self._acting_since
        if age > self.action_timeout:
            return self.abort(f'no action within {self.action_timeout:g} s')
        if self._answered < self._sent[-1][0]:
            self.counters['observations not answered in time'] += 1
        while len(self._sent) > 1 and now - self._sent[0][1] > self.action_timeout:
            self._sent.popleft()
        try:
            return self._step(self._effort if self._wanted is None else self._wanted)
        except RstdpError as error:
            return self.abort(str(error))

    def watch(self, now: float) -> list[EpisodeEnd]:
        """Stop the plant if the cycles have stopped, as they do when simulated time stops."""
        if now - self._polled_at <= self.action_timeout:
            return []
        if not self.running:
            self.plant.rest()
            return []
        return self.abort(f'no control cycle within {self.action_timeout:g} s')

    def _count_cycle(self, now: float) -> None:
        """Count cycles that began late or not at all."""
        if self._cycle_at is not None:
            periods = (now - self._cycle_at) / self.step_period
            self.counters['cycles'] += 1
            self.counters['late cycles'] += periods > 1.0 + LATE
            self.counters['missed cycles'] += max(0, round(periods) - 1)
        self._cycle_at = now

    def _begin(self, now: float) -> Messages:
        self._sent.clear()
        self._answered, self._acting_since, self._wanted = 0, now, None
        self._polled_at = self._began_at = now
        return []
