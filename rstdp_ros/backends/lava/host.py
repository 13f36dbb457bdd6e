"""
The process that owns Lava: ``python -m rstdp_ros.backends.lava.host FD TARGET``.

FD is a socket to the client. It may send the bytes of a network file to run from then on, an
observation to present, or a lesson to learn. The process ends when the socket closes or one of
Lava's processes dies.
"""

from __future__ import annotations

from multiprocessing import active_children
from multiprocessing.connection import Connection, wait
import os
import sys
from threading import Thread
import traceback
from typing import Any

import numpy as np

from rstdp_ros.backends.lava.circuit import Circuit
from rstdp_ros.backends.lava.learning import learn
from rstdp_ros.backends.lava.lesson import Lesson
from rstdp_ros.snn import Inference, SpikingQNetwork
from rstdp_ros.support.orphans import end_children_too, end_with_parent

EXIT_DEATH = 3


class Host:
    """
    Runs one circuit at a time.

    :param target: where it computes.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._circuit: Circuit | None = None

    def answer(self, request: bytes | np.ndarray | Lesson) -> Any:
        """Serve a request."""
        if isinstance(request, bytes):
            return self.load(request)
        return learn(request) if isinstance(request, Lesson) else self.infer(request)

    def load(self, data: bytes) -> None:
        """Run another network; Lava restarts if more than the weights differs."""
        network = SpikingQNetwork.from_bytes(data)
        if self._circuit is not None and self._circuit.load(network):
            return
        self.stop()
        self._circuit = Circuit(network, self._target)
        Thread(target=_end_with_any, args=(self._circuit,), daemon=True).start()

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        return self._circuit.infer(observation)

    def stop(self) -> None:
        """End Lava's processes."""
        if self._circuit is not None:
            self._circuit.stop()


def _end_with_any(circuit: Circuit) -> None:
    """End this process when one of Lava's dies: it would wait for an answer for ever."""
    wait([child.sentinel for child in active_children()])
    if not circuit.stopping:
        os._exit(EXIT_DEATH)


def main() -> None:
    """Serve until the client is gone."""
    descriptor, target = sys.argv[1:]
    os.dup2(2, 1)  # Lava's messages are for people and do not belong in our output
    end_with_parent()
    end_children_too()
    connection, host = Connection(int(descriptor)), Host(target)
    try:
        while True:
            request = connection.recv()
            connection.send(host.answer(request))
    except (EOFError, ConnectionError):
        host.stop()
    except Exception:
        traceback.print_exc()
        os._exit(EXIT_DEATH)  # a normal exit would wait for Lava's processes


if __name__ == '__main__':
    main()
