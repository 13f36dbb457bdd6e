"""
Whether guarded r-STDP helps on the demo's plant, and whether it is the rule that helps.

Every shipped network adapts from several seeds, once by r-STDP and once by random updates of the
same norm under the same guard. No episode is played that is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import summary
from rstdp_ros.experiments.statistics import paired
from rstdp_ros.experiments.study import load, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Recipe
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

RULES = ('rstdp', 'random')


@dataclass(frozen=True)
class Run:
    """One network, one seed, one rule."""

    task: str
    network: str
    model: str
    digest: str
    seed: int
    rule: str
    episodes: int
    starts: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Run]:
    """List the runs."""
    return [Run(task, *network, seeds.ADAPTATION + SEED_STRIDE * k, rule, scale.guarded_episodes,
                scale.held_out_starts)
            for task in tasks
            for network, k, rule in product(networks(task, scale), range(scale.runs),
                                            scale.chosen(RULES))]


def run(job: Run) -> Rows:
    """Adapt and measure on held-out starts."""
    task = get_task(job.task)
    adaptation = Adaptation(task, load(job), task.make_physics(task.demo_physics), job.episodes,
                            Recipe.of(task.name, job.seed, job.rule))
    learner, _ = adapt(adaptation)
    measured = summary(adaptation, learner.deployed, job.starts)
    return [{'task': job.task, 'network': job.network, 'seed': job.seed, 'rule': job.rule,
             'before': measured.before, 'after': measured.after}]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return every pair, the gains, and the paired difference to the control."""
    pairs = data.pivot_table(index=['task', 'network', 'seed', 'before'], columns='rule',
                             values='after', sort=False).reset_index()
    pairs.columns.name = None
    data = data.assign(gain=data['after'] - data['before'])
    gains = data.groupby(['task', 'rule'], sort=False)['gain'].agg(
        ['count', 'median', 'min', 'max']).reset_index()
    result = {'Return on held-out starts before and after': pairs, 'Gains': gains}
    if set(RULES) <= set(pairs):
        result['r-STDP minus random, paired'] = _differences(pairs)
    return result


def _differences(pairs: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for task, group in pairs.groupby('task', sort=False):
        rows.append({'task': task, **paired((group['rstdp'] - group['random']).to_numpy())})
    return DataFrame(rows)


def figure(data: DataFrame) -> Figure:
    """Draw every run from before to after."""
    parts = list(data.groupby(['task', 'rule'], sort=False))
    result, axes = plotting.panels(len(parts), columns=2)
    for axis, ((task, rule), part) in zip(axes, parts):
        style = plotting.STYLES[rule]
        for before, after in zip(part['before'], part['after']):
            axis.plot([0, 1], [before, after], color=style.color, marker=style.marker, alpha=0.6)
        axis.set_xticks([0, 1], ['before', 'after'])
        axis.set(title=f'{task}: {rule}', ylabel='mean return on held-out starts',
                 xlim=(-0.3, 1.3))
        values = data.loc[data['task'] == task, ['before', 'after']].to_numpy()
        margin = 0.05 * np.ptp(values) + 1.0
        axis.set_ylim(values.min() - margin, values.max() + margin)
    return result


STUDY = Study(
    'demo-plant', "The demo's plant, without any validation set", jobs, run, tables, figure,
    'The guard keeps the start of the best window of ten episodes, returns to it when returns '
    'fall and measures it anew; the episodes it judges by are the only ones that are played.')
