"""
The graph as data: which nodes run with which parameters.

The launch files (:mod:`rstdp_ros.bringup.launching`) and the runner for machines without ROS tools
(:mod:`rstdp_ros.bringup.runner`) both start what :func:`describe_graph` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
import os
from pathlib import Path
from typing import Any

from rstdp_ros import backends
from rstdp_ros.bags.topics import STORAGES
from rstdp_ros.bringup.arguments import (
    all_arguments,
    refuse_unknown_arguments,
)
from rstdp_ros.bringup.description import NodeDescription
from rstdp_ros.bringup.viewers import viewers
from rstdp_ros.nodes.names import refuse_unknown_in_file
from rstdp_ros.plasticity import Recipe
from rstdp_ros.plasticity.run import make_folder
from rstdp_ros.protocol.episode import CLOCKS, PLANTS
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import all_parameters, read_parameter_file
from rstdp_ros.support.parameters import Parameter, table
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import EQUATIONS, get_task, simulators, Task

RESPAWN_DELAY = 1.0
LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
FLAGS = {'true': True, 'false': False}
RECORDER = 'recorder'
# A foreign driver speaks observation, action and episode_end itself: no environment node. A bag
# repeats what an environment said.
ENVIRONMENTS = (*PLANTS, 'foreign', 'bag')
NOT_OURS = ('foreign', 'bag')


def describe_graph(task_name: str, values: Mapping[str, str]) -> list[NodeDescription]:
    """
    Say which nodes to start with which parameters.

    :param values: launch arguments as text.
    :raises RstdpError: a value that does not fit, or a file that is not there.
    """
    simulator = values.get('backend') or EQUATIONS
    task = get_task(task_name, simulator if simulator in simulators() else EQUATIONS)
    refuse_unknown_arguments(values, all_arguments(task_name))
    given = {name: text for name, text in values.items() if text != ''}
    _check(task, given)
    backend = given.get('backend', EQUATIONS)
    common = {'task': task_name, **_text(given, 'clock')}
    if backend == 'robot':
        common['clock'] = 'realtime'
        given.setdefault('model', _for_a_robot(task.name, given))
    given.setdefault('run_dir', str(new_run_dir(task_name)))
    if _flag(given, 'record'):
        common['wait_for_recorder'] = True
    nodes = [_policy(given, common)]
    if backend == 'bag':
        nodes.insert(0, _replay(given))
    elif backend != 'foreign':
        nodes.insert(0, _environment(task, given, common))
    if backend == 'robot':
        nodes.append(NodeDescription('watchdog', {'task': task_name}))
    for node in nodes:
        node.parameters.update(_integer(given, 'thread_priority'))
    if _flag(given, 'adapt'):
        nodes.append(_adaptation(given, common))
    if _flag(given, 'record'):
        nodes.append(NodeDescription(RECORDER, {
            'bag': given.get('bag') or str(Path(given['run_dir']) / 'bag'),
            **_text(given, 'storage')}))
    if _flag(given, 'use_rviz'):
        nodes += viewers(task, backend, _parsed(given, table(task.physics)),
                         _flag(given, 'use_sim_time'))
    return nodes


def _environment(task: Task, given: Mapping[str, str],
                 common: Mapping[str, Any]) -> NodeDescription:
    sim_time, robot = _flag(given, 'use_sim_time'), given.get('backend') == 'robot'
    return NodeDescription('environment', {
        **common, **_text(given, 'backend'), **_integer(given, 'seed'),
        'auto_reset': not _flag(given, 'adapt'),
        **({'gui': True} if _flag(given, 'gui') else {}),
        # Who simulates makes the time that the others follow.
        'publish_clock': sim_time and not robot, 'use_sim_time': sim_time and robot,
        **_numbers(given, 'real_time_factor'), **_parsed(given, table(task.physics))})


def _replay(given: Mapping[str, str]) -> NodeDescription:
    if 'bag' not in given:
        raise RstdpError('bag:= names no bag to replay')
    return NodeDescription('replay', {
        'bag': given['bag'], **_numbers(given, 'rate'), **_numbers(given, 'start'),
        'loop': _flag(given, 'loop')})


def _policy(given: Mapping[str, str], common: Mapping[str, Any]) -> NodeDescription:
    runs_on = {'backend': given['policy_backend']} if 'policy_backend' in given else {}
    return NodeDescription('policy', {
        **common, **_text(given, 'model'), **runs_on, **_text(given, 'lava_target'),
        'require_weights': _flag(given, 'adapt'),
        'use_sim_time': _flag(given, 'use_sim_time')})


def _adaptation(given: Mapping[str, str], common: Mapping[str, Any]) -> NodeDescription:
    paced_by = 'environment' if given.get('backend') in NOT_OURS else 'adaptation'
    return NodeDescription('adaptation', {
        **common, **_text(given, 'model'), **_integer(given, 'seed'),
        **_integer(given, 'episodes', 1), **_text(given, 'strategy'), **_text(given, 'guard'),
        **_text(given, 'preset'), 'paced_by': paced_by,
        'use_sim_time': _flag(given, 'use_sim_time'),
        'run_dir': given['run_dir']})


def new_run_dir(task_name: str) -> Path:
    """Name a folder for a new run; nodes that are started again during it find it again."""
    home = Path(os.environ.get('ROS_HOME') or '~/.ros').expanduser()
    return home / 'rstdp_ros' / f'{task_name}_{datetime.now():%Y%m%d_%H%M%S_%f}'


def make_run_dir(nodes: Iterable[NodeDescription]) -> None:
    """
    Make the folder of the run, so that one that cannot be made is refused before anything starts.

    :raises RstdpError: names it.
    """
    for node in nodes:
        if node.name == 'adaptation':
            make_folder(Path(node.parameters['run_dir']))


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = str(values.get(name) or {'adapt': 'true'}.get(name, 'false')).lower()
    if text not in FLAGS:
        raise RstdpError(f'{name}:={text} is neither true nor false')
    return FLAGS[text]


def _check(task: Task, given: Mapping[str, str]) -> None:
    """Refuse before anything starts what the nodes would refuse one after another."""
    Recipe.of(task.name, 0, **{name: given[name] for name in _learning(given)})
    for name, known in (('log_level', LOG_LEVELS), ('clock', CLOCKS),
                        ('backend', ENVIRONMENTS), ('storage', STORAGES),
                        ('policy_backend', tuple(backends.BACKENDS)),
                        ('lava_target', backends.TARGETS)):
        if given.get(name, known[0]) not in known:
            raise RstdpError(f'{name}:={given[name]} is not one of {", ".join(known)}')
    for simulator, other in task.simulated.items():
        for name in set(table(other.physics)) - set(table(task.physics)):
            if name in given:
                raise RstdpError(f'{name}:={given[name]} needs backend:={simulator}')
    if 'model' in given:
        task.check_network(SpikingQNetwork.load(model_path(given['model'])))
    if 'params_file' in given:
        path = given['params_file']
        refuse_unknown_in_file(path, read_parameter_file(path), task.name)


def _for_a_robot(task_name: str, given: Mapping[str, str]) -> str:
    """Name the network for a robot whose user named none: one that knows many plants."""
    path = given.get('params_file')
    named = all_parameters(read_parameter_file(path)).get('model') if path else ''
    robust = f'{task_name}_robust_0'
    return named or (robust if model_path(robust).exists() else f'{task_name}_0')


def _learning(given: Mapping[str, str]) -> list[str]:
    """List what is given of how to learn; a preset of a strategy that a file names comes later."""
    whose = 'strategy' in given or 'params_file' not in given
    return [name for name in ('strategy', 'guard', *(['preset'] if whose else []))
            if name in given]


def _text(given: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: given[name]} if name in given else {}


def _integer(given: Mapping[str, str], name: str, minimum: int = 0) -> dict[str, int]:
    return _parsed(given, {name: Parameter(name, 0, '', minimum=minimum)})


def _numbers(given: Mapping[str, str], name: str) -> dict[str, float]:
    return _parsed(given, {name: Parameter(name, 0.0, '', minimum=0.0)})


def _parsed(given: Mapping[str, str], known: Mapping[str, Parameter]) -> dict[str, Any]:
    """Read those of the known parameters that were given."""
    return {name: p.parse(given[name]) for name, p in known.items() if name in given}
