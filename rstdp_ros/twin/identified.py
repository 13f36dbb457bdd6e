"""What is known about a plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.twin.adequacy import Adequacy
from rstdp_ros.twin.intervals import DEVIATES
from rstdp_ros.twin.prior import Prior

# If the data leave more than this fraction of the prior deviation open, they cannot tell.
UNKNOWN = 0.2


class Estimate(NamedTuple):
    """
    What is known about a parameter.

    :param value: the nominal one unless the data support another.
    :param low: lower end of the 95 % interval; ``high``: upper end.
    :param identifiable: whether the data can tell: the interval is less than a fifth as wide as
        the prior's.
    """

    nominal: float
    value: float
    low: float
    high: float
    identifiable: bool

    @property
    def held(self) -> bool:
        """Whether it was held at its nominal value."""
        return self.value == self.nominal


@dataclass(frozen=True)
class Identified:
    """
    A plant as far as known: u is normal with this mean and covariance.

    :param mean: (p,); covariance (p, p), zero for parameters outside the model.
    :param noise: (state,) standard deviations of the sensors.
    :param log_evidence: of this model for these data, by Laplace's approximation.
    :param low: (p,) lower ends of the 95 % intervals; ``high``: upper ends. For parameters outside
        the model, they are those of a larger one, widened to the nominal value.
    :param adequacy: ratio and p-value of the test for lack of fit, see :mod:`.adequacy`.
    """

    prior: Prior
    mean: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    log_evidence: float
    low: np.ndarray
    high: np.ndarray
    adequacy: Adequacy

    @property
    def free(self) -> np.ndarray:
        """Indices of the parameters in the model; the rest is nominal."""
        return np.flatnonzero(np.diag(self.covariance))

    @property
    def physics(self) -> Any:
        """The most probable plant."""
        return self.prior.physics(self.mean)

    def plants(self, count: int, generator: np.random.Generator,
               doubt: float = 1.0) -> list[Any]:
        """
        Draw plants consistent with the data.

        :param doubt: factor by which they are drawn further from the most probable one.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        root = doubt * vectors * np.sqrt(np.maximum(values, 0.0))
        draws = self.mean + generator.normal(size=(count, len(self.mean))) @ root.T
        return [self.prior.physics(u) for u in draws]

    def estimates(self) -> dict[str, Estimate]:
        """Return every parameter with a 95 % interval, by name."""
        value, low, high = map(self.prior.values, (self.mean, self.low, self.high))
        known = self.high - self.low < UNKNOWN * 2.0 * DEVIATES
        return {name: Estimate(getattr(self.prior.nominal, name), value[name], low[name],
                               high[name], bool(sure))
                for name, sure in zip(self.prior.names, known)}

    def state(self) -> dict[str, Any]:
        """Return the state as plain values and arrays."""
        return {'mean': self.mean, 'covariance': self.covariance, 'noise': self.noise,
                'log_evidence': self.log_evidence, 'low': self.low, 'high': self.high,
                'ratio': self.adequacy.ratio, 'p_value': self.adequacy.p_value}

    @classmethod
    def restored(cls, prior: Prior, state: dict[str, Any]) -> Identified | None:
        """Undo :meth:`state`; None if nothing had been identified."""
        if not len(state['mean']):
            return None
        values = dict(state)
        fit = Adequacy(values.pop('ratio'), values.pop('p_value'))
        return cls(prior, **values, adequacy=fit)


def unidentified(prior: Prior) -> dict[str, Any]:
    """Return the state of a plant not identified yet: arrays without rows."""
    return {'mean': np.empty(0), 'covariance': np.empty((0, len(prior.names))),
            'noise': np.empty(0), 'log_evidence': 0.0, 'low': np.empty(0), 'high': np.empty(0),
            'ratio': 1.0, 'p_value': 1.0}
