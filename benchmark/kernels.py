"""
Time the compiled kernels beside a bound in C, and show how they grow.

One observation inside a batch of episodes (physics included), the same on more cores, one
inference, r-STDP of an episode, a search in the twin; then neurons, ticks, batch and plants.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bound import bound
from measuring import keep, ratio, scaled, Spread, taking_turns
import numpy as np

from rstdp_ros.plasticity import preset, RSTDP
from rstdp_ros.plasticity.strategy import Shown
from rstdp_ros.snn import Neuron, SpikingQNetwork, with_gains
from rstdp_ros.support.parallel import cores
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, Task, TASKS
from rstdp_ros.twin.search import alone, returns

MICROSECONDS = 1e6
SEED = 300_000_000
EPISODES = 100
CANDIDATES, STARTS = 200, 40
NEURONS = (64, 128, 256, 512, 1024, 2048, 4096)
TICKS = (1, 2, 4, 8, 16, 32, 64)
BATCHES = (1, 10, 100, 1000, 10_000)
PLANTS = (1, 10, 100, 1000)


def on(number: int, work: Callable[[], object]) -> Callable[[], object]:
    """Return work that uses so many cores."""
    def limited() -> object:
        os.environ['NUMBA_NUM_THREADS'] = str(number)
        return work()
    return limited


def observations_of(task: Task, network: SpikingQNetwork) -> np.ndarray:
    """Return what the network sees in the episodes, (n, values) float32."""
    seen = []
    for seed in range(SEED, SEED + EPISODES):
        path = task.episode(network, seed, trajectory=True).trajectory
        seen += [task.robot.observation(p, v) for p, v in zip(path.positions, path.velocities)]
    return np.array(seen, np.float32)


def measure(task: Task, network: SpikingQNetwork, rounds: int, folder: Path) -> dict[str, object]:
    """Time all kernels of a task."""
    observations, seeds = observations_of(task, network), range(SEED, SEED + EPISODES)
    generator = np.random.default_rng(SEED)
    candidates = [with_gains(network, z)
                  for z in generator.normal(0, 0.3, (CANDIDATES, network.observation_size))]
    episode = task.episode(network, SEED)
    rule = RSTDP(network, preset('default', task.name))
    shown = Shown(network, episode.rasters, episode.episode_return - 1.0)
    works = {
        'batch': on(1, lambda: task.returns(network, seeds)),
        'cores': on(cores(), lambda: task.returns(network, seeds)),
        'inference': lambda: network.infer(observations[0]),
        'r-STDP': on(1, lambda: rule.propose(shown)),
        'search': on(cores(), lambda: returns(task, candidates, alone(task.physics()),
                                              np.random.default_rng(0), STARTS))}
    number = cores()
    limit = bound(network, observations, folder)
    if limit:
        works['bound'], q = limit
    samples = taking_turns(works, rounds)
    each = MICROSECONDS / len(observations)
    results = {
        'observation in a batch, us': scaled(samples['batch'], each),
        f'batch, {number} cores against one': ratio(samples['cores'], samples['batch']),
        'one inference, us': scaled(samples['inference'], MICROSECONDS),
        'r-STDP, us per observation': scaled(
            samples['r-STDP'], MICROSECONDS / len(shown.rasters)),
        'observations of its episode': len(shown.rasters),
        f'search: {CANDIDATES} candidates, {STARTS} starts, {number} cores, s': scaled(
            samples['search'], 1.0)}
    if limit:
        assert np.array_equal(q[0], network.q_values(observations[0]))
        results['the bound in C, us'] = scaled(samples['bound'], each)
        results['batch against the bound'] = ratio(samples['bound'], samples['batch'])
    os.environ['NUMBA_NUM_THREADS'] = str(number)
    return results


def made_up(neurons: int, ticks: int) -> SpikingQNetwork:
    """Return a network for the cart-pole about a quarter of whose neurons spike."""
    generator = np.random.default_rng(neurons)
    sizes = (8, neurons, neurons, 2)
    weights = [generator.normal(0, scale, shape) for scale, shape in zip(
        (2.0, 1.5 / neurons ** 0.5, 1.0 / neurons ** 0.5), zip(sizes, sizes[1:]))]
    return SpikingQNetwork(weights, Neuron(0.8, 0.8, 0.5, ticks), 'cartpole', (-10.0, 10.0))


def growth(task: Task, network: SpikingQNetwork, rounds: int) -> dict[str, dict[str, Spread]]:
    """Time an observation alone in larger networks, and in larger batches of episodes; us."""
    seen = np.full(network.observation_size, 0.1, np.float32)
    plants = [task.random_plant(SEED + i) for i in range(max(PLANTS))]

    def alone_in(networks: dict[int, SpikingQNetwork]) -> dict[str, Spread]:
        samples = taking_turns({str(n): lambda one=one: one.infer(seen)
                                for n, one in networks.items()}, rounds)
        return {n: scaled(times, MICROSECONDS) for n, times in samples.items()}

    def in_batches(sizes: Sequence[int], drawn: Sequence[Any] | None) -> dict[str, Spread]:
        def play(n: int) -> np.ndarray:
            return task.returns(network, range(SEED, SEED + n), drawn[:n] if drawn else None)
        # The return of a cart-pole is the number of its steps.
        steps = {str(n): play(n).sum() for n in sizes}
        samples = taking_turns({str(n): lambda n=n: play(n) for n in sizes}, rounds)
        return {n: scaled(times, MICROSECONDS / steps[n]) for n, times in samples.items()}
    return {'neurons per layer': alone_in({n: made_up(n, 8) for n in NEURONS}),
            'ticks': alone_in({n: made_up(64, n) for n in TICKS}),
            'episodes in a batch': in_batches(BATCHES, None),
            'episodes, each on its own plant': in_batches(PLANTS, plants)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rounds', type=int, default=9, help='(default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    options = parser.parse_args()
    results: dict[str, object] = {}
    with TemporaryDirectory(prefix='rstdp_kernels_') as folder:
        for name, task in TASKS.items():
            network = SpikingQNetwork.load(model_path(f'{name}_0'))
            results[name] = measure(task, network, options.rounds, Path(folder))
            print(name)
            for what, spread in results[name].items():
                print(f'  {what:55s} {spread!s}', flush=True)
    task = get_task('cartpole')
    network = SpikingQNetwork.load(model_path('cartpole_0'))
    results['growth'] = growth(task, network, max(1, options.rounds // 3))
    for what, points in results['growth'].items():
        print(f'{what}, us: ' + ', '.join(f'{n} {p.median:.3g}' for n, p in points.items()))
    keep(options.json, 'kernels', results)


if __name__ == '__main__':
    main()
