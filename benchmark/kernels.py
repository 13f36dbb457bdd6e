"""
Time the compiled kernels: one inference, evaluation episodes, r-STDP.

Medians, because other work on the machine makes single measurements late, never early.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from rstdp_ros.plasticity import preset
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

MICROSECONDS = 1e6
CALLS_PER_SAMPLE = 100


def time_calls(function: Callable[[], object], repetitions: int, calls: int = 1) -> float:
    """
    Return the median duration of a call, s.

    :param repetitions: number of samples.
    :param calls: per sample; many if a call is short against the clock.
    """
    function()
    samples = []
    for _ in range(repetitions):
        start = perf_counter()
        for _ in range(calls):
            function()
        samples.append((perf_counter() - start) / calls)
    return median(samples)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--model', default='cartpole_0', help='network file or name of a shipped '
                        'one (default: %(default)s)')
    parser.add_argument('--episodes', type=int, default=100, help='evaluation episodes per call '
                        '(default: %(default)s)')
    parser.add_argument('--repetitions', type=int, default=50, help='samples per figure '
                        '(default: %(default)s)')
    options = parser.parse_args()
    network = SpikingQNetwork.load(model_path(options.model))
    task = get_task(network.task)
    seeds = range(options.episodes)

    observation = np.full(network.observation_size, 0.1, np.float32)
    inference = time_calls(lambda: network.infer(observation), options.repetitions,
                           CALLS_PER_SAMPLE)
    batch = time_calls(lambda: task.returns(network, seeds), options.repetitions)
    observations = sum(len(task.episode(network, s).rasters) for s in seeds)
    rasters = task.episode(network, 0).rasters
    rule = RSTDP(network, preset('default', network.task))
    learning = time_calls(lambda: learn(rule, rasters), options.repetitions)

    print(f'{network!r}, medians of {options.repetitions}')
    print(f'one inference through SpikingQNetwork.infer  {inference * MICROSECONDS:9.2f} us')
    print(f'{options.episodes:4d} evaluation episodes in one call       {batch:9.4f} s '
          f'({observations} observations)')
    print(f'one observation inside the batch kernel      '
          f'{batch / observations * MICROSECONDS:9.2f} us')
    print(f'r-STDP of an episode of {len(rasters):3d} observations    '
          f'{learning * MICROSECONDS / len(rasters):9.2f} us per observation')


def learn(rule: RSTDP, rasters: np.ndarray) -> np.ndarray:
    """Learn from the spikes of an episode, like the learner."""
    rule.begin_episode()
    rule.observe_rasters(rasters)
    return rule.weight_change(1.0)


if __name__ == '__main__':
    main()
