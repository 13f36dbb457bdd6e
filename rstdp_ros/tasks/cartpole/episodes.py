"""Whole cart-pole episodes with a spiking policy, compiled: no Python per step."""

import numpy as np

from rstdp_ros.compiling import compiled
from rstdp_ros.snn.kernels import greedy, infer
from rstdp_ros.tasks.cartpole.physics import COMMAND, step


@compiled()
def run_batch(starts, constants, w1, w2, w3, neuron, ticks, max_steps, rasters):
    """
    Run one greedy episode from each start.

    :param starts: (n, 4) float64 states.
    :param constants: from :meth:`CartPolePhysics.constants`.
    :param ticks: T of the network.
    :param rasters: (n, max_steps, T, h1 + h2) uint8 to be filled, or (0, ...) to keep none.
    :return: returns (n,) float64, +1 per step, and the numbers of steps (n,) int64.
    """
    steps = np.zeros(len(starts), np.int64)
    observation = np.empty(4, np.float32)
    q = np.empty(w3.shape[1], w3.dtype)
    scratch = np.empty((ticks, w1.shape[1] + w2.shape[1]), np.uint8)
    for i in range(len(starts)):
        x, x_dot, theta, theta_dot = starts[i]
        for t in range(max_steps):
            observation[0], observation[1] = x, x_dot
            observation[2], observation[3] = theta, theta_dot
            raster = rasters[i, t] if len(rasters) else scratch
            infer(observation, w1, w2, w3, neuron, raster, q)
            effort = COMMAND if greedy(q) == 1 else -COMMAND
            x, x_dot, theta, theta_dot, terminated = step(
                x, x_dot, theta, theta_dot, effort, constants)
            steps[i] += 1
            if terminated:
                break
    return steps.astype(np.float64), steps
