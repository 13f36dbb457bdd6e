"""The points tried on the current plant, and their returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from rstdp_ros.support.errors import RstdpError


class Tried:
    """
    Points, and for each the number, mean and scatter of its returns.

    :param size: numbers per point.
    :ivar points: (n, size) float64.
    :ivar counts: (n,) numbers of returns.
    :ivar means: (n,) mean returns.
    :ivar squares: (n,) sums of the squared deviations from the mean.
    """

    def __init__(self, size: int) -> None:
        self.points = np.empty((0, size))
        self.counts, self.means, self.squares = np.empty((3, 0))

    def __len__(self) -> int:
        """Count the points."""
        return len(self.points)

    def index(self, point: np.ndarray) -> int | None:
        """Return the index of a point; None if it was not tried."""
        return place_of(point, self.points)

    def add(self, point: np.ndarray, value: float) -> None:
        """Record a return of a point (Welford 1962)."""
        i = self.index(point)
        if i is None:
            self.points = np.vstack((self.points, point))
            self.counts, self.means, self.squares = (
                np.append(a, b) for a, b in zip((self.counts, self.means, self.squares),
                                                (1.0, value, 0.0)))
            return
        self.counts[i] += 1.0
        apart = value - self.means[i]
        self.means[i] += apart / self.counts[i]
        self.squares[i] += apart * (value - self.means[i])

    def state(self) -> dict[str, Any]:
        """Return it as lists of numbers."""
        return {'points': self.points.ravel().tolist(), 'counts': self.counts.tolist(),
                'means': self.means.tolist(), 'squares': self.squares.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """
        Take over what :meth:`state` returned.

        :raises RstdpError: lists that do not fit together.
        """
        counts, means, squares = (np.array(state[name], float)
                                  for name in ('counts', 'means', 'squares'))
        points = np.array(state['points'], float)
        if points.size != len(counts) * self.points.shape[1] or not (
                len(counts) == len(means) == len(squares)) or not (
                (counts >= 1).all() and (squares >= 0).all()):
            raise RstdpError('what was tried does not fit what it returned')
        self.points = points.reshape(len(counts), self.points.shape[1])
        self.counts, self.means, self.squares = counts, means, squares


def place_of(point: np.ndarray, points: np.ndarray) -> int | None:
    """
    Return the index of a point among others, None if it is not there.

    :param point: (size,); points (n, size).
    """
    places = np.flatnonzero((points == point).all(1))
    return int(places[0]) if places.size else None
