"""
Whether identification is right: its intervals, and its test for lacking structure.

Plants, noise and encoders are drawn at random; shipped networks move the plants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import math
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.environments import TABLE_2
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.statistics import share
from rstdp_ros.experiments.study import load, networks, Scale, Study
from rstdp_ros.support import seeds
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks import get_task, Task
from rstdp_ros.twin.adequacy import FALSE_ALARMS
from rstdp_ros.twin.identification import identify

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

COVERAGE, RIGHT, LACKING = 'coverage', 'right equations', 'friction left out'
EPISODES, STEPS = 3, 200
# Standard deviation of positions, log-uniform, m or rad; factor for that of velocities.
NOISE, VELOCITY = (0.0005, 0.002), 20.0
# Dry friction on the actuated joint, as a fraction of the force or torque.
VISIBLE = (0.05, 0.2)
# Largest delay of actuators, s.
DELAY = {'cartpole': 0.04, 'acrobot': 0.2}
# Plants per task, for coverage and for either other kind.
COVERED = {'full': 150, 'small': 6, 'tiny': 2}
RUBBING = {'full': 50, 'small': 3, 'tiny': 1}
COLORS = {'cartpole': plotting.BLUE, 'acrobot': plotting.VERMILLION}


@dataclass(frozen=True)
class Run:
    """
    One plant, its data and its identification.

    :param kind: COVERAGE; LACKING for a plant with friction and a model without; RIGHT for the
        same plant and model without friction.
    :param index: of the plant, its noise and its starts.
    :param first: first seed of starts and draws.
    """

    task: str
    kind: str
    network: str
    model: str
    digest: str
    index: int
    first: int = seeds.HELD_OUT


def jobs(tasks: Sequence[str], scale: Scale) -> list[Run]:
    """List the runs, half of them on each task; nothing learns, so there is no rule."""
    if scale.rules:
        return []
    return [Run(task, kind, *shipped[index % len(shipped)], index)
            for kind, count in ((COVERAGE, COVERED), (RIGHT, RUBBING), (LACKING, RUBBING))
            for task in tasks for shipped in (networks(task, scale),)
            for index in range(count[scale.name])]


def run(job: Run) -> Rows:
    """Play, identify and compare with the true values; a row per parameter."""
    # The same plants, noise and starts with and without friction.
    generator = np.random.default_rng((job.first, job.index, job.kind == COVERAGE))
    task, network = get_task(job.task), load(job)
    true = body(job.task, generator)
    errors = imperfections(job.task, true, generator)
    rubbing = friction(job.task, true, generator)
    if job.kind == COVERAGE and job.index % 2:
        true |= errors
    elif job.kind == LACKING:
        true |= rubbing
    plant, noise = task.make_physics(true), between(*NOISE, generator)
    step = noise * generator.uniform()
    starts = seeds.block(job.first + EPISODES * job.index, int(generator.integers(EPISODES)) + 1)
    shown = [sensed(task.episode(network, seed, plant, True).trajectory, noise, step, generator)
             for seed in starts]
    found = identify(task if job.kind == COVERAGE else frictionless(task), shown)
    common = {'task': job.task, 'kind': job.kind, 'plant': job.index,
              'imperfect': bool(errors.keys() & true.keys()), 'noise': noise,
              'encoder step': step, 'episodes': len(shown),
              'steps': sum(len(one.efforts) for one in shown), **found.adequacy._asdict()}
    return [{**common, 'parameter': name, 'true': getattr(plant, name),
             **{key: value for key, value in one._asdict().items() if key != 'nominal'},
             'held': one.held} for name, one in found.estimates().items()]


def between(low: float, high: float, generator: np.random.Generator) -> float:
    """Draw log-uniformly."""
    return math.exp(generator.uniform(math.log(low), math.log(high)))


def body(task: str, generator: np.random.Generator) -> dict[str, float]:
    """Draw a body uniformly over all of Table 2, normal and extreme."""
    ranges = {name: (intervals[0][0], intervals[-1][1])
              for name, intervals in TABLE_2[task]['extreme'].items()}
    return {name: generator.uniform(*ends) for name, ends in ranges.items()}


def imperfections(task: str, true: Mapping[str, float],
                  generator: np.random.Generator) -> dict[str, float]:
    """Draw delay, friction and sensor errors, as of robots."""
    largest = friction_scales(task, true)
    drawn = {'actuator_delay': generator.uniform(0.0, DELAY[task])}
    for unknown in get_task(task).unknowns:
        if unknown.group == 'friction':
            drawn[unknown.name] = generator.uniform(0.0, largest[unknown.name])
        elif unknown.name.endswith('factor'):
            drawn[unknown.name] = math.exp(generator.uniform(-unknown.spread, unknown.spread))
        elif unknown.name.endswith('offset'):
            drawn[unknown.name] = generator.uniform(-unknown.spread, unknown.spread)
    return drawn


def friction_scales(task: str, true: Mapping[str, float]) -> dict[str, float]:
    """
    Return the largest damping and friction of each joint, in their own units.

    The cart's is a tenth of its force, its damping half of that at 1 m/s; the pole's a fiftieth of
    the torque of its weight, at 1 rad/s; of the acrobot's joints a tenth of the torque.
    """
    if task == 'acrobot':
        return dict.fromkeys((f'{joint}_{kind}' for joint in ('shoulder', 'elbow')
                              for kind in ('damping', 'friction')), 0.1)
    force, weight = true['force_magnitude'], 9.8 * true['pole_mass'] * true['pole_half_length']
    return {'cart_damping': 0.05 * force, 'cart_friction': 0.1 * force,
            'pole_damping': 0.02 * weight, 'pole_friction': 0.02 * weight}


def friction(task: str, true: Mapping[str, float],
             generator: np.random.Generator) -> dict[str, float]:
    """Draw visible dry friction of the actuated joint."""
    name = 'cart_friction' if task == 'cartpole' else 'elbow_friction'
    return {name: generator.uniform(*VISIBLE) * true.get('force_magnitude', 1.0)}


def frictionless(task: Task) -> Task:
    """Return the task with a model without friction."""
    return replace(task, unknowns=tuple(u for u in task.unknowns if u.group != 'friction'))


def sensed(trajectory: Trajectory, noise: float, step: float,
           generator: np.random.Generator) -> Trajectory:
    """Return the first steps of an episode as noisy sensors show them, positions by encoders."""
    first = trajectory._replace(**{name: getattr(trajectory, name)[:STEPS] for name in (
        'positions', 'velocities', 'efforts')})
    positions, velocities = (
        rows + scale * generator.normal(size=rows.shape)
        for rows, scale in ((first.positions, noise), (first.velocities, VELOCITY * noise)))
    return first._replace(positions=np.round(positions / step) * step, velocities=velocities)


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return shares of correct intervals, in total and by parameter, and of alarms."""
    covered = data[data['kind'] == COVERAGE].assign(
        hit=lambda rows: (rows['low'] <= rows['true']) & (rows['true'] <= rows['high']))
    plants = data.drop_duplicates(['task', 'kind', 'plant']).assign(
        hit=lambda rows: rows['p_value'] < FALSE_ALARMS)
    return {'95 % intervals that hold the true value': _shares(
                covered.assign(plants=np.where(covered['imperfect'], 'imperfect', 'body only')),
                ['task', 'plants'], 'intervals'),
            'The intervals, parameter by parameter': _by_parameter(covered),
            'Runs in which the equations are said to lack something': _shares(
                plants, ['kind', 'task'], 'runs')}


