"""Identify a plant from what it showed in one or more episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.task import Task
from rstdp_ros.trajectory import Trajectory
from rstdp_ros.twin.misfit import Misfit
from rstdp_ros.twin.prior import Prior
from rstdp_ros.twin.segments import Segments, segments

# Of the first guess; what sensors of robots have.
POSITION_NOISE, VELOCITY_NOISE = 0.002, 0.05
# Exact sensors have no noise, but rounding.
LEAST_NOISE = 1e-6
LEAST_ROWS = 4
# Sensors that seem so many times as noisy as before say that a model does not fit any more.
NOISIER = 2.0
# A larger model must be more probable by this, in natural logarithms.
WORTHWHILE = 3.0
ROUNDS, SETTLED = 8, 0.2
# Residuals beyond so many standard deviations count less: a message may be lost or late.
OUTLIERS = 3.0
FIRST_TRIES, FIRST_STEPS, STEPS = 4, 10, 50
METHOD, TOLERANCE, EDGE = 'trf', 1e-10, 1e-9
# Of a 95 % interval.
DEVIATES = 1.96
# Less than that was learned of a parameter: its deviation, as a part of the prior's.
UNKNOWN = 0.5


class Estimate(NamedTuple):
    """
    What is known of a parameter.

    :param low: lower end of the 95 % interval; likewise high.
    :param identifiable: whether the data can tell.
    """

    nominal: float
    value: float
    low: float
    high: float
    identifiable: bool


@dataclass(frozen=True)
class Identified:
    """
    A plant as far as it is known: u is normal with this mean and covariance.

    :param mean: (p,); covariance (p, p).
    :param noise: (state,) standard deviations of what sensors show.
    :param log_evidence: of this model for these data, by Laplace's approximation.
    """

    prior: Prior
    mean: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    log_evidence: float

    @property
    def free(self) -> np.ndarray:
        """Indices of what the model has; the rest is nominal."""
        return np.flatnonzero(np.diag(self.covariance))

    @property
    def physics(self) -> Any:
        """The most probable plant."""
        return self.prior.physics(self.mean)

    def plants(self, count: int, generator: np.random.Generator,
               doubt: float = 1.0) -> list[Any]:
        """
        Draw plants that the data allow.

        :param doubt: so many times as far from the most probable one as they say.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        root = doubt * vectors * np.sqrt(np.maximum(values, 0.0))
        draws = self.mean + generator.normal(size=(count, len(self.mean))) @ root.T
        return [self.prior.physics(u) for u in draws]

    def estimates(self) -> dict[str, Estimate]:
        """Return every parameter with a 95 % interval, by name."""
        deviations = np.sqrt(np.diag(self.covariance))
        value, low, high = (self.prior.values(self.mean + k * deviations)
                            for k in (0.0, -DEVIATES, DEVIATES))
        return {name: Estimate(getattr(self.prior.nominal, name), value[name], low[name],
                               high[name], bool(deviation < UNKNOWN))
                for name, deviation in zip(self.prior.names, deviations)}

    def state(self) -> dict[str, Any]:
        """Return it as plain values and arrays."""
        return {'mean': self.mean, 'covariance': self.covariance, 'noise': self.noise,
                'log_evidence': self.log_evidence}

    @classmethod
    def restored(cls, prior: Prior, state: dict[str, Any]) -> Identified | None:
        """Undo :meth:`state`; None if nothing had been identified."""
        return cls(prior, **state) if len(state['mean']) else None


def unidentified(prior: Prior) -> dict[str, Any]:
    """Return the state of what is not identified yet: arrays without rows."""
    return {'mean': np.empty(0), 'covariance': np.empty((0, len(prior.names))),
            'noise': np.empty(0), 'log_evidence': 0.0}


