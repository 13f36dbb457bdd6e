"""A run of adaptation: returns and weight changes over the episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rstdp_ros.drawing.plotting import (
    BLUE,
    GREEN,
    GREY,
    legend_below,
    new_figure,
    VERMILLION,
)
from rstdp_ros.drawing.saving import save_plot
from rstdp_ros.plasticity import EpisodeRecord


def plot_run(records: Sequence[EpisodeRecord], before: float, after: float, path: Path) -> None:
    """
    Draw returns and weight changes over the episodes.

    :param before: mean return on held-out starts of the run's first network; ``after``: of the one
        to deploy.
    :param path: .png, .svg or .pdf.
    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    episodes = [r.episode + 1 for r in records]
    figure = new_figure(8, 5.5)
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={'height_ratios': (3, 1)})
    top.plot(episodes, [r.episode_return for r in records], '.', color=GREY, label='return')
    top.plot(episodes, [r.moving_average for r in records], color=BLUE, linewidth=2,
             label='mean of the latest 10')
    top.axhline(before, color=VERMILLION, linestyle='--',
                label=f'held-out starts before: {before:.1f}')
    top.axhline(after, color=GREEN, linestyle='-.',
                label=f'held-out starts, deployed: {after:.1f}')
    restored = [e for e, r in zip(episodes, records) if r.event == 'rolled back']
    bottom.plot(episodes, [r.weight_change for r in records], color=BLUE)
    bottom.plot(restored, [0.0] * len(restored), '^', color=VERMILLION, label='rolled back',
                clip_on=False)
    top.set(ylabel='return', title='Returns during adaptation')
    bottom.set(xlabel='episode on the changed plant', ylabel='weight change')
    legend_below(figure, top, 2)
    if restored:
        bottom.legend(loc='best', fontsize='small')
    save_plot(figure, path)
