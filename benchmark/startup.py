"""Measure how long each node takes to be ready, and its memory while the graph runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from measuring import keep

from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path

TASK = 'cartpole'
GOAL_SECONDS, GOAL_MEGABYTES = 1.5, 150.0
POLL_PERIOD = 0.01
PATIENCE = 120.0


def graph(folder: Path) -> list[NodeDescription]:
    """Describe environment, policy and adaptation as the demo does."""
    return describe_graph(TASK, {'episodes': 1_000_000, 'run_dir': str(folder),
                                 'model': str(model_path(f'{TASK}_0').resolve())})


def environment(kernels: Path) -> dict[str, str]:
    """Keep to this machine, apart from other graphs, and to a folder of compiled kernels."""
    return {'ROS_DOMAIN_ID': str(150 + os.getpid() % 50),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'NUMBA_CACHE_DIR': str(kernels)}


def wait_ready(supervisor: Supervisor, folder: Path) -> dict[str, float]:
    """
    Return, per node, the seconds from the start of its process to its line 'ready'.

    :raises RstdpError: a node died or takes too long.
    """
    ready: dict[str, float] = {}
    started = {name: child.started for name, child in supervisor.children.items()}
    begin = monotonic()
    while len(ready) < len(started):
        for name in started.keys() - ready.keys():
            if (folder / f'{name}.log').read_text(errors='replace').rfind(': ready') >= 0:
                ready[name] = monotonic() - started[name]
        if events := supervisor.poll():
            raise RstdpError('; '.join(events))
        if monotonic() - begin > PATIENCE:
            raise RstdpError(f'not ready within {PATIENCE:g} s: {started.keys() - ready.keys()}')
        sleep(POLL_PERIOD)
    return ready


def memory_of(process: int) -> dict[str, float]:
    """Return the resident memory of a process in MB, and what it adds to that of others."""
    lines = Path(f'/proc/{process}/smaps_rollup').read_text().splitlines()[1:]
    sizes = {line.split(':')[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines}
    # Of memory that several processes share, such as LLVM's library, each has its part.
    return {'resident, MB': sizes['Rss'], 'of it its share, MB': sizes['Pss']}


def start(nodes: Sequence[NodeDescription], folder: Path, kernels: Path, run_time: float = 0.0
          ) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Start nodes together; return seconds to 'ready' and memory after ``run_time``, per node."""
    with Supervisor(nodes, folder, environment=environment(kernels)) as supervisor:
        ready = wait_ready(supervisor, folder)
        sleep(run_time)
        memory = {name: memory_of(child.process.pid)
                  for name, child in supervisor.children.items()}
    return ready, memory


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--run-time', type=float, default=5.0, help='seconds of running before '
                        'memory is looked at (default: %(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='add the results to this file')
    options = parser.parse_args()
    with TemporaryDirectory(prefix='rstdp_startup_') as name:
        # Alone and with an empty folder of kernels, then with what is in it.
        first, second = (
            {node.name: start([node], Path(name, turn, node.name),
                              Path(name, 'kernels', node.name))[0][node.name]
             for node in graph(Path(name, turn, 'run'))}
            for turn in ('first', 'second'))
        kernels = Path(name, 'kernels', 'of all')
        start(graph(Path(name, 'before')), Path(name, 'before'), kernels)
        together, memory = start(graph(Path(name, 'together')), Path(name, 'together'), kernels,
                                 options.run_time)
    print('              seconds to ready                 MB')
    print('node          no kernels   warm  all at once   resident  of it its share')
    for node, sizes in memory.items():
        print(f'{node:13s} {first[node]:11.2f} {second[node]:5.2f} {together[node]:12.2f} '
              + ' '.join(f'{size:10.0f}' for size in sizes.values()))
    keep(options.json, 'startup', {node: {
        'without compiled kernels, s': first[node], 'warm, s': second[node],
        'warm, all at once, s': together[node], **memory[node]} for node in memory})
    print(f'goals: {GOAL_SECONDS:g} s or less warm, a share of {GOAL_MEGABYTES:g} MB or less '
          f'after {options.run_time:g} s')


if __name__ == '__main__':
    try:
        main()
    except RstdpError as error:
        sys.exit(f'startup: {error}')
