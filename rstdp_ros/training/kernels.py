"""
Forwards and backwards through the network, compiled: the gradient of a batch in one call.

The equations are those of :mod:`rstdp_ros.training.surrogate`; ``test/support/autograd.py`` has
them for torch, whose gradient this must equal.
"""

import numpy as np

from rstdp_ros.snn.kernels import advance, arriving, current_from, infer, LOWEST, settle
from rstdp_ros.snn.layout import NARROW, WIDE
from rstdp_ros.support.compiling import compiled, lanes

ZERO, ONE, HALF, TWO = (np.float32(x) for x in (0.0, 1.0, 0.5, 2.0))
# Of the surrogate; a much steeper one starves deep layers of gradient.
SLOPE = np.float32(10.0)


@compiled()
def q_values(observations, w1, w2, w3, neuron, ticks, q):
    """
    Compute the Q-values of a batch.

    :param observations: (batch, n) float32.
    :param w1: laid out as :func:`rstdp_ros.snn.kernels.infer` takes it; likewise the others.
    :param q: (batch, actions) float32, overwritten.
    """
    raster = np.empty((ticks, w2.shape[0] + w3.shape[0]), np.uint8)
    for i in range(len(observations)):
        infer(observations[i], w1, w2, w3, neuron, raster, q[i])


