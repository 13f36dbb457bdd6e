"""Whether a plant explains the data, or its equations lack something."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rstdp_ros.twin.misfit import LEAST_NOISE, Misfit, without
from rstdp_ros.twin.segments import ROWS

# The probability of a false alarm for a plant that fits.
FALSE_ALARMS = 0.01
FITS, LACKS = 'fits', 'lacks something'
# The row of a piece at which it is restarted.
HALF = ROWS // 2


class Adequacy(NamedTuple):
    """
    The outcome of an F test.

    :param ratio: mean square of what two halves explain better, over that of the remaining
        residuals; about 1 if nothing is lacking.
    :param p_value: the probability of so large a ratio in that case.
    """

    ratio: float
    p_value: float

    @property
    def fits(self) -> bool:
        """Whether there is no evidence that the equations lack something."""
        return self.p_value >= FALSE_ALARMS


def adequacy(fit: Misfit, x: np.ndarray) -> Adequacy:
    """
    Test for lack of fit (Chow 1960): two halves of a piece explain it no better than the whole.

    A plant that fits follows a whole piece from one start. What its equations lack accumulates
    along the way, so that each half needs its own start. Sensor noise does not: it is estimated
    from the residuals of the halves, so nothing need be known about the sensors. The test is that
    of a linear model, at the best plant: residuals r, derivatives S by plant and starts, and H by
    the second halves' starts; F = ((``|r_S|^2`` - ``|r_SH|^2``) / q) / (``|r_SH|^2`` / d).

    :param x: the best plant; the noise of ``fit`` makes values of different units comparable.
    """
    # scipy.stats has the same under another name, and takes 23 MB more of a robot's memory.
    from scipy.special import fdtrc
    residuals, slopes, halves = fit.linear(x, HALF)
    whole, left = _left(residuals, slopes), _left(without(halves, residuals),
                                                  without(halves, slopes))
    more = int(np.any(halves, axis=1).sum())
    rest = int(fit.seen.present.sum() - len(halves)) * halves.shape[2] - more - len(x)
    exact = np.all(fit.noise <= LEAST_NOISE)  # the residuals are not noise
    if exact or not more or rest < 1 or not left:
        return Adequacy(1.0, 1.0)
    ratio = (whole - left) / more / (left / rest)
    return Adequacy(float(ratio), float(fdtrc(more, rest, max(ratio, 0.0))))


def _left(residuals: np.ndarray, slopes: np.ndarray) -> float:
    """Return the sum of squares that remains after a linear change of the plant."""
    flat, columns = residuals.ravel(), slopes.reshape(residuals.size, -1)
    return float(np.sum((flat - columns @ np.linalg.lstsq(columns, flat, rcond=None)[0])**2))
