"""
Learning on the robot itself: the deployed networks by number of real episodes, each counted.

Learning sees only the returns and data of its own episodes on the plant. The held-out starts, on
which deployed networks are measured, are used for nothing else, and neither are the plants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.environments import SOLVED
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import Measured
from rstdp_ros.experiments.online.groups import Group, groups
from rstdp_ros.experiments.online.methods import METHODS
from rstdp_ros.experiments.online.plants import Physics, SETS
from rstdp_ros.experiments.online.worlds import world_of
from rstdp_ros.experiments.statistics import paired
from rstdp_ros.experiments.study import has_robust, load, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.support import seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

# Real episodes after which the deployed network is measured.
EPISODES = (0, 1, 2, 3, 5, 10, 25, 50, 100, 250)
# The difference that counts as lost.
LOST = {'cartpole': 1.0, 'acrobot': 3.0}
# Far from the seeds of other studies.
FIRST_SEED = seeds.ADAPTATION + 20_000_000
PART = 5
# Plants of a group, at most; all of them at full scale.
PLANTS = {'full': SETS, 'small': 2, 'tiny': 1}
# Numbers of episodes for which gains are listed.
SHOWN = (1, 3, 10, 25, 50, 250)
# Numbers of episodes for which comparisons are listed.
COMPARED = (1, 3, 10)
# The smallest range of returns in a figure.
LEAST_RANGE = 10.0
KEYS = ['task', 'plants', 'start', 'method']
RUN = ['task', 'plants', 'start', 'set', 'network']


@dataclass(frozen=True)
class OnlineRun:
    """
    One network on one plant, by one method.

    :param plants: name of the group; ``world``: its world.
    :param start: 'paper' or 'robust': how the network was trained.
    :param first: the plant's first parameters; ``last``: those from episode ``change`` on.
    """

    task: str
    plants: str
    world: str
    set: int
    first: Physics
    last: Physics
    change: int
    start: str
    network: str
    model: str
    digest: str
    method: str
    seed: int
    episodes: int
    starts: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[OnlineRun]:
    """List the runs."""
    return [job for task in tasks for group in groups(task)
            for job in _jobs_of(task, group, scale)]


def _jobs_of(task: str, group: Group, scale: Scale) -> Iterator[OnlineRun]:
    starts = max(2, group.precision * scale.held_out_starts // PART // group.slowness)
    for start in ('paper', 'robust'):
        if start == 'robust' and not (group.robust and has_robust(task)):
            continue
        known = networks(task, scale, start == 'robust')
        for method in scale.chosen(list(METHODS)):
            compared = METHODS[method]
            if not compared.fits(task, group.name, start):
                continue
            episodes = min(compared.lengths[task], group.longest, scale.episodes)
            plants = enumerate(group.plants[:PLANTS[scale.name]])
            for (i, (first, last)), (k, network) in product(plants, enumerate(known)):
                yield OnlineRun(
                    task, group.name, group.world, i, first, last, group.change, start,
                    *network, method, FIRST_SEED + SEED_STRIDE * (len(group.plants) * k + i),
                    group.change + episodes if episodes else 0, starts)


def run(job: OnlineRun) -> Rows:
    """Learn on the plant; measure the deployed networks on held-out starts."""
    network = load(job)
    first, last = (world_of(job.task, job.world, plant) for plant in (job.first, job.last))
    starts = seeds.block(seeds.HELD_OUT, job.starts)
    measured = Measured(lambda controller: last.returns(controller, starts))
    labels = {'task': job.task, 'plants': job.plants, 'start': job.start, 'set': job.set,
              'network': job.network, 'method': job.method, 'seed': job.seed}
    before = measured(network).mean()
    rows = [] if job.change else [{**labels, 'episodes': 0, 'before': before,
                                   **_row(job.task, measured(network))}]
    worlds = [first] * job.change + [last] * (job.episodes - job.change)
    for played, deployed in enumerate(METHODS[job.method].learn(worlds, network, job.seed), 1):
        if played - job.change in EPISODES:
            rows.append({**labels, 'episodes': played - job.change, 'before': before,
                         **_row(job.task, measured(deployed))})
    return rows


def _row(task: str, returns: np.ndarray) -> dict[str, float]:
    return {'return': returns.mean(), 'success': np.mean(returns >= SOLVED[task])}


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return curves of mean, worst run, success, losses; and paired differences."""
    data = data.assign(
        success=100.0 * data['success'],
        lost=100.0 * (data['return'] < data['before'] - data['task'].map(LOST)))
    return {
        'Mean return of the deployed network by real episodes': curves(data),
        'Worst run': curves(data, 'return', 'min'),
        'Episodes that succeed, percent': curves(data, 'success'),
        'Runs that stand below their start, percent': curves(data, 'lost'),
        'Gain over the start, with 95 % intervals over plants': _gains(data),
        'combined minus other methods, paired, with 95 % intervals over plants':
            _differences(data)}


