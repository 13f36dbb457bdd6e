"""
Time the policy's network on Lava: start, change of weights, one observation.

Needs the environment that ``make lava`` sets up. ``benchmark/realtime.py --policy-backend lava``
times the node, and ``rstdp_ros check lava`` learning.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import os
from time import perf_counter

import numpy as np

from rstdp_ros.backends import make_backend
from rstdp_ros.backends.lava.check import episode_observations
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.quantize import quantize
from rstdp_ros.support.resources import model_path
from rstdp_ros.support.seeds import VALIDATION
from rstdp_ros.tasks import get_task, TASKS


def milliseconds(function: Callable[[], object]) -> float:
    """Return the duration of a call."""
    start = perf_counter()
    function()
    return 1e3 * (perf_counter() - start)


def measure(network: SpikingQNetwork, observations: np.ndarray) -> str:
    """Return a row of the table."""
    w1, w2, w3 = network.weights
    other = network.replace(weights=(w1, -w2, w3))
    begin = perf_counter()
    backend = make_backend('lava', network)
    start = perf_counter() - begin
    changes = [milliseconds(lambda new=new: backend.load(new))
               for new in 10 * (other, network)]
    times = [milliseconds(lambda x=x: backend.infer(x)) for x in observations]
    backend.close()
    kind = 'fixed point' if network.quantized else 'floating point'
    return (f'{network.task:10s} {kind:15s} {start:5.1f} {np.median(changes):10.0f} '
            f'{np.median(times):10.1f} {np.percentile(times, 99):5.1f} {max(times):5.1f}')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--observations', type=int, default=500, help='(default: %(default)s)')
    options = parser.parse_args()
    print('                           start   new weights  observation (ms)')
    print('task       arithmetic        (s)         (ms)  median   p99 worst')
    for name in TASKS:
        network = SpikingQNetwork.load(model_path(f'{name}_0'))
        observations = episode_observations(get_task(name), network, options.observations,
                                            VALIDATION)
        for each in (network, quantize(network)):
            print(measure(each, observations), flush=True)
    print(f'load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores')


if __name__ == '__main__':
    main()
