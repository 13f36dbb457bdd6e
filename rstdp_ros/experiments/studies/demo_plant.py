"""
Whether guarded r-STDP helps on the demo's plant, and whether the rule is the reason.

Every shipped network adapts from several seeds, once by r-STDP and once by random updates of the
same norm under the same guard. Every episode played is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from rstdp_ros.drawing import plotting
from rstdp_ros.drawing.before_after import before_after
from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import adapted
from rstdp_ros.experiments.statistics import paired_by
from rstdp_ros.experiments.study import load, NetworkJob, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Recipe
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

RULES = ('rstdp', 'random')


@dataclass(frozen=True)
class Run(NetworkJob):
    """One network, one seed, one rule."""

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
    return [{'task': job.task, 'network': job.network, 'seed': job.seed, 'rule': job.rule,
             **adapted(adaptation, job.starts)}]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return every pair, the gains, and the paired difference to the control."""
    from pandas import DataFrame
    pairs = data.pivot_table(index=['task', 'network', 'seed', 'before'], columns='rule',
                             values='after', sort=False).reset_index()
    pairs.columns.name = None
    data = data.assign(gain=data['after'] - data['before'])
    gains = data.groupby(['task', 'rule'], sort=False)['gain'].agg(
        ['count', 'median', 'min', 'max']).reset_index()
    result = {'Return on held-out starts before and after': pairs, 'Gains': gains}
    if set(RULES) <= set(pairs):
        wide = pairs.set_index(['task', 'network', 'seed'])
        result['r-STDP minus random, paired'] = DataFrame(
            paired_by(wide['rstdp'] - wide['random'], ['task']))
    return result


def figure(data: DataFrame) -> Figure:
    """Draw every run from before to after."""
    return before_after(data, 'rule', plotting.STYLES)


STUDY = Study(
    'demo-plant', "The demo's plant, without any validation set", jobs, run, tables, figure, 'The '
    'guard keeps the start of the best window of ten episodes, returns to it when returns fall '
    'and measures it again; the episodes it judges by are the only ones that are played.')
