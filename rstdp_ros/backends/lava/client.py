"""The process that owns Lava, seen from outside."""

from __future__ import annotations

from multiprocessing import Pipe
from multiprocessing.connection import Connection
import os
import signal
import subprocess
import sys
from typing import Any
import weakref

from rstdp_ros.backends import BackendLostError
from rstdp_ros.backends.lava.requirements import require_lava, require_target
from rstdp_ros.support.orphans import parent_variable

STOP_TIMEOUT = 5.0


class LavaProcess:
    """
    Starts :mod:`.host`, which ends with this process.

    Construct it in the main thread: the other process ends with the thread that started it.

    :param target: ``cpu`` or ``loihi2``.
    :ivar close: ends it; so does the end of this object or process.
    :raises RstdpError: Lava, or the target, is not available here.
    """

    def __init__(self, target: str = 'cpu') -> None:
        require_lava()
        require_target(target)
        self._connection, theirs = Pipe()
        with theirs:
            # A separate session: Ctrl-C is for this process, which stops that one.
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'rstdp_ros.backends.lava.host', str(theirs.fileno()),
                 target], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                env={**os.environ, **parent_variable()}, start_new_session=True)
        self.close = weakref.finalize(self, _end, self._process, self._connection)

    def ask(self, request: Any, timeout: float) -> Any:
        """
        Send a request and return the answer.

        :param timeout: s.
        :raises BackendLostError: Lava died or hangs.
        """
        try:
            self._connection.send(request)
            if self._connection.poll(timeout):
                return self._connection.recv()
            reason = f'did not answer for {timeout:g} s'
        except (EOFError, ConnectionError):
            reason = f'died (exit code {self._process.wait()})'
        self.close()
        raise BackendLostError(f'the process that runs Lava {reason}')


def _end(process: subprocess.Popen, connection: Connection) -> None:
    """Let the process end by itself, or kill it together with Lava's processes."""
    connection.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
