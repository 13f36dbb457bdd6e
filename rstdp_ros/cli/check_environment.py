"""Check whether a running environment, ours or foreign, keeps the protocol, rule by rule."""

from __future__ import annotations

import argparse
from collections import Counter
from importlib.util import find_spec
import sys

from rstdp_ros.backends import make_backend
from rstdp_ros.bringup.surroundings import check_surroundings
from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import Progress
from rstdp_ros.protocol.conformance import Examination, FAILED
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import to_json
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

MAX_TIMEOUT = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    shared.add_task(parser)
    parser.add_argument('--namespace', default='', metavar='NS', help='of the environment')
    parser.add_argument('--episodes', type=int, default=3, metavar='N',
                        help='whole episodes to play (default: %(default)s)')
    parser.add_argument('--timeout', type=float, default=10.0, metavar='S', help='how long to '
                        'wait for it to be there, and to be ready for an episode, s (default: '
                        '%(default)s)')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Examine and print a line per rule."""
    task = get_task(options.task)
    if not 1 <= options.episodes <= shared.MAX_EPISODES:
        raise RstdpError(f'--episodes {options.episodes} is not in 1..{shared.MAX_EPISODES}')
    if not 0.0 < options.timeout <= MAX_TIMEOUT:
        raise RstdpError(f'--timeout {options.timeout:g} is not in 0..{MAX_TIMEOUT:g} s')
    if find_spec('rclpy') is None:
        raise RstdpError('the check needs ROS 2: source a ROS installation, or '
                         'pip install "rstdp_ros[ros]"')
    check_surroundings(options.namespace)
    from rstdp_ros.nodes.conformance import examine

    network = SpikingQNetwork.load(model_path(f'{task.name}_0'))
    examination = Examination(PolicyProtocol(task, make_backend('cpu', network)),
                              options.episodes, options.timeout)
    namespace = f'/{name}' if (name := options.namespace.strip('/')) else ''
    examine(examination, namespace, Progress(sys.stderr))
    print(_as_json(examination) if options.json else _as_text(examination))
    return 1 if examination.report.broken else 0


def _as_text(examination: Examination) -> str:
    verdicts = examination.report.verdicts()
    states = Counter(verdict.state for verdict in verdicts)
    return '\n'.join([
        *map(str, verdicts),
        f'{examination.clock}, paced by {examination.paced_by}: '
        + ', '.join(f'{count} {state}' for state, count in states.items())])


def _as_json(examination: Examination) -> str:
    verdicts = examination.report.verdicts()
    return to_json({
        'task': examination.task.name, 'clock': examination.clock,
        'paced_by': examination.paced_by,
        'failed': sum(verdict.state == FAILED for verdict in verdicts),
        'rules': [{'rule': verdict.rule.name.lower(), 'meaning': verdict.rule.value,
                   'state': verdict.state, 'seen': verdict.seen} for verdict in verdicts]})
