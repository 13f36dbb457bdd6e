"""What a person sees at the end of a run: numbers and a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rstdp_ros.drawing.plotting import (
    BLUE,
    GREEN,
    GREY,
    legend_below,
    new_figure,
    VERMILLION,
)
from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.plasticity import EpisodeRecord
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError

HELD_OUT_STARTS = 100
Returns = Callable[[SpikingQNetwork, Sequence[int]], np.ndarray]
WINDOW = 10


class Summary(NamedTuple):
    """Mean return on held-out starts before and after, on the changed plant."""

    before: float
    after: float
    starts: int

    def __str__(self) -> str:
        """Say it in a sentence."""
        return (f'return on {self.starts} held-out starts: {self.before:.1f} before, '
                f'{self.after:.1f} after adaptation')


def summary(adaptation: Adaptation, deployed: SpikingQNetwork, starts: int = HELD_OUT_STARTS,
            returns: Returns | None = None) -> Summary:
    """
    Measure both networks on starts that served for nothing else.

    :param returns: (network, seeds) -> (n,) returns; of the simulated plant by default.
    """
    block = seeds.block(seeds.HELD_OUT, starts)
    if returns is None:
        def returns(network: SpikingQNetwork, seeds: Sequence[int]) -> np.ndarray:
            return adaptation.task.returns(network, seeds, adaptation.physics)
    before, after = (float(returns(n, block).mean()) for n in (adaptation.network, deployed))
    return Summary(before, after, starts)


def plot_run(records: list[EpisodeRecord], result: Summary, path: Path) -> None:
    """
    Draw returns and weight changes over the episodes.

    :param path: .png, .svg or .pdf.
    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    episodes = [r.episode + 1 for r in records]
    figure = new_figure(8, 5.5)
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={'height_ratios': (3, 1)})
    top.plot(episodes, [r.episode_return for r in records], '.', color=GREY, label='return')
    top.plot(episodes, [r.moving_average for r in records], color=BLUE, linewidth=2,
             label=f'mean of the latest {WINDOW}')
    top.axhline(result.before, color=VERMILLION, linestyle='--',
                label=f'held-out starts before: {result.before:.1f}')
    top.axhline(result.after, color=GREEN, linestyle='-.',
                label=f'held-out starts, deployed: {result.after:.1f}')
    restored = [e for e, r in zip(episodes, records) if r.event == 'rolled back']
    bottom.plot(episodes, [r.weight_change for r in records], color=BLUE)
    bottom.plot(restored, [0.0] * len(restored), '^', color=VERMILLION, label='rolled back',
                clip_on=False)
    top.set(ylabel='return', title='Returns during adaptation')
    bottom.set(xlabel='episode on the changed plant', ylabel='weight change')
    legend_below(figure, top, 2)
    if restored:
        bottom.legend(loc='best', fontsize='small')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise RstdpError(f'{path}: the plot cannot be written ({error})') from None
