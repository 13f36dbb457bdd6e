"""Eight bits for a trained network: choose the scales, and measure the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.rollout import roll_out

PLAIN = (1.0, 1.0, 1.0)
# Finer steps for the two hidden layers; a readout that saturates loses the Q-values.
SWEPT_LAYERS = (0, 1)
FINER = (1.25, 1.5, 2.0, 2.5, 3.0)
VALIDATION_STARTS = 1000
# Fraction of the return that may be lost before finer steps are tried.
TOLERATED_LOSS = 0.002
# Actions are compared step by step, which takes longer than whole compiled episodes.
WATCHED_EPISODES = 50


class Comparison(NamedTuple):
    """
    The effect of quantisation.

    :param agreement: fraction of the observations on which both choose the same action.
    :param observations: their number, in the float network's episodes.
    :param float_returns: (episodes,) of the float network, from the same starts as the others.
    :param returns: (episodes,) of the quantised one.
    """

    agreement: float
    observations: int
    float_returns: np.ndarray
    returns: np.ndarray

    @property
    def loss(self) -> float:
        """The loss of mean return, as a fraction of the float network's."""
        before = self.float_returns.mean()
        return float((before - self.returns.mean()) / abs(before))


def choose_factors(task: Task, network: SpikingQNetwork,
                   starts: int = VALIDATION_STARTS) -> tuple[float, ...]:
    """
    Choose the scales: plain ones or, if they lose too much, finer steps, layer after layer.

    :param starts: number of validation starts to judge by.
    :return: factors for :func:`rstdp_ros.snn.quantize`.
    :raises RstdpError: as :func:`rstdp_ros.snn.quantize`.
    """
    validation = seeds.block(seeds.VALIDATION, starts)

    def mean(factors: tuple[float, ...]) -> float:
        return float(task.returns(quantize(network, factors), validation).mean())

    float_mean = float(task.returns(network, validation).mean())
    enough = float_mean - TOLERATED_LOSS * abs(float_mean)
    means: dict[tuple[float, ...], float] = {PLAIN: mean(PLAIN)}
    for layer in SWEPT_LAYERS:
        best = max(means, key=means.get)
        if means[best] < enough:
            means |= {factors: mean(factors) for factors in _variants(best, layer)}
    return max(means, key=means.get)


def _variants(factors: tuple[float, ...], layer: int) -> list[tuple[float, ...]]:
    return [(*factors[:layer], finer, *factors[layer + 1:]) for finer in FINER]


def compare(task: Task, network: SpikingQNetwork, quantized: SpikingQNetwork,
            starts: Sequence[int]) -> Comparison:
    """
    Measure a quantised network against the float one.

    :param starts: seeds of the episodes; actions are compared on the observations of the first
        few.
    """
    plant, agreed, observations = task.make_plant(), 0, 0
    for seed in starts[:WATCHED_EPISODES]:
        for joints in roll_out(task, plant, network, seed).joints[:-1]:
            observation = task.robot.observation(*joints)
            agreed += network.infer(observation).action == quantized.infer(observation).action
            observations += 1
    return Comparison(agreed / observations, observations, task.returns(network, starts),
                      task.returns(quantized, starts))
