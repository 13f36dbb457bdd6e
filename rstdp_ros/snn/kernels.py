"""
The network's arithmetic, compiled by numba.

One function serves a single observation and, called by a task's episode kernel, whole batches of
episodes. All sums run over ascending indices and nothing is re-associated, so every caller gets
the same bits; ``test/support/reference.py`` holds the plain numpy reference that the kernels must
equal. 64 neurons are computed at once, and the spikes of a tick are the bits of an integer: only
the weights of neurons that spiked are read.

The weights' type selects the arithmetic when numba compiles: float32, or for int32 the fixed point
of :mod:`rstdp_ros.snn.fixed`. They lie in memory as :mod:`rstdp_ros.snn.layout` says.
"""

import numpy as np

from rstdp_ros.snn import fixed
from rstdp_ros.snn.layout import CACHE_LINE, NARROW, WIDE
from rstdp_ros.support.compiling import compiled, lanes, numba, overload

ZERO = np.float32(0)
LOWEST = np.uint64(1)


def current_from(observation, w1, at):
    """
    Compute the constant current into 64 neurons of hidden 1; the encoding is done on the fly.

    :param at: the first neuron.
    """
    raise NotImplementedError('compiled code only')


def next_current(u, total, alpha):
    """Return the synaptic current after a tick: alpha u + total."""
    raise NotImplementedError('compiled code only')


def next_potential(v, u, beta):
    """Return the membrane potential after a tick, before its reset: beta v + u."""
    raise NotImplementedError('compiled code only')


def in_units(q, unit, q_values):
    """
    Convert the readout's potentials to Q-values, (actions,) float32.

    :param q: (actions,) as from :func:`infer`.
    :param unit: the potential that corresponds to a Q-value of 1.
    :param q_values: (actions,) float32, overwritten if q has another type.
    """
    raise NotImplementedError('compiled code only')


@overload(current_from)
def _current_from(observation, w1, at):
    def floating(observation, w1, at):
        current = lanes.repeat(ZERO, WIDE)
        for i in range(observation.size):
            x = observation[i]
            row = w1[2 * i if x > ZERO else 2 * i + 1]
            current = current + abs(x) * lanes.load(row, at, WIDE)
        return current

    def counting(observation, w1, at):
        return fixed.current_from(observation, w1, at)
    return counting if _integral(w1.dtype) else floating


@overload(next_current)
def _next_current(u, total, alpha):
    if _integral(u.dtype):
        return lambda u, total, alpha: fixed.next_current(u, total, alpha)
    return lambda u, total, alpha: alpha * u + total


@overload(next_potential)
def _next_potential(v, u, beta):
    if _integral(v.dtype):
        return lambda v, u, beta: fixed.next_potential(v, u, beta)
    return lambda v, u, beta: beta * v + u


@overload(in_units)
def _in_units(q, unit, q_values):
    def counting(q, unit, q_values):
        for k in range(q.size):
            q_values[k] = q[k] / unit
        return q_values
    return counting if _integral(q.dtype) else lambda q, unit, q_values: q


def _integral(kind):
    return isinstance(kind, numba().types.Integer)


@compiled(inline='always')
def arriving(spikes, words, weights, at, count):
    """
    Sum the weights of the neurons that spiked: ``sum_k weights[k, at:at + count]``.

    :param spikes: uint64, a bit per neuron; ``words``: the range of those that count.
    :param weights: (neurons, m).
    :return: ``count`` lanes of the weights' type.
    """
    total = lanes.repeat(weights.dtype.type(0), count)
    for word in range(words[0], words[1]):
        bits, first = spikes[word], WIDE * (word - words[0])
        while bits:
            total = total + lanes.load(weights[first + lanes.lowest(bits)], at, count)
            bits &= bits - LOWEST
    return total


@compiled(inline='always')
def advance(total, state, u, v, count, alpha, beta):
    """
    Let neurons go on for a tick: u = alpha u + input; v = beta v + u.

    :param total: ``count`` lanes, the input current of this tick.
    :param state: of all neurons. The synaptic currents u of these begin at index ``u`` and are
        updated, their membrane potentials at index ``v``.
    :return: lanes of the potential before its reset.
    """
    current = next_current(lanes.load(state, u, count), total, alpha)
    lanes.store(current, state, u)
    return next_potential(lanes.load(state, v, count), current, beta)


@compiled(inline='always')
def settle(potential, state, v, threshold):
    """
    Let 64 neurons spike if their potential is above the threshold, which resets it to 0.

    :param v: the index from which on ``state`` gets their potentials.
    :return: the spikes as the bits of a uint64.
    """
    spikes = potential > threshold
    lanes.store(lanes.choose(spikes, 0, potential), state, v)
    return spikes


