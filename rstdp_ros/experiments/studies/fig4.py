"""Figure 4 and Table 3: random environments, 250 episodes, the best weights, and the controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments import best_of
from rstdp_ros.experiments.best_of import BestOf
from rstdp_ros.experiments.environments import environment_sets, RANGES, SOLVED
from rstdp_ros.experiments.reference_controller import reference_returns
from rstdp_ros.experiments.statistics import (
    interquartile_mean,
    interval,
    paired_by,
    paired_t,
    pooled,
)
from rstdp_ros.experiments.study import networks, Scale, SEED_STRIDE, Study
from rstdp_ros.support import seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

# Label in a row -> (rule, preset).
VARIANTS = {
    'rstdp': ('rstdp', 'paper'), 'default': ('rstdp', 'default'), 'authors': ('rstdp', 'authors'),
    'opposite': ('opposite', 'paper'), 'shuffled': ('shuffled', 'paper'),
    'random': ('random', 'paper'), 'independent': ('independent', 'paper')}
WIDE_VARIANTS = ('rstdp', 'random')
FIRST_SEED = seeds.ADAPTATION + 10_000_000
# Environments per range, here and in the wide study.
SETS = {'full': 10, 'small': 2, 'tiny': 1}
WIDE_SETS = {'full': 100, 'small': 4, 'tiny': 1}
# Figure 4 and the text: mean return on default physics, drop before and after in percent.
PAPER = {('cartpole', 'normal'): (5.47, 0.401), ('cartpole', 'extreme'): (19.28, 2.05),
         ('acrobot', 'normal'): (5.34, -3.31), ('acrobot', 'extreme'): (11.4, -4.74)}
PAPER_T = {('cartpole', 'normal'): -22.16, ('cartpole', 'extreme'): -35.71,
           ('acrobot', 'normal'): -10.13, ('acrobot', 'extreme'): -11.97}
# Number of environments that the paper draws, and of our draws.
FEW = 10
DRAWS = 2000
KEYS = ['task', 'derived', 'range', 'starts']


def jobs(tasks: Sequence[str], scale: Scale) -> list[BestOf]:
    """List the runs with every rule."""
    return list(_jobs(tasks, scale, SETS, list(VARIANTS)))


def wide_jobs(tasks: Sequence[str], scale: Scale) -> list[BestOf]:
    """List the runs in many environments, with r-STDP and one control."""
    return list(_jobs(tasks, scale, WIDE_SETS, WIDE_VARIANTS))


def _jobs(tasks: Sequence[str], scale: Scale, sets: Mapping[str, int],
          variants: Sequence[str]) -> Iterator[BestOf]:
    for task, derived, name in product(tasks, scale.derived, RANGES):
        environments = environment_sets(task, name, sets[scale.name])
        for (network, model, digest), (i, values), variant in product(
                networks(task, scale), list(enumerate(environments)), scale.chosen(variants)):
            rule, preset = VARIANTS[variant]
            labels = {'network': network, 'derived': derived, 'range': name, 'set': i,
                      'variant': variant}
            if task == 'cartpole':
                labels['reference'] = reference_returns()[derived, name, i]
            yield BestOf(task, model, digest, {**values, 'derived_parameters': derived}, rule,
                         preset, FIRST_SEED + SEED_STRIDE * i, scale.episodes,
                         scale.selection_starts, scale.held_out_starts, labels)


def drop(default: float, value: float) -> float:
    """Return the drop from the default return, in percent of it."""
    return 100.0 * (default - value) / abs(default)


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the tables of the report."""
    data = _complete(data)
    solvable = data[~(data.get('reference', np.inf) < SOLVED['cartpole'])]
    return {'Drop of the mean return against default physics, in percent': _overview(solvable),
            'The same with returns, spread and cost': _drops(solvable),
            'Paired difference to random updates of the same norm, over networks and '
            'environments': _against_random(solvable),
            "The paper's Table 3: t-test of before minus after over all starts": _t_tests(data)}


def _complete(data: DataFrame) -> DataFrame:
    """Leave out rules whose runs are not finished: means over fewer networks would mislead."""
    runs = data.groupby([*KEYS, 'variant'])['after'].transform('size')
    return data[runs == runs.groupby([data[key] for key in KEYS]).transform('max')]


