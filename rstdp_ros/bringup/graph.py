"""
The graph as data: which nodes run with which parameters.

The launch files (:mod:`rstdp_ros.bringup.launching`) and the runner for machines without ROS tools
(:mod:`rstdp_ros.bringup.runner`) both start what :func:`describe_graph` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
import os
from pathlib import Path
from typing import Any

from rstdp_ros.bringup.arguments import BAG, checked, FOREIGN
from rstdp_ros.bringup.description import Composed, NodeDescription
from rstdp_ros.bringup.viewers import viewers
from rstdp_ros.nodes.names import refuse_unknown_in_file
from rstdp_ros.plasticity import Recipe
from rstdp_ros.plasticity.run import make_folder
from rstdp_ros.protocol.episode import REALTIME
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import all_parameters, read_parameter_file
from rstdp_ros.support.parameters import table
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import EQUATIONS, get_task, simulators, Task
from rstdp_ros.view import NEEDS_BOKEH

RESPAWN_DELAY = 1.0
RECORDER = 'recorder'
Values = Mapping[str, Any]


def describe_graph(task_name: str, values: Values) -> list[NodeDescription]:
    """
    Say which nodes to start with which parameters.

    :param values: launch arguments (:func:`rstdp_ros.bringup.arguments.all_arguments`) by name, in
        their types; others are left to the parameter file and the nodes' defaults.
    :raises RstdpError: a value that does not fit, or a file that is not there.
    """
    given = checked(task_name, values)
    plant = given.setdefault('plant', _in_file(given, 'plant') or EQUATIONS)
    task = get_task(task_name, plant if plant in simulators() else EQUATIONS)
    _check(task, given)
    common = {'task': task_name, **_those(given, 'clock')}
    if plant == 'robot':
        common['clock'] = REALTIME
        given.setdefault('model', _for_a_robot(task.name, given))
    given.setdefault('run_dir', str(new_run_dir(task_name)))
    if given['record']:
        common['wait_for_recorder'] = True
    nodes = [_policy(given, common)]
    if plant == BAG:
        nodes.insert(0, _replay(given))
    elif plant != FOREIGN:
        nodes.insert(0, _environment(task, given, common))
    if plant == 'robot':
        nodes.append(NodeDescription('watchdog', {'task': task_name}))
    for node in nodes:
        node.parameters.update(_those(given, 'thread_priority'))
    if given['adapt']:
        nodes.append(_adaptation(given, common))
    if given['composed']:
        nodes = [_composed(nodes, given['record'])]
    if given['record']:
        nodes.append(NodeDescription(RECORDER, {
            'bag': given.get('bag') or str(Path(given['run_dir']) / 'bag'),
            **_those(given, 'storage')}))
    if given['view']:
        nodes.append(NodeDescription('view', {
            'task': task_name, **_those(given, 'model', 'run_dir', 'use_sim_time')}))
    if given['use_rviz']:
        nodes += viewers(task, plant, _those(given, *table(task.physics)), given['use_sim_time'])
    return nodes


def _environment(task: Task, given: Values, common: Values) -> NodeDescription:
    sim_time, robot = given['use_sim_time'], given['plant'] == 'robot'
    return NodeDescription('environment', {
        **common, **_those(given, 'plant', 'seed', 'gui', 'real_time_factor'),
        'auto_reset': not given['adapt'],
        # The simulating node publishes the time that the others follow.
        'publish_clock': sim_time and not robot, 'use_sim_time': sim_time and robot,
        **_those(given, *table(task.physics))})


def _replay(given: Values) -> NodeDescription:
    if 'bag' not in given:
        raise RstdpError('bag:= names no bag to replay')
    return NodeDescription('replay', _those(given, 'bag', 'rate', 'start', 'loop'))


def _policy(given: Values, common: Values) -> NodeDescription:
    runs_on = {'backend': given['policy_backend']} if 'policy_backend' in given else {}
    return NodeDescription('policy', {
        **common, **_those(given, 'model', 'lava_target', 'use_sim_time'), **runs_on,
        'require_weights': given['adapt']})


def _adaptation(given: Values, common: Values) -> NodeDescription:
    return NodeDescription('adaptation', {
        **common, **_those(given, 'model', 'seed', 'episodes', 'strategy', 'guard', 'preset',
                           'use_sim_time', 'run_dir'),
        'paced_by': 'environment' if given['plant'] in (FOREIGN, BAG) else 'adaptation'})


def _composed(nodes: Sequence[NodeDescription], record: bool) -> Composed:
    if [node.name for node in nodes] != ['environment', 'policy', 'adaptation']:
        raise RstdpError('composed:=true puts a simulated plant, the policy and adaptation into '
                         'one process; leave it out for a robot, a bag or without adaptation')
    if record:
        raise RstdpError('composed:=true is faster than a recorder; record in a run without it')
    return Composed(nodes=tuple(nodes))


def new_run_dir(task_name: str) -> Path:
    """Name a folder for a new run; nodes restarted during the run find it again."""
    home = Path(os.environ.get('ROS_HOME') or '~/.ros').expanduser()
    return home / 'rstdp_ros' / f'{task_name}_{datetime.now():%Y%m%d_%H%M%S_%f}'


def make_run_dir(nodes: Iterable[NodeDescription]) -> None:
    """
    Make the folder of the run, so that an impossible one is refused before anything starts.

    :raises RstdpError: names it.
    """
    for adaptation in parts_named('adaptation', nodes):
        make_folder(Path(adaptation.parameters['run_dir']))


def parts_named(name: str, nodes: Iterable[NodeDescription]) -> list[NodeDescription]:
    """Return the descriptions of a node, which may share its process with others."""
    return [part for node in nodes for part in node.parts if part.name == name]


def _check(task: Task, given: Values) -> None:
    """Refuse, before anything starts, what the nodes would refuse one after another."""
    Recipe.of(task.name, 0, **{name: given[name] for name in _learning(given)})
    for simulator, other in task.simulated.items():
        for name in set(table(other.physics)) - set(table(task.physics)):
            if name in given:
                raise RstdpError(f'{name}:={given[name]} needs plant:={simulator}')
    if given['view'] and find_spec('bokeh') is None:
        raise RstdpError(NEEDS_BOKEH)
    if 'model' in given:
        task.check_network(SpikingQNetwork.load(model_path(given['model'])))
    if 'params_file' in given:
        path = given['params_file']
        refuse_unknown_in_file(path, read_parameter_file(path), task.name)


def _for_a_robot(task_name: str, given: Values) -> str:
    """Name the network for a robot if the user named none: one trained on many plants."""
    robust = f'{task_name}_robust_0'
    return _in_file(given, 'model') or (
        robust if model_path(robust).exists() else f'{task_name}_0')


def _in_file(given: Values, name: str) -> Any:
    """Return a parameter's value in the user's file; None if there is none."""
    path = given.get('params_file')
    return all_parameters(read_parameter_file(path)).get(name) if path else None


def _learning(given: Values) -> list[str]:
    """List the given values for learning; a strategy named in a file checks its preset later."""
    whose = 'strategy' in given or 'params_file' not in given
    return [name for name in ('strategy', 'guard', *(['preset'] if whose else []))
            if name in given]


def _those(given: Values, *names: str) -> dict[str, Any]:
    """Return the named values that were given."""
    return {name: given[name] for name in names if name in given}
