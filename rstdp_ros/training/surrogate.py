"""
Q-values of batches, and their gradient by a surrogate for the derivative of a spike.

Forwards a neuron fires if x = v - threshold is above 0; backwards its slope is that of the fast
sigmoid of Zenke and Ganguli (2018), "SuperSpike": ``1 / (1 + 10 |x|)^2``. No gradient flows
through the reset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rstdp_ros.snn import Neuron
from rstdp_ros.snn.layout import laid_out, widened
from rstdp_ros.training import kernels

HUBER = 'huber'


def q_values(weights: Sequence[np.ndarray], neuron: Neuron,
             observations: np.ndarray) -> np.ndarray:
    """
    Present a batch of observations.

    :param weights: W1, W2, W3, float32.
    :param observations: (batch, n) float32.
    :return: (batch, actions) float32, with the bits of :meth:`SpikingQNetwork.q_values`.
    """
    q = np.empty((len(observations), weights[2].shape[1]), np.float32)
    kernels.q_values(observations, *laid_out(weights), neuron.constants, neuron.ticks, q)
    return q


def gradient(weights: Sequence[np.ndarray], neuron: Neuron, observations: np.ndarray,
             actions: np.ndarray, goals: np.ndarray,
             loss: str) -> tuple[float, tuple[np.ndarray, ...]]:
    """
    Compute the mean loss of Q-values that ought to be others, and its gradient.

    :param observations: (batch, n) float32; actions (batch,) int64; goals (batch,) float32.
    :param loss: 'huber', with the square within +-1, or 'mse'.
    :return: the loss, and the gradients of W1, W2 and W3.
    """
    w1, w2, w3 = laid_out(weights)
    slopes = [np.empty_like(w) for w in (w1, w2, w3)]
    mean = kernels.gradient(observations, actions, goals, loss == HUBER, w1, w2, w3,
                            widened(weights[1].T), neuron.constants, neuron.ticks, *slopes)
    return mean, tuple(np.ascontiguousarray(d[:, :w.shape[1]]) for d, w in zip(slopes, weights))

