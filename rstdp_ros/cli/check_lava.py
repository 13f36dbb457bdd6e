"""Check that Lava computes, and learns, what the cpu backend does."""

from __future__ import annotations

import argparse
import sys

from rstdp_ros.backends.lava.check import compare
from rstdp_ros.backends.lava.requirements import require_lava
from rstdp_ros.cli import options as shared
from rstdp_ros.cli.progress import Progress
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task, TASKS

MAX_OBSERVATIONS = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('task', metavar='TASK', nargs='?', default=next(iter(TASKS)),
                        help='default: %(default)s')
    shared.add_model(parser)
    parser.add_argument('--observations', type=int, default=100, metavar='N', help='number of '
                        'observations, from episodes on the changed plant of the demo (default: '
                        '%(default)s)')
    parser.add_argument('--seed', type=int, default=seeds.VALIDATION, metavar='S',
                        help='episode i starts from seed S + i (default: %(default)s)')
    shared.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Compare and print a line per comparison."""
    task = get_task(options.task)
    if not 1 <= options.observations <= MAX_OBSERVATIONS:
        raise RstdpError(f'--observations {options.observations} is not in 1..{MAX_OBSERVATIONS}')
    if not 0 <= options.seed <= seeds.END - options.observations:
        raise RstdpError(f'--seed {options.seed} is not in 0..{seeds.END - options.observations}')
    require_lava()
    network = SpikingQNetwork.load(model_path(options.model or f'{task.name}_0'))
    task.check_network(network)
    findings = []
    for finding in compare(task, network, options.observations, options.seed,
                           Progress(sys.stderr)):
        findings.append(finding)
        print(finding, file=sys.stderr if options.json else sys.stdout, flush=True)
    failed = sum(not finding.passed for finding in findings)
    if options.json:
        shared.print_json({'task': task.name, 'digest': network.digest, 'seed': options.seed,
                          'failed': failed, 'findings': [f._asdict() for f in findings]})
    return 1 if failed else 0
