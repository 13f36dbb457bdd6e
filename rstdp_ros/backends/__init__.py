"""Where a network runs."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.snn import Inference, SpikingQNetwork

BACKENDS = ('cpu', 'lava')
# Where Lava computes.
TARGETS = ('cpu', 'loihi2')


class BackendLostError(RuntimeError):
    """What a network runs on is gone: the process must end, and another start brings it back."""


class Backend(Protocol):
    """Something that runs a network."""

    network: SpikingQNetwork

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network of the same shape from now on."""

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""


def make_backend(name: str, network: SpikingQNetwork, target: str = TARGETS[0]) -> Backend:
    """
    Make a backend by name; its dependencies are imported only then.

    :param target: with lava: where it computes.
    :raises RstdpError: no backend of that name, or it cannot run here.
    """
    if name == 'cpu':
        from rstdp_ros.backends.cpu import CpuBackend
        return CpuBackend(network)
    if name == 'lava':
        from rstdp_ros.backends.lava.backend import LavaBackend
        return LavaBackend(network, target)
    raise RstdpError(f'unknown backend {name!r}; known are {", ".join(BACKENDS)}')
