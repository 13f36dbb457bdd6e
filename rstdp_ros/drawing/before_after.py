"""Runs of adaptation from before to after: a line each, panels side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing.plotting import panels, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


def before_after(data: DataFrame, column: str, styles: Mapping[str, Style]) -> Figure:
    """
    Draw mean returns before and after, a panel per task and value of a column.

    :param data: a row per run, with its ``task``, ``before`` and ``after``.
    :param column: distinguishes the runs of a task; ``styles``: of its values.
    """
    parts = list(data.groupby(['task', column], sort=False))
    figure, axes = panels(len(parts), columns=data[column].nunique())
    for axis, ((task, value), part) in zip(axes, parts):
        style = styles[value]
        for ends in part[['before', 'after']].to_numpy():
            axis.plot([0, 1], ends, color=style.color, marker=style.marker, alpha=0.6)
        axis.set_xticks([0, 1], ['before', 'after'])
        axis.set(title=f'{task}: {value}', ylabel='mean return on held-out starts',
                 xlim=(-0.3, 1.3))
        returns = data.loc[data['task'] == task, ['before', 'after']].to_numpy()
        margin = 0.05 * np.ptp(returns) + 1.0
        axis.set_ylim(returns.min() - margin, returns.max() + margin)
    return figure
