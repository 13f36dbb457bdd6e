"""Adapt over ROS 2: one command, no ros2 tools needed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from importlib.util import find_spec
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any, TextIO

from rstdp_ros.backends import BACKENDS, TARGETS
from rstdp_ros.bags.topics import NEEDS_ROSBAGS, STORAGES
from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.bringup.graph import parts_named
from rstdp_ros.bringup.runner import Supervisor
from rstdp_ros.bringup.surroundings import check_surroundings
from rstdp_ros.cli.adapt import add_adaptation, finish, read_adaptation
from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.experiments.stand_in import stand_in_returns
from rstdp_ros.plasticity import AdaptationRun
from rstdp_ros.plasticity.run import ADAPTED, EPISODES, read_records
from rstdp_ros.protocol.episode import CLOCKS, LOCKSTEP
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import EQUATIONS, get_task
from rstdp_ros.tasks.pybullet.world import MISSING as NEEDS_PYBULLET
from rstdp_ros.tasks.stand_in import StandInParameters
from rstdp_ros.view import ADDRESS

POLL_PERIOD = 0.1
STAND_IN = 'stand_in'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_adaptation(parser)
    parser.add_argument('--run-dir', type=Path, metavar='DIR', help='folder for checkpoints, '
                        'logs, plot and network; an existing run is resumed (default: a new one '
                        'under runs/)')
    parser.add_argument('--namespace', metavar='NS', help="of all nodes and topics (default: '', "
                        f"with --robot '{STAND_IN}', apart from real robots)")
    parser.add_argument('--clock', choices=CLOCKS, default=LOCKSTEP, help='lockstep: '
                        'reproducible bit for bit, as fast as possible (default); realtime: at '
                        'the control rate, without waiting')
    parser.add_argument('--robot', action='store_true', help='use the stand-in robot instead of '
                        "the simulation: a process that speaks only ros2_control's topics, with "
                        'noise, delay, friction and a slow hand, all adjustable with --set')
    parser.add_argument('--policy-backend', choices=BACKENDS, default='cpu', help='where the '
                        'network runs (default: %(default)s)')
    parser.add_argument('--lava-target', choices=TARGETS, default=TARGETS[0],
                        help='where Lava computes (default: %(default)s)')
    parser.add_argument('--real-time-factor', type=float, default=0.0, metavar='X',
                        help='0: as fast as possible (default); 1: real time')
    parser.add_argument('--view', action='store_true', help='a live page in the browser: plant, '
                        'spikes, weights, returns, and sliders for the physics')
    parser.add_argument('--gui', action='store_true', help="open PyBullet's window; "
                        '--real-time-factor 1 slows it down')
    parser.add_argument('--composed', action='store_true', help='all nodes in one process: '
                        'several times as fast in lockstep, but a crash of one ends all')
    parser.add_argument('--record', type=Path, metavar='BAG', help='record a bag into this folder')
    parser.add_argument('--storage', default=STORAGES[0], metavar='S', help='how the bag is '
                        f'stored: {" or ".join(STORAGES)} (default: %(default)s)')


def run(options: argparse.Namespace) -> int:
    """Run the graph to the end, Ctrl-C or SIGTERM; keep what was learned in every case."""
    check(options)
    adaptation, *robot = (
        read_adaptation(options, StandInParameters(), task=get_task(options.task).as_stand_in())
        if options.robot else read_adaptation(options))
    people = sys.stderr if options.json else sys.stdout
    name = f'demo_{adaptation.task.name}_{datetime.now():%Y%m%d_%H%M%S_%f}'
    folder = (options.run_dir or Path('runs') / name).resolve()
    options.output = options.output or folder / ADAPTED
    options.plot = options.plot or (folder / 'returns.png' if find_spec('matplotlib') else None)
    result = AdaptationRun(adaptation.learner(), folder)
    result.resume(lambda reason: print(reason, file=people))
    nodes = [*graph(adaptation, options, folder),
             *(node for parameters in robot for node in stand_in(adaptation, parameters))]
    print(f'starting {", ".join(node.name for node in nodes)}; logs in {folder}', file=people,
          flush=True)
    namespace = options.namespace
    if namespace is None:
        namespace = STAND_IN if options.robot else ''
    stopped = interrupt_on_signals()
    try:
        with Supervisor(nodes, folder, namespace, discovery()) as supervisor:
            watch(supervisor, folder, adaptation.episodes, people)
    except KeyboardInterrupt:
        print('\nstopped; keeping what was learned', file=people)
    result.resume(lambda reason: print(reason, file=people))
    records = read_records(folder / EPISODES) if (folder / EPISODES).exists() else []
    returns = None
    for parameters in robot:
        print('measuring on the stand-in robot in virtual time ...', file=people, flush=True)
        returns = partial(stand_in_returns, physics=adaptation.physics, imperfections=parameters)
    finish(adaptation, result.learner, records, options, returns)
    return 128 + stopped[0] if stopped else 0


def interrupt_on_signals() -> list[int]:
    """Let SIGTERM interrupt like Ctrl-C; return a list to which the first of them is added."""
    stopped: list[int] = []

    def stop(number: int, frame: Any) -> None:
        # What was learned is now kept; Ctrl-C still interrupts.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stopped.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # a background job of a shell
            signal.signal(number, stop)
    return stopped


def check(options: argparse.Namespace) -> None:
    """
    Refuse options that cannot work, before anything starts.

    :raises RstdpError: options that do not fit together, or something is missing.
    """
    if options.robot and options.plant != EQUATIONS:
        raise RstdpError(f'--robot has a simulation of its own; leave out --plant {options.plant}')
    if options.gui and options.plant != 'pybullet':
        raise RstdpError('--gui shows PyBullet: add --plant pybullet')
    if find_spec('rclpy') is None:
        raise RstdpError('the demo needs ROS 2: source a ROS installation, or '
                         'pip install "rstdp_ros[ros]"')
    if options.plant == 'pybullet' and find_spec('pybullet') is None:
        raise RstdpError(NEEDS_PYBULLET)
    if options.record and find_spec('rosbags') is None:
        raise RstdpError(NEEDS_ROSBAGS.format('rosbags'))
    check_surroundings(options.namespace or '')
    if options.record and options.record.exists():
        raise RstdpError(f'{options.record}: is there already; choose another folder for the bag')


def graph(adaptation: Adaptation, options: argparse.Namespace,
          folder: Path) -> list[NodeDescription]:
    """Describe the graph that does the work of ``adapt`` over ROS."""
    recipe = adaptation.recipe
    learning = {'strategy': recipe.strategy, 'guard': recipe.guard, **recipe.values()}
    nodes = describe_graph(adaptation.task.name, {
        'seed': recipe.seed, 'episodes': adaptation.episodes, 'run_dir': str(folder),
        'preset': options.preset, 'real_time_factor': options.real_time_factor,
        'clock': options.clock, 'plant': 'robot' if options.robot else options.plant,
        'policy_backend': options.policy_backend, 'lava_target': options.lava_target,
        'model': str(model_path(options.model or f'{adaptation.task.name}_0').resolve()),
        'gui': options.gui, 'view': options.view, 'composed': options.composed,
        **({'record': True, 'bag': str(options.record.resolve()), 'storage': options.storage}
           if options.record else {}),
        **asdict(adaptation.physics)})
    for node in parts_named('adaptation', nodes):
        node.parameters.update(learning)
    return nodes


def stand_in(adaptation: Adaptation, parameters: StandInParameters) -> list[NodeDescription]:
    """Describe the robot's driver and the person who enables it."""
    values = {'task': adaptation.task.name, **asdict(adaptation.physics), **asdict(parameters)}
    return [NodeDescription('stand_in', values), NodeDescription('operator', {})]


def discovery() -> Mapping[str, str]:
    """Keep discovery to this machine unless the user has set it."""
    name = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
    return {} if name in os.environ else {name: 'LOCALHOST'}


def watch(supervisor: Supervisor, folder: Path, episodes: int, people: TextIO) -> None:
    """Print a line per episode until the last one's network is written."""
    log, shown, page = folder / EPISODES, 0, ''
    while True:
        for event in supervisor.poll():
            print(event, file=people, flush=True)
        if 'view' in supervisor.nodes and page != (page := _address(folder)):
            print(f'watch at {page}', file=people, flush=True)
        records = read_records(log) if log.exists() else []
        for record in records[shown:]:
            print(record, file=people, flush=True)
        # After a crash the last lines are written again, bit for bit the same.
        shown = max(shown, len(records))
        if shown >= episodes and (folder / ADAPTED).exists():
            return
        time.sleep(POLL_PERIOD)


def _address(folder: Path) -> str:
    """Return where the live page is; '' if there is none (yet)."""
    file = folder / ADDRESS
    return file.read_text() if file.exists() else ''
