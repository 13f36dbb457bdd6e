"""
Fixed point: a Loihi core's integers, as in Lava's bit-accurate ``LIF`` and ``Dense``.

Weights are even 8-bit mantissas times one scale per layer; u and v have 24 bits; decays are
multiples of 1/4096 and round towards zero. docs/quantization.md has the equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from rstdp_ros.snn.layout import laid_out, WIDE
from rstdp_ros.support.compiling import compiled, lanes
from rstdp_ros.support.errors import RstdpError

ZERO = np.float32(0)

# A mantissa is 2 k with |k| <= 127: the chip keeps 8 bits of a signed weight, the lowest being 0.
MAX_STEPS = 127
# The number of bits by which weights and thresholds are shifted left against u and v.
ALIGNMENT = 6
DECAY_UNITY = 4096
MAX_DECAY = 4095
MAX_THRESHOLD = 2**17 - 1
STATE_LIMIT = 2**23

# Observations enter with 12 fractional bits and at most 24 in total; a neuron's input current has
# 16.
INPUT_BITS = 12
INPUT_UNITY = np.float32(2**INPUT_BITS)
INPUT_LIMIT = np.float32(2**24 - 1)
CURRENT_LIMIT = 2**15 - 1


class FixedPoint:
    """
    A quantised network in the form that a chip uses.

    :param weights: W1, W2, W3, float32, exactly on the grid of their scale.
    :param scales: mantissa per unit of weight, one for each layer.
    :param alpha: as of :class:`rstdp_ros.snn.Neuron`; likewise beta and threshold.
    :raises RstdpError: scales, weights or constants that the integers cannot hold.
    :ivar mantissas: three read-only (in, out) int32 arrays, even, in -254..254.
    :ivar du: decay of the current, ``du`` of Lava's ``LIF``: u keeps 1 - (du + 1) / 4096.
    :ivar dv: decay of the potential: v keeps 1 - dv / 4096.
    :ivar thresholds: ``vth`` of hidden 1 and hidden 2.
    """

    def __init__(self, weights: Sequence[np.ndarray], scales: Sequence[float], alpha: float,
                 beta: float, threshold: float) -> None:
        if len(scales) != 3 or not all(s > 0.0 for s in scales):
            raise RstdpError(f'scales {list(scales)}: expected three positive numbers')
        self.scales = tuple(scales)
        self.mantissas = tuple(_mantissas(f'W{i + 1}', w, s)
                               for i, (w, s) in enumerate(zip(weights, scales)))
        self.du = round(DECAY_UNITY * (1.0 - alpha)) - 1
        self.dv = round(DECAY_UNITY * (1.0 - beta))
        for name, value, decay in (('alpha', alpha, self.du), ('beta', beta, self.dv)):
            if not 0 <= decay <= MAX_DECAY:
                raise RstdpError(f'{name} = {value} makes a decay of {decay}/4096; fixed point '
                                 f'has 0..{MAX_DECAY}')
        self.thresholds = tuple(round(threshold * s) for s in self.scales[:2])
        for name, value in zip(('hidden 1', 'hidden 2'), self.thresholds):
            if not 1 <= value <= MAX_THRESHOLD:
                raise RstdpError(f'the threshold of {name} becomes {value}; fixed point has '
                                 f'1..{MAX_THRESHOLD}')

    @cached_property
    def kernel_arguments(self) -> tuple:
        """Weights and constants in the kernels' order; their integer types select fixed point."""
        aligned = (vth << ALIGNMENT for vth in self.thresholds)
        return (*laid_out(self.mantissas), np.array((
            DECAY_UNITY - (self.du + 1), DECAY_UNITY - self.dv, *aligned), np.int64))

    def current(self, observation: np.ndarray) -> np.ndarray:
        """
        Return the constant input of the first hidden layer, what ``a_in`` gets every tick.

        :param observation: (n,) float32.
        :return: (h1,) int32.
        """
        w1, neurons = self.kernel_arguments[0], self.mantissas[0].shape[1]
        current = np.empty(w1.shape[1], np.int32)
        input_current(observation, w1, current)
        return current[:neurons]

    def q_values(self, v: np.ndarray) -> np.ndarray:
        """
        Return the Q-values that the readout's potentials represent.

        :param v: (..., actions) integers. Different ones stay different, so the actions are
            unchanged.
        :return: (..., actions) float32.
        """
        return (v / self.unit).astype(np.float32)

    @property
    def unit(self) -> float:
        """The readout potential that corresponds to a Q-value of 1."""
        return self.scales[2] * 2**ALIGNMENT


