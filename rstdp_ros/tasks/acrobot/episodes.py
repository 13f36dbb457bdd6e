"""Whole acrobot episodes, compiled: no Python per step."""

import numpy as np

from rstdp_ros.compiling import compiled
from rstdp_ros.snn.kernels import greedy, infer
from rstdp_ros.tasks.acrobot.physics import as_tuple, COMMAND, observe, step
from rstdp_ros.tasks.actuator import delivered, reach
from rstdp_ros.tasks.sensors import sensed


@compiled()
def run_batch(starts, constants, actuators, sensors, w1, w2, w3, neuron, ticks, max_steps,
              rasters):
    """
    Run one greedy episode from each start, each on a plant of its own.

    :param starts: (n, 4) float64 true states.
    :param constants: (n, 10) float64, rows of :meth:`AcrobotPhysics.constants`; likewise
        actuators (n, 2) and sensors (n, 8).
    :param ticks: T of the network.
    :param rasters: (n, max_steps, T, h1 + h2) uint8 to be filled, or (0, ...) to keep none.
    :return: returns (n,) float64, -1 for every step that does not reach the goal, and the numbers
        of steps (n,) int64.
    """
    returns, steps = np.zeros(len(starts)), np.zeros(len(starts), np.int64)
    shown, observation = np.empty(4), np.empty(6, np.float32)
    q = np.empty(w3.shape[1], w3.dtype)
    scratch = np.empty((ticks, w1.shape[1] + w2.shape[1]), np.uint8)
    for i in range(len(starts)):
        theta1, theta2, velocity1, velocity2 = starts[i]
        plant, past = as_tuple(constants[i]), np.zeros(reach(actuators[i]))
        for t in range(max_steps):
            sensed((theta1, theta2, velocity1, velocity2), sensors[i], shown)
            observe(shown[0], shown[1], shown[2], shown[3], observation)
            raster = rasters[i, t] if len(rasters) else scratch
            infer(observation, w1, w2, w3, neuron, raster, q)
            effort = delivered((greedy(q) - 1) * COMMAND, past, actuators[i])
            theta1, theta2, velocity1, velocity2, reached = step(
                theta1, theta2, velocity1, velocity2, effort, plant)
            steps[i] += 1
            if reached:
                break
            returns[i] -= 1.0
    return returns, steps


@compiled()
def drive(starts, pasts, efforts, constants, actuators):
    """
    Let plants go on under commanded efforts, without sensors and without an end.

    :param starts: (n, 4) float64 true states.
    :param pasts: (n, k) float64, what was commanded before, newest first, as far as delays reach.
    :param efforts: (n, m) float64, as commanded, N m.
    :param constants: (n, 10) float64; likewise actuators (n, 2), as for :func:`run_batch`.
    :return: (n, m, 4) float64, the states after each of them.
    """
    states = np.empty((*efforts.shape, 4))
    for i in range(len(starts)):
        theta1, theta2, velocity1, velocity2 = starts[i]
        plant = as_tuple(constants[i])
        past = pasts[i, :reach(actuators[i])].copy()
        for t in range(efforts.shape[1]):
            effort = delivered(efforts[i, t], past, actuators[i])
            theta1, theta2, velocity1, velocity2, _ = step(
                theta1, theta2, velocity1, velocity2, effort, plant)
            states[i, t] = theta1, theta2, velocity1, velocity2
    return states
