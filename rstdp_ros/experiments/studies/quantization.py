"""
The cost of 8-bit weights: on the plant of training, and when r-STDP learns with them.

Every shipped network adapts to the demo's plant from several seeds, in float, and in fixed point
with either rounding of its updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TYPE_CHECKING

from rstdp_ros.drawing.before_after import before_after
from rstdp_ros.drawing.plotting import BLUE, GREEN, Style, VERMILLION
from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.experiments.measuring import adapted
from rstdp_ros.experiments.quantization import choose_factors, compare, PLAIN
from rstdp_ros.experiments.statistics import paired_by
from rstdp_ros.experiments.study import load, NetworkJob, networks, Scale, SEED_STRIDE, Study
from rstdp_ros.plasticity import BoundsParameters, Recipe
from rstdp_ros.plasticity.rounding import ROUNDINGS
from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

FLOAT = 'float'
# Per network and kind of weights.
RUNS = {'full': 10, 'small': 2, 'tiny': 1}
STYLES = {FLOAT: Style(BLUE, 'o'), 'stochastic': Style(GREEN, 'o'),
          'nearest': Style(VERMILLION, 'o')}


@dataclass(frozen=True)
class Conversion(NetworkJob):
    """One network: its float form against its plain and its chosen 8-bit form."""

    starts: int


@dataclass(frozen=True)
class Runs(NetworkJob):
    """
    One network with one kind of weights, from several seeds.

    :param weights: 'float', or how the updates of 8-bit weights are rounded.
    """

    starts: int
    weights: str
    runs: int
    episodes: int


def jobs(tasks: Sequence[str], scale: Scale) -> list[Conversion | Runs]:
    """List the conversions and the runs; there is only one rule."""
    if not scale.chosen(['rstdp']):
        return []
    result: list[Conversion | Runs] = []
    for name in tasks:
        for network in networks(name, scale):
            common = (name, *network, scale.held_out_starts)
            result.append(Conversion(*common))
            result += [Runs(*common, weights, RUNS[scale.name], scale.guarded_episodes)
                       for weights in (FLOAT, *ROUNDINGS)]
    return result


def run(job: Conversion | Runs) -> Rows:
    """Measure on held-out starts."""
    task, network = get_task(job.task), load(job)
    measure: Any = _convert if isinstance(job, Conversion) else _adapt
    return [{'task': job.task, 'network': job.network, **row}
            for row in measure(task, network, job)]


def _convert(task: Task, network: SpikingQNetwork, job: Conversion) -> Rows:
    starts, rows = seeds.block(seeds.HELD_OUT, job.starts), []
    for scales, factors in (('plain', PLAIN),
                            ('chosen', choose_factors(task, network, job.starts))):
        result = compare(task, network, quantize(network, factors), starts)
        rows.append({
            'plant': 'trained', 'scales': scales, 'factors': ' '.join(f'{f:g}' for f in factors),
            'float': result.float_returns.mean(), 'fixed': result.returns.mean(),
            'loss': result.loss, 'agreement': result.agreement,
            'observations': result.observations})
    return rows


def _adapt(task: Task, network: SpikingQNetwork, job: Runs) -> Rows:
    bounds, rows = BoundsParameters(), []
    if job.weights != FLOAT:
        network = quantize(network, choose_factors(task, network, job.starts))
        bounds = BoundsParameters(weight_rounding=job.weights)
    for seed in (seeds.ADAPTATION + SEED_STRIDE * k for k in range(job.runs)):
        adaptation = Adaptation(task, network, task.make_physics(task.demo_physics), job.episodes,
                                Recipe.of(task.name, seed, guard='snapshot', bounds=bounds))
        rows.append({'plant': 'demo', 'weights': job.weights, 'seed': seed,
                     **adapted(adaptation, job.starts)})
    return rows


def tables(data: DataFrame) -> dict[str, DataFrame]:
    """Return the loss by conversion, the gain by adaptation, and the difference to float."""
    trained = data[data['plant'] == 'trained']
    columns = ['task', 'network', 'scales', 'factors', 'float', 'fixed', 'loss', 'agreement']
    conversion = trained[columns].assign(loss=100 * trained['loss'],
                                         agreement=100 * trained['agreement'])
    runs = _runs(data)
    return {
        'Mean return on held-out starts of the plant of training; loss and agreement in percent':
            conversion,
        "Adaptation to the demo's plant: mean return on held-out starts": _adapted(runs),
        'Return after adaptation, 8 bits minus float, paired by network and seed':
            _differences(runs)}


def _runs(data: DataFrame) -> DataFrame:
    return data[data['plant'] == 'demo'].astype({'seed': int})


def _adapted(runs: DataFrame) -> DataFrame:
    from pandas import DataFrame
    rows = []
    for keys, group in runs.groupby(['task', 'network', 'weights'], sort=False):
        rows.append({**dict(zip(('task', 'network', 'weights'), keys)), 'runs': len(group),
                     'before': group['before'].mean(), 'after, mean': group['after'].mean(),
                     'std': round(group['after'].std(), 6),  # 0 where nothing varies
                     'min': group['after'].min(), 'max': group['after'].max()})
    return DataFrame(rows)


def _differences(runs: DataFrame) -> DataFrame:
    from pandas import DataFrame
    pairs = runs.pivot_table(index=['task', 'network', 'seed'], columns='weights',
                             values='after', sort=False)
    return DataFrame([row for _, group in pairs.groupby('task', sort=False)
                      for rounding in ROUNDINGS
                      for row in paired_by(group[rounding] - group[FLOAT], ['task'],
                                           weights=rounding)])


def figure(data: DataFrame) -> Figure:
    """Draw every run from before to after."""
    return before_after(_runs(data), 'weights', STYLES)


STUDY = Study(
    'quantization', "8-bit weights in a chip's fixed point", jobs, run, tables, figure,
    'Scales are chosen on validation starts; nothing is chosen on held-out ones. "stochastic" and '
    '"nearest" say how the updates of 8-bit weights are rounded; everything else is the same as '
    'in float: rule, guard, seeds and the number of episodes.')
