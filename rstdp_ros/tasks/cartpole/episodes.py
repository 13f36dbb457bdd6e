"""Whole cart-pole episodes, compiled: no Python per step."""

import numpy as np

from rstdp_ros.compiling import compiled
from rstdp_ros.snn.kernels import greedy, infer
from rstdp_ros.tasks.actuator import delivered, reach
from rstdp_ros.tasks.cartpole.physics import as_tuple, COMMAND, step
from rstdp_ros.tasks.sensors import sensed


@compiled()
def run_batch(starts, constants, actuators, sensors, w1, w2, w3, neuron, ticks, max_steps,
              rasters):
    """
    Run one greedy episode from each start, each on a plant of its own.

    :param starts: (n, 4) float64 true states.
    :param constants: (n, 11) float64, rows of :meth:`CartPolePhysics.constants`; likewise
        actuators (n, 2) and sensors (n, 8).
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
        plant, past = as_tuple(constants[i]), np.zeros(reach(actuators[i]))
        for t in range(max_steps):
            sensed((x, x_dot, theta, theta_dot), sensors[i], observation)
            raster = rasters[i, t] if len(rasters) else scratch
            infer(observation, w1, w2, w3, neuron, raster, q)
            command = COMMAND if greedy(q) == 1 else -COMMAND
            effort = delivered(command, past, actuators[i])
            x, x_dot, theta, theta_dot, terminated = step(
                x, x_dot, theta, theta_dot, effort, plant)
            steps[i] += 1
            if terminated:
                break
    return steps.astype(np.float64), steps


@compiled()
def drive(starts, pasts, efforts, constants, actuators):
    """
    Let plants go on under commanded efforts, without sensors and without an end.

    :param starts: (n, 4) float64 true states.
    :param pasts: (n, k) float64, what was commanded before, newest first, as far as delays reach.
    :param efforts: (n, m) float64, as commanded, N.
    :param constants: (n, 11) float64; likewise actuators (n, 2), as for :func:`run_batch`.
    :return: (n, m, 4) float64, the states after each of them.
    """
    states = np.empty((*efforts.shape, 4))
    for i in range(len(starts)):
        x, x_dot, theta, theta_dot = starts[i]
        plant = as_tuple(constants[i])
        past = pasts[i, :reach(actuators[i])].copy()
        for t in range(efforts.shape[1]):
            effort = delivered(efforts[i, t], past, actuators[i])
            x, x_dot, theta, theta_dot, _ = step(x, x_dot, theta, theta_dot, effort, plant)
            states[i, t] = x, x_dot, theta, theta_dot
    return states
