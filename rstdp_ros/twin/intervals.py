"""How far a plant's parameters may lie from the most probable ones."""

from __future__ import annotations

import numpy as np

from rstdp_ros.twin.misfit import Misfit

# Standard deviations, of a 95 % interval.
DEVIATES = 1.96


def intervals(fit: Misfit, x: np.ndarray, covariance: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the ends of the 95 % interval of each of a plant's variables u, low and high, (p,).

    For parameters in the model they are those of its posterior. A group of unknowns outside the
    model is added to it and moves by one Gauss-Newton step from the nominal values, which shows
    what the data leave open. Its intervals are widened to the nominal values, which are kept.

    :param x: the free part of u at its best fit; with its covariance.
    """
    deviations = np.zeros(len(fit.prior.names))
    deviations[fit.free] = np.sqrt(np.diag(covariance))
    u = fit.vector(x)
    low, high = u - DEVIATES * deviations, u + DEVIATES * deviations
    for group in fit.prior.groups:
        more = np.setdiff1d(group, fit.free)
        if len(more):
            centre, deviation = _released(fit, u, more)
            low[more] = np.minimum(centre - DEVIATES * deviation, u[more])
            high[more] = np.maximum(centre + DEVIATES * deviation, u[more])
    return low, high


def _released(fit: Misfit, u: np.ndarray, more: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates of further variables, and their standard deviations."""
    free = np.union1d(fit.free, more)
    larger = Misfit(fit.prior, fit.seen, free, fit.noise)
    slopes = larger.jacobian(u[free])
    covariance = np.linalg.inv(slopes.T @ slopes)
    step = -covariance @ (slopes.T @ larger.residuals(u[free]))
    new = np.isin(free, more)
    centre = np.clip(u[free] + step, fit.prior.low[free], fit.prior.high[free])
    return centre[new], np.sqrt(np.diag(covariance))[new]
