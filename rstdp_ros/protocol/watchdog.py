"""The command time-out that a controller lacks."""

from __future__ import annotations

import math

from rstdp_ros.tasks.robot import ZEROS

# Where nobody says anything, zero is said so often, s: less often than by an environment at rest.
REST_PERIOD = 1.0
# A poll that is late by this part of the time-out means that this process did not run meanwhile.
PAUSE = 0.5


class CommandWatchdog:
    """
    Says when to send zero because whoever commanded an effort fell silent.

    A process that was stopped for a while has heard nothing in that time, whoever spoke: what
    moves when it wakes gets the whole time-out once more.

    :param timeout: s of steady time after which an effort that is not zero must be renewed.
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
        """Hear a command, the watchdog's own zeros included."""
        self._heard_at, self._excused = now, False
        if effort:
            self._moving_since, self._zeros = now, 0
        elif not self._zeros:
            self._moving_since = None

    def lost(self, now: float) -> None:
        """Hear that a commander died; what it commanded last is not renewed any more."""
        self._notice_pause(now)
        # After a pause of our own everybody seems to have died.
        if now - self._woken_at > self.timeout:
            self.stop()

    def stop(self) -> None:
        """Stop what moves."""
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
