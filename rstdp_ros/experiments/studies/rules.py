"""
Local learning rules alone: how good is the network after a number of updates, if nothing selects.

No guard, no bounds, no gains, no twin: the network that a rule has made after k episodes is
measured on held-out starts, whatever it is. Controls move as far another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TYPE_CHECKING

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.online.plants import online_plants, Physics, SETS
from rstdp_ros.experiments.rules.actor_critic import ActorCritic, ActorCriticParameters
from rstdp_ros.experiments.statistics import as_text, paired
from rstdp_ros.experiments.study import load, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import Learner, Recipe, Shown
from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

UPDATES = (0, 3, 10, 25, 50, 100, 250, 1000)
SHOWN = (3, 10, 25, 50, 250, 1000)
FIRST_SEED = seeds.ADAPTATION + 40_000_000
PART = 5
PLANTS = {'full': SETS, 'small': 3, 'tiny': 1}
LONGEST = {'full': 1000, 'small': 25, 'tiny': 3}
KEYS = ['task', 'plants', 'rule']
RUN = ['task', 'plants', 'set', 'network', 'updates']


@dataclass(frozen=True)
class Rule:
    """
    A rule or a control.

    :param strategy: its name, or :class:`ActorCritic`'s.
    :param values: parameters that differ from their defaults.
    :param updates: number per run, by task.
    :param quantized: whether networks have 8 bits.
    """

    strategy: str
    values: Mapping[str, Any] = field(default_factory=dict)
    updates: Mapping[str, int] = field(default_factory=lambda: {'cartpole': 50})
    quantized: bool = False


LONG = {'cartpole': 1000, 'acrobot': 250}
BOTH = {'cartpole': 250, 'acrobot': 250}
MIDDLE = {'cartpole': 250}
CRITIC = ActorCritic.name
RULES: Mapping[str, Rule] = {
    'r-STDP': Rule('rstdp', updates=BOTH),
    'r-STDP, opposite': Rule('opposite'),
    'r-STDP, shuffled': Rule('shuffled'),
    'noise': Rule('perturbation', updates=LONG),
    'noise, opposite': Rule('perturbation', {'credit': 'opposite'}, BOTH),
    'noise, shuffled': Rule('perturbation', {'credit': 'shuffled'}, BOTH),
    'noise, not centred': Rule('perturbation', {'credit': 'raw'}, MIDDLE),
    'noise, 8 bits': Rule('perturbation', updates=MIDDLE, quantized=True),
    'noise in inputs': Rule('perturbation', {'site': 'inputs'}, MIDDLE),
    'noise in hidden neurons': Rule(
        'perturbation', {'site': 'hidden', 'speed': 0.1, 'largest_step': 2.0}, MIDDLE),
    'noise in each synapse of W1': Rule(
        'perturbation', {'site': 'W1', 'speed': 0.1, 'largest_step': 5.0}, MIDDLE),
    'the same, shuffled': Rule('perturbation', {
        'site': 'W1', 'speed': 0.1, 'largest_step': 5.0, 'credit': 'shuffled'}, MIDDLE),
    'noise in each synapse of W2': Rule('perturbation', {
        'site': 'W2', 'jitter': 0.3, 'speed': 0.03, 'largest_step': 5.0}, MIDDLE),
    'noise in each synapse of W3': Rule('perturbation', {
        'site': 'W3', 'jitter': 0.02, 'speed': 0.01}),
    'actor-critic in W1': Rule(CRITIC),
    'actor-critic in W1, opposite': Rule(CRITIC, {'credit': 'opposite'}),
    'actor-critic in W1, shuffled': Rule(CRITIC, {'credit': 'shuffled'}),
    'actor-critic in W2': Rule(CRITIC, {'speed_w1': 0.0, 'speed_w2': 0.01}),
    'actor-critic in W3': Rule(CRITIC, {'speed_w1': 0.0, 'speed_w3': 0.005}),
    'actor-critic, all layers': Rule(CRITIC, {'speed_w2': 0.01, 'speed_w3': 0.005}),
    'actor-critic in W1 and W2, own critic': Rule(CRITIC, {'speed_w2': 0.01, 'critic': 'own'}),
    'actor-critic in W1 and W2, random feedback': Rule(
        CRITIC, {'speed_w2': 0.01, 'feedback': 'random'}),
}


@dataclass(frozen=True)
class RuleRun:
    """One network on one plant under one rule."""

    task: str
    plants: str
    set: int
    physics: Physics
    network: str
    model: str
    digest: str
    rule: str
    seed: int
    updates: int
    starts: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[RuleRun]:
    """List the runs."""
    return [RuleRun(task, 'extreme', i, physics, *network, rule,
                    FIRST_SEED + SEED_STRIDE * (SETS * k + i),
                    min(RULES[rule].updates[task], LONGEST[scale.name]),
                    max(2, scale.held_out_starts // PART))
            for task in tasks for rule in scale.chosen(list(RULES)) if task in RULES[rule].updates
            for i, physics in enumerate(online_plants(task, 'extreme')[:PLANTS[scale.name]])
            for k, network in enumerate(networks(task, scale))]


def run(job: RuleRun) -> Rows:
    """Learn; measure what was learned on held-out starts."""
    task, network = get_task(job.task), load(job)
    physics, starts = task.make_physics(job.physics), seeds.block(seeds.HELD_OUT, job.starts)
    before, rows = None, []
    for updates, learned in enumerate(_learned(job, task, network, physics)):
        if updates in (*UPDATES, job.updates):
            mean = float(task.returns(learned, starts, physics).mean())
            before = mean if before is None else before
            rows.append({'task': job.task, 'plants': job.plants, 'rule': job.rule, 'set': job.set,
                         'network': job.network, 'seed': job.seed, 'updates': updates,
                         'before': before, 'return': mean})
    return rows


def _learned(job: RuleRun, task: Task, network: SpikingQNetwork,
             physics: Any) -> Iterator[SpikingQNetwork]:
    """Yield the first network, and what has been learned after each episode."""
    rule = RULES[job.rule]
    if rule.strategy == CRITIC:
        yield from _criticised(job, task, network, physics)
        return
    recipe = Recipe.of(job.task, job.seed, rule.strategy, 'none').with_values(rule.values)
    learner = Learner(quantize(network) if rule.quantized else network, recipe)
    yield learner.deployed
    for _ in range(job.updates):
        learner.learn(*next_episode(task, learner, physics))
        yield learner.deployed


def _criticised(job: RuleRun, task: Task, network: SpikingQNetwork,
                physics: Any) -> Iterator[SpikingQNetwork]:
    """Yield the networks of an actor-critic, which is no strategy that is offered."""
    parameters = replace(ActorCriticParameters(), **RULES[job.rule].values)
    strategy = ActorCritic(network, parameters, job.seed)
    yield network
    for seed in seeds.block(job.seed, job.updates):
        shown = Shown(network, *task.episode(network, seed, physics, trajectory=True))
        network = network.replace(weights=strategy.propose(shown).weights)
        yield network


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return curves, mean changes and their differences from r-STDP's."""
    wide = data.pivot_table(index=KEYS, columns='updates', values='return', sort=False)
    return {
        'Mean return by number of updates':
            wide[sorted(wide.columns)].round(1).reset_index().rename_axis(columns=None),
        'Change of the return, with 95 % intervals over plants': _changes(data),
        'Minus r-STDP, paired, with 95 % intervals over plants': _against(data, 'r-STDP')}


