"""
A local rule in front of a search: ``blended`` beside ``gains`` on many hard plants.

Runs are those of the study ``online``, on plants that no other study and no choice of parameters
has seen. A difference of a few steps needs more of them than that study has.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.experiments.online.plants import draw_plant
from rstdp_ros.experiments.statistics import as_text, paired
from rstdp_ros.experiments.studies import online
from rstdp_ros.experiments.studies.online import OnlineRun
from rstdp_ros.experiments.study import networks, Scale, SEED_STRIDE, Study
from rstdp_ros.support import seeds

if TYPE_CHECKING:
    from pandas import DataFrame

PLANTS = {'full': 120, 'small': 4, 'tiny': 1}
PLANT_SEED = 2_027
FIRST_SEED = seeds.ADAPTATION + 60_000_000
PART = 5
LONGEST = 50
COMPARED = ('gains', 'blended')


def jobs(tasks: Sequence[str], scale: Scale) -> list[OnlineRun]:
    """List the runs."""
    return [OnlineRun(task, 'hard', 'equations', i, plant, plant, 0, start, *network, method,
                      FIRST_SEED + SEED_STRIDE * (PLANTS['full'] * k + i),
                      min(LONGEST, scale.episodes), max(2, scale.held_out_starts // PART))
            for task, start in product(tasks, ('paper', 'robust'))
            for i, plant in enumerate(hard_plants(task, PLANTS[scale.name]))
            for k, network in enumerate(networks(task, scale, start == 'robust'))
            for method in scale.chosen(COMPARED)]


def hard_plants(task: str, number: int) -> list[dict[str, float]]:
    """Draw the first plants of the study, parameters by name."""
    generator = np.random.default_rng(PLANT_SEED)
    return [draw_plant(task, 'hard', generator) for _ in range(number)]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return curves, and the paired difference."""
    return {'Mean return of the deployed network by real episodes': online.curves(data),
            'blended minus gains, paired, with 95 % intervals over plants': _differences(data)}


def _differences(data: DataFrame) -> DataFrame:
    """Return a row per group of runs, a column per number of episodes."""
    from pandas import DataFrame
    wide = data.pivot_table(index=[*online.RUN, 'episodes'], columns='method', values='return',
                            sort=False).reset_index().query('episodes > 1')
    if not {*COMPARED} <= {*wide}:
        return DataFrame()
    wide['apart'] = wide['blended'] - wide['gains']
    groups = online.RUN[:3]
    # Networks on one plant are not independent: average them first.
    return DataFrame([
        {**dict(zip(groups, keys)), **{
            str(episodes): as_text(paired(part.groupby('set')['apart'].mean().to_numpy()))
            for episodes, part in group.groupby('episodes')}}
        for keys, group in wide.groupby(groups, sort=False)])


STUDY = Study(
    'blended', 'A local rule in front of a search', jobs, online.run, tables, online.figure,
    'Deployed networks by number of real episodes on plants with delay, friction, dead zone and '
    'wrong sensors, on held-out starts. The two strategies differ only in who leads from the '
    'second episode to the tenth.', tasks=('cartpole',))
