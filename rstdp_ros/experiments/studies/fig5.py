"""Figure 5: the returns of networks trained on longer poles and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.study import Scale, Study
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

LENGTHS = {'cartpole': 'pole_half_length', 'acrobot': 'link_length'}
PERCENT = (0, 50, 100)
# The shipped networks have seeds from 0.
FIRST_SEED = 100
WINDOW = 100
# Trainings per length, and their numbers of episodes.
TRAININGS = {'full': 3, 'small': 1, 'tiny': 1}
EPISODES = {'full': 400, 'small': 30, 'tiny': 1}
STYLES = ((plotting.BLUE, '-'), (plotting.ORANGE, '--'), (plotting.GREEN, '-.'))


@dataclass(frozen=True)
class Training:
    """One training on one plant."""

    task: str
    percent: int
    seed: int
    episodes: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Training]:
    """List the trainings."""
    return [Training(task, percent, FIRST_SEED + i, EPISODES[scale.name])
            for task, percent, i in product(tasks, PERCENT, range(TRAININGS[scale.name]))]


def run(job: Training) -> Rows:
    """
    Train for a fixed number of episodes and return a row for each.

    :raises RstdpError: torch is missing.
    """
    try:
        import torch

        from rstdp_ros.training.dqn import Trainer
    except ModuleNotFoundError as error:
        raise RstdpError(f'training needs {error.name}: pip install "rstdp_ros[train]"') from None
    torch.set_num_threads(1)
    task = get_task(job.task)
    usual = float(table(task.physics)[LENGTHS[job.task]].default)
    length = usual * (1 + job.percent / 100)
    settings = replace(task.settings(equal_scale=False), episodes=job.episodes,
                       solved_return=float('inf'), validate_every=job.episodes)
    trainer = Trainer(task, job.seed, settings, task.make_physics({LENGTHS[job.task]: length}))
    rows = []
    while not trainer.finished:
        progress = trainer.run_episode()
        rows.append({'task': job.task, 'percent': job.percent, 'seed': job.seed,
                     'episode': progress.episode, 'return': progress.episode_return})
    return rows


def _smoothed(data: DataFrame) -> DataFrame:
    """Add the mean return of the latest episodes of each training."""
    groups = data.groupby(['task', 'percent', 'seed'], sort=False)['return']
    return data.assign(smoothed=groups.transform(lambda r: r.rolling(WINDOW, 1).mean()))


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the final level."""
    last = _smoothed(data).groupby(['task', 'percent', 'seed'], sort=False).last().reset_index()
    result = last.groupby(['task', 'percent'], sort=False).agg(
        runs=('smoothed', 'count'), episodes=('episode', 'mean'), mean=('smoothed', 'mean'),
        std=('smoothed', 'std'), min=('smoothed', 'min'), max=('smoothed', 'max')).reset_index()
    return {f'Mean return of the last {WINDOW} training episodes': result}


def figure(data: DataFrame) -> Figure:
    """Draw smoothed training curves: mean and standard deviation over runs."""
    parts = list(_smoothed(data).groupby('task', sort=False))
    result, axes = plotting.panels(len(parts), columns=2)
    for axis, (task, part) in zip(axes, parts):
        for (color, line), (percent, group) in zip(STYLES, part.groupby('percent')):
            curve = group.groupby('episode')['smoothed'].agg(['count', 'mean', 'std']).fillna(0.0)
            # As long as all runs last: after the end of one, the mean of the others would jump.
            curve = curve[curve['count'] == curve['count'].max()]
            axis.plot(curve.index, curve['mean'], color=color, linestyle=line,
                      label=f'length +{percent} %')
            axis.fill_between(curve.index, curve['mean'] - curve['std'],
                              curve['mean'] + curve['std'], color=color, alpha=0.2, linewidth=0)
        axis.set(title=task, xlabel='training episode', ylabel=f'mean of {WINDOW} returns')
        axis.legend(fontsize='small')
    return result


STUDY = Study(
    'fig5', 'Figure 5: training on longer poles and links', jobs, run, tables, figure,
    'Returns include exploration. If a network trained on the changed plant does no better than '
    'an adapted one, nothing was left to gain; if it starts from another level, the return on '
    'default physics is no yardstick. A training also ends when its steps are used up (acrobot: '
    '60,000), so on a hard plant there are fewer episodes.')
