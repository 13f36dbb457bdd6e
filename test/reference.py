"""The network and r-STDP in plain numpy: what the kernels must equal."""

import math

import numpy as np


def ordered_sum(vector, matrix):
    """Sum ``vector[k] * matrix[k]`` over ascending k in float32, one row after another."""
    total = np.zeros(matrix.shape[1], np.float32)
    for k in range(len(vector)):
        total = total + vector[k] * matrix[k]
    return total


def blas_product(vector, matrix):
    """Sum in whatever order the linear algebra library likes."""
    return vector @ matrix


def infer(network, observation, product=ordered_sum):
    """Return Q-values and the spikes of both hidden layers, tick by tick."""
    w1, w2, w3 = network.weights
    alpha, beta, threshold = (np.float32(x) for x in
                              (network.alpha, network.beta, network.threshold))
    inputs = np.zeros(2 * len(observation), np.float32)
    for i, x in enumerate(np.asarray(observation, np.float32)):
        inputs[2 * i if x > 0 else 2 * i + 1] = abs(x)
    current = product(inputs, w1)
    u = [np.zeros(w.shape[1], np.float32) for w in network.weights]
    v = [np.zeros(w.shape[1], np.float32) for w in network.weights]
    spikes = ([], [])
    for _ in range(network.ticks):
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
