"""The data of one episode's learning, for the process that owns Lava."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rstdp_ros.plasticity import RSTDP
from rstdp_ros.plasticity.rules import modulation


class Lesson(NamedTuple):
    """
    An episode's spikes and the constants of r-STDP.

    :param weights: W2, (h1, h2).
    :param rasters: (observations, T, h1 + h2) uint8 of 0 and 1.
    :param third_factor: factor that multiplies the eligibility at the end.
    :param gain_plus: C A+; ``gain_minus``: C A-.
    """

    weights: np.ndarray
    rasters: np.ndarray
    third_factor: float
    tau_plus: float
    tau_minus: float
    tau_c: float
    gain_plus: float
    gain_minus: float
    reset_traces: bool

    @property
    def decays(self) -> tuple[float, float, float]:
        """The factors by which k+, k- and c decay in a tick."""
        return math.exp(-1 / self.tau_plus), math.exp(-1 / self.tau_minus), 1 - 1 / self.tau_c


def make_lesson(rule: RSTDP, weights: np.ndarray, rasters: np.ndarray,
                episode_return: float) -> Lesson:
    """
    Collect what a rule would learn from.

    :param weights: W2, (h1, h2).
    :param rasters: (observations, T, h1 + h2) uint8 of 0 and 1.
    """
    p = rule.parameters
    third = modulation(rule.initial.task, p.modulation, episode_return)
    return Lesson(weights, rasters, -third if p.flip_sign else third, p.tau_plus, p.tau_minus,
                  p.tau_c, p.eligibility_gain * rule.amplitude_plus,
                  p.eligibility_gain * rule.amplitude_minus, p.reset_traces)
