"""The network and r-STDP in plain numpy, which the kernels must equal."""

import math

import numpy as np


def ordered_sum(vector, matrix):
    """Sum ``vector[k] * matrix[k]`` over ascending k in float32, one row after another."""
    total = np.zeros(matrix.shape[1], np.float32)
    for k in range(len(vector)):
        total = total + vector[k] * matrix[k]
    return total


def blas_product(vector, matrix):
    """Sum in the order of the linear algebra library."""
    return vector @ matrix


def infer(network, observation, product=ordered_sum):
    """Return Q-values and the spikes of both hidden layers, tick by tick."""
    w1, w2, w3 = network.weights
    alpha, beta, threshold = (np.float32(x) for x in
                              network.neuron.membrane)
    inputs = np.zeros(2 * len(observation), np.float32)
    for i, x in enumerate(np.asarray(observation, np.float32)):
        inputs[2 * i if x > 0 else 2 * i + 1] = abs(x)
    current = product(inputs, w1)
    u = [np.zeros(w.shape[1], np.float32) for w in network.weights]
    v = [np.zeros(w.shape[1], np.float32) for w in network.weights]
    spikes = ([], [])
    for _ in range(network.neuron.ticks):
        total = current
        for layer in (0, 1):
            u[layer] = alpha * u[layer] + total
            v[layer] = beta * v[layer] + u[layer]
            fired = v[layer] > threshold
            v[layer] = np.where(fired, np.float32(0), v[layer])
            spikes[layer].append(fired.astype(np.uint8))
            total = product(fired.astype(np.float32), (w2, w3)[layer])
        u[2] = alpha * u[2] + total
        v[2] = beta * v[2] + u[2]
    return v[2], tuple(np.array(layer) for layer in spikes)


def eligibility(episode, parameters, amplitude_plus, amplitude_minus):
    """
    Follow eq 4-6 synapse by synapse in float64.

    :param episode: list of (pre, post) spikes per observation.
    """
    n_pre, n_post = episode[0][0].shape[1], episode[0][1].shape[1]
    c = np.zeros((n_pre, n_post))
    k_plus, k_minus = np.zeros(n_pre), np.zeros(n_post)
    for pre, post in episode:
        if parameters.reset_traces:
            k_plus, k_minus = np.zeros(n_pre), np.zeros(n_post)
        for s_pre, s_post in zip(pre.astype(float), post.astype(float)):
            change = (amplitude_plus * np.outer(k_plus, s_post)
                      - amplitude_minus * np.outer(s_pre, k_minus))
            c = c - c / parameters.tau_c + parameters.eligibility_gain * change
            k_plus = k_plus * math.exp(-1 / parameters.tau_plus) + s_pre
            k_minus = k_minus * math.exp(-1 / parameters.tau_minus) + s_post
    return c


def toward_zero(x, factor):
    """Multiply by factor / 4096 and drop the fraction, in int64."""
    product = x * factor
    return np.sign(product) * (np.abs(product) >> 12)


def input_current(network, observation):
    """Return the integer current into hidden 1 of a quantised network."""
    total = np.zeros(network.sizes[1], np.int64)
    for i, x in enumerate(np.asarray(observation, np.float32)):
        scaled = np.float64(abs(x)) * 4096
        magnitude = int(np.rint(scaled)) if scaled < 2**24 - 1 else 2**24 - 1
        total += magnitude * network.integers[0][2 * i if x > 0 else 2 * i + 1].astype(np.int64)
    return np.clip(total >> 12, 1 - 2**15, 2**15 - 1)


def infer_fixed(network, observation):
    """Return the readout's integer potentials and the spikes of a quantised network."""
    matrices = [w.astype(np.int64) for w in network.integers]
    keep_u = 4096 - round(4096 * (1 - network.neuron.alpha))
    keep_v = 4096 - round(4096 * (1 - network.neuron.beta))
    u = [np.zeros(w.shape[1], np.int64) for w in matrices]
    v = [np.zeros(w.shape[1], np.int64) for w in matrices]
    spikes = ([], [])
    for _ in range(network.neuron.ticks):
        total = input_current(network, observation)
        for layer in range(3):
            new = toward_zero(u[layer], keep_u) + total * 64
            new = np.where(new > 2**23, new - 2**24, new)
            u[layer] = np.where(new <= -2**23, new + 2**24, new)
            v[layer] = np.clip(toward_zero(v[layer], keep_v) + u[layer], 1 - 2**23, 2**23 - 1)
            if layer < 2:
                fired = v[layer] > 64 * round(network.neuron.threshold * network.scales[layer])
                v[layer][fired] = 0
                spikes[layer].append(fired.astype(np.uint8))
                total = fired.astype(np.int64) @ matrices[layer + 1]
    return v[2], tuple(np.array(layer) for layer in spikes)