def steps(w: np.ndarray, scale: float) -> np.ndarray:
    """Return weights in grid steps of 2 / scale, not rounded; float64."""
    return np.asarray(w, np.float64) * (0.5 * scale)


def from_steps(k: np.ndarray, scale: float) -> np.ndarray:
    """
    Return the float32 weights of whole steps; beyond +-127 steps they saturate.

    :param k: whole numbers of steps. -0.0 becomes 0.0: equal mantissas have equal digests.
    """
    return (np.clip(k, -MAX_STEPS, MAX_STEPS) * (2.0 / scale) + 0.0).astype(np.float32)


def _mantissas(name: str, w: np.ndarray, scale: float) -> np.ndarray:
    with np.errstate(over='ignore', invalid='ignore'):  # absurd scales
        k = np.rint(steps(w, scale))
        exact = np.array_equal(from_steps(k, scale), w)
    if not exact:
        raise RstdpError(f'{name} is not on the grid of its scale {scale}: every weight must be '
                         f'2 k / scale with a whole k in -{MAX_STEPS}..{MAX_STEPS}; '
                         'rstdp_ros quantize makes such networks')
    mantissas = (2 * k).astype(np.int32)
    mantissas.setflags(write=False)
    return mantissas


@compiled()
def input_current(observation, w1, current):
    """
    Compute the current into hidden 1; constant while the observation is presented.

    :param w1: (2n, h1) int32 mantissas, laid out.
    :param current: (h1,) int32 with as many columns, overwritten.
    """
    for at in range(0, current.size, WIDE):
        lanes.store(current_from(observation, w1, at), current, at)


@compiled(inline='always')
def current_from(observation, w1, at):
    """
    Compute the current into 64 neurons of hidden 1.

    The integer ``m = |x| 2^12``, rounded half to even, stands for each value, at most 2^24 - 1
    (for NaN too); the current is sum(m W1) >> 12, which rounds down, cut to 16 bits.

    :param observation: (n,) float32; value i feeds input 2i if positive, else input 2i + 1.
    :param w1: (2n, h1) int32 mantissas.
    :param at: the first neuron.
    :return: lanes of int32.
    """
    total = lanes.repeat(np.int64(0), WIDE)
    for i in range(observation.size):
        x = observation[i]
        row = w1[2 * i if x > ZERO else 2 * i + 1]
        scaled = np.rint(abs(x) * INPUT_UNITY)
        magnitude = np.int64(scaled if scaled < INPUT_LIMIT else INPUT_LIMIT)
        total = total + magnitude * lanes.convert(lanes.load(row, at, WIDE), np.int64)
    return lanes.convert(
        clipped(total >> INPUT_BITS, -CURRENT_LIMIT, CURRENT_LIMIT), np.int32)


@compiled(inline='always')
def next_current(u, total, keep):
    """
    Return u after a tick: u keep / 4096, rounded towards zero, plus the aligned input.

    :param u: lanes of int32; likewise total, the sum of mantissas that arrived.
    :param keep: int64, 4096 - (du + 1).
    """
    u = decayed(u, keep) + (total << ALIGNMENT)
    # As Lava has it: +2^23 stays, -2^23 does not.
    u = lanes.choose(u > STATE_LIMIT, u - 2 * STATE_LIMIT, u)
    return lanes.choose(u > -STATE_LIMIT, u, u + 2 * STATE_LIMIT)


@compiled(inline='always')
def next_potential(v, u, keep):
    """
    Return v after a tick and before its reset: v keep / 4096, rounded towards zero, plus u.

    :param v: lanes of int32; likewise u.
    :param keep: int64, 4096 - dv.
    """
    return clipped(decayed(v, keep) + u, 1 - STATE_LIMIT, STATE_LIMIT - 1)


@compiled(inline='always')
def decayed(x, keep):
    """Return x keep / 4096, rounded towards zero: exact, as a double holds all 36 bits."""
    return lanes.convert(lanes.convert(x, np.float64) * (keep / 4096.0), np.int32)


@compiled(inline='always')
def clipped(x, low, high):
    """Return lanes of at least ``low`` and at most ``high``."""
    x = lanes.choose(x > high, high, x)
    return lanes.choose(x > low, x, low)