def curves(data: DataFrame, what: str = 'return', how: str = 'mean') -> DataFrame:
    """Return a row per method, a column per number of episodes."""
    wide = data.pivot_table(index=KEYS, columns='episodes', values=what, aggfunc=how, sort=False)
    wide = wide[sorted(wide.columns)].round(1)
    runs = data.groupby(KEYS, sort=False)[RUN[3:]].apply(lambda part: len(part.drop_duplicates()))
    wide.insert(0, 'runs', runs)
    return wide.reset_index().rename_axis(columns=None)


def _gains(data: DataFrame) -> DataFrame:
    """Compare deployed networks with the first one, on the same starts of the same plants."""
    from pandas import DataFrame
    rows = []
    for (*keys, episodes), part in data.groupby([*KEYS, 'episodes'], sort=False):
        if episodes in SHOWN:
            gain = (part['return'] - part['before']).groupby(part['set']).mean()
            rows.append({**dict(zip(KEYS, keys)), 'episodes': episodes, **paired(gain.to_numpy())})
    return DataFrame(rows)


def _differences(data: DataFrame) -> DataFrame:
    """Compare combined with its parts, and with common alternatives."""
    from pandas import DataFrame
    rows = []
    wide = data.pivot_table(index=[*RUN, 'episodes'], columns='method', values='return',
                            sort=False).reset_index()
    if 'combined' not in wide:
        return DataFrame()
    others = [name for name in METHODS if name in wide and name not in ('combined', 'none')]
    for (*keys, episodes), part in wide.groupby([*RUN[:3], 'episodes'], sort=False):
        for other in others if episodes in COMPARED else []:
            apart = (part['combined'] - part[other]).groupby(part['set']).mean().dropna()
            if len(apart):
                rows.append({**dict(zip(RUN, keys)), 'episodes': episodes, 'minus': other,
                             **paired(apart.to_numpy())})
    return DataFrame(rows)


def figure(data: DataFrame) -> Figure:
    """Draw the curves of every group of plants with learning, a line per method."""
    parts = [(names, part) for names, part in data.groupby(['task', 'plants', 'start'], sort=False)
             if part['episodes'].any()]
    result, axes = plotting.panels(len(parts), columns=3)
    lines = {}
    for axis, ((task, plants, start), part) in zip(axes, parts):
        for method, runs in part.groupby('method', sort=False):
            curve, style = runs.groupby('episodes')['return'].mean(), METHODS[method].style
            lines[method], = axis.plot(np.arange(len(curve)), curve, style.line, markersize=4,
                                       color=style.color, marker=style.marker)
        low, high = axis.get_ylim()
        middle, reach = (low + high) / 2.0, max(high - low, LEAST_RANGE) / 2.0
        axis.set_ylim(middle - reach, middle + reach)
        axis.set_xticks(range(len(EPISODES)), EPISODES, fontsize='x-small')
        axis.set_title(f'{task}, {plants}, from {start} networks', fontsize='medium')
        axis.set_xlabel('real episodes, not to scale')
    axes[0].set_ylabel('mean return on held-out starts')
    result.legend(lines.values(), lines, loc='outside lower center', ncols=4, fontsize='small')
    return result


STUDY = Study(
    'online', 'Learning on the robot, every episode counted', jobs, run, tables, figure,
    'Deployed networks by number of real episodes, on held-out starts; on plants that change, '
    'episodes since the change. "before" and losses are against the network that a run began '
    'with, on the last plant.')
