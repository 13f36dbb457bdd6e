"""The backend that the policy uses."""

from __future__ import annotations

import numpy as np

from rstdp_ros.backends import TARGETS
from rstdp_ros.backends.lava.client import LavaProcess
from rstdp_ros.snn import Inference, SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.support.errors import RstdpError

START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 10.0


class LavaBackend:
    """
    Runs a network on Lava, in processes that end with this one.

    A quantised network computes in fixed point, as Loihi does, any other in floating point, both
    bit-identical to the cpu backend. Construct it in the main thread (see :class:`LavaProcess`).

    :param network: the first one.
    :param target: ``cpu``, where Lava simulates, or ``loihi2``.
    :ivar close: ends Lava's processes.
    :raises RstdpError: Lava, or the target, is not available here.
    """

    name, targets = 'lava', TARGETS

    def __init__(self, network: SpikingQNetwork, target: str = 'cpu') -> None:
        self._target = target
        self._check(network)
        self._process = LavaProcess(target)
        self.close = self._process.close
        self.load(network)
        self.infer(np.zeros(network.observation_size, np.float32))

    def load(self, network: SpikingQNetwork) -> None:
        """
        Run another network from now on; new weights are written into the running circuit.

        :raises RstdpError: the target cannot run it.
        """
        self._check(network)
        self._process.ask(network_to_bytes(network), START_TIMEOUT)
        self.network = network

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        return self._process.ask(self.network.checked(observation), ANSWER_TIMEOUT)

    def _check(self, network: SpikingQNetwork) -> None:
        if self._target == 'loihi2' and not network.quantized:
            raise RstdpError('lava_target loihi2 computes with integers: give it a network that '
                             '`rstdp_ros quantize` made')