def _overview(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for keys, group in data.groupby(KEYS, sort=False):
        paper = PAPER[keys[0], keys[2]]
        default = group['default'].mean()
        after = {variant: drop(default, part['after'].mean())
                 for variant, part in group.groupby('variant', sort=False)}
        rows.append({**dict(zip(KEYS, keys)), 'paper before': paper[0], 'paper after': paper[1],
                     'before': drop(default, group['before'].mean()), **after})
    return DataFrame(rows)


def _drops(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for (*keys, variant), group in data.groupby([*KEYS, 'variant'], sort=False):
        default, before, after = (group[c].mean() for c in ('default', 'before', 'after'))
        low, high = interval(group['after'].to_numpy())
        std = pooled(group['count'], group['after'], group['after_std'])[1]
        rows.append({
            **dict(zip(KEYS, keys)), 'rule': variant, 'runs': len(group),
            'drop before': drop(default, before), 'drop after': drop(default, after),
            'return before': before, 'return after': after, 'standard deviation': std,
            'interquartile mean': interquartile_mean(group['after']),
            '95 % low': low, '95 % high': high,
            'best at episode': group['best_episode'].mean(),
            'episodes on the plant': group['plant_episodes'].mean()})
    return DataFrame(rows)


def _against_random(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    wide = data.pivot_table(index=[*KEYS, 'network', 'set'], columns='variant', values='after',
                            sort=False)
    rows = []
    for variant in wide.columns.drop('random', errors='ignore') if 'random' in wide else ():
        rows += paired_by(wide[variant] - wide['random'], KEYS, rule=variant)
    return DataFrame(rows).rename(columns={'mean': 'mean difference'})


def _t_tests(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for keys, group in data[data['variant'] == 'rstdp'].groupby(KEYS, sort=False):
        t, p, pairs = paired_t(group['count'], group['before'] - group['after'],
                               group['difference_std'])
        rows.append({**dict(zip(KEYS, keys)), 'pairs': pairs, 't': t,
                     'p': '< .001' if p < 0.001 else f'{p:.3f}',
                     'paper t': PAPER_T[keys[0], keys[2]]})
    return DataFrame(rows)


def wide_tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the tables of the report, and the effect on drops of choosing few environments."""
    return {**tables(data),
            f'Drops on {FEW} environments drawn from these: median and 95 % of the draws':
            _draws(data)}


def _draws(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for (*keys, variant), group in data.groupby([*KEYS, 'variant'], sort=False):
        sets = group.groupby('set')[['default', 'before', 'after']].mean()
        means = {when: sets[when].to_numpy() for when in sets}
        generator = np.random.default_rng(0)
        chosen = [generator.choice(len(sets), FEW, replace=len(sets) < FEW) for _ in range(DRAWS)]
        draws = {when: values[chosen].mean(axis=1) for when, values in means.items()}
        row = {**dict(zip(KEYS, keys)), 'rule': variant}
        for when in ('before', 'after'):
            low, middle, high = np.percentile(
                [drop(*means) for means in zip(draws['default'], draws[when])], (2.5, 50, 97.5))
            row |= {f'drop {when}': middle, f'{when} low': low, f'{when} high': high}
        rows.append(row)
    return DataFrame(rows)


def figure(data: DataFrame) -> Figure:
    """Draw drops before and after, a panel per task, physics and range."""
    data = _complete(data[data['starts'] == 'held-out'])
    panels = list(data.groupby(['task', 'derived', 'range'], sort=False))
    result, axes = plotting.panels(len(panels), columns=4)
    for axis, (keys, group) in zip(axes, panels):
        variants = list(dict.fromkeys(group['variant']))
        for x, variant in enumerate(['before', *variants]):
            rows = group[group['variant'] == variants[0]] if x == 0 else (
                group[group['variant'] == variant])
            values = rows['before' if x == 0 else 'after'].to_numpy()
            low, high = interval(values)
            style = plotting.STYLES[variant]
            axis.plot(np.full(len(values), x) + np.linspace(-0.25, 0.25, len(values)), values,
                      '.', color=style.color, alpha=0.35, markersize=4)
            axis.errorbar(x, values.mean(), [[values.mean() - low], [high - values.mean()]],
                          color=style.color, marker=style.marker, markersize=7, capsize=4)
        axis.axhline(group['default'].mean(), color='black', linewidth=0.8, linestyle=':')
        axis.set_xticks(range(len(variants) + 1), ['before', *variants], rotation=60)
        axis.set_title(', '.join(map(str, keys)), fontsize='medium')
        axis.set_ylabel('mean return')
    result.suptitle('Held-out starts: each dot a network in an environment, mean and 95 % '
                    'interval; dotted: default physics')
    return result


READING = (
    'Weights are chosen on the selection starts, so only the held-out starts tell what was '
    'gained. The controls go through the same choice. "recomputed" is correct physics, "frozen" '
    "leaves derived fields of the environment stale, as the paper's code did.")
STUDY = Study('fig4', 'Figure 4 and Table 3: random environments', jobs, best_of.run, tables,
              figure, READING)
WIDE = Study('fig4-wide', 'Figure 4 on 100 environments per range', wide_jobs, best_of.run,
             wide_tables, figure, READING + ' Ten environments are too few: their draw moves the '
             'mean drop more than any rule does.', tasks=('cartpole',))
