"""Eligibilities of all layers of a spiking network, for an error at its output."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rstdp_ros.snn import SpikingQNetwork

# Of the surrogate derivative 1 / (1 + SLOPE |v - threshold|)^2, as in training.
SLOPE = 10.0


class Seen(NamedTuple):
    """
    The steps of an episode.

    :param observations: (steps, n) float32.
    :param rasters: (steps, T, h1 + h2) uint8.
    :param actions: (steps,) indices; ``q``: (steps, actions).
    """

    observations: np.ndarray
    rasters: np.ndarray
    actions: np.ndarray
    q: np.ndarray


class Feedback(NamedTuple):
    """
    Fixed random weights from the output to hidden neurons, in place of the network's own.

    :param first: (actions, h1); ``second``: (actions, h2).
    """

    first: np.ndarray
    second: np.ndarray

    @classmethod
    def drawn(cls, network: SpikingQNetwork, generator: np.random.Generator) -> Feedback:
        """Draw them as large as the network's own."""
        _, w2, w3 = network.weights
        own = (w2 @ w3).T, w3.T
        return cls(*(generator.standard_normal(w.shape) * w.std() for w in own))


def gradients(network: SpikingQNetwork, seen: Seen, credit: np.ndarray, temperature: float,
              feedback: Feedback | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the credited sum of every synapse's eligibility.

    At the output the error is "the action taken minus those expected", a softmax of Q-values. A
    synapse's eligibility is its presynaptic trace (spikes filtered by the postsynaptic neuron's
    current and membrane) times the surrogate derivative there times the error as fed back. The
    paths through later spikes of the same neuron are left out, as in e-prop.

    :param credit: (steps,).
    :param feedback: None for the exact one, through the network's own weights.
    :return: of the shapes of W1, W2, W3.
    """
    w1, w2, w3 = network.weights
    alpha, beta, threshold = network.neuron.membrane
    spikes = seen.rasters.astype(np.float32)
    first, second = spikes[:, :, :w1.shape[1]], spikes[:, :, w1.shape[1]:]
    # How much of a spike at each tick is in the readout after the last one.
    weight = filtered(np.ones((1, 1, 1)) * _impulse(spikes.shape[1]), alpha, beta)[0, ::-1, 0]

    expected = np.exp((seen.q - seen.q.max(1, keepdims=True)) / temperature)
    error = -expected / expected.sum(1, keepdims=True)
    error[np.arange(len(error)), seen.actions] += 1.0
    error *= credit[:, np.newaxis]
    change3 = np.einsum('ntk,t,na->ka', second, weight, error)

    heard2 = error @ (w3.T if feedback is None else feedback.second)
    slopes2 = _slopes(first @ w2, second, alpha, beta, threshold)
    sent2 = slopes2 * weight[:, np.newaxis] * heard2[:, np.newaxis]
    change2 = np.einsum('nti,ntk->ik', filtered(first, alpha, beta), sent2, optimize=True)

    inputs = _encoded(seen.observations)
    current = np.repeat((inputs @ w1)[:, np.newaxis], spikes.shape[1], axis=1)
    constant = filtered(np.ones((1, spikes.shape[1], 1)), alpha, beta)[0]
    slopes1 = (_slopes(current, first, alpha, beta, threshold) * constant).sum(1)
    heard1 = (np.einsum('ntk,ik->ni', sent2, w2, optimize=True) if feedback is None
              else error @ feedback.first)
    return inputs.T @ (slopes1 * heard1), change2, change3


def filtered(inputs: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Pass (n, T, neurons) through a neuron's current and membrane, without spikes."""
    u = v = np.zeros_like(inputs[:, 0])
    result = np.empty_like(inputs)
    for tick in range(inputs.shape[1]):
        u = alpha * u + inputs[:, tick]
        v = beta * v + u
        result[:, tick] = v
    return result


def _slopes(inputs: np.ndarray, spikes: np.ndarray, alpha: float, beta: float,
            threshold: float) -> np.ndarray:
    """Return surrogate derivatives, of neurons that are known to spike so."""
    u = v = np.zeros_like(inputs[:, 0])
    result = np.empty_like(inputs)
    for tick in range(inputs.shape[1]):
        u = alpha * u + inputs[:, tick]
        v = beta * v + u
        result[:, tick] = 1.0 / (1.0 + SLOPE * np.abs(v - threshold)) ** 2
        v = np.where(spikes[:, tick] > 0, 0.0, v)
    return result


def _impulse(ticks: int) -> np.ndarray:
    return (np.arange(ticks) == 0).astype(float)[:, np.newaxis]


def _encoded(observations: np.ndarray) -> np.ndarray:
    """Return the currents into the two input neurons of each value."""
    inputs = np.zeros((len(observations), 2 * observations.shape[1]), np.float32)
    inputs[:, 0::2], inputs[:, 1::2] = observations.clip(0.0), -observations.clip(max=0.0)
    return inputs
