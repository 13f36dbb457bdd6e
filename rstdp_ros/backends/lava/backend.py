"""The backend that the policy uses."""

from __future__ import annotations

import numpy as np

from rstdp_ros.backends.lava.client import LavaProcess
from rstdp_ros.snn import Inference, SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes

START_TIMEOUT = 60.0
ANSWER_TIMEOUT = 10.0


class LavaBackend:
    """
    Runs a network on Lava, in processes that end with this one.

    Make it in the main thread (see :class:`LavaProcess`).

    :param network: the first one.
    :param arithmetic: ``floating_pt``, the bits of the cpu backend, or ``fixed_pt``, Loihi's.
    :param target: ``cpu``, where Lava simulates, or ``loihi2``.
    :ivar close: ends Lava's processes.
    :raises RstdpError: Lava, or the target, is not to be had here.
    """

    def __init__(self, network: SpikingQNetwork, arithmetic: str = 'floating_pt',
                 target: str = 'cpu') -> None:
        self._process = LavaProcess(arithmetic, target)
        self.close = self._process.close
        self.load(network)
        self.infer(np.zeros(network.observation_size, np.float32))

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network from now on; new weights are written into the running one."""
        self._process.ask(network_to_bytes(network), START_TIMEOUT)
        self.network = network

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        return self._process.ask(self.network.checked(observation), ANSWER_TIMEOUT)
