"""What spikes leave behind, until a reward turns it into a change of weights."""

from __future__ import annotations

import math

import numpy as np

from rstdp_ros.plasticity import kernels
from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.snn.layout import aligned, padded


class Traces:
    """
    The traces of all neurons of two layers, and the eligibility of all synapses between them.

    :param n_pre: number of presynaptic neurons; ``n_post``: of postsynaptic ones.
    :param copies: number of eligibilities, which may begin with different values.
    """

    def __init__(self, n_pre: int, n_post: int, copies: int = 1) -> None:
        self._neurons, self._copies = (n_pre, n_post), copies
        self._k_plus = aligned(1, padded(n_pre), np.float32)[0]
        self._k_minus = aligned(1, padded(n_post), np.float32)[0]
        self._c = aligned(padded(n_pre), copies * padded(n_post), np.float32)

    @property
    def eligibilities(self) -> tuple[np.ndarray, ...]:
        """Views of all copies of c (eq 6), each (n_pre, n_post) float32."""
        n_pre, n_post = self._neurons
        return tuple(c[:n_pre, :n_post] for c in np.split(self._c, self._copies, axis=1))

    def begin(self, *values: float) -> None:
        """Set all traces to zero, and all synapses of each eligibility to a value."""
        self._k_plus.fill(0)
        self._k_minus.fill(0)
        for eligibility, value in zip(self.eligibilities, values):
            eligibility.fill(value)

    def observe(self, rasters: np.ndarray, parameters: RSTDPParameters, amplitude_plus: float,
                amplitude_minus: float, pre: np.ndarray | None = None) -> None:
        """
        Take up the spikes of consecutive observations (eq 4-6).

        :param rasters: (observations, T, n_pre + n_post) uint8 of 0 and 1.
        :param pre: (n,) int64, the presynaptic neurons whose eligibilities are wanted; None: all.
        """
        p = parameters
        constants = (math.exp(-1.0 / p.tau_plus), math.exp(-1.0 / p.tau_minus),
                     1.0 - 1.0 / p.tau_c, p.eligibility_gain * amplitude_plus,
                     p.eligibility_gain * amplitude_minus)
        n_pre = self._neurons[0]
        pre = np.arange(n_pre) if pre is None else pre
        # Kernels read vectors of spikes, so these must lie side by side.
        kernels.accumulate(np.ascontiguousarray(rasters), n_pre, pre, self._k_plus, self._k_minus,
                           self._c, p.reset_traces, *(np.float32(x) for x in constants))
