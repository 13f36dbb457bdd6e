"""
The effect of guards on plants that stay, change and drift.

Static plants show the cost of a guard, changed and drifting ones whether it forgets the earlier
plant. After a change a fresh guard of the same kind, begun with the network deployed then, shows
what is possible. Random plants are drawn for this study alone; guards were designed on other
plants, other adaptation seeds and selection starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.experiments.environments import draw_plant
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import Measured
from rstdp_ros.experiments.statistics import paired, paired_by
from rstdp_ros.experiments.study import load, NetworkJob, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Learner, Recipe
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Physics = Mapping[str, float]
GUARDS = ('snapshot', 'recheck', 'none')
FIRST_SEED = seeds.ADAPTATION + 40_000_000
# Seeds of the draws of plants; guards were designed on plants of seeds 11000 to 12002.
PLANTS = {'static': 101, 'before': 102, 'after': 103}
# Number of plants that stay, and of those that change.
STATIC = {'full': 40, 'small': 2, 'tiny': 1}
CHANGES = {'full': 15, 'small': 2, 'tiny': 1}
# Start and end of a drift.
DRIFT = ({'pole_half_length': 0.5}, {'pole_half_length': 1.2})
# The difference that counts as lost or won.
CLEAR = 5.0
# Number of episodes after a change, relative to those before it.
AFTER = 3
KEYS = ['task', 'plant', 'network', 'run']


@dataclass(frozen=True)
class GuardRun(NetworkJob):
    """
    One network on one plant, under every guard.

    :param plant: static, changed or drifting.
    :param before: the plant's first parameters; ``after``: the last ones.
    :param change: number of episodes after which the plant changes or begins to drift.
    """

    plant: str
    run: int
    before: Physics
    after: Physics
    change: int
    episodes: int
    starts: int


def draw_plants(task: str, name: str, seed: int, count: int) -> list[dict[str, float]]:
    """Draw plants of a range of Table 2."""
    generator = np.random.default_rng(seed)
    return [draw_plant(task, name, generator) for _ in range(count)]


def jobs(tasks: Sequence[str], scale: Scale) -> list[GuardRun]:
    """List the runs."""
    # There are many networks to measure, so half of the starts must suffice.
    return [GuardRun(task, *network, kind, number, before, after, *_lengths(kind, scale),
                     -(-scale.held_out_starts // 2))
            for task in tasks
            for (kind, number, before, after), network in product(_plants(task, scale),
                                                                  networks(task, scale))]


def _plants(task: str, scale: Scale) -> Iterator[tuple[str, int, Physics, Physics]]:
    """Yield kind, number, first and last parameters of the plants of a task."""
    cartpole = task == 'cartpole'
    few = -(-CHANGES[scale.name] // 5)
    changes = CHANGES[scale.name] if cartpole else few
    if cartpole:
        static = draw_plants(task, 'extreme', PLANTS['static'], STATIC[scale.name])
        yield from (('static', i, plant, plant) for i, plant in enumerate(static))
    yield from (('changed', i, *pair) for i, pair in enumerate(zip(
        draw_plants(task, 'normal', PLANTS['before'], changes),
        draw_plants(task, 'extreme', PLANTS['after'], changes))))
    if cartpole:
        yield from (('drifting', i, *DRIFT) for i in range(few))


def _lengths(plant: str, scale: Scale) -> tuple[int, int]:
    """Return the number of episodes before a plant's change, and in total."""
    length = AFTER * scale.guarded_episodes
    if plant == 'static':
        return 0, length
    return scale.guarded_episodes, scale.guarded_episodes + length


def run(job: GuardRun) -> Rows:
    """Adapt through the change and measure on held-out starts of the last plant."""
    task, network = get_task(job.task), load(job)
    final, starts = task.make_physics(job.after), seeds.block(seeds.HELD_OUT, job.starts)
    measured = Measured(lambda network: float(task.returns(network, starts, final).mean()))
    seed, rows = FIRST_SEED + SEED_STRIDE * job.run, []
    for guard in GUARDS:
        learner = _learner(network, seed, guard)
        _play(job, learner, range(job.change))
        first = learner.deployed
        played = _play(job, learner, range(job.change, job.episodes))
        rows.append({'task': job.task, 'plant': job.plant, 'network': job.network,
                     'run': job.run, 'seed': seed, 'guard': guard, 'before': measured(first),
                     'after': measured(learner.deployed), 'played': float(np.mean(played))})
        if job.plant == 'changed' and guard != 'none':
            fresh = _learner(first, seed + job.change, guard)
            _play(job, fresh, range(job.change, job.episodes))
            rows[-1]['fresh'] = measured(fresh.deployed)
    return rows


