"""Identify a plant from one or more episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.task import Task
from rstdp_ros.twin.adequacy import adequacy
from rstdp_ros.twin.identified import Identified
from rstdp_ros.twin.intervals import intervals
from rstdp_ros.twin.misfit import LEAST_NOISE, Misfit
from rstdp_ros.twin.prior import Prior
from rstdp_ros.twin.segments import Segments, segments

# Of the first guess; typical of robots' sensors.
POSITION_NOISE, VELOCITY_NOISE = 0.002, 0.05
LEAST_ROWS = 4
# Sensors that seem this many times as noisy as before show that the model no longer fits.
NOISIER = 2.0
# A larger model's log evidence must exceed the smaller one's by this.
WORTHWHILE = 3.0
ROUNDS, SETTLED = 8, 0.2
# Residuals beyond this many standard deviations count less: a message may be lost or late.
OUTLIERS = 3.0
FIRST_TRIES, FIRST_STEPS, STEPS = 4, 10, 50
METHOD, TOLERANCE, EDGE = 'trf', 1e-10, 1e-9


class TooShortError(RstdpError):
    """Too little was seen of the plant."""


class Fitted(NamedTuple):
    """
    A model of the plant at its best fit.

    :param x: the free part of u.
    :param covariance: of x.
    :param log_evidence: by Laplace's approximation.
    """

    fit: Misfit
    x: np.ndarray
    covariance: np.ndarray
    log_evidence: float

    @property
    def mean(self) -> np.ndarray:
        """The whole u."""
        return self.fit.vector(self.x)


def identify(task: Task, trajectories: Sequence[Trajectory],
             guess: Identified | None = None) -> Identified:
    """
    Find the plant that explains the data.

    A model grows by the groups of the task's unknowns, each time from where the smaller one ended;
    the one with the best evidence is kept, so that parameters the data do not support stay
    nominal.

    :param guess: previous knowledge: growing begins there, or from scratch if that does not fit.
    :raises TooShortError: too little data.
    :raises RstdpError: a task without named unknowns.
    """
    prior, seen = Prior(task), segments(task, trajectories)
    if seen.present.sum() < LEAST_ROWS:
        raise TooShortError(f'episodes of fewer than {LEAST_ROWS} steps tell nothing of a plant')
    if guess is None:
        return _identified(_grown(prior, seen, None))
    kept = _refined(Misfit(prior, seen, guess.free, guess.noise), guess.mean[guess.free])
    grown = _grown(prior, seen, kept)
    if not (grown.fit.noise <= NOISIER * guess.noise).all():
        grown = max(grown, _grown(prior, seen, None), key=lambda one: one.log_evidence)
    return _identified(grown)


def _identified(best: Fitted) -> Identified:
    """Return what the best model says about the plant."""
    fit, u = best.fit, best.mean
    covariance = np.zeros((len(u), len(u)))
    covariance[np.ix_(fit.free, fit.free)] = best.covariance
    return Identified(fit.prior, u, covariance, fit.noise, best.log_evidence,
                      *intervals(fit, best.x, best.covariance), adequacy(fit, best.x))


def _grown(prior: Prior, seen: Segments, best: Fitted | None) -> Fitted:
    """Try the groups that a model does not have yet, one by one."""
    free = best.fit.free if best else np.array([], int)
    for group in prior.groups:
        if best and np.all(best.fit.noise <= LEAST_NOISE):
            break
        if np.isin(group, free).all():
            continue
        free = np.union1d(free, group)
        found = _refined(*_begun(prior, seen, free, group, best))
        if best is None or found.log_evidence > best.log_evidence + WORTHWHILE:
            best = found
    return best


def _begun(prior: Prior, seen: Segments, free: np.ndarray, more: np.ndarray,
           known: Fitted | None) -> tuple[Misfit, np.ndarray]:
    """Take a few steps from each of several plants, and keep the best."""
    base = known.mean if known else np.clip(np.zeros(len(prior.names)), prior.low, prior.high)
    fit = Misfit(prior, seen, free, known.fit.noise if known else _usual_noise(prior.task))
    tries = [base]
    for drawn in prior.draws(FIRST_TRIES, np.random.default_rng(0)):
        moved = base.copy()
        moved[more] = drawn[more]
        tries.append(moved)
    found = [_fitted(fit, u[free], FIRST_STEPS) for u in tries]
    return fit, min(found, key=lambda x: np.sum(fit.residuals(x)**2))


def _usual_noise(task: Task) -> np.ndarray:
    return task.robot.states(*(np.full(len(task.robot.joints), deviation)
                           for deviation in (POSITION_NOISE, VELOCITY_NOISE)))


def _refined(fit: Misfit, x: np.ndarray) -> Fitted:
    """
    Estimate parameters and noise in turn: residuals give the noise, the noise their weights.

    This is iterated weighted least squares with a robust loss.
    """
    for _ in range(ROUNDS):
        x = _fitted(fit, x, STEPS)
        noise = _noise(fit, x)
        settled = np.abs(np.log(noise / fit.noise)).max() < SETTLED
        fit = Misfit(fit.prior, fit.seen, fit.free, noise)
        if settled:
            break
    return _summary(fit, _fitted(fit, x, STEPS, 'soft_l1'))


def _fitted(fit: Misfit, x: np.ndarray, steps: int, loss: str = 'linear') -> np.ndarray:
    from scipy.optimize import least_squares
    low, high = fit.prior.low[fit.free], fit.prior.high[fit.free]
    inside = np.clip(x, low + EDGE, high - EDGE)
    return least_squares(fit.residuals, inside, fit.jacobian, (low, high), METHOD, x_scale='jac',
                         loss=loss, f_scale=OUTLIERS, max_nfev=steps, xtol=TOLERANCE,
                         ftol=TOLERANCE, gtol=TOLERANCE).x


def _noise(fit: Misfit, x: np.ndarray) -> np.ndarray:
    """Return the residuals' standard deviations, (state,), corrected for fitted parameters."""
    errors = fit.errors(x)
    left = np.maximum(len(errors) - fit.absorbed(x), 1.0)
    return np.maximum(np.sqrt(np.sum(errors**2, axis=0) / left), LEAST_NOISE)


def _summary(fit: Misfit, x: np.ndarray) -> Fitted:
    """Approximate the posterior by a normal distribution (Laplace)."""
    slopes = fit.jacobian(x)
    known = np.linalg.inv(slopes.T @ slopes)
    count = int(fit.seen.present.sum())
    evidence = (-0.5 * np.sum(fit.residuals(x)**2) - count * np.sum(np.log(fit.noise))
                + 0.5 * np.linalg.slogdet(known)[1] - 0.5 * fit.explained(x).log_determinant)
    return Fitted(fit, x, known, float(evidence))
