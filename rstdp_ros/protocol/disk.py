"""Waiting for a full disk: nothing acts on what is not yet written."""

from __future__ import annotations

from collections.abc import Callable

from rstdp_ros.support.errors import RstdpError

# The first wait before a retry, doubled each time up to the maximum, s.
FIRST_WAIT, MAX_WAIT = 0.5, 10.0


class DiskWait:
    """
    Writes what must be on disk before anything continues; retries until it is.

    :param write: writes everything still unwritten.
    :ivar reason: why it is not on disk yet, '' if it is.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self.reason = ''
        self._wait, self._tried_at = FIRST_WAIT, 0.0

    def due(self, now: float) -> bool:
        """Return whether it is time to try again."""
        return bool(self.reason) and now - self._tried_at > self._wait

    def over(self, now: float) -> bool:
        """Write; return whether everything is on disk."""
        try:
            self._write()
        except RstdpError as error:
            self._wait = min(MAX_WAIT, 2 * self._wait) if self.reason else FIRST_WAIT
            self.reason, self._tried_at = f'waits, nothing is lost: {error}', now
            return False
        self.reason = ''
        return True
