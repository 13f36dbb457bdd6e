"""What returns say about tried and untried points: a Gaussian process."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rstdp_ros.plasticity.tried import Tried

# How often the noise is re-estimated from the process with the previous noise.
ROUNDS = 2
# The assumed noise counts as this many returns; levels this fraction of the spread apart are
# treated as different.
ASSUMED_RETURNS, LEVEL_WIDTH = 3.0, 0.2


class Prior(Protocol):
    """
    What is known of mean returns before any episode.

    :ivar spread: standard deviation of the mean returns of different points.
    :ivar noise: standard deviation of the returns of one point.
    """

    spread: float
    noise: float

    def mean(self, points: np.ndarray) -> np.ndarray:
        """Return (n,) of (n, size)."""

    def covariance(self, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Return (n, m) of (n, size) and (m, size)."""

    def variance(self, points: np.ndarray) -> np.ndarray:
        """Return the diagonal of the covariance, (n,)."""


class FlatPrior:
    """
    No point is better than another, and nearby points are alike.

    :param level: the mean everywhere.
    :param spread: as in :class:`Prior`, like noise.
    :param length: distance over which points are alike, in log gains.
    """

    def __init__(self, level: float, spread: float, noise: float, length: float) -> None:
        self.level, self.spread, self.noise, self.length = level, spread, noise, length

    def mean(self, points: np.ndarray) -> np.ndarray:
        """Return the same everywhere."""
        return np.full(len(points), self.level)

    def covariance(self, ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Return the squared exponential of the distance."""
        squared = ((ours[:, np.newaxis] - theirs) ** 2).sum(-1)
        return self.spread ** 2 * np.exp(-0.5 * squared / self.length ** 2)

    def variance(self, points: np.ndarray) -> np.ndarray:
        """Return the same everywhere."""
        return np.full(len(points), self.spread ** 2)


class Belief:
    """
    A Gaussian process given some returns (Rasmussen and Williams 2006, algorithm 2.1).

    Noise differs: a network that always reaches the end returns the same every time, one that
    falls early or late does not. So the variance of a return is estimated for each level of the
    mean return, from all points near that level and from the assumed noise.

    :param prior: what is known beforehand.
    :param tried: at least one point.
    :ivar mean: (n,) of the mean returns of the tried points; covariance: (n, n) of them.
    :ivar degrees: of freedom of the noise.
    """

    def __init__(self, prior: Prior, tried: Tried) -> None:
        self.prior, self.tried = prior, tried
        self.degrees = ASSUMED_RETURNS + float(tried.counts.sum()) - 1.0
        signal = prior.covariance(tried.points, tried.points)
        residuals = tried.means - prior.mean(tried.points)
        variances = np.full(len(tried), prior.noise ** 2)
        for _ in range(ROUNDS):
            inverse = np.linalg.inv(signal + np.diag(variances / tried.counts))
            weights = inverse @ residuals
            self._levels = prior.mean(tried.points) + signal @ weights
            # Squared leave-one-out errors over their expected values (ibid., 5.12).
            misses = weights ** 2 / np.diag(inverse)
            self._squares = variances * misses + tried.squares
            variances = self.noise(self._levels) ** 2
        self._factor = np.linalg.cholesky(signal + np.diag(variances / tried.counts))
        self._scores = np.linalg.solve(self._factor, residuals)
        self.mean, self.covariance = self._posterior(tried.points, signal)

    def noise(self, levels: np.ndarray) -> np.ndarray:
        """Return the standard deviation of a return at each level of the mean return, (n,)."""
        prior = self.prior
        apart = (levels[:, np.newaxis] - self._levels) / (LEVEL_WIDTH * prior.spread)
        alike = np.exp(-0.5 * apart ** 2)
        return np.sqrt((ASSUMED_RETURNS * prior.noise ** 2 + alike @ self._squares)
                       / (ASSUMED_RETURNS + alike @ self.tried.counts))

    def _posterior(self, points: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Condition the prior (co)variance of points, (n, n) or (n,)."""
        across = np.linalg.solve(self._factor, self.prior.covariance(self.tried.points, points))
        known = across.T @ across if prior.ndim == 2 else (across ** 2).sum(0)
        return self.prior.mean(points) + across.T @ self._scores, prior - known

    def at(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the mean return of each point, both (n,)."""
        mean, variance = self._posterior(points, self.prior.variance(points))
        return mean, np.sqrt(np.maximum(variance, 0.0))

    def differences(self, reference: int) -> tuple[np.ndarray, np.ndarray]:
        """
        Compare the tried points with one of them.

        :return: means and standard deviations of the differences of mean returns, both (n,).
        """
        own = np.diag(self.covariance)
        variance = own + own[reference] - 2.0 * self.covariance[reference]
        return self.mean - self.mean[reference], np.sqrt(np.maximum(variance, 0.0))
