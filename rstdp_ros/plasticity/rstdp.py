"""Reward-modulated STDP between the hidden layers (Akl et al. 2022, section 2.4)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rstdp_ros.plasticity import rules
from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rules import modulation
from rstdp_ros.plasticity.silence import silence
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy
from rstdp_ros.plasticity.traces import Traces
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError

# After so many tau_c hardly any weight depends on what an eligibility was.
MEMORY = 30.0


class RSTDP(Strategy):
    """
    The three-factor rule: spikes write an eligibility trace, the episode's return applies it.

    :param network: the run's first network: gives shapes, task and the amplitudes A+, A-.
    :param parameters: a preset's name, or parameters.
    :param seed: unused: nothing is drawn.
    :raises RstdpError: unknown preset, bad parameters or a task without presets.
    """

    name = 'rstdp'
    Parameters = RSTDPParameters
    plastic = (1,)
    # Whether the change of a weight depends on the eligibility of its own synapse alone.
    local = True

    def __init__(self, network: SpikingQNetwork, parameters: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.amplitude_plus, self.amplitude_minus = amplitudes(
            network.weights[1], self.parameters.amplitudes)
        pre, post = network.weights[1].shape
        self._traces, self._bounds = Traces(pre, post), Traces(pre, post, copies=2)

    @classmethod
    def preset(cls, name: str, task: str) -> RSTDPParameters:
        """Return a named set of parameters; see :func:`rstdp_ros.plasticity.preset`."""
        return rules.preset(name, task)

    def propose(self, shown: Shown) -> Proposal:
        """Apply the change of W2 given by the episode's spikes and return."""
        w1, before, w3 = self._base(shown.network).weights
        wanted = self._learned(before, shown)
        still = np.array_equal(wanted, before)
        return Proposal((w1, wanted, w3),
                        silence(shown.rasters, len(before)) if still else '')

    def _learned(self, before: np.ndarray, shown: Shown) -> np.ndarray:
        """
        Return W2 + r c (eq 7).

        An eligibility forgets, so the last observations nearly tell it. Two are followed through
        these: the least and the largest that were possible when they began. The true one is
        between them, as every step of eq 6 grows with c, in floating point too; and so are the
        weights. Where both make the same weight, the whole episode makes it, bit for bit. The
        whole episode is gone through only for the neurons whose weights are not yet told.
        """
        p = self._parameters
        late = math.ceil(MEMORY * p.tau_c / shown.rasters.shape[1])
        unknown = np.arange(len(before))
        if self.local and p.reset_traces and 2 * late <= len(shown.rasters):
            limit = self._largest_eligibility()
            self._bounds.begin(-limit, limit)
            self._observe(self._bounds, shown.rasters[-late:])
            wanted, largest = (before + self._change(c, shown.episode_return)
                               for c in self._bounds.eligibilities)
            # Bits, as -0.0 is not 0.0 in a digest.
            differ = wanted.view(np.uint32) != largest.view(np.uint32)
            unknown = np.flatnonzero(differ.any(axis=1))
        if len(unknown):
            self.begin_episode()
            self._observe(self._traces, shown.rasters, unknown)
            whole = before + self.weight_change(shown.episode_return)
            if len(unknown) == len(before):
                return whole
            wanted[unknown] = whole[unknown]
        return wanted

    def _largest_eligibility(self) -> float:
        """Return more than any eligibility can be."""
        p = self._parameters
        # Per tick at most C (A+ k+ + A- k-) is added; the factor 2 allows for rounding.
        return 2.0 * p.eligibility_gain * p.tau_c * (
            self.amplitude_plus / -math.expm1(-1.0 / p.tau_plus)
            + self.amplitude_minus / -math.expm1(-1.0 / p.tau_minus))

    def _base(self, network: SpikingQNetwork) -> SpikingQNetwork:
        """Return the network that a change applies to: the one that played."""
        return network

    def begin_episode(self) -> None:
        """Reset all traces."""
        self._traces.begin(0.0)

    @property
    def eligibility(self) -> np.ndarray:
        """What the spikes observed since :meth:`begin_episode` left: c, (h1, h2) float32."""
        return self._traces.eligibilities[0]

    def observe(self, pre: np.ndarray, post: np.ndarray) -> None:
        """
        Process the spikes of one observation.

        :param pre: (T, h1) of 0 and 1; ``post``: (T, h2).
        :raises RstdpError: shapes that do not fit the network, or other values.
        """
        pre, post = np.asarray(pre), np.asarray(post)
        if (pre.ndim, post.ndim) != (2, 2) or len(pre) != len(post) or (
                (pre.shape[1], post.shape[1]) != self.eligibility.shape):
            raise RstdpError(f'spikes of shapes {pre.shape} and {post.shape} do not fit a network '
                             f'with hidden layers of {self.eligibility.shape}')
        spikes = np.hstack((pre, post))
        if not np.isin(spikes, (0, 1)).all():
            raise RstdpError('spikes with values other than 0 and 1')
        self.observe_rasters(spikes.astype(np.uint8)[np.newaxis])

    def observe_rasters(self, rasters: np.ndarray) -> None:
        """
        Process the spikes of consecutive observations at once.

        :param rasters: (observations, T, h1 + h2) uint8 of 0 and 1.
        """
        self._observe(self._traces, rasters)

    def _observe(self, traces: Traces, rasters: np.ndarray,
                 pre: np.ndarray | None = None) -> None:
        traces.observe(rasters, self._parameters, self.amplitude_plus, self.amplitude_minus, pre)

    def weight_change(self, episode_return: float) -> np.ndarray:
        """
        Return the change of W2 for the observed episode: r c (eq 7).

        :return: (h1, h2) float32.
        """
        return self._change(self.eligibility, episode_return)

    def _change(self, eligibility: np.ndarray, episode_return: float) -> np.ndarray:
        p = self._parameters
        r = modulation(self.initial.task, p.modulation, episode_return)
        return np.float32(-r if p.flip_sign else r) * eligibility

    def state(self) -> dict[str, Any]:
        """Return what the next episode depends on beyond network and parameters."""
        return {'amplitude_plus': self.amplitude_plus, 'amplitude_minus': self.amplitude_minus}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.amplitude_plus = float(state['amplitude_plus'])
        self.amplitude_minus = float(state['amplitude_minus'])


def amplitudes(w: np.ndarray, method: str) -> tuple[float, float]:
    """
    Return A+ and A- from trained weights.

    :param w: (pre, post).
    :param method: 'positive' or 'all', see :class:`RSTDPParameters`.
    """
    positive, negative = w[w > 0].astype(np.float64), -w[w < 0].astype(np.float64)
    divisors = (w.size, w.size) if method == 'all' else (positive.size, negative.size)
    plus, minus = (total / max(n, 1) for total, n in
                   zip((positive.sum(), negative.sum()), divisors))
    return float(plus), float(minus)
