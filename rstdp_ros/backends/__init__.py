"""Where a network runs."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.snn import Inference, SpikingQNetwork


class Backend(Protocol):
    """Something that runs a network."""

    network: SpikingQNetwork

    def load(self, network: SpikingQNetwork) -> None:
        """Run another network of the same shape from now on."""

    def infer(self, observation: np.ndarray) -> Inference:
        """Present one observation, (n,) float32, from zero state."""


def make_backend(name: str, network: SpikingQNetwork) -> Backend:
    """
    Make a backend by name; its dependencies are imported only then.

    :raises RstdpError: no backend of that name.
    """
    if name == 'cpu':
        from rstdp_ros.backends.cpu import CpuBackend
        return CpuBackend(network)
    raise RstdpError(f'unknown backend {name!r}; known is cpu')