def _changes(data: DataFrame) -> DataFrame:
    return _by_updates(data.assign(apart=data['return'] - data['before']))


def _against(data: DataFrame, other: str) -> DataFrame:
    theirs = data[data['rule'] == other][[*RUN, 'return']]
    both = data[data['rule'] != other].merge(theirs, on=RUN, suffixes=('', '_other'))
    return _by_updates(both.assign(apart=both['return'] - both['return_other']))


def _by_updates(data: DataFrame) -> DataFrame:
    """Return a row per rule, a column per number of updates: mean and interval of ``apart``."""
    from pandas import DataFrame
    rows = []
    for keys, group in data[data['updates'].isin(SHOWN)].groupby(KEYS, sort=False):
        row = dict(zip(KEYS, keys))
        for updates, part in group.groupby('updates'):
            # Networks on one plant are not independent: average them first.
            row[str(updates)] = as_text(paired(part.groupby('set')['apart'].mean().to_numpy()))
        rows.append(row)
    return DataFrame(rows, columns=[*KEYS, *map(str, SHOWN)]).dropna(axis=1, how='all').fillna('')


def figure(data: DataFrame) -> Figure:
    """Draw mean returns over the number of updates, a panel per family of rules."""
    families = [(task, family, part) for task, some in data.groupby('task', sort=False)
                for family, part in some.groupby(some['rule'].map(_family), sort=False)]
    result, axes = plotting.panels(len(families), columns=2, width=6.0, height=3.6)
    places = {updates: place for place, updates in enumerate(UPDATES)}
    for axis, (task, family, part) in zip(axes, families):
        for number, (rule, runs) in enumerate(part.groupby('rule', sort=False)):
            means = runs.groupby(['updates', 'set'])['return'].mean().groupby('updates')
            axis.errorbar([places[n] for n in means.groups], means.mean(), means.sem(), capsize=2,
                          color=plotting.CYCLE[number], label=rule)
        returns = data[data['task'] == task].groupby(['rule', 'updates'])['return'].mean()
        margin = 0.05 * (returns.max() - returns.min())
        axis.set_xticks(range(len(UPDATES)), UPDATES)
        axis.set(title=f'{task}: {family}', xlabel='updates, not to scale', ylabel='mean return',
                 ylim=(returns.min() - margin, returns.max() + margin))
        axis.legend(fontsize='x-small', loc='upper left', bbox_to_anchor=(1.0, 1.0))
    return result


def _family(rule: str) -> str:
    if rule.startswith(('noise in', 'the same')):
        return 'noise elsewhere'
    return next(family for family in ('actor-critic', 'r-STDP', 'noise')
                if rule.startswith(family))


STUDY = Study(
    'rules', 'Local learning rules alone', jobs, run, tables, figure,
    'Networks after a number of updates on one plant, on held-out starts; nothing is selected. '
    'Controls go as far: opposite: the reverse direction; shuffled: a random one. r-STDP runs '
    'without its guard.')
