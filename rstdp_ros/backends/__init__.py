"""Where a network runs."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rstdp_ros.snn import Inference, SpikingQNetwork
from rstdp_ros.support.plugins import Plugins

BACKENDS = Plugins('backend', 'rstdp_ros.backends', {
    'cpu': 'rstdp_ros.backends.cpu:CpuBackend',
    'lava': 'rstdp_ros.backends.lava.backend:LavaBackend'})
# Where Lava computes.
TARGETS = ('cpu', 'loihi2')


class BackendLostError(RuntimeError):
    """The network's backend is gone: the process must end, and a restart brings it back."""


class Backend(Protocol):
    """
    Something that runs a network.

    The class is constructed with the first network, and with the target if there is a choice.

    :cvar name: its name on the command line and in nodes.
    :cvar targets: where it may compute; () if there is no choice.
    """

    name: str
    targets: tuple[str, ...]
    network: SpikingQNetwork

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network of the same shape from now on."""

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""


def make_backend(name: str, network: SpikingQNetwork, target: str = TARGETS[0]) -> Backend:
    """
    Make a backend by name; its dependencies are imported only then.

    :param target: where it computes, if there is a choice.
    :raises RstdpError: there is no backend of that name, or it cannot run here.
    """
    made = BACKENDS[name]
    return made(network, target) if made.targets else made(network)
