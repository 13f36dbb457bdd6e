"""How far a plant fails to explain a robot's data: residuals and their derivatives."""

from __future__ import annotations

from functools import lru_cache
import math
from typing import NamedTuple

import numpy as np

from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.prior import Prior
from rstdp_ros.twin.segments import Segments

# Central differences: their error must be small compared with the noise of exact sensors.
STEP = 1e-5
LARGEST = 1e6
# Exact sensors have no noise except rounding.
LEAST_NOISE = 1e-6
# Starts are found by at most this many Gauss-Newton steps; the problem is nearly linear in them.
INNER_STEPS, INNER_CHANGE, REGULAR = 12, 1e-11, 1e-12


class Explained(NamedTuple):
    """
    A plant's best explanation of the data.

    :param starts: (n, state) true states at the segments' starts that fit best.
    :param residuals: (n, m state) in standard deviations, 0 where data are missing.
    :param log_determinant: of the starts' information matrix.
    """

    starts: np.ndarray
    residuals: np.ndarray
    log_determinant: float


class Misfit:
    """
    Multiple shooting (Bock 1981) with the starts projected out (Golub and Pereyra 1973).

    Every segment is simulated from its own best-fitting start, so only the free part of the
    plant's vector u remains to be varied. Residuals are simulated minus measured, in standard
    deviations of the sensors' noise, followed by the free part of u itself: the prior.

    :param free: indices of the free part of u; the rest is nominal.
    :param noise: (state,) standard deviations of the sensors.
    """

    def __init__(self, prior: Prior, seen: Segments, free: np.ndarray,
                 noise: np.ndarray) -> None:
        self.prior, self.task, self.seen = prior, prior.task, seen
        self.free, self.noise = free, noise
        self._turning = _turning(prior.task)
        self._explained = lru_cache(2)(self._explain)

    def vector(self, x: np.ndarray) -> np.ndarray:
        """Return the whole u (p,)."""
        u = np.zeros(len(self.prior.names))
        u[self.free] = x
        return u

    def explained(self, x: np.ndarray) -> Explained:
        """Return a plant's best explanation of the data."""
        return self._explained(x.tobytes())

    def errors(self, x: np.ndarray) -> np.ndarray:
        """Return simulated minus measured, (rows, state), in the state's units."""
        width = self.seen.shown.shape[-1]
        apart = self.explained(x).residuals.reshape(*self.seen.present.shape, width) * self.noise
        return apart[self.seen.present]

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """Return all residuals, the prior's last."""
        return np.concatenate([self.explained(x).residuals.ravel(), x])

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return their derivatives, (residuals, free), with the starts following (Kaufman)."""
        slopes = self._slopes(x, _orthonormal(self._best_start_slopes(x)))
        return np.concatenate([slopes.reshape(-1, len(x)), np.eye(len(x))])

    def linear(self, x: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """
        Return the linear model near a plant, with the starts projected out of all parts.

        :param row: of a piece, at which it may restart.
        :return: residuals (n, m state, 1) and derivatives (n, m state, free) without the prior; an
            orthonormal basis (n, m state, state) of the changes by another start at that row, zero
            for shorter pieces.
        """
        starts = self._best_start_slopes(x)
        basis, width = _orthonormal(starts), starts.shape[-1]
        residuals = without(basis, self.explained(x).residuals[..., np.newaxis])
        later = starts.copy()
        later[:, :row * width] = 0.0
        anew = _orthonormal(without(basis, later))
        anew[self.seen.present.sum(axis=1) <= row] = 0.0
        return residuals, self._slopes(x, basis), anew

    def absorbed(self, x: np.ndarray) -> np.ndarray:
        """Return how many residuals of each value starts and plant absorb, (state,)."""
        basis = _orthonormal(self._best_start_slopes(x))
        slopes = self._slopes(x, basis).reshape(-1, len(x))
        known = np.linalg.inv(slopes.T @ slopes + np.eye(len(x)))
        leverage = np.sum(slopes @ known * slopes, axis=1) + np.sum(basis**2, axis=2).ravel()
        return leverage.reshape(-1, self.seen.shown.shape[-1]).sum(axis=0)

    def _best_start_slopes(self, x: np.ndarray) -> np.ndarray:
        return self._start_slopes(self.vector(x), self.explained(x).starts)

    def _slopes(self, x: np.ndarray, basis: np.ndarray) -> np.ndarray:
        """Return the derivatives by the plant, (n, m state, free), minus what starts explain."""
        u, starts = self.vector(x), self.explained(x).starts
        return without(basis, np.stack([self._slope(u, i, starts) for i in self.free], axis=-1))

    def _explain(self, key: bytes) -> Explained:
        u = self.vector(np.frombuffer(key))
        factors, offsets = self._sensors(u)
        starts = (self.seen.shown[:, 0] - offsets) / factors
        basis, triangle = np.linalg.qr(self._start_slopes(u, starts))
        # The slopes at the first point serve for all: they hardly change over such short steps.
        for _ in range(INNER_STEPS):
            residuals = self._weighted(self._simulated(u, starts) - self.seen.shown)
            step = np.linalg.solve(triangle + REGULAR * np.eye(starts.shape[1]),
                                   basis.transpose(0, 2, 1) @ residuals[..., np.newaxis])[..., 0]
            if np.abs(step).max() < INNER_CHANGE:
                break
            starts = starts - _bounded(step)
        diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
        return Explained(starts, residuals, 2.0 * float(np.sum(np.log(diagonal + REGULAR))))

    def _start_slopes(self, u: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the derivatives by the starts: each moves only its own segment."""
        return np.stack([self._difference(u, starts + step, u, starts - step)
                         for step in STEP * np.eye(starts.shape[1])], axis=-1) / (2.0 * STEP)

    def _slope(self, u: np.ndarray, i: int, starts: np.ndarray) -> np.ndarray:
        """Return the derivative by the plant's variable i; one-sided at the ends of its range."""
        ends = []
        for step in (STEP, -STEP):
            moved = u.copy()
            moved[i] = np.clip(u[i] + step, self.prior.low[i], self.prior.high[i])
            ends.append(moved)
        high, low = ends
        return self._difference(high, starts, low, starts) / (high[i] - low[i])

    def _difference(self, u, starts, other_u, other_starts):
        return self._weighted(self._simulated(u, starts)
                              - self._simulated(other_u, other_starts))

    def _simulated(self, u: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what a plant's sensors would show: (n, m, state)."""
        factors, offsets = self._sensors(u)
        after = self.task.drive(starts, self.seen.pasts, self.seen.commands,
                                self.prior.physics(u))
        states = _bounded(np.concatenate([starts[:, np.newaxis], after], axis=1))
        return states * factors + offsets

    def _sensors(self, u: np.ndarray) -> np.ndarray:
        return np.array(self.prior.physics(u).sensors()).reshape(2, -1)

    def _weighted(self, apart: np.ndarray) -> np.ndarray:
        """Return differences in standard deviations, for angles the short way round: (n, rest)."""
        short = np.where(self._turning, np.remainder(apart + math.pi, math.tau) - math.pi, apart)
        counted = np.where(self.seen.present[..., np.newaxis], short / self.noise, 0.0)
        return counted.reshape(len(apart), -1)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of every piece's columns."""
    return np.linalg.qr(columns)[0]


def without(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the part of every piece's columns that an orthonormal basis does not explain."""
    return columns - basis @ (basis.transpose(0, 2, 1) @ columns)


def _bounded(values: np.ndarray) -> np.ndarray:
    """Return finite numbers, whatever a wild plant did."""
    return np.clip(np.nan_to_num(values), -LARGEST, LARGEST)


def _turning(task: Task) -> np.ndarray:
    """Return which values of the state are known only up to whole turns, (state,) bool."""
    turns = [joint in task.robot.angles for joint in task.robot.joints]
    return task.robot.states(np.array(turns), np.zeros(len(turns))).astype(bool)
