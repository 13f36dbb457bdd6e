"""Is the direction of r-STDP real? A few updates, no selection, both signs and three controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.experiments.environments import environment_sets
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.study import load, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

UPDATES = (1, 3, 5, 10)
RULES = ('rstdp', 'opposite', 'shuffled', 'permuted', 'random')
PRESETS = ('paper', 'authors')
FIRST_SEED = seeds.ADAPTATION + 20_000_000
KEYS = ['task', 'network', 'preset', 'rule']
# Environments.
SETS = {'full': 50, 'small': 4, 'tiny': 2}


@dataclass(frozen=True)
class Direction:
    """One network in one environment under one rule; see :class:`best_of.BestOf`."""

    task: str
    model: str
    digest: str
    physics: Mapping[str, float]
    rule: str
    preset: str
    seed: int
    starts: int
    labels: Mapping[str, Any] = field(default_factory=dict)


def jobs(tasks: Sequence[str], scale: Scale) -> list[Direction]:
    """List the runs: extreme environments, correct physics."""
    result = []
    for task in tasks:
        environments = list(enumerate(environment_sets(task, 'extreme', SETS[scale.name])))
        for (name, model, digest), (i, physics), kind, rule in product(
                networks(task, scale), environments, PRESETS, scale.chosen(RULES)):
            labels = {'network': name, 'shipped': name == model, 'set': i}
            result.append(Direction(task, model, digest, physics, rule, kind,
                                    FIRST_SEED + SEED_STRIDE * i, scale.selection_starts, labels))
    return result


def run(job: Direction) -> Rows:
    """Return a row per number of updates: the mean return on the selection starts."""
    task, network = get_task(job.task), load(job)
    physics, starts = task.make_physics(job.physics), seeds.block(seeds.SELECTION, job.starts)
    learner = Learner(network, Recipe.of(job.task, job.seed, job.rule, 'none', job.preset))
    before, rows = float(task.returns(network, starts, physics).mean()), []
    for updates in range(1, UPDATES[-1] + 1):
        learner.learn(*next_episode(task, learner, physics))
        if updates in UPDATES:
            after = float(task.returns(learner.running, starts, physics).mean())
            rows.append({'task': job.task, **job.labels, 'preset': job.preset, 'rule': job.rule,
                         'seed': job.seed, 'updates': updates, 'before': before, 'after': after})
    return rows


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return mean changes with their standard errors over environments."""
    data = data.assign(change=data['after'] - data['before'])
    shipped = data[data['shipped']].assign(network='shipped')
    return {'Mean change of the return by number of updates, over the shipped networks':
            _changes(shipped), 'The same, each network': _changes(data),
            'What the places of the entries are worth: r-STDP minus its shuffled entries, paired':
            _places(data)}


def _changes(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for keys, group in data.groupby(KEYS, sort=False):
        row = {**dict(zip(KEYS, keys)), 'runs': 0, 'return before': group['before'].mean()}
        for updates, part in group.groupby('updates'):
            # Networks in one environment are not independent: average them first.
            change = part.groupby('set')['change'].mean()
            row['runs'] = len(part)
            row[f'after {updates}'] = change.mean()
            row[f'error {updates}'] = change.std() / np.sqrt(len(change))
        rows.append(row)
    return DataFrame(rows)


def _places(data: DataFrame) -> DataFrame:
    """Compare with the control that has the same entries, and hence the same net drift."""
    from pandas import DataFrame
    rows: list[dict[str, Any]] = []
    columns = ['task', 'network', 'preset', 'set', 'updates']
    wide = data.pivot_table(index=columns, columns='rule', values='change', sort=False)
    if not {'rstdp', 'shuffled'} <= set(wide):
        return DataFrame(rows)
    difference = (wide['rstdp'] - wide['shuffled']).rename('change').reset_index()
    for keys, group in difference.groupby(KEYS[:3], sort=False):
        row = dict(zip(KEYS, keys))
        for updates, part in group.groupby('updates'):
            row[f'after {updates}'] = part['change'].mean()
            row[f'error {updates}'] = part['change'].sem()
        rows.append(row)
    return DataFrame(rows)


def figure(data: DataFrame) -> Figure:
    """Draw the change over the number of updates, a panel per task, preset and network."""
    data = data.assign(change=data['after'] - data['before'])
    parts = list(data.groupby(['task', 'preset', 'network'], sort=False))
    result, axes = plotting.panels(len(parts), columns=4)
    for axis, (keys, part) in zip(axes, parts):
        for rule, group in part.groupby('rule', sort=False):
            changes = group.groupby('updates')['change']
            plotting.line_with_errors(axis, changes.mean(), changes.sem(), rule)
        axis.axhline(0, color='black', linewidth=0.6)
        axis.set_title(', '.join(keys), fontsize='medium')
        axis.set(xlabel='updates', ylabel='change of the mean return')
    plotting.legend_below(result, axes[0], 5)
    result.suptitle('Change without selection, mean and standard error over extreme environments')
    return result


STUDY = Study(
    'direction', 'Which direction, if any', jobs, run, tables, figure, 'Nothing is selected here, '
    'so noise cannot look like learning. "rstdp" adds the update of the preset, "opposite" '
    'subtracts it; note that the preset "authors" already has the flipped sign for the cart-pole. '
    'The controls move equally far in uninformed directions.')