def identify(task: Task, trajectories: Sequence[Trajectory],
             guess: Identified | None = None) -> Identified:
    """
    Find the plant that explains what was shown.

    A model grows by the groups of the task's unknowns, each time from where the smaller one ended;
    the one with the best evidence is kept, so that what the data do not ask for stays nominal.

    :param guess: what was known before: growing begins there, or anew where that does not fit.
    :raises RstdpError: too little was shown, or nobody named the task's unknowns.
    """
    prior, seen = Prior(task), segments(task, trajectories)
    if seen.present.sum() < LEAST_ROWS:
        raise RstdpError(f'episodes of fewer than {LEAST_ROWS} steps tell nothing of a plant')
    if guess is None:
        return _grown(prior, seen, None)
    kept = _refined(Misfit(prior, seen, guess.free, guess.noise), guess.mean[guess.free])
    grown = _grown(prior, seen, kept)
    if (grown.noise <= NOISIER * guess.noise).all():
        return grown
    return max(grown, _grown(prior, seen, None), key=lambda one: one.log_evidence)


def _grown(prior: Prior, seen: Segments, best: Identified | None) -> Identified:
    """Try the groups that a model does not have yet, one after the other."""
    free = best.free if best else np.array([], int)
    for group in dict.fromkeys(unknown.group for unknown in prior.unknowns):
        if best and np.all(best.noise <= LEAST_NOISE):
            break
        more = np.array([i for i, u in enumerate(prior.unknowns) if u.group == group])
        if np.isin(more, free).all():
            continue
        free = np.union1d(free, more)
        found = _refined(*_begun(prior, seen, free, more, best))
        if best is None or found.log_evidence > best.log_evidence + WORTHWHILE:
            best = found
    return best


def _begun(prior: Prior, seen: Segments, free: np.ndarray, more: np.ndarray,
           known: Identified | None) -> tuple[Misfit, np.ndarray]:
    """Take a few steps from several plants, and keep the best."""
    base = known.mean if known else np.clip(np.zeros(len(prior.names)), prior.low, prior.high)
    fit = Misfit(prior, seen, free, known.noise if known else _usual_noise(prior.task))
    tries = [base]
    for drawn in prior.draws(FIRST_TRIES, np.random.default_rng(0)):
        moved = base.copy()
        moved[more] = drawn[more]
        tries.append(moved)
    found = [_fitted(fit, u[free], FIRST_STEPS) for u in tries]
    return fit, min(found, key=lambda x: np.sum(fit.residuals(x)**2))


def _usual_noise(task: Task) -> np.ndarray:
    return task.state_of(*(np.full(len(task.joints), deviation)
                           for deviation in (POSITION_NOISE, VELOCITY_NOISE)))


def _refined(fit: Misfit, x: np.ndarray) -> Identified:
    """
    Find parameters and noise in turn: residuals make the noise, the noise their weights.

    That is iterated weighted least squares, with a loss that spares outliers.
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
    """Return the deviations of the residuals, (state,), corrected for what was fitted."""
    errors, starts = fit.errors(x), fit.explained(x).starts
    free = max(1.0 - (len(x) + starts.size) / errors.size, 1.0 / errors.size)
    return np.maximum(np.sqrt(np.mean(errors**2, axis=0) / free), LEAST_NOISE)


def _summary(fit: Misfit, x: np.ndarray) -> Identified:
    """Approximate the posterior by a normal distribution (Laplace)."""
    u, slopes, explained = fit.vector(x), fit.jacobian(x), fit.explained(x)
    known = np.linalg.inv(slopes.T @ slopes)
    covariance = np.zeros((len(u), len(u)))
    covariance[np.ix_(fit.free, fit.free)] = known
    count = int(fit.seen.present.sum())
    evidence = (-0.5 * np.sum(fit.residuals(x)**2) - count * np.sum(np.log(fit.noise))
                + 0.5 * np.linalg.slogdet(known)[1] - 0.5 * explained.log_determinant)
    return Identified(fit.prior, u, covariance, fit.noise, float(evidence))
