"""
The network's arithmetic, compiled by numba.

One function serves a single observation and, called by a task's episode kernel, whole batches of
episodes. All sums run over ascending indices and nothing is re-associated, so every caller gets
the same bits; ``test/support/reference.py`` holds the plain numpy reference that the kernels must
equal.

The weights' type selects the arithmetic when numba compiles: float32, or for int32 the fixed point
of :mod:`rstdp_ros.snn.fixed`.
"""

import numpy as np

from rstdp_ros.snn import fixed
from rstdp_ros.support.compiling import compiled, numba, overload

ZERO = np.float32(0)


def input_current(observation, w1, current):
    """Compute the constant current into hidden 1; the two-neuron encoding is done on the fly."""
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


@overload(input_current)
def _input_current(observation, w1, current):
    def floating(observation, w1, current):
        current[:] = ZERO
        for i in range(observation.size):
            x = observation[i]
            row = w1[2 * i] if x > ZERO else w1[2 * i + 1]
            magnitude = abs(x)
            for j in range(current.size):
                current[j] += magnitude * row[j]

    def counting(observation, w1, current):
        fixed.input_current(observation, w1, current)
    return counting if _integral(w1.dtype) else floating


@overload(next_current)
def _next_current(u, total, alpha):
    if _integral(u):
        return lambda u, total, alpha: fixed.next_current(u, total, alpha)
    return lambda u, total, alpha: alpha * u + total


@overload(next_potential)
def _next_potential(v, u, beta):
    if _integral(v):
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


@compiled(inline='never')
def add_rows(rows, count, weights, total):
    """
    Sum the weights of the neurons that spiked: ``total[j] = sum_k weights[rows[k], j]``.

    :param rows: (n,) indices; the first ``count`` are valid and ascending.
    :param weights: (n, m).
    :param total: (m,) of the weights' type, overwritten.
    """
    total[:] = 0
    k = 0
    # Four rows at a time, still added one after the other: a quarter of the loads and stores.
    while k + 4 <= count:
        a, b = weights[rows[k]], weights[rows[k + 1]]
        c, d = weights[rows[k + 2]], weights[rows[k + 3]]
        for j in range(total.size):
            total[j] = (((total[j] + a[j]) + b[j]) + c[j]) + d[j]
        k += 4
    while k < count:
        row = weights[rows[k]]
        for j in range(total.size):
            total[j] += row[j]
        k += 1


@compiled(inline='never')
def fire(total, u, v, alpha, beta, threshold, raster, rows):
    """
    Advance one layer by one tick: u = alpha u + input; v = beta v + u; spike if v > threshold.

    The indices are collected without branches: which neurons spike is unpredictable, and a
    mispredicted branch costs more than the whole update of a neuron.

    :param total: (n,) input current of this tick.
    :param u: (n,) synaptic current, updated.
    :param v: (n,) membrane potential, updated; 0 after a spike.
    :param raster: (n,) uint8, overwritten with the spikes.
    :param rows: (n,) int64, overwritten with the indices of the neurons that spiked.
    :return: how many spiked.
    """
    for i in range(u.size):
        u[i] = next_current(u[i], total[i], alpha)
        v[i] = next_potential(v[i], u[i], beta)
        raster[i] = v[i] > threshold
        v[i] = 0 if v[i] > threshold else v[i]
    count = 0
    for i in range(u.size):
        rows[count] = i
        count += raster[i]
    return count


@compiled()
def infer(observation, w1, w2, w3, neuron, raster, q):
    """
    Present one observation for T ticks, all state starting at zero.

    A spike reaches the next layer in the same tick; the readout never spikes and
    Q = v of the readout after T ticks.

    :param observation: (n,) float32; value i feeds input 2i if positive, else input 2i + 1.
    :param w1: (2n, h1) float32 or int32. Likewise w2 (h1, h2) and w3 (h2, actions).
    :param neuron: (4,) float32 or int64: alpha, beta, the thresholds of hidden 1 and hidden 2.
    :param raster: (T, h1 + h2) uint8, overwritten: hidden 1 then hidden 2.
    :param q: (actions,) of the weights' type, overwritten: the readout's v.
    """
    alpha, beta, threshold1, threshold2 = neuron[0], neuron[1], neuron[2], neuron[3]
    h1, h2, n_out = w1.shape[1], w2.shape[1], w3.shape[1]
    # One block of memory for all state: a single allocation per observation.
    state = np.zeros(3 * h1 + 3 * h2 + 2 * n_out, w1.dtype)
    current, u1, v1 = state[:h1], state[h1:2 * h1], state[2 * h1:3 * h1]
    rest = state[3 * h1:]
    total2, u2, v2 = rest[:h2], rest[h2:2 * h2], rest[2 * h2:3 * h2]
    total3, u3 = rest[3 * h2:3 * h2 + n_out], rest[3 * h2 + n_out:]
    rows = np.empty(max(h1, h2), np.int64)

    input_current(observation, w1, current)
    q[:] = 0
    for tick in range(raster.shape[0]):
        count = fire(current, u1, v1, alpha, beta, threshold1, raster[tick, :h1], rows)
        add_rows(rows, count, w2, total2)
        count = fire(total2, u2, v2, alpha, beta, threshold2, raster[tick, h1:], rows)
        add_rows(rows, count, w3, total3)
        for k in range(n_out):
            u3[k] = next_current(u3[k], total3[k], alpha)
            q[k] = next_potential(q[k], u3[k], beta)


@compiled()
def read_out(spikes, w3, neuron, q):
    """
    Compute the Q-values that spikes of hidden 2 led to, with the bits of :func:`infer`.

    :param spikes: (T, h2) uint8.
    :param w3: (h2, actions) float32 or int32; likewise neuron and q as of :func:`infer`.
    """
    total, u = np.zeros(q.size, w3.dtype), np.zeros(q.size, w3.dtype)
    q[:] = 0
    for tick in range(spikes.shape[0]):
        rows = np.nonzero(spikes[tick])[0]
        add_rows(rows, rows.size, w3, total)
        for k in range(q.size):
            u[k] = next_current(u[k], total[k], neuron[0])
            q[k] = next_potential(q[k], u[k], neuron[1])


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
