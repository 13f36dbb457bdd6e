"""
The value of a robust start: networks on random plants, without any adaptation.

The paper's premise is that a network meets a plant it was not trained for. How much of the loss
remains if it was trained on observations of equal scale and on many plants?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.environments import environment_sets, RANGES, SOLVED
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.study import has_robust, load, networks, Scale, Study
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

# The plant of training, as a range of its own.
DEFAULT = 'default'
# With many plants a part of the starts is enough.
PART = 5
# Plants per range.
PLANTS = {'full': 100, 'small': 4, 'tiny': 1}
COLORS = {'one plant': plotting.VERMILLION, 'random plants': plotting.BLUE,
          'given': plotting.GREEN}


@dataclass(frozen=True)
class Measurement:
    """
    One network on all plants of a range.

    :param trained: on 'one plant' or 'random plants'; 'given' for a network given by file.
    """

    task: str
    trained: str
    network: str
    model: str
    digest: str
    plants: str
    count: int
    starts: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Measurement]:
    """List the measurements; nothing learns, so there is no rule, and no task without networks."""
    if scale.rules:
        return []
    tasks = [task for task in tasks if has_robust(task)]
    shipped = replace(scale, models=())
    ranges = ((DEFAULT, 1), *((name, PLANTS[scale.name]) for name in RANGES))
    return [Measurement(task, trained, *network, plants, count,
                        scale.held_out_starts // PART)
            for task in tasks
            for trained, group in (
                ('one plant', networks(task, shipped)),
                ('random plants', networks(task, shipped, robust=True)),
                ('given', networks(task, replace(scale, networks=0))))
            for network in group
            for plants, count in ranges]


def run(job: Measurement) -> Rows:
    """Measure on held-out starts."""
    task, network = get_task(job.task), load(job)
    starts = seeds.block(seeds.HELD_OUT, job.starts)
    plants = ([{}] if job.plants == DEFAULT
              else environment_sets(job.task, job.plants, job.count))
    return [{'task': job.task, 'trained on': job.trained, 'network': job.network,
             'plants': job.plants, 'set': index,
             'return': task.returns(network, starts, task.make_physics(values)).mean()}
            for index, values in enumerate(plants)]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the mean over plants, the worst plant and the share of plants solved."""
    captions = {'Mean return on held-out starts, over networks and plants':
                ['task', 'plants', 'trained on'],
                'The same, network by network': ['task', 'plants', 'trained on', 'network']}
    return {caption: _summary(data, keys) for caption, keys in captions.items()}


def _summary(data: DataFrame, keys: list[str]) -> DataFrame:
    solved = data['return'] >= data['task'].map(SOLVED)
    return data.assign(solved=100.0 * solved).groupby(keys, sort=False).agg(
        **{'plants measured': ('set', 'nunique'), 'mean': ('return', 'mean'),
           'least': ('return', 'min'), 'solved, percent': ('solved', 'mean')}).reset_index()


def figure(data: DataFrame) -> Figure:
    """Draw the extreme plants of every network, from its worst to its best."""
    extreme = data[data['plants'] == 'extreme']
    parts = list(extreme.groupby('task', sort=False))
    result, axes = plotting.panels(len(parts), columns=2)
    for axis, (task, part) in zip(axes, parts):
        for trained, group in part.groupby('trained on', sort=False):
            for i, (_, returns) in enumerate(group.groupby('network')['return']):
                places = (np.arange(len(returns)) + 0.5) / len(returns)
                axis.plot(100 * places, np.sort(returns), color=COLORS[trained],
                          marker='' if len(returns) > 1 else 'o',
                          label='' if i else trained)
        axis.set(title=f'{task}: extreme plants', xlabel='plants, percent, worst first',
                 ylabel='mean return')
        axis.legend(title='trained on', fontsize='small')
    return result


STUDY = Study(
    'robust-start', 'A robust start, without adaptation', jobs, run, tables, figure,
    "Plants are the environments of the paper's Table 2 with correct physics; those trained on "
    'random plants saw none of them, but others of the same span. Solved means the return that '
    'Gymnasium asks of the task, 195 and -100. Nothing was chosen on these starts.')
