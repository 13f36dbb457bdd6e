"""Wait for a disk that is full: nobody acts on what is not on it yet."""

from __future__ import annotations

from collections.abc import Callable
import time

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes.health import Health

# Tried again after so long at first, and after twice as long each time, up to the maximum, s.
FIRST_WAIT, MAX_WAIT = 0.5, 10.0


class DiskWait:
    """
    Writes what must be on disk before the node goes on; tries again until it is.

    :param health: shows ERROR and why meanwhile.
    :param write: writes whatever is still to be written.
    :ivar reason: why it is not on disk yet, '' if it is.
    """

    def __init__(self, health: Health, write: Callable[[], None]) -> None:
        self._health, self._write = health, write
        self.reason = ''
        self._wait, self._tried_at = FIRST_WAIT, 0.0

    @property
    def due(self) -> bool:
        """Whether it is time to try again."""
        return bool(self.reason) and time.monotonic() - self._tried_at > self._wait

    def over(self) -> bool:
        """Write; say whether everything is on disk."""
        before = self.reason
        try:
            self._write()
        except RstdpError as error:
            self.reason = f'waits, nothing is lost: {error}'
            self._health.fault('writes failed', error)
            self._wait = min(MAX_WAIT, 2 * self._wait) if before else FIRST_WAIT
            self._tried_at = time.monotonic()
            return False
        self.reason = ''
        if before:
            self._health.event('waits for the disk', 'everything is on disk again')
        return True
