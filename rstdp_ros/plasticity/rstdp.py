"""Reward-modulated STDP between the hidden layers (Akl et al. 2022, section 2.4)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rstdp_ros.plasticity import kernels, rules
from rstdp_ros.plasticity.parameters import RSTDPParameters
from rstdp_ros.plasticity.rules import modulation
from rstdp_ros.plasticity.silence import silence
from rstdp_ros.plasticity.strategy import Proposal, Shown, Strategy
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError


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

    def __init__(self, network: SpikingQNetwork, parameters: str | RSTDPParameters = 'default',
                 seed: int = 0) -> None:
        super().__init__(network, parameters, seed)
        self.amplitude_plus, self.amplitude_minus = amplitudes(
            network.weights[1], self.parameters.amplitudes)
        n_pre, n_post = network.weights[1].shape
        self.k_plus = np.zeros(n_pre, np.float32)
        self.k_minus = np.zeros(n_post, np.float32)
        self.eligibility = np.zeros((n_pre, n_post), np.float32)

    @classmethod
    def preset(cls, name: str, task: str) -> RSTDPParameters:
        """Return a named set of parameters; see :func:`rstdp_ros.plasticity.preset`."""
        return rules.preset(name, task)

    def propose(self, shown: Shown) -> Proposal:
        """Apply the change of W2 given by the episode's spikes and return."""
        self.begin_episode()
        self.observe_rasters(shown.rasters)
        w1, before, w3 = self._base(shown.network).weights
        wanted = before + self.weight_change(shown.episode_return)
        still = np.array_equal(wanted, before)
        return Proposal((w1, wanted, w3),
                        silence(shown.rasters, len(self.k_plus)) if still else '')

    def _base(self, network: SpikingQNetwork) -> SpikingQNetwork:
        """Return the network that a change applies to: the one that played."""
        return network

    def begin_episode(self) -> None:
        """Reset all traces."""
        for trace in (self.k_plus, self.k_minus, self.eligibility):
            trace.fill(0)

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
        p = self._parameters
        decay_plus, decay_minus = math.exp(-1.0 / p.tau_plus), math.exp(-1.0 / p.tau_minus)
        scalars = (decay_plus, decay_minus, 1.0 - 1.0 / p.tau_c,
                   p.eligibility_gain * self.amplitude_plus,
                   p.eligibility_gain * self.amplitude_minus)
        kernels.accumulate(rasters, self.k_plus, self.k_minus, self.eligibility, p.reset_traces,
                           *(np.float32(s) for s in scalars))

    def weight_change(self, episode_return: float) -> np.ndarray:
        """
        Return the change of W2 for the observed episode: r c (eq 7).

        :return: (h1, h2) float32.
        """
        p = self._parameters
        r = modulation(self.initial.task, p.modulation, episode_return)
        return np.float32(-r if p.flip_sign else r) * self.eligibility

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
