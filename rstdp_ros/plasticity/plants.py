"""What returns say if the robot resembles one of a library's plants: Bayes' rule."""

from __future__ import annotations

import math

import numpy as np

from rstdp_ros.plasticity.library import Library
from rstdp_ros.plasticity.tried import place_of, Tried

# Standard deviations of the logarithm of returns: how far a plant's own mean may lie from the
# nearest one in the library, and the least scatter of one network's returns.
DISCREPANCY, LEAST_NOISE = 0.15, 0.1
# Instead of zero.
TINY = 1e-9
# For returns that no plant of the library explains: anything is possible.
STRANGE, STRANGE_NOISE = 0.8, 0.5
# The prior probability that none of them explains the robot.
STRANGER = 0.05


class PlantBelief:
    """
    A mixture over the plants of a library, given some returns.

    On plant p the mean return of vector i is normal around the library's, m_pi, with standard
    deviation ``DISCREPANCY``, independent for each vector, and returns scatter around it as in the
    library. So everything has a closed form (conjugate normals; Murphy 2007), and plants are
    weighted by the evidence of all returns.

    :param library: of the network.
    :param tried: points of the library only.
    :ivar points: (n, size) the points to compare, the library's; mean: (n,) of their mean returns.
    :ivar degrees: of freedom of the noise, from library and returns.
    :ivar strangeness: logarithm of the odds that none of the plants is the robot's.
    """

    def __init__(self, library: Library, tried: Tried) -> None:
        self.library, self.tried, self.points = library, tried, library.points
        self.degrees = library.starts + float(tried.counts.sum()) - 1.0
        places = [place_of(point, library.points) for point in tried.points]
        noise = np.maximum(library.spreads, LEAST_NOISE)
        means, variances = library.means.copy(), np.full(library.means.shape, DISCREPANCY ** 2)
        total, signal = noise[:, places] ** 2, DISCREPANCY ** 2
        of_mean = signal + total / tried.counts
        residuals = tried.means - library.means[:, places]
        means[:, places] += signal / of_mean * residuals
        variances[:, places] = signal * (1.0 - signal / of_mean)
        evidence = log_evidence(tried, residuals, signal, total).sum(1)
        most = evidence.max()
        weights = np.exp(evidence - most)
        strange = log_evidence(tried, tried.means - library.means.mean(), STRANGE ** 2,
                               STRANGE_NOISE ** 2).sum()
        self.strangeness = strange - most - math.log(weights.mean()) + math.log(
            STRANGER / (1.0 - STRANGER))
        self.weights = weights / weights.sum()
        self._means, self._variances, self._noise = means, variances, noise
        self.mean = self.weights @ means

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the mean return of each point, both (n,)."""
        return tuple(np.array([self._at(place_of(point, self.points)) for point in points]).T)

    def _at(self, place: int | None) -> tuple[float, float]:
        if place is None:
            return self.library.means.mean(), STRANGE
        apart = self._means[:, place] - self.mean[place]
        return self.mean[place], (self.weights @ (self._variances[:, place] + apart ** 2)) ** 0.5

    def noise(self, levels: np.ndarray) -> np.ndarray:
        """Return the standard deviation of a return at each level of the mean return, (n,)."""
        nearest = np.abs(self.mean - levels[:, np.newaxis]).argmin(1)
        return np.sqrt(self.weights @ self._noise[:, nearest] ** 2)

    def prospects(self, reference: int) -> tuple[np.ndarray, np.ndarray]:
        """
        Return what each point may gain and lose, in mean return, relative to one of them.

        Uncertainty counts too: the library's means have standard errors.

        :return: expected gain and expected loss, both (n,) and not negative.
        """
        errors = self.library.errors
        apart = self._means - self._means[:, [reference]]
        doubts = np.hypot(errors, errors[:, [reference]])
        doubts[:, reference] = 0.0
        gains = excess(apart, doubts)
        return self.weights @ gains, self.weights @ (gains - apart)


def excess(means: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return the expectation of the positive part of normal variables."""
    from scipy.special import ndtr
    scores = means / np.maximum(deviations, TINY)
    density = np.exp(-0.5 * scores ** 2) / math.sqrt(2.0 * math.pi)
    return means * ndtr(scores) + deviations * density


def log_evidence(tried: Tried, residuals: np.ndarray, signal: float, noise: np.ndarray | float
                 ) -> np.ndarray:
    """
    Return the log probability of each point's returns, up to a constant.

    :param residuals: (..., n) means of the returns minus their expected values.
    :param signal: variance of the mean return.
    :param noise: (..., n) variance of a return around it.
    """
    counts = tried.counts
    of_sum = noise + counts * signal
    return -0.5 * ((counts - 1.0) * np.log(noise) + np.log(of_sum) + tried.squares / noise
                   + counts * residuals ** 2 / of_sum)
