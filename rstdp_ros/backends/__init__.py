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
    """What a network runs on is gone: the process must end, and another start brings it back."""


class Backend(Protocol):
    """
    Something that runs a network.

    A class is made with the first network, and with the target where that is a choice.

    :cvar name: what command line and nodes call it.
    :cvar targets: where it may compute; () where that is no choice.
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

    :param target: where it computes, if that is a choice.
    :raises RstdpError: no backend of that name, or it cannot run here.
    """
    made = BACKENDS[name]
    return made(network, target) if made.targets else made(network)
