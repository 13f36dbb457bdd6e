"""
Whole episodes of any task, compiled: no Python per step.

Below are templates: they call a task's own functions by the names of the first five here. There
is a copy of the loops for every task, in which these names mean that task's functions; numba then
compiles it as if it had been written for the task alone.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from rstdp_ros.snn.kernels import in_units, infer
from rstdp_ros.support.compiling import Kernel, overload, specialised
from rstdp_ros.tasks.actuator import delivered, reach
from rstdp_ros.tasks.sensors import sensed

STATE, CONSTANTS = 0, 0


def step(state, effort, constants):
    """
    Let the plant go on for one control period.

    :param state: a tuple of float.
    :param effort: what the actuator exerts, N or N m as commanded.
    :param constants: a tuple of float: of the plant, ``physics.constants()``.
    :return: the next state.
    """
    raise NotImplementedError('a task has it')


def ended(state, constants):
    """Return whether the episode is over in that state: succeeded or failed."""
    raise NotImplementedError('a task has it')


def reward(state, effort, end):
    """
    Return what a step is worth.

    :param state: in which the effort was commanded.
    :param effort: as commanded, N or N m.
    :param end: whether the step ended the episode.
    """
    raise NotImplementedError('a task has it')


def observe(shown, observation):
    """
    Write what the policy sees.

    :param shown: (state,) float64, what sensors show.
    :param observation: (n,) float32, overwritten.
    """
    raise NotImplementedError('a task has it')


def decode(q_values, efforts):
    """
    Return the effort that Q-values command, N or N m.

    :param q_values: (actions,) float32.
    :param efforts: (actions,) float64, what each action stands for.
    """
    raise NotImplementedError('a task has it')


def as_tuple(row, length):
    """Return an array as a tuple: compiled steps are faster with what has a length."""
    raise NotImplementedError('compiled code only')


@overload(as_tuple)
def _as_tuple(row, length):
    from numba.np.unsafe.ndarray import to_fixed_tuple
    return lambda row, length: to_fixed_tuple(row, length)


def run_batch(starts, constants, actuators, sensors, w1, w2, w3, neuron, unit, ticks,
              max_steps, efforts, rasters):
    """
    Run one greedy episode from each start, each on a plant of its own.

    :param starts: (n, state) float64 true states.
    :param constants: (n, constants) float64, a row per plant; likewise actuators (n, 2) and
        sensors (n, 2 state).
    :param unit: of its readout; ticks: its T.
    :param efforts: (actions,) float64, what each action stands for, N or N m.
    :param rasters: (n, max_steps, T, h1 + h2) uint8 to be filled, or (0, ...) to keep none.
    :return: returns (n,) float64 and the numbers of steps (n,) int64.
    """
    returns, steps = np.zeros(len(starts)), np.zeros(len(starts), np.int64)
    shown, observation = np.empty(STATE), np.empty(len(w1) // 2, np.float32)
    q, q_values = np.empty(efforts.size, w3.dtype), np.empty(efforts.size, np.float32)
    scratch = np.empty((ticks, w2.shape[0] + w3.shape[0]), np.uint8)
    for i in range(len(starts)):
        state, plant = as_tuple(starts[i], STATE), as_tuple(constants[i], CONSTANTS)
        past, total = np.zeros(reach(actuators[i])), 0.0
        for t in range(max_steps):
            sensed(state, sensors[i], shown)
            observe(shown, observation)
            infer(observation, w1, w2, w3, neuron, rasters[i, t] if len(rasters) else scratch, q)
            command = decode(in_units(q, unit, q_values), efforts)
            following = step(state, delivered(command, past, actuators[i]), plant)
            end = ended(following, plant)
            total += reward(state, command, end)
            steps[i] += 1
            state = following
            if end:
                break
        returns[i] = total
    return returns, steps


def drive(starts, pasts, efforts, constants, actuators):
    """
    Let plants go on under commanded efforts, without sensors and without an end.

    :param starts: (n, state) float64 true states.
    :param pasts: (n, k) float64, what was commanded before, newest first, as far as delays reach.
    :param efforts: (n, m) float64, as commanded, N or N m.
    :param constants: (n, constants) float64; likewise actuators (n, 2), as for :func:`run_batch`.
    :return: (n, m, state) float64, the states after each of them.
    """
    states = np.empty((*efforts.shape, STATE))
    for i in range(len(starts)):
        state, plant = as_tuple(starts[i], STATE), as_tuple(constants[i], CONSTANTS)
        past = pasts[i, :reach(actuators[i])].copy()
        for t in range(efforts.shape[1]):
            state = step(state, delivered(efforts[i, t], past, actuators[i]), plant)
            for k in range(STATE):
                states[i, t, k] = state[k]
    return states


def commands(q_values, efforts):
    """
    Return what Q-values command.

    :param q_values: (n, actions) float32.
    :param efforts: (actions,) float64, what each action stands for, N or N m.
    :return: (n,) float64, N or N m.
    """
    decoded = np.empty(len(q_values))
    for i in range(len(q_values)):
        decoded[i] = decode(q_values[i], efforts)
    return decoded


class Episodes(NamedTuple):
    """The loops of one task."""

    run_batch: Kernel
    drive: Kernel
    commands: Kernel


@cache
def episodes_of(state: int, constants: int, **functions: Kernel) -> Episodes:
    """
    Return the loops with a task's functions in them.

    :param state: number of values of a state; ``constants``: of a plant's constants.
    :param functions: step, ended, reward, observe and decode.
    """
    return Episodes(*(specialised(template, STATE=state, CONSTANTS=constants, **functions)
                      for template in (run_batch, drive, commands)))
