"""The network on the CPU, using the compiled kernels."""

import numpy as np

from rstdp_ros.snn import Inference, SpikingQNetwork


class CpuBackend:
    """
    Runs a network in this process.

    :param network: the first one.
    """

    name, targets = 'cpu', ()

    def __init__(self, network: SpikingQNetwork) -> None:
        self.load(network)
        # Compile or load the kernel now, so that the first observation need not wait for it.
        self.infer(np.zeros(network.observation_size, np.float32))

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network from now on."""
        self.network = network

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""
        return self.network.infer(observation)
