"""The command time-out that a controller lacks."""

from __future__ import annotations

from rstdp_ros.tasks.robot import ZEROS


class CommandWatchdog:
    """
    Says when to send zero because whoever commanded an effort fell silent.

    :param timeout: s of steady time after which an effort that is not zero must be renewed.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.trips = 0
        self._zeros = 0
        self._moving_since: float | None = None

    def command(self, effort: float, now: float) -> None:
        """Hear a command, the watchdog's own zeros included."""
        if effort:
            self._moving_since, self._zeros = now, 0
        elif not self._zeros:
            self._moving_since = None

    def lost(self) -> None:
        """Hear that a commander died; what it commanded last is not renewed any more."""
        if self._moving_since is not None:
            self._trip()

    def poll(self, now: float) -> bool:
        """Return whether to send a zero now."""
        if self._moving_since is not None and now - self._moving_since > self.timeout:
            self._trip()
        if not self._zeros:
            return False
        self._zeros -= 1
        return True

    def _trip(self) -> None:
        self._moving_since, self._zeros = None, ZEROS
        self.trips += 1
