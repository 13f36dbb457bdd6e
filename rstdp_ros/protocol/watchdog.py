"""The command time-out that a controller lacks."""

from __future__ import annotations

import math

from rstdp_ros.tasks.robot import ZEROS

# The period at which zero is sent when there are no commands, s: longer than that of an
# environment at rest.
REST_PERIOD = 1.0
# Time-out for who seems to have died, as a fraction of the usual one: two of the five control
# periods. A middleware may report so a while after this process, not the other, was suspended.
RENEWAL = 0.4
# A poll later than this fraction of the time-out means that this process was suspended.
PAUSE = 0.5


class CommandWatchdog:
    """
    Decides when to send zero because the commander of an effort fell silent.

    A process that was suspended has heard nothing meanwhile: an effort in force when it resumes
    gets the whole time-out again.

    :param timeout: s of steady time within which a non-zero effort must be renewed.
    :param now: steady time, s.
    """

    def __init__(self, timeout: float, now: float) -> None:
        self.timeout = timeout
        self.trips = 0
        self._zeros = 0
        self._moving_since: float | None = None
        self._heard_at = self._polled_at = now
        self._woken_at = -math.inf
        self._excused = False

    def command(self, effort: float, now: float) -> None:
        """Receive a command, including the watchdog's own zeros."""
        self._heard_at, self._excused = now, False
        if effort:
            self._moving_since, self._zeros = now, 0
        elif not self._zeros:
            self._moving_since = None

    def lost(self, now: float) -> None:
        """Note that a commander seems to have died; one that goes on commanding has not."""
        self._notice_pause(now)
        # After our own suspension every commander seems to have died.
        if self._moving_since is not None and now - self._woken_at > self.timeout:
            self._moving_since -= (1 - RENEWAL) * self.timeout

    def stop(self) -> None:
        """Stop the plant."""
        if self._moving_since is not None:
            self._moving_since, self._zeros = None, ZEROS
            self.trips += 1

    def poll(self, now: float) -> bool:
        """Return whether to send a zero now."""
        self._notice_pause(now)
        if self._moving_since is not None and now - self._moving_since > self.timeout:
            self.stop()
        if self._zeros:
            self._zeros -= 1
        elif self._moving_since is not None or now - self._heard_at < REST_PERIOD:
            return False
        self._heard_at = now
        return True

    def _notice_pause(self, now: float) -> None:
        paused = now - self._polled_at > PAUSE * self.timeout
        self._polled_at = now
        if paused:
            self._woken_at = now
        if paused and self._moving_since is not None and not self._excused:
            self._moving_since, self._excused = now, True
