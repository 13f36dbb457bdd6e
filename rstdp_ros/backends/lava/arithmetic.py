"""The network's numbers in Lava's form, in floating or in fixed point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rstdp_ros.backends.lava.models import FLOAT32
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.fixed import MAX_THRESHOLD

# Above anything that the readout reaches: it never spikes.
NEVER = 1e30


class Parameters(NamedTuple):
    """
    A network in Lava's form.

    :param synapses: weights between the layers, (out, in) each.
    :param du: decay of u per tick; ``dv``: of v.
    :param thresholds: of the two hidden layers and the readout.
    """

    synapses: tuple[np.ndarray, ...]
    du: float
    dv: float
    thresholds: tuple[float, ...]


class Floating:
    """float32, bit-identical to the kernels."""

    tag = 'floating_pt'
    models = FLOAT32

    @staticmethod
    def parameters(network: SpikingQNetwork) -> Parameters:
        """Translate a network."""
        alpha, beta, threshold = (float(np.float32(value)) for value in network.neuron.membrane)
        # In double precision 1 - (1 - alpha) gives exactly alpha.
        return Parameters(_transposed(network.weights[1:]), 1.0 - alpha, 1.0 - beta,
                          (threshold, threshold, NEVER))

    @staticmethod
    def current(network: SpikingQNetwork, observation: np.ndarray) -> np.ndarray:
        """
        Return the constant input of the first hidden layer.

        :param observation: (n,) float32.
        :return: (h1,) float32.
        """
        w1 = network.weights[0]
        total = np.zeros(w1.shape[1], np.float32)
        for i, x in enumerate(observation):
            total += abs(x) * w1[2 * i if x > 0 else 2 * i + 1]
        return total

    @staticmethod
    def q_values(network: SpikingQNetwork, potentials: np.ndarray) -> np.ndarray:
        """Return the Q-values, (actions,) float32, for the readout's potentials."""
        return potentials.astype(np.float32)


class Fixed:
    """The chip's integers, by Lava's own bit-accurate models."""

    tag = 'fixed_pt'
    models = None

    @staticmethod
    def parameters(network: SpikingQNetwork) -> Parameters:
        """Translate a quantised network."""
        fixed = network.fixed
        return Parameters(_transposed(fixed.mantissas[1:]), fixed.du, fixed.dv,
                          (*fixed.thresholds, MAX_THRESHOLD))

    @staticmethod
    def current(network: SpikingQNetwork, observation: np.ndarray) -> np.ndarray:
        """
        Return the constant input of the first hidden layer.

        :param observation: (n,) float32.
        :return: (h1,) int32.
        """
        return network.fixed.current(observation)

    @staticmethod
    def q_values(network: SpikingQNetwork, potentials: np.ndarray) -> np.ndarray:
        """Return the Q-values, (actions,) float32, for the readout's potentials."""
        return network.fixed.q_values(potentials)


def arithmetic_of(network: SpikingQNetwork) -> type[Floating] | type[Fixed]:
    """Return a network's arithmetic."""
    return Fixed if network.quantized else Floating


def _transposed(weights: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(np.ascontiguousarray(w.T) for w in weights)
