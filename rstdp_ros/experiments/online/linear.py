"""
Linear control of the cart-pole by the efforts that the network may choose from, +-10 N.

The command is 10 N sign(k . shown + k0 + m . past / 10 N), where ``shown`` is what the sensors
show and ``past`` the last commands, newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import hashlib
from typing import Any

import numpy as np

from rstdp_ros.support.compiling import compiled
from rstdp_ros.support.plain import Numbers
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.actuator import delivered, reach
from rstdp_ros.tasks.cartpole.physics import failed, NOMINAL_EFFORT, step
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.tasks.episodes import as_tuple
from rstdp_ros.tasks.sensors import sensed

# Number of values of a state, and of constants of a plant.
STATE, CONSTANTS = 4, 11
# Sensor values, and the constant.
INPUTS = STATE + 1


@compiled()
def run_linear(weights, starts, constants, actuators, sensors, commands):
    """
    Run one episode from each start, each on a plant of its own.

    :param weights: (4,) or (5 + m,) float64: of x, x', theta and theta' as shown, of 1, and of the
        last m commands over 10 N; only their direction matters.
    :param starts: (n, 4) float64 true states; constants (n, 11), actuators (n, 2) and sensors
        (n, 8) float64 as for :func:`rstdp_ros.tasks.episodes.run_batch`.
    :param commands: (n, max_steps) float64 to be filled, N.
    :return: (n,) int64, the numbers of steps, which are the returns.
    """
    steps = np.zeros(len(starts), np.int64)
    shown = np.empty(4)
    for i in range(len(starts)):
        state, plant = as_tuple(starts[i], STATE), as_tuple(constants[i], CONSTANTS)
        past = np.zeros(max(reach(actuators[i]), len(weights) - INPUTS))
        for t in range(commands.shape[1]):
            sensed(state, sensors[i], shown)
            lean = weights[4] if len(weights) > 4 else 0.0
            for j in range(4):
                lean += weights[j] * shown[j]
            for j in range(INPUTS, len(weights)):
                lean += weights[j] * past[j - INPUTS] / NOMINAL_EFFORT
            commands[i, t] = NOMINAL_EFFORT if lean > 0 else -NOMINAL_EFFORT
            effort = delivered(commands[i, t], past, actuators[i])
            state = step(state, effort, plant)
            steps[i] += 1
            if failed(state, plant):
                break
    return steps


def mean_steps(seeds: Sequence[int], physics: Any) -> Callable[[np.ndarray], float]:
    """
    Return a function that measures weights by their mean number of steps, fast for many.

    :param physics: as :class:`LinearControl`.
    """
    arguments = _arguments(seeds, physics)
    return lambda weights: run_linear(weights, *arguments).mean()


def _arguments(seeds: Sequence[int], physics: Any) -> tuple[np.ndarray, ...]:
    """Return all but the weights of :func:`run_linear`."""
    return (CARTPOLE.start_states(seeds), *CARTPOLE.rows(physics, len(seeds)),
            np.empty((len(seeds), CARTPOLE.max_episode_steps)))


class LinearControl:
    """
    A controller of the cart-pole that can be deployed like a network.

    :param weights: (4,) or (5 + m,), as for :func:`run_linear`.
    """

    def __init__(self, weights: Numbers) -> None:
        self.weights = np.ascontiguousarray(weights, np.float64)

    @property
    def digest(self) -> str:
        """SHA-256 over the weights as little-endian float64 bytes, in hex."""
        return hashlib.sha256(self.weights.astype('<f8').tobytes()).hexdigest()

    def returns(self, seeds: Sequence[int], physics: Any = None) -> np.ndarray:
        """
        Measure returns.

        :param physics: the plant, or one per seed; the task's default if None.
        :return: (n,) float64.
        """
        return run_linear(self.weights, *_arguments(seeds, physics)).astype(np.float64)

    def episode(self, seed: int, physics: Any = None) -> Trajectory:
        """Play one episode and keep joints and commands."""
        *arguments, commands = _arguments([seed], physics)
        steps = run_linear(self.weights, *arguments, commands)
        return CARTPOLE.trajectory(seed, physics, commands[0, :steps[0]])
