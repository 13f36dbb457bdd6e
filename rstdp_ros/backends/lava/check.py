"""Lava against the cpu backend: spikes, Q-values and r-STDP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rstdp_ros.backends.lava.backend import LavaBackend
from rstdp_ros.backends.lava.client import LavaProcess
from rstdp_ros.backends.lava.lesson import make_lesson
from rstdp_ros.plasticity import RSTDP
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.quantize import quantize
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.rollout import roll_out

# Our rule computes in float32, Lava's in float64: the allowed difference, as a fraction of the
# largest change of a weight.
LEARNING_TOLERANCE = 1e-5
LESSON_OBSERVATIONS = 20
LESSON_TIMEOUT = 300.0
# Poor in either task, so that any network has something to learn.
LESSON_RETURN = -100.0


class Finding(NamedTuple):
    """The outcome of one comparison."""

    what: str
    passed: bool
    detail: str

    def __str__(self) -> str:
        """One line for people."""
        return f'[{" ok " if self.passed else "FAIL"}] {self.what}: {self.detail}'


def compare(task: Task, network: SpikingQNetwork, count: int, seed: int,
            progress: Callable[[str], None]) -> Iterator[Finding]:
    """
    Compare inference in both arithmetics, with weights changed at run time, and learning.

    :param count: the number of observations.
    :param seed: of the first of their episodes.
    :param progress: called with what is being done.
    """
    progress('collecting observations')
    observations = episode_observations(task, network, count, seed)
    rule, rasters = _experience(task, network, seed)
    change = rule.weight_change(LESSON_RETURN)
    networks = [network]
    if not network.quantized:
        w1, w2, w3 = network.weights
        learned = network.replace(weights=(w1, w2 + change, w3))
        networks += [learned, quantize(network), quantize(learned)]
    backend = LavaBackend(networks[0])
    try:
        for each in networks:
            backend.load(each)
            yield _inference(backend, observations, progress)
    finally:
        backend.close()
    progress('learning on Lava')
    process = LavaProcess()
    try:
        lesson = make_lesson(rule, network.weights[1], rasters, LESSON_RETURN)
        yield _learning(change, process.ask(lesson, LESSON_TIMEOUT) - network.weights[1],
                        len(rasters))
    finally:
        process.close()


def episode_observations(task: Task, network: SpikingQNetwork, count: int,
                         seed: int) -> np.ndarray:
    """
    Return the first observations of greedy episodes on the demo's changed plant.

    :param seed: of the first episode; the next ones count up.
    :return: (count, n) float32.
    """
    plant = task.make_plant()
    seen: list[np.ndarray] = []
    plant.set_physics(task.make_physics(task.demo_physics))
    while len(seen) < count:
        *poses, _ = roll_out(task, plant, network, seed).joints
        seen += [task.robot.observation(*pose) for pose in poses]
        seed += 1
    return np.array(seen[:count], np.float32)


def _experience(task: Task, network: SpikingQNetwork, seed: int) -> tuple[RSTDP, np.ndarray]:
    """Let the rule see the start of an episode."""
    physics = task.make_physics(task.demo_physics)
    rasters = task.episode(network, seed, physics).rasters[:LESSON_OBSERVATIONS]
    rule = RSTDP(network)
    rule.begin_episode()
    rule.observe_rasters(rasters)
    return rule, rasters


def _inference(backend: LavaBackend, observations: np.ndarray,
               progress: Callable[[str], None]) -> Finding:
    network = backend.network
    kind = 'fixed point' if network.quantized else 'floating point'
    spikes = values = 0
    for i, observation in enumerate(observations):
        progress(f'{kind}: observation {i} of {len(observations)}')
        ours, theirs = network.infer(observation), backend.infer(observation)
        spikes += not np.array_equal(ours.raster, theirs.raster)
        values += ours.q_values.tobytes() != theirs.q_values.tobytes()
    return Finding(f'{kind}, weights {network.digest[:8]}', not spikes and not values,
                   f'of {len(observations)} observations {spikes} differ in spikes, {values} in '
                   'a bit of the Q-values')


def _learning(ours: np.ndarray, theirs: np.ndarray, observations: int) -> Finding:
    largest = float(np.abs(ours).max())
    difference = float(np.abs(ours - theirs).max())
    return Finding('r-STDP', 0.0 < largest and difference <= LEARNING_TOLERANCE * largest,
                   f'after {observations} observations weights have changed by up to '
                   f'{largest:.2g}, on Lava by {difference:.1e} otherwise')
