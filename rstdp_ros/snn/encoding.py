"""Two-neuron encoding of signed observations (Akl et al. 2022, section 2.3)."""

import numpy as np


def encode(observation: np.ndarray) -> np.ndarray:
    """
    Split each value into a positive and a negative input, interleaved.

    Value i feeds input 2i with max(x, 0) and input 2i + 1 with max(-x, 0), one of which is 0. The
    kernels do the same on the fly; this function is for training and for other readers.

    :param observation: (..., n) float32.
    :return: (..., 2n) float32.
    """
    observation = np.asarray(observation, dtype=np.float32)
    pairs = np.stack((np.maximum(observation, 0), np.maximum(-observation, 0)), axis=-1)
    return pairs.reshape(*observation.shape[:-1], 2 * observation.shape[-1])
