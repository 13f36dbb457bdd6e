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
        self._numbers = lru_cache(64)(self._numbers_of)

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
        ends = np.repeat(u[np.newaxis], 2 * len(self.free), axis=0)
        for j, i in enumerate(self.free):
            # One-sided at the ends of its range.
            ends[2 * j:2 * j + 2, i] = np.clip(u[i] + np.array([STEP, -STEP]),
                                               self.prior.low[i], self.prior.high[i])
        shown = self._simulated(ends, np.repeat(starts[np.newaxis], len(ends), axis=0))
        apart = ends[::2, self.free] - ends[1::2, self.free]
        return without(basis, np.stack([
            self._weighted(high - low) / apart[j, j]
            for j, (high, low) in enumerate(zip(shown[::2], shown[1::2]))], axis=-1))

    def _explain(self, key: bytes) -> Explained:
        u = self.vector(np.frombuffer(key))
        _, _, (factors, offsets) = self._numbers(u.tobytes())
        starts = (self.seen.shown[:, 0] - offsets) / factors
        basis, triangle = np.linalg.qr(self._start_slopes(u, starts))
        # The slopes at the first point serve for all: they hardly change over such short steps.
        for _ in range(INNER_STEPS):
            shown, = self._simulated(u[np.newaxis], starts[np.newaxis])
            residuals = self._weighted(shown - self.seen.shown)
            step = np.linalg.solve(triangle + REGULAR * np.eye(starts.shape[1]),
                                   basis.transpose(0, 2, 1) @ residuals[..., np.newaxis])[..., 0]
            if np.abs(step).max() < INNER_CHANGE:
                break
            starts = starts - _bounded(step)
        diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
        return Explained(starts, residuals, 2.0 * float(np.sum(np.log(diagonal + REGULAR))))

    def _start_slopes(self, u: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the derivatives by the starts: each moves only its own segment."""
        steps = STEP * np.eye(starts.shape[1])[:, np.newaxis]
        moved = np.concatenate([starts + steps, starts - steps])
        shown = self._simulated(np.repeat(u[np.newaxis], len(moved), axis=0), moved)
        return np.stack([self._weighted(high - low) for high, low
                         in zip(*np.split(shown, 2))], axis=-1) / (2.0 * STEP)

    def _simulated(self, us: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """
        Return what the sensors of plants would show, in one compiled call.

        :param us: (k, p), a vector per plant.
        :param starts: (k, n, state), of all segments.
        :return: (k, n, m, state).
        """
        k, n, width = starts.shape
        constants, actuators, sensors = (
            np.array(rows) for rows in zip(*(self._numbers(u.tobytes()) for u in us)))
        starts = starts.reshape(-1, width)
        after = self.task.drive_each(
            starts, np.tile(self.seen.pasts, (k, 1)), np.tile(self.seen.commands, (k, 1)),
            np.repeat(constants, n, axis=0), np.repeat(actuators, n, axis=0))
        states = _bounded(np.concatenate([starts[:, np.newaxis], after], axis=1))
        factors, offsets = sensors.reshape(k, 2, 1, 1, width).swapaxes(0, 1)
        return states.reshape(k, n, -1, width) * factors + offsets

    def _numbers_of(self, key: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return a plant's constants, its actuator, and its sensors' factors and offsets."""
        physics = self.prior.physics(np.frombuffer(key))
        constants, actuator, sensors = map(np.array, (
            physics.constants(), physics.actuator(), physics.sensors()))
        return constants, actuator, sensors.reshape(2, -1)

    def _weighted(self, apart: np.ndarray) -> np.ndarray:
        """Turn differences into standard deviations, of angles the short way round: (n, rest)."""
        turning = self._turning
        # In place: nobody else holds them.
        apart[..., turning] = np.remainder(apart[..., turning] + math.pi, math.tau) - math.pi
        counted = np.where(self.seen.present[..., np.newaxis], apart / self.noise, 0.0)
        return counted.reshape(len(apart), -1)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of every piece's columns."""
    return np.linalg.qr(columns)[0]


def without(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the part of every piece's columns that an orthonormal basis does not explain."""
    return columns - basis @ (basis.transpose(0, 2, 1) @ columns)


def _bounded(values: np.ndarray) -> np.ndarray:
    """Return finite numbers, whatever a wild plant did."""
    if np.abs(values).max(initial=0.0) <= LARGEST:  # none is NaN either
        return values
    return np.clip(np.nan_to_num(values), -LARGEST, LARGEST)


def _turning(task: Task) -> np.ndarray:
    """Return which values of the state are known only up to whole turns, (state,) bool."""
    turns = [joint in task.robot.angles for joint in task.robot.joints]
    return task.robot.states(np.array(turns), np.zeros(len(turns))).astype(bool)