@compiled()
def gradient(observations, actions, goals, huber, w1, w2, w3, w2_transposed, neuron, ticks, d1, d2,
             d3):
    """
    Compute the mean loss of a batch and its gradient by a surrogate for the spikes' derivative.

    Backpropagation through time.

    :param observations: (batch, n) float32.
    :param actions: (batch,) int64, whose Q-values are to approach ``goals``, (batch,) float32.
    :param huber: the loss: Huber's, or the squared error.
    :param w1: laid out; likewise w2, w3 and w2_transposed, (h2, h1).
    :param neuron: (4,) float32: alpha, beta, the thresholds of hidden 1 and hidden 2.
    :param d1: of the shape of w1, overwritten with the gradient; likewise d2 and d3.
    :return: the loss.
    """
    n1, n2 = w1.shape[1], w2.shape[1]
    alpha, beta = neuron[0], neuron[1]
    v1, v2 = np.empty((ticks, n1), np.float32), np.empty((ticks, n2), np.float32)
    spikes1 = np.empty((ticks, n1 // WIDE), np.uint64)
    spikes2 = np.empty((ticks, n2 // WIDE), np.uint64)
    carried = np.empty(2 * (n1 + n2), np.float32)
    effect1, effect2 = np.empty(n1, np.float32), np.empty(n2, np.float32)
    outgoing = np.zeros(n2, np.float32)
    d1[:], d2[:], d3[:] = ZERO, ZERO, ZERO
    loss, share = 0.0, ONE / np.float32(len(observations))
    for sample in range(len(observations)):
        action = actions[sample]
        q = forwards(observations[sample], action, w1, w2, w3, neuron, v1, v2, spikes1, spikes2)
        error = q - goals[sample]
        small = huber and abs(error) < ONE
        if huber and not small:
            loss += abs(error) - HALF
            slope = share if error > ZERO else -share
        else:
            loss += error * error * (HALF if huber else ONE)
            slope = share * error * (ONE if huber else TWO)
        for j in range(len(w3)):
            outgoing[j] = w3[j, action]
        carried[:] = ZERO
        effect1[:] = ZERO
        potential = current = ZERO
        for tick in range(ticks - 1, -1, -1):
            # Of the readout: what its potential and its current at this tick do to the loss.
            potential = slope if tick == ticks - 1 else beta * potential
            current = potential + alpha * current
            for at in range(0, n2, WIDE):
                caused = current * lanes.load(outgoing, at, WIDE)
                lanes.store(through(caused, v2, spikes2, tick, at, neuron[3], carried, 2 * n1,
                                    alpha, beta), effect2, at)
            blame(spikes2[tick], d3, action, current)
            for word in range(n1 // WIDE):
                bits = spikes1[tick, word]
                while bits:
                    row = (WIDE * word + lanes.lowest(bits)) * n2
                    bits &= bits - LOWEST
                    for at in range(0, n2, WIDE):
                        lanes.store(lanes.load(d2, row + at, WIDE)
                                    + lanes.load(effect2, at, WIDE), d2, row + at)
            for at in range(0, n1, WIDE):
                caused = lanes.repeat(ZERO, WIDE)
                for j in range(len(w2_transposed)):
                    caused = caused + effect2[j] * lanes.load(w2_transposed, j * n1 + at, WIDE)
                effect = through(caused, v1, spikes1, tick, at, neuron[2], carried, 0, alpha, beta)
                # The input current is the same at every tick.
                lanes.store(lanes.load(effect1, at, WIDE) + effect, effect1, at)
        for i in range(observations.shape[1]):
            x = observations[sample, i]
            row = (2 * i if x > ZERO else 2 * i + 1) * n1
            for at in range(0, n1, WIDE):
                lanes.store(lanes.load(d1, row + at, WIDE)
                            + abs(x) * lanes.load(effect1, at, WIDE), d1, row + at)
    return loss / len(observations)


@compiled(inline='always')
def through(caused, v, spikes, tick, at, threshold, carried, start, alpha, beta):
    """
    Go back through 64 neurons at a tick.

    :param caused: lanes, what their spikes do to the loss.
    :param v: (T, n) float32, their potentials before the reset; ``spikes`` (T, words).
    :param carried: what their potentials and currents do to the loss by the next tick, from index
        ``start`` on; updated.
    :return: lanes, what their input does to the loss.
    """
    n = v.shape[1]
    distance = lanes.load(v, tick * n + at, WIDE) - threshold
    size = ONE + SLOPE * lanes.choose(distance > ZERO, distance, ZERO - distance)
    later = lanes.load(carried, start + at, WIDE)
    potential = (caused / (size * size)
                 + lanes.choose(spikes[tick, at // WIDE], ZERO, beta * later))
    current = potential + alpha * lanes.load(carried, start + n + at, WIDE)
    lanes.store(potential, carried, start + at)
    lanes.store(current, carried, start + n + at)
    return current


@compiled(inline='always')
def blame(spikes, d3, action, current):
    """Add what the weights of the spikes into an action do to the loss."""
    for word in range(spikes.size):
        bits = spikes[word]
        while bits:
            d3[WIDE * word + lanes.lowest(bits), action] += current
            bits &= bits - LOWEST


@compiled(inline='always')
def forwards(observation, action, w1, w2, w3, neuron, v1, v2, spikes1, spikes2):
    """
    Present an observation and keep what the way back needs.

    :param v1: (T, h1) float32, overwritten with the potentials before their resets; likewise v2.
    :param spikes1: (T, words) uint64, overwritten; likewise spikes2.
    :return: the Q-value of the action.
    """
    alpha, beta = neuron[0], neuron[1]
    n1, n2, n3 = w1.shape[1], w2.shape[1], w3.shape[1]
    state = np.zeros(3 * n1 + 2 * n2 + 2 * n3, np.float32)
    second, last = 3 * n1, 3 * n1 + 2 * n2
    words1, words2 = (0, n1 // WIDE), (0, n2 // WIDE)
    for at in range(0, n1, WIDE):
        lanes.store(current_from(observation, w1, at), state, 2 * n1 + at)
    for tick in range(len(v1)):
        for at in range(0, n1, WIDE):
            total = lanes.load(state, 2 * n1 + at, WIDE)
            potential = advance(total, state, at, n1 + at, WIDE, alpha, beta)
            lanes.store(potential, v1, tick * n1 + at)
            spikes1[tick, at // WIDE] = settle(potential, state, n1 + at, neuron[2])
        for at in range(0, n2, WIDE):
            total = arriving(spikes1[tick], words1, w2, at, WIDE)
            potential = advance(total, state, second + at, second + n2 + at, WIDE, alpha, beta)
            lanes.store(potential, v2, tick * n2 + at)
            spikes2[tick, at // WIDE] = settle(potential, state, second + n2 + at, neuron[3])
        for at in range(0, n3, NARROW):
            total = arriving(spikes2[tick], words2, w3, at, NARROW)
            potential = advance(total, state, last + at, last + n3 + at, NARROW, alpha, beta)
            lanes.store(potential, state, last + n3 + at)
    return state[last + n3 + action]
