"""Statistics that the studies share."""

from __future__ import annotations

import math
from typing import Any, TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pandas import Series

BOOTSTRAP_SEED = 0


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % BCa bootstrap interval of the mean; the mean itself if nothing varies."""
    from scipy.stats import bootstrap
    values = np.asarray(values, dtype=float)
    if len(values) < 2 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    result = bootstrap((values,), np.mean, method='BCa', rng=np.random.default_rng(BOOTSTRAP_SEED))
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def paired(differences: np.ndarray) -> dict[str, float]:
    """Describe paired differences, for a row of a table: number, mean, 95 % interval."""
    low, high = interval(differences)
    return {'pairs': len(differences), 'mean': differences.mean(),
            '95 % low': low, '95 % high': high}


def as_text(found: dict[str, float]) -> str:
    """Write what :func:`paired` found into one cell of a table."""
    return f'{found["mean"]:.1f} ({found["95 % low"]:.1f} to {found["95 % high"]:.1f})'


def paired_by(differences: Series, keys: list[str], **labels: Any) -> list[dict[str, Any]]:
    """
    Describe paired differences group by group, one row each.

    :param differences: indexed by the keys of a pair; those without a partner are left out.
    :param keys: index levels that name a group.
    :param labels: further columns of a row.
    """
    return [{**dict(zip(keys, names)), **labels, **paired(group.to_numpy())}
            for names, group in differences.dropna().groupby(keys, sort=False)]


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half (Agarwal et al. 2021)."""
    from scipy.stats import trim_mean
    return float(trim_mean(values, 0.25))


def pooled(counts: np.ndarray, means: np.ndarray, stds: np.ndarray) -> tuple[float, float]:
    """
    Return mean and standard deviation of pooled groups.

    :param counts: (groups,) number of values; means and stds (ddof 1) of each group.
    """
    counts, means, stds = (np.asarray(a, dtype=float) for a in (counts, means, stds))
    n = counts.sum()
    mean = (counts * means).sum() / n
    squares = ((counts - 1) * stds ** 2 + counts * (means - mean) ** 2).sum()
    return float(mean), float(math.sqrt(squares / (n - 1)))


def paired_t(counts: np.ndarray, differences: np.ndarray,
             stds: np.ndarray) -> tuple[float, float, int]:
    """
    Test whether the mean of paired differences is zero, with the pairs of all groups pooled.

    As in the paper's Table 3. It treats starts as independent although they share networks and
    environments, so it overstates significance; see :func:`interval` over environments for
    comparison.

    :return: t, two-sided p, number of pairs.
    """
    from scipy.stats import t as distribution
    mean, std = pooled(counts, differences, stds)
    n = int(np.sum(counts))
    if std == 0:
        return math.nan, math.nan, n
    t = mean / (std / math.sqrt(n))
    return t, float(2 * distribution.sf(abs(t), n - 1)), n


def share(count: int, total: int) -> tuple[float, float, float]:
    """Return a share and its exact 95 % interval (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest
    ends = binomtest(count, total).proportion_ci(0.95, 'exact')
    return count / total, float(ends.low), float(ends.high)
