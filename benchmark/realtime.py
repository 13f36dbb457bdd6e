"""
Run the graph in real time and report missed cycles and the latency from observation to action.

What a robot would see: numbers of the environment node's own diagnostics, idle or with every core
kept busy.
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

from rstdp_ros.backends import BACKENDS
from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.nodes.environment import LATENCY
from rstdp_ros.resources import model_path
from rstdp_ros.runner import Supervisor

TASK = 'cartpole'
ENVIRONMENT = '/environment'
COUNTERS = ('cycles', 'late cycles', 'missed cycles', 'observations not answered in time',
            'episodes aborted')
BUSY = 'while True: pass'


def graph(folder: Path, rate: float, priority: int, backend: str) -> list[NodeDescription]:
    """Describe a graph that never stops learning, at a control rate in Hz."""
    environment, *others = describe_graph(TASK, {
        'clock': 'realtime', 'thread_priority': str(priority), 'episodes': '1000000',
        'run_dir': str(folder), 'policy_backend': backend,
        'model': str(model_path(f'{TASK}_0').resolve())})
    return [NodeDescription('environment', {**environment.parameters, 'control_rate': rate}),
            *others]


def measure(folder: Path, rate: float, priority: int, backend: str,
            seconds: float) -> tuple[dict[str, str], list[float]]:
    """Run and return the last values of the diagnostics and the latencies of each second, ms."""
    values: dict[str, str] = {}
    latencies: list[float] = []

    def on_diagnostics(message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == ENVIRONMENT:
                values.update((item.key, item.value) for item in status.values)
                if values.get(LATENCY, 'unknown') != 'unknown':
                    latencies.append(float(values[LATENCY]))

    node = rclpy.create_node('realtime_benchmark')
    node.create_subscription(DiagnosticArray, '/diagnostics', on_diagnostics, 10)
    with Supervisor(graph(folder, rate, priority, backend), folder) as supervisor:
        end = monotonic() + seconds
        while monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.5)
            for event in supervisor.poll():
                print(event)
    node.destroy_node()
    return values, latencies


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--rate', type=float, default=50.0, help='Hz (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=60.0, help='(default: %(default)s)')
    parser.add_argument('--busy', action='store_true', help='keep every core busy meanwhile')
    parser.add_argument('--priority', type=int, default=0, help='real-time priority of '
                        'environment and policy; 0: none (default)')
    parser.add_argument('--policy-backend', choices=BACKENDS, default='cpu', help='where the '
                        'network runs (default: %(default)s)')
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, '-c', BUSY])
            for _ in range(os.cpu_count() if options.busy else 0)]
    try:
        with TemporaryDirectory(prefix='rstdp_realtime_') as name:
            values, latencies = measure(Path(name), options.rate, options.priority,
                                         options.policy_backend, options.seconds)
    finally:
        for process in busy:
            process.kill()
    print(f'{options.rate:g} Hz on {options.policy_backend}, '
          f'{"busy" if options.busy else "idle"}, priority '
          f'{options.priority}: '
          + ', '.join(f'{values.get(name, 0)} {name}' for name in COUNTERS))
    print(f'{LATENCY}, of the latest 1,000: median {median(latencies):.2f}, '
          f'worst {max(latencies):.2f}')


if __name__ == '__main__':
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(150 + os.getpid() % 50))
    rclpy.init()
    try:
        main()
    finally:
        rclpy.try_shutdown()
