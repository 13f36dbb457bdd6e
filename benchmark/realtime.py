"""
Run the graph in real time and report missed cycles and the latency from observation to action.

A robot's view: values of the environment node's own diagnostics, idle or with busy cores, and the
nodes' memory after warm-up and at the end.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import monotonic

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from view import open_pages

from rstdp_ros.backends import BACKENDS
from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.nodes.environment import LATENCY
from rstdp_ros.support.resources import model_path
from rstdp_ros.view import ADDRESS

TASK = 'cartpole'
ENVIRONMENT = '/environment'
COUNTERS = ('cycles', 'late cycles', 'missed cycles', 'observations not answered in time',
            'episodes aborted')
BUSY = 'while True: pass'
# Fraction of the time for warming up.
WARM_UP = 0.1


def graph(folder: Path, rate: float, priority: int, backend: str,
          view: bool) -> list[NodeDescription]:
    """Describe a graph that never stops learning, at a control rate in Hz."""
    environment, *others = describe_graph(TASK, {
        'view': view, 'clock': 'realtime', 'thread_priority': priority, 'episodes': 1_000_000,
        'run_dir': str(folder), 'policy_backend': backend,
        'model': str(model_path(f'{TASK}_0').resolve())})
    return [NodeDescription('environment', {**environment.parameters, 'control_rate': rate}),
            *others]


def measure(folder: Path, nodes: list[NodeDescription], pages: int | None,
            seconds: float) -> tuple[dict[str, str], list[float], list[dict[str, float]]]:
    """
    Run the graph, with so many pages of the view node open; None: without that node.

    :return: the last values of the diagnostics, the latencies of each second in ms, and the nodes'
        memory, MB, after warm-up and at the end.
    """
    values: dict[str, str] = {}
    latencies: list[float] = []
    memories: list[dict[str, float]] = []

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == ENVIRONMENT:
                values.update((item.key, item.value) for item in status.values)
                if values.get(LATENCY, 'unknown') != 'unknown':
                    latencies.append(float(values[LATENCY]))

    node = rclpy.create_node('realtime_benchmark')
    node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, 10)
    with Supervisor(nodes, folder) as supervisor:
        while pages is not None and not (folder / ADDRESS).exists():
            rclpy.spin_once(node, timeout_sec=0.5)
        if pages:
            open_pages(folder, pages)
        start = monotonic()
        for until in (WARM_UP * seconds, seconds):
            while monotonic() < start + until:
                rclpy.spin_once(node, timeout_sec=0.5)
                for event in supervisor.poll():
                    print(event)
            memories.append({name: megabytes(child.process.pid)
                             for name, child in supervisor.children.items()})
    node.destroy_node()
    return values, latencies, memories


def megabytes(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rate', type=float, default=50.0, help='Hz (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=60.0, help='(default: %(default)s)')
    parser.add_argument('--busy', type=int, nargs='?', default=0, const=os.cpu_count(),
                        metavar='CORES', help='number of cores to keep busy meanwhile; all if no '
                        'number follows')
    parser.add_argument('--priority', type=int, default=0, help='real-time priority of '
                        'environment and policy; 0: none (default)')
    parser.add_argument('--pages', type=int, help='run the live page too, open so many times')
    parser.add_argument('--policy-backend', choices=BACKENDS, default='cpu', help='where the '
                        'network runs (default: %(default)s)')
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, '-c', BUSY])
            for _ in range(options.busy)]
    try:
        with TemporaryDirectory(prefix='rstdp_realtime_') as name:
            folder = Path(name)
            nodes = graph(folder, options.rate, options.priority, options.policy_backend,
                          options.pages is not None)
            values, latencies, memories = measure(folder, nodes, options.pages, options.seconds)
    finally:
        for process in busy:
            process.kill()
    print(f'{options.rate:g} Hz on {options.policy_backend}, '
          f'{options.busy} cores busy, priority {options.priority}, '
          f'{options.pages or "no"} pages open: '
          + ', '.join(f'{values.get(name, 0)} {name}' for name in COUNTERS))
    print(f'{LATENCY}, of the latest 1,000: median {median(latencies):.2f}, '
          f'worst {max(latencies):.2f}')
    warm, last = memories
    print('memory: ' + ', '.join(f'{name} {warm[name]:.1f} -> {last[name]:.1f} MB'
                                 for name in warm))


if __name__ == '__main__':
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(150 + os.getpid() % 50))
    rclpy.init()
    try:
        main()
    finally:
        rclpy.try_shutdown()
