"""Whole acrobot episodes with a spiking policy, compiled: no Python per step."""

import numpy as np

from rstdp_ros.compiling import compiled
from rstdp_ros.snn.kernels import greedy, infer
from rstdp_ros.tasks.acrobot.physics import COMMAND, observe, step


@compiled()
def run_batch(starts, constants, w1, w2, w3, neuron, ticks, max_steps, rasters):
    """
    Run one greedy episode from each start.

    :param starts: (n, 4) float64 states.
    :param constants: from :meth:`AcrobotPhysics.constants`.
    :param ticks: T of the network.
    :param rasters: (n, max_steps, T, h1 + h2) uint8 to be filled, or (0, ...) to keep none.
    :return: returns (n,) float64, -1 for every step that does not reach the goal, and the numbers
        of steps (n,) int64.
    """
    returns, steps = np.zeros(len(starts)), np.zeros(len(starts), np.int64)
    observation = np.empty(6, np.float32)
    q = np.empty(w3.shape[1], w3.dtype)
    scratch = np.empty((ticks, w1.shape[1] + w2.shape[1]), np.uint8)
    for i in range(len(starts)):
        theta1, theta2, velocity1, velocity2 = starts[i]
        for t in range(max_steps):
            observe(theta1, theta2, velocity1, velocity2, observation)
            raster = rasters[i, t] if len(rasters) else scratch
            infer(observation, w1, w2, w3, neuron, raster, q)
            effort = (greedy(q) - 1) * COMMAND
            theta1, theta2, velocity1, velocity2, reached = step(
                theta1, theta2, velocity1, velocity2, effort, constants)
            steps[i] += 1
            if reached:
                break
            returns[i] -= 1.0
    return returns, steps
