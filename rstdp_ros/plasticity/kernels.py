"""The arithmetic of the eligibility trace, compiled by numba."""

import numpy as np

from rstdp_ros.support.compiling import compiled

ZERO = np.float32(0)


@compiled()
def accumulate(rasters, k_plus, k_minus, c, reset, decay_plus, decay_minus, decay_c, gain_plus,
               gain_minus):
    """
    Let the spikes of consecutive observations change the eligibility (eq 4-6).

    Within a tick c uses the traces from before the tick's spikes; then the traces take them up.

    :param rasters: (observations, T, pre + post) uint8 of 0 and 1.
    :param k_plus: (pre,) float32, updated; likewise k_minus (post,).
    :param c: (pre, post) float32, updated.
    :param reset: whether the traces start at zero for every observation.
    :param decay_plus: exp(-1 / tau_plus); likewise decay_minus. decay_c is 1 - 1 / tau_c.
    :param gain_plus: C A+; likewise gain_minus.
    """
    n_pre = k_plus.size
    post = np.empty(k_minus.size, np.float32)
    for observation in range(rasters.shape[0]):
        if reset:
            k_plus[:] = ZERO
            k_minus[:] = ZERO
        for tick in range(rasters.shape[1]):
            spikes = rasters[observation, tick]
            for j in range(post.size):
                post[j] = spikes[n_pre + j]
            for i in range(n_pre):
                potentiation = gain_plus * k_plus[i]
                depression = gain_minus * np.float32(spikes[i])
                row = c[i]
                for j in range(post.size):
                    row[j] = decay_c * row[j] + (
                        potentiation * post[j] - depression * k_minus[j])
            for i in range(n_pre):
                k_plus[i] = decay_plus * k_plus[i] + np.float32(spikes[i])
            for j in range(post.size):
                k_minus[j] = decay_minus * k_minus[j] + post[j]
