"""Made-up networks."""

import numpy as np

from rstdp_ros.snn import Neuron, SpikingQNetwork


def random_network(seed, sizes=(8, 64, 64, 2), ticks=8, threshold=0.5):
    """Make a network whose neurons spike neither always nor never."""
    generator = np.random.default_rng(seed)
    stds = (2.0, 1.5 / np.sqrt(sizes[1]), 1.0 / np.sqrt(sizes[2]))
    weights = [generator.normal(0, std, shape) for std, shape in
               zip(stds, zip(sizes, sizes[1:]))]
    efforts = (-10.0, 10.0) if sizes[-1] == 2 else (-1.0, 0.0, 1.0)
    return SpikingQNetwork(weights, Neuron(0.8, 0.8, threshold, ticks), 'cartpole', efforts)


def with_w2(network, w2, **changes):
    """Return the network with another W2."""
    w1, _, w3 = network.weights
    return network.replace(weights=(w1, w2, w3), **changes)
