"""The constants of a network's neurons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import real, whole


@dataclass(frozen=True)
class Neuron:
    """
    The constants shared by all hidden neurons of a network; the readout shares the decays.

    Per tick u = alpha u + input; v = beta v + u; a spike, and v = 0, where v > threshold.

    :param alpha: decay of the synaptic current u per tick, in [0, 1).
    :param beta: decay of the membrane potential v per tick, in [0, 1).
    :param threshold: positive.
    :param ticks: T, the number of ticks for which an observation is presented.
    :raises RstdpError: not numbers, or out of range.
    """

    alpha: float
    beta: float
    threshold: float
    ticks: int

    def __post_init__(self) -> None:
        """Check the values, and convert them to Python's own numbers."""
        for name in ('alpha', 'beta', 'threshold'):
            object.__setattr__(self, name, real(name, getattr(self, name)))
        object.__setattr__(self, 'ticks', whole('ticks', self.ticks))
        for name in ('alpha', 'beta'):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise RstdpError(f'{name} = {getattr(self, name)} is not in [0, 1)')
        if self.threshold <= 0.0:
            raise RstdpError(f'threshold = {self.threshold} is not a positive number')
        if not 1 <= self.ticks <= 1000:
            raise RstdpError(f'ticks = {self.ticks} is not in 1..1000')

    @property
    def membrane(self) -> tuple[float, float, float]:
        """The constants of a tick: alpha, beta, threshold."""
        return self.alpha, self.beta, self.threshold

    @property
    def constants(self) -> np.ndarray:
        """What the kernels take, (4,) float32: alpha, beta, the thresholds of both layers."""
        return np.array((*self.membrane, self.threshold), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return names and values."""
        return asdict(self)
