"""The arithmetic of the eligibility trace, compiled by numba."""

import numpy as np

from rstdp_ros.snn.layout import WIDE
from rstdp_ros.support.compiling import compiled, lanes

ZERO, ONE = np.float32(0), np.float32(1)
BIT = np.uint64(1)
# For so many ticks eligibilities stay in registers.
TICKS_AT_ONCE = 12


@compiled()
def accumulate(rasters, n_pre, wanted, k_plus, k_minus, c, reset, decay_plus, decay_minus,
               decay_c, gain_plus, gain_minus):
    """
    Let the spikes of consecutive observations change the eligibility (eq 4-6).

    Within a tick c uses the traces from before the tick's spikes; then the traces take them up.

    :param rasters: (observations, T, pre + post) uint8 of 0 and 1.
    :param n_pre: how many of them are presynaptic.
    :param wanted: (n,) int64, the presynaptic neurons whose rows of c are updated.
    :param k_plus: (rows,) float32, updated: pre, and more up to a multiple of 64.
    :param k_minus: (columns,) likewise for post.
    :param c: (rows, n columns) float32, updated: n eligibilities side by side.
    :param reset: whether the traces start at zero for every observation.
    :param decay_plus: exp(-1 / tau_plus); likewise decay_minus. decay_c is 1 - 1 / tau_c.
    :param gain_plus: C A+; likewise gain_minus.
    """
    ticks = rasters.shape[1]
    size = max(1, TICKS_AT_ONCE // ticks) * ticks
    pre = np.empty((size, k_plus.size // WIDE), np.uint64)
    post = np.empty((size, k_minus.size // WIDE), np.uint64)
    up = np.empty((size, k_plus.size), np.float32)
    down = np.empty((size, k_minus.size), np.float32)
    count = 0
    for observation in range(rasters.shape[0]):
        if reset:
            k_plus[:] = ZERO
            k_minus[:] = ZERO
        for tick in range(ticks):
            spikes = rasters[observation, tick]
            take_up(spikes, 0, n_pre, k_plus, decay_plus, gain_plus, pre, up, count)
            take_up(spikes, n_pre, spikes.size, k_minus, decay_minus, gain_minus, post, down,
                    count)
            count += 1
        if count == size or observation + 1 == rasters.shape[0]:
            for i in wanted:
                for at in range(0, c.shape[1], WIDE):
                    change(c, i, at, count, pre, post, up, down, decay_c)
            count = 0


@compiled(inline='always')
def take_up(spikes, first, end, k, decay, gain, masks, effects, row):
    """
    Advance the traces of a layer by a tick (eq 4 or 5), and keep what they did before it.

    :param spikes: uint8; the layer's are those from ``first`` to ``end``.
    :param k: (columns,) float32, updated.
    :param masks: (ticks, words) uint64 whose ``row`` is overwritten with the spikes.
    :param effects: (ticks, columns) float32, likewise with gain k.
    """
    for at in range(0, k.size, WIDE):
        start = first + at
        if start + WIDE <= end:
            fired = lanes.load(spikes, start, WIDE) > 0
        else:
            fired = np.uint64(0)
            for j in range(start, end):
                fired |= np.uint64(spikes[j]) << np.uint64(j - start)
        masks[row, at // WIDE] = fired
        trace = lanes.load(k, at, WIDE)
        lanes.store(gain * trace, effects, row * k.size + at)
        decayed = decay * trace
        lanes.store(lanes.choose(fired, decayed + ONE, decayed), k, at)


@compiled(inline='always')
def change(c, i, at, ticks, pre, post, up, down, decay_c):
    """
    Change 64 eligibilities of a presynaptic neuron by the spikes of some ticks (eq 6).

    :param c: (rows, n columns) float32, updated in row ``i`` from column ``at`` on.
    :param pre: as :func:`take_up` left it, like the others.
    """
    value = lanes.load(c, i * c.shape[1] + at, WIDE)
    columns = down.shape[1]
    j = at % columns
    for tick in range(ticks):
        value = decay_c * value
        if (pre[tick, i // WIDE] >> np.uint64(i % WIDE)) & BIT:
            more = lanes.repeat(up[tick, i], WIDE)
            less = lanes.load(down, tick * columns + j, WIDE)
            value = value + (lanes.choose(post[tick, j // WIDE], more, ZERO) - less)
        elif up[tick, i] != ZERO:
            value = lanes.choose(post[tick, j // WIDE], value + up[tick, i], value)
    lanes.store(value, c, i * c.shape[1] + at)
