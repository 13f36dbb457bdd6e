"""
From one simulator to another: networks trained on Gymnasium's equations meet PyBullet's bodies.

On each plant every shipped network adapts from several seeds, once by r-STDP and once by random
updates of the same norm under the same guard. The plants were chosen by the shipped networks' loss
on selection starts, before anything adapted on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.adaptation import adapt, Adaptation
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import first_returns
from rstdp_ros.experiments.statistics import paired_by
from rstdp_ros.experiments.study import load, NetworkJob, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Recipe
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

RULES = ('rstdp', 'random')
# PyBullet is 40 to 120 times slower than the compiled equations (benchmark/simulators.py).
STARTS_DIVISOR = 10
Physics = Mapping[str, float]
PLANTS: Mapping[str, Mapping[str, Physics]] = {
    'cartpole': {
        'default': {},
        'longer and heavier': {'pole_half_length': 0.8, 'pole_mass': 0.3},
        'delayed': {'actuator_delay': 0.04},
        'worn': {'force_magnitude': 5.0, 'cart_friction': 1.0, 'pole_damping': 0.1,
                 'actuator_delay': 0.02}},
    'acrobot': {
        'default': {},
        'longer and heavier': {'link_length': 1.4, 'link_mass': 1.4},
        'delayed': {'actuator_delay': 0.2},
        'worn': {'torque_magnitude': 0.9, 'shoulder_friction': 0.05, 'shoulder_damping': 0.03,
                 'elbow_friction': 0.05, 'elbow_damping': 0.03}},
}


@dataclass(frozen=True)
class Run(NetworkJob):
    """One network, one plant, one seed, one rule."""

    plant: str
    physics: Physics
    seed: int
    rule: str
    episodes: int
    starts: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Run]:
    """List the runs."""
    starts = max(1, scale.held_out_starts // STARTS_DIVISOR)
    return [Run(task, *network, plant, physics, seeds.ADAPTATION + SEED_STRIDE * k, rule,
                scale.guarded_episodes, starts)
            for task in tasks
            for network, (plant, physics), k, rule in product(
                networks(task, scale), PLANTS[task].items(), range(scale.runs),
                scale.chosen(RULES))]


def run(job: Run) -> Rows:
    """Adapt in PyBullet; measure there on held-out starts, and before in the equations."""
    task, network = get_task(job.task, 'pybullet'), load(job)
    physics = task.make_physics(job.physics)
    learner, _ = adapt(Adaptation(task, network, physics, job.episodes,
                                  Recipe.of(task.name, job.seed, job.rule, 'snapshot')))
    held_out = seeds.block(seeds.HELD_OUT, job.starts)
    return [{'task': job.task, 'network': job.network, 'plant': job.plant, 'seed': job.seed,
             'rule': job.rule, 'starts': job.starts,
             'home': float(get_task(job.task).returns(network, held_out).mean()),
             'before': float(first_returns(job.task, job.model, physics, held_out,
                                           'pybullet').mean()),
             'after': float(task.returns(learner.deployed, held_out, physics).mean())}]


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return every network on every plant, and the paired difference to the control."""
    keys = ['task', 'plant', 'network', 'home', 'before']
    spread = data.groupby([*keys, 'rule'], sort=False)['after'].agg(['mean', 'min', 'max'])
    shown = spread.apply(lambda row: f'{row["mean"]:.1f} ({row["min"]:.1f} to {row["max"]:.1f})',
                         axis=1).unstack('rule', sort=False).reset_index()
    shown.columns.name = None
    result = {'Return on held-out starts: Gymnasium, PyBullet before, PyBullet after '
              '(mean and range over seeds)': shown}
    if set(RULES) <= set(data['rule']):
        result['r-STDP minus random, paired'] = _differences(data)
    return result


def _differences(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    pairs = data.pivot_table(index=['task', 'plant', 'network', 'seed'], columns='rule',
                             values='after', sort=False)
    return DataFrame(paired_by(pairs['rstdp'] - pairs['random'], ['task', 'plant']))


def figure(data: DataFrame) -> Figure:
    """Draw the first and last return of every run, for each task and plant."""
    parts = list(data.groupby(['task', 'plant'], sort=False))
    result, axes = plotting.panels(len(parts), columns=4)
    places = {'home': 0, 'before': 1, 'rstdp': 2, 'random': 3}
    for axis, ((task, plant), part) in zip(axes, parts):
        for _, runs in part.groupby('network', sort=False):
            axis.plot([0, 1], [runs['home'].iloc[0], runs['before'].iloc[0]], '.-',
                      color='#999999')
            for rule, group in runs.groupby('rule', sort=False):
                style = plotting.STYLES[rule]
                axis.plot([places[rule]] * len(group), group['after'], linestyle='',
                          color=style.color, marker=style.marker, alpha=0.6)
        axis.set_xticks(list(places.values()), ['Gym', 'before', 'r-STDP', 'random'])
        axis.set(title=f'{task}: {plant}', xlim=(-0.4, 3.4))
    axes[0].set_ylabel('mean return on held-out starts')
    return result


STUDY = Study(
    'pybullet', 'From Gymnasium to PyBullet', jobs, run, tables, figure,
    'No validation set: the guard judges by the very episodes that are played. The random control '
    'makes updates of the same norm. Compare ranges, not single runs.')