@compiled(inline='always')
def show(spikes, raster, tick, start, end):
    """
    Write spikes into a raster.

    :param spikes: a bit per neuron.
    :param raster: (T, neurons) uint8; of the neurons from ``start`` to ``end`` at most 64 are
        overwritten.
    """
    if start + WIDE <= end:
        lanes.unpack(spikes, raster[tick], start)
    else:
        for j in range(start, end):
            raster[tick, j] = (spikes >> np.uint64(j - start)) & LOWEST


@compiled(inline='always')
def at_rest(size, weights):
    """Return zeros of the weights' type, and from which on ``size`` are aligned with the cache."""
    memory = np.zeros(size + CACHE_LINE // weights.itemsize, weights.dtype)
    return memory, (-memory.ctypes.data % CACHE_LINE) // weights.itemsize


@compiled()
def infer(observation, w1, w2, w3, neuron, raster, q):
    """
    Present one observation for T ticks, all state starting at zero.

    A spike reaches the next layer in the same tick; the readout never spikes and
    Q = v of the readout after T ticks.

    :param observation: (n,) float32; value i feeds input 2i if positive, else input 2i + 1.
    :param w1: (2n, h1) float32 or int32, laid out. Likewise w2 (h1, h2) and w3 (h2, actions).
    :param neuron: (4,) float32 or int64: alpha, beta, the thresholds of hidden 1 and hidden 2.
    :param raster: (T, h1 + h2) uint8, overwritten: hidden 1 then hidden 2.
    :param q: (actions,) of the weights' type, overwritten: the readout's v.
    """
    alpha, beta, threshold1, threshold2 = neuron[0], neuron[1], neuron[2], neuron[3]
    h1, n1, n2, n3 = w2.shape[0], w1.shape[1], w2.shape[1], w3.shape[1]
    words1, words2 = (0, n1 // WIDE), (n1 // WIDE, (n1 + n2) // WIDE)
    spikes = np.empty(words2[1], np.uint64)
    # One block of memory for all state, addressed by indices: numba counts references to slices.
    state, current = at_rest(3 * n1 + 2 * n2 + 2 * n3, w1)
    u1, v1, u2 = current + n1, current + 2 * n1, current + 3 * n1
    v2, u3, v3 = u2 + n2, u2 + 2 * n2, u2 + 2 * n2 + n3

    for at in range(0, n1, WIDE):
        lanes.store(current_from(observation, w1, at), state, current + at)
    for tick in range(raster.shape[0]):
        for at in range(0, n1, WIDE):
            total = lanes.load(state, current + at, WIDE)
            potential = advance(total, state, u1 + at, v1 + at, WIDE, alpha, beta)
            fired = settle(potential, state, v1 + at, threshold1)
            spikes[at // WIDE] = fired
            show(fired, raster, tick, at, h1)
        for at in range(0, n2, WIDE):
            total = arriving(spikes, words1, w2, at, WIDE)
            potential = advance(total, state, u2 + at, v2 + at, WIDE, alpha, beta)
            fired = settle(potential, state, v2 + at, threshold2)
            spikes[(n1 + at) // WIDE] = fired
            show(fired, raster, tick, h1 + at, raster.shape[1])
        for at in range(0, n3, NARROW):
            total = arriving(spikes, words2, w3, at, NARROW)
            lanes.store(advance(total, state, u3 + at, v3 + at, NARROW, alpha, beta),
                        state, v3 + at)
    for k in range(q.size):
        q[k] = state[v3 + k]


@compiled()
def read_out(spikes, w3, neuron, q):
    """
    Compute the Q-values that spikes of hidden 2 led to, with the bits of :func:`infer`.

    :param spikes: (T, h2) uint8.
    :param w3: (h2, actions) float32 or int32, laid out; likewise neuron and q as of :func:`infer`.
    """
    n3 = w3.shape[1]
    state = np.zeros(2 * n3, w3.dtype)
    for at in range(0, n3, NARROW):
        for tick in range(spikes.shape[0]):
            total = lanes.repeat(w3.dtype.type(0), NARROW)
            for j in range(spikes.shape[1]):
                if spikes[tick, j]:
                    total = total + lanes.load(w3[j], at, NARROW)
            lanes.store(advance(total, state, at, n3 + at, NARROW, neuron[0], neuron[1]),
                        state, n3 + at)
    for k in range(q.size):
        q[k] = state[n3 + k]


@compiled()
def greedy(q):
    """
    Return the index of the largest Q-value; of equal ones the lowest.

    :param q: (actions,).
    """
    best = 0
    for k in range(1, q.size):
        if q[k] > q[best]:
            best = k
    return best


@compiled()
def read_outs(rasters, w3, neuron, q):
    """
    Compute the Q-values of whole episodes from their spikes.

    :param rasters: (n, T, h1 + h2) uint8.
    :param q: (n, actions) of the weights' type, overwritten.
    """
    h1 = rasters.shape[2] - w3.shape[0]
    for i in range(rasters.shape[0]):
        read_out(rasters[i, :, h1:], w3, neuron, q[i])
