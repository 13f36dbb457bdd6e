"""
Thousands of episodes over ROS: no process grows, and no step costs more than at the beginning.

``python -m pytest -s test/soak/soak_memory.py``: 2,000 episodes, about six minutes.
"""

from itertools import accumulate
import os
from pathlib import Path
import time
from typing import NamedTuple

from graphs import demo_graph, offline_records, own_domain, records_in, wait_for
import numpy as np
import pytest
from scipy.stats import theilslopes

from rstdp_ros.plasticity.run import ADAPTED, EPISODES

MANY = 2000
WARM_UP = 100
CHUNK = 20
ROWS = 20
LOOK_EVERY = 0.01
MEMORY_GROWTH = 1.05
# Other work on the machine alone can make steps a third dearer for a while.
COST_GROWTH = 1.5
TIME = 'step'
TICKS_PER_SECOND = os.sysconf('SC_CLK_TCK')


class Usage(NamedTuple):
    """What a process holds (resident kB, threads, open files) and has spent (CPU s)."""

    memory: int
    threads: int
    files: int
    work: float


class Sample(NamedTuple):
    """The graph at one time: when, after how many episodes, and what each node uses."""

    time: float
    episodes: int
    nodes: dict[str, Usage]


def usage(pid):
    """Ask the kernel about a process."""
    process = Path('/proc', str(pid))
    status = dict(line.split(':', 1) for line in (process / 'status').read_text().splitlines())
    times = (process / 'stat').read_text().rpartition(')')[2].split()[11:13]
    return Usage(int(status['VmRSS'].split()[0]), int(status['Threads']),
                 len(os.listdir(process / 'fd')), sum(map(int, times)) / TICKS_PER_SECOND)


def counts(path):
    """Count the lines of a log again and again, at a cost that does not grow with it."""
    with path.open('rb') as log:
        count = 0
        while True:
            count += log.read().count(b'\n')
            yield count


def sample(supervisor, log):
    """Return a sample per chunk after the warm-up."""
    wait_for(log.exists, supervisor)
    samples, learned = [], counts(log)
    for wanted in range(WARM_UP, MANY + 1, CHUNK):
        events = wait_for(lambda n=wanted: next(learned) >= n, supervisor, LOOK_EVERY)
        assert events == []
        samples.append(Sample(time.monotonic(), next(learned), {
            name: usage(child.process.pid) for name, child in supervisor.children.items()}))
    return samples


@pytest.fixture(scope='module')
def records(cartpole, shipped, demo_physics):
    """Return the records of the same episodes offline."""
    return offline_records(cartpole, shipped, demo_physics, MANY)


@pytest.fixture(scope='module')
def samples(tmp_path_factory, records):
    """Run, and show what was seen."""
    folder = tmp_path_factory.mktemp('soak')
    with demo_graph(folder, MANY, own_domain()) as supervisor:
        samples = sample(supervisor, folder / EPISODES)
        wait_for((folder / ADAPTED).exists, supervisor)
    assert records_in(folder) == records
    show(samples, costs(samples, records))
    return samples


def costs(samples, records):
    """Return us per step in each chunk: the time it took, and the work of each node."""
    # The return of a cart-pole is its steps.
    steps = np.array([0, *accumulate(record.episode_return for record in records)])
    spent = {TIME: [s.time for s in samples],
             **{name: [s.nodes[name].work for s in samples] for name in samples[0].nodes}}
    per_chunk = np.diff(steps[[s.episodes for s in samples]])
    return {name: 1e6 * np.diff(values) / per_chunk for name, values in spent.items()}


def show(samples, costs):
    """Print a row per several chunks."""
    print(f'\n{"":19}' + ''.join(f'  | {name:24}' for name in samples[0].nodes)
          + f'\nepisodes  {TIME} (us)' + '  |    MB threads files  us' * len(samples[0].nodes))
    for i in np.linspace(0, len(samples) - 2, ROWS).astype(int):
        after = samples[i + 1]
        print(f'{after.episodes:8}  {costs[TIME][i]:9.0f}' + ''.join(
            f'  | {u.memory / 1024:5.1f} {u.threads:7} {u.files:5} {costs[name][i]:3.0f}'
            for name, u in after.nodes.items()))


def growth(costs):
    """Return how many times dearer the last quarter is than the first, and by the trend."""
    quarter = len(costs) // 4
    slope, at_zero, *_ = theilslopes(costs)
    return [costs[-quarter:].mean() / costs[:quarter].mean(), 1 + slope * len(costs) / at_zero]


def test_memory_does_not_grow(samples):
    for name, before in samples[0].nodes.items():
        grown = samples[-1].nodes[name].memory / before.memory
        print(f'{name}: memory x {grown:.4f}')
        assert grown < MEMORY_GROWTH


def test_threads_and_files_stay_as_many(samples):
    quarter = len(samples) // 4
    for name in samples[0].nodes:
        for what in ('threads', 'files'):
            many = [getattr(s.nodes[name], what) for s in samples]
            # A log or checkpoint may be open just then.
            assert max(many[-quarter:]) <= max(many[:quarter]), (name, what)


def test_steps_cost_no_more(samples, records):
    for name, values in costs(samples, records).items():
        by_quarter, by_trend = growth(values)
        print(f'{name}: cost x {by_quarter:.2f} by quarters, x {by_trend:.2f} by the trend')
        assert max(by_quarter, by_trend) < COST_GROWTH
