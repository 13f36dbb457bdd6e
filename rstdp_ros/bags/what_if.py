"""The path of a run's weights with other parameters, from its recorded spikes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.bags.replay import Step
from rstdp_ros.drawing.plotting import BLUE, GREY, new_figure, VERMILLION
from rstdp_ros.drawing.saving import save_plot
from rstdp_ros.snn import SpikingQNetwork

CAUTION = ('open loop: the recorded spikes are those of the recorded weights. This tells how the '
           'parameters change what is learned from the same experience, and nothing about the '
           'returns that the other weights would have had')


class Divergence(NamedTuple):
    """
    Two weight trajectories after an episode; distances are Frobenius norms over all weights.

    :param recorded: distance of the run from its first network.
    :param changed: distance that the run with changed parameters would have reached.
    :param apart: distance between the two.
    :param cosine: cosine of the angle between the two changes; None before both have moved.
    """

    episode: int
    episode_return: float
    recorded: float
    changed: float
    apart: float
    cosine: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the fields under their public names."""
        fields = self._asdict()
        return {'return' if k == 'episode_return' else k: v for k, v in fields.items()}

    def __str__(self) -> str:
        """Return a line of a table."""
        cosine = '   --' if self.cosine is None else f'{self.cosine:5.2f}'
        return (f'{self.episode:7d} {self.episode_return:8.1f} {self.recorded:10.4f} '
                f'{self.changed:10.4f} {self.apart:10.4f} {cosine}')


HEADER = 'episode   return   recorded    changed      apart cosine'


def divergences(initial: SpikingQNetwork, steps: Iterable[Step]) -> list[Divergence]:
    """Measure every episode replayed with both sets of parameters."""
    rows = []
    for step in steps:
        if step.network is None or step.changed is None:
            continue
        recorded, changed = (n.vector - initial.vector for n in (step.network, step.changed))
        ours, theirs = (float(np.linalg.norm(way)) for way in (recorded, changed))
        cosine = float((recorded * changed).sum() / (ours * theirs)) if ours and theirs else None
        rows.append(Divergence(step.episode, step.episode_return, ours, theirs,
                               float(np.linalg.norm(recorded - changed)), cosine))
    return rows


def plot_divergences(rows: list[Divergence], settings: str, path: Path) -> None:
    """
    Draw both distances from the first network, and the distance between them.

    :param settings: what was changed, for the legend.
    :raises RstdpError: matplotlib is missing, or the file cannot be written.
    """
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    episodes = [row.episode + 1 for row in rows]
    for name, label, color, line in (
            ('recorded', 'as recorded, from the first network', BLUE, '-'),
            ('changed', f'with {settings}, from the first network', VERMILLION, '--'),
            ('apart', 'between the two', GREY, ':')):
        axes.plot(episodes, [getattr(row, name) for row in rows], line, color=color, label=label,
                  linewidth=2)
    axes.set(xlabel='episodes learned from', ylabel='distance of the weights', ylim=(0, None),
             title='Weights learned from the same recorded spikes')
    axes.legend(loc='upper left', fontsize='small')
    save_plot(figure, path)
