"""Figure 2: the eligibility trace of one synapse during one episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.study import load, networks, Scale, Study
from rstdp_ros.plasticity import RSTDP
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

SEED = seeds.ADAPTATION


@dataclass(frozen=True)
class Trace:
    """One episode of one network on the default plant."""

    task: str
    model: str
    digest: str
    seed: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Trace]:
    """List one episode of the first network of each task."""
    first = [(task, *networks(task, scale)[0]) for task in tasks]
    return [Trace(task, model, digest, SEED) for task, _, model, digest in first]


def run(job: Trace) -> Rows:
    """Return c, after every observation, of the synapse whose trace is largest at the end."""
    task, network = get_task(job.task), load(job)
    rasters = task.episode(network, job.seed).rasters
    rule = RSTDP(network, 'paper')
    rule.begin_episode()
    traces = np.empty((len(rasters), *rule.eligibility.shape), np.float32)
    for i in range(len(rasters)):
        rule.observe_rasters(rasters[i:i + 1])
        traces[i] = rule.eligibility
    i, j = np.unravel_index(np.abs(traces[-1]).argmax(), traces[-1].shape)
    h1, ticks = network.sizes[1], network.neuron.ticks
    return [{'task': job.task, 'tick': (k + 1) * ticks, 'pre': int(i), 'post': int(j),
             'eligibility': float(traces[k, i, j]),
             'pre_spikes': int(rasters[k, :, i].sum()),
             'post_spikes': int(rasters[k, :, h1 + j].sum())} for k in range(len(rasters))]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the trace in numbers."""
    groups = data.groupby('task', sort=False)
    return {'The trace in numbers': groups.agg(
        pre=('pre', 'first'), post=('post', 'first'), ticks=('tick', 'max'),
        least=('eligibility', 'min'), most=('eligibility', 'max'),
        last=('eligibility', 'last')).reset_index()}


def figure(data: DataFrame) -> Figure:
    """Draw the trace over the ticks of the episode."""
    parts = list(data.groupby('task', sort=False))
    result, axes = plotting.panels(len(parts), columns=2)
    for axis, (task, part) in zip(axes, parts):
        axis.plot(part['tick'], part['eligibility'], color=plotting.BLUE, linewidth=0.8)
        axis.axhline(0, color='black', linewidth=0.6)
        synapse = f'{part["pre"].iloc[0]} to {part["post"].iloc[0]}'
        axis.set(title=f'{task}: synapse {synapse}', xlabel='tick', ylabel='eligibility c')
    return result


STUDY = Study(
    'fig2', 'Figure 2: the eligibility trace', jobs, run, tables, figure, 'The trace persists '
    'while the network is reset after every observation, but with a time constant of ten ticks it '
    'covers only the last few observations of an episode.')
