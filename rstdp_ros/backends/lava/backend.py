"""The backend: a client of the process that owns Lava."""

from __future__ import annotations

from multiprocessing import Pipe
from multiprocessing.connection import Connection
import os
import signal
import subprocess
import sys
from typing import Any
import weakref

import numpy as np

from rstdp_ros.backends.lava.requirements import require_lava, require_target
from rstdp_ros.orphans import parent_variable
from rstdp_ros.snn import Inference, SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes

START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 10.0
STOP_TIMEOUT = 5.0


class LavaBackend:
    """
    Runs a network on Lava, in processes that end with this one.

    Make it in the main thread: the processes end when the thread does that started them.

    :param network: the first one.
    :param arithmetic: ``floating_pt``, the bits of the cpu backend, or ``fixed_pt``, Loihi's.
    :param target: ``cpu``, where Lava simulates, or ``loihi2``.
    :raises RstdpError: Lava, or the target, is not to be had here.
    """

    def __init__(self, network: SpikingQNetwork, arithmetic: str = 'floating_pt',
                 target: str = 'cpu') -> None:
        require_lava()
        require_target(target, arithmetic)
        self._connection, theirs = Pipe()
        with theirs:
            # A session of its own: Ctrl-C is for this process, which stops that one.
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'rstdp_ros.backends.lava.host', str(theirs.fileno()),
                 arithmetic, target], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                env={**os.environ, **parent_variable()}, start_new_session=True)
        self.close = weakref.finalize(self, _end, self._process, self._connection)
        self._timeout = START_TIMEOUT
        self.load(network)
        self.infer(np.zeros(network.observation_size, np.float32))
        self._timeout = ANSWER_TIMEOUT

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network from now on; new weights are written into the running one."""
        self._ask(network_to_bytes(network))
        self.network = network

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        return self._ask(self.network.checked(observation))

    def _ask(self, request: Any) -> Any:
        """
        Send a request and return the answer.

        :raises RuntimeError: Lava died or hangs; a node that ends by it is started again.
        """
        try:
            self._connection.send(request)
            if self._connection.poll(self._timeout):
                return self._connection.recv()
            reason = f'did not answer for {self._timeout:g} s'
        except (EOFError, ConnectionError):
            reason = f'died (exit code {self._process.wait()})'
        self.close()
        raise RuntimeError(f'the process that runs Lava {reason}')


def _end(process: subprocess.Popen, connection: Connection) -> None:
    """Let the process end by itself, or kill it with all of Lava's."""
    connection.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