def _learner(network: SpikingQNetwork, seed: int, guard: str) -> Learner:
    return Learner(network, Recipe.of(network.task, seed, guard=guard))


def _play(job: GuardRun, learner: Learner, episodes: range) -> list[float]:
    """Learn from these episodes of the run; return their returns."""
    task, returns = get_task(job.task), []
    for i in episodes:
        physics = task.make_physics(_physics(job, i))
        returns.append(learner.learn(*next_episode(task, learner, physics)).episode_return)
    return returns


def _physics(job: GuardRun, episode: int) -> Mapping[str, float]:
    """Return the plant's parameters in an episode; a drift has ended after two thirds."""
    if episode < job.change:
        return job.before
    if job.plant != 'drifting':
        return job.after
    done = min(1.0, 1.5 * (episode - job.change) / (job.episodes - job.change))
    return {name: (1 - done) * job.before[name] + done * job.after[name] for name in job.before}


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the deployed networks' returns, and paired differences."""
    return {'Mean return of the deployed network on held-out starts of the last plant':
            _outcomes(data), 'recheck minus snapshot, paired': _differences(data),
            'After a change: minus a fresh guard from the same network, paired':
            _against_fresh(data)}


def _outcomes(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for (task, plant, guard), group in data.groupby(['task', 'plant', 'guard'], sort=False):
        gain = group['after'] - group['before']
        rows.append({'task': task, 'plant': plant, 'guard': guard, 'runs': len(group),
                     'before': group['before'].mean(), 'after': group['after'].mean(),
                     'as played': group['played'].mean(),
                     'gains over 5': int((gain > CLEAR).sum()),
                     'drops over 5': int((gain < -CLEAR).sum()), 'worst': gain.min()})
    return DataFrame(rows)


def _differences(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for _, group in data.groupby(KEYS[:2], sort=False):
        for what in ('after', 'played'):
            wide = group.pivot_table(index=KEYS, columns='guard', values=what, sort=False)
            if {'recheck', 'snapshot'} <= set(wide):
                rows += paired_by(wide['recheck'] - wide['snapshot'], KEYS[:2], of=what)
    return DataFrame(rows)


def _against_fresh(data: DataFrame) -> DataFrame:
    from pandas import DataFrame
    changed = data[(data['plant'] == 'changed') & (data['guard'] != 'none')]
    return DataFrame([
        {'task': task, 'guard': guard, 'fresh': group['fresh'].mean(),
         **paired((group['after'] - group['fresh']).to_numpy())}
        for (task, guard), group in changed.groupby(['task', 'guard'], sort=False)])


def figure(data: DataFrame) -> Figure:
    """Draw the deployed network's return before and after, a panel per kind of plant and guard."""
    parts = list(data.groupby(['task', 'plant', 'guard'], sort=False))
    result, axes = plotting.panels(len(parts), columns=len(GUARDS))
    for axis, ((task, plant, guard), part) in zip(axes, parts):
        everything = data[data['task'] == task][['before', 'after']].to_numpy()
        ends = [everything.min(), everything.max()]
        axis.plot(ends, ends, color=plotting.GREY, linewidth=0.8)
        axis.plot(part['before'], part['after'], '.', color=plotting.BLUE, alpha=0.6)
        axis.set_title(f'{task}, {plant}: {guard}', fontsize='medium')
        axis.set(xlabel='before', ylabel='after')
    result.suptitle('Deployed network on held-out starts of the last plant')
    return result


STUDY = Study(
    'guards', 'Guards on plants that stay, change and drift', jobs, run, tables, figure, 'Every '
    'episode counts, there is no validation set. "before" is the network that is deployed when '
    'the plant changes (on static plants the first one), "after" the final one, both on the last '
    'plant; "played" are the returns of the episodes in between.')