def _shares(data: DataFrame, keys: list[str], what: str) -> DataFrame:
    """Return shares with exact binomial intervals, by key and in total."""
    from pandas import DataFrame
    groups = [(dict(zip(keys, names)), group) for names, group in data.groupby(keys, sort=False)]
    if keys[0] == 'task':
        groups.append((dict.fromkeys(keys, 'all'), data))
    return DataFrame([{**names, what: len(group), **_share(group)} for names, group in groups])


def _share(group: DataFrame) -> dict[str, float]:
    numbers = share(int(group['hit'].sum()), len(group))
    return dict(zip(('percent', '95 % low', '95 % high'), (100.0 * one for one in numbers)))


def _by_parameter(covered: DataFrame) -> DataFrame:
    keys = ['task', 'parameter']
    groups = covered.groupby(keys, sort=False)
    imperfect = covered[covered['imperfect']].groupby(keys, sort=False)['hit'].mean()
    return _shares(covered, keys, 'intervals')[:-1].assign(**{
        'imperfect plants, percent': 100.0 * imperfect.to_numpy(),
        'data can tell, percent': 100.0 * groups['identifiable'].mean().to_numpy()})


def figure(data: DataFrame) -> Figure:
    """Draw shares by parameter, and the test's ratios with and without friction left out."""
    rows, parts = list(tables(data).values())[1], list(data.groupby('task', sort=False))
    result, axes = plotting.panels(2 * len(parts), columns=2, height=4.0)
    for (task, part), shares, ratios in zip(parts, axes[::2], axes[1::2]):
        intervals = rows[rows['task'] == task]
        places, middle = np.arange(len(intervals)), intervals['percent']
        shares.axvspan(90, 99, color=plotting.GREY, alpha=0.2, lw=0)
        shares.errorbar(middle, places, xerr=(middle - intervals['95 % low'],
                                              intervals['95 % high'] - middle),
                        fmt='o', color=COLORS[task], markersize=4)
        shares.set(yticks=places, yticklabels=intervals['parameter'], xlim=(75, 101),
                   title=f'{task}: intervals that hold the truth', xlabel='percent')
        shares.tick_params(axis='y', labelsize='small')
        for kind, line in ((RIGHT, ':'), (LACKING, '-')):
            found = np.sort(part[part['kind'] == kind].drop_duplicates('plant')['ratio'])
            ratios.plot(found, 100.0 * (np.arange(len(found)) + 0.5) / len(found), line,
                        color=COLORS[task], label=kind)
        ratios.set(xscale='log', title=f'{task}: lack of fit', xlabel='ratio F',
                   ylabel='runs, percent, at most')
        ratios.legend(fontsize='small')
    return result


STUDY = Study(
    'identification', 'What identification says is true', jobs, run, tables, figure, 'Bodies are '
    "uniform over the span of the paper's Table 2, its extreme range included; every other plant "
    'also has a delay, friction and sensor errors. One to three episodes of the shipped networks, '
    'of each at most 200 steps; noise of positions 0.5 to 2 mm or mrad, of velocities 20 times as '
    'much per second, encoders with steps of up to that noise. Friction left out: dry, 5 to 20 % '
    'of the force or torque of the joint that is moved, and none in the model. Nothing was chosen '
    'on these plants and starts. A parameter held at a true nominal value is always covered; so '
    "is one that the data cannot tell, as its interval is then the prior's, two deviations to "
    'each side, and factors and offsets are drawn within one.')
