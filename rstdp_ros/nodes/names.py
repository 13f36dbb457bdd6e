"""
The known parameter names: a misspelt one sets nothing, and on a robot that can be a limit.

Like the tables, data without ROS.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rstdp_ros.nodes.catalogue import catalogue
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import refuse_unknown, table
from rstdp_ros.tasks import get_task, TASKS

# Parameters that ROS itself gives every node.
ROS_OWN = ('use_sim_time', 'start_type_description_service')
QOS = 'qos_overrides.'
BODY = 'ros__parameters'
WILDCARDS = ('*', '**')


def known_names(task: str) -> Mapping[str, set[str]]:
    """
    List the names of each node's parameters.

    :param task: the task whose physics, limits and joints are meant.
    """
    # Nodes without parameters of their own count too.
    names: defaultdict[str, set[str]] = defaultdict(set, operator=set())
    for section in catalogue():
        if section.task in ('', task):
            names[section.node].update(name for p in section.parameters
                                       for name in (p.name, p.was) if name)
    names['stand_in'].update(table(get_task(task).physics))
    return names


def refuse_unknown_parameters(names: Iterable[str], tasks: Iterable[str]) -> None:
    """
    Refuse names that no node of the graph knows; several nodes may share a file.

    :param tasks: whose parameters may be meant.
    :raises RstdpError: for the first name, with the nearest known one.
    """
    known = {name for task in tasks for of_node in known_names(task).values() for name in of_node}
    _refuse(names, known, '')


def refuse_unknown_in_file(path: str, content: Any, task: str) -> None:
    """
    Refuse a parameter file with an unknown name, or with a node nearly named like one of ours.

    Parameters of other nodes, such as controllers, are not checked.

    :param content: as read from YAML.
    :raises RstdpError: names the file and what is wrong in it.
    """
    if content is None:
        return
    known = known_names(task)
    shared = set().union(*known.values())
    for node, names in _blocks(path, content, ''):
        if node in WILDCARDS:
            _refuse(names, shared, f'{path}: ')
        elif node in known:
            _refuse(names, known[node], f'{path}: node {node}: ')
        else:
            _refuse_near_miss(path, node, known)


def _refuse(names: Iterable[str], known: set[str], where: str) -> None:
    refuse_unknown((name for name in names if name not in ROS_OWN and not name.startswith(QOS)),
                   sorted(known), f'{where}unknown parameter')


def _refuse_near_miss(path: str, node: str, known: Iterable[str]) -> None:
    try:
        refuse_unknown([node], known, f'{path}: unknown node')
    except RstdpError as error:
        if 'did you mean' in str(error):
            raise


def _blocks(path: str, content: Any, key: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the last word of every node's key and the dotted names under it."""
    if not isinstance(content, dict):
        raise RstdpError(f'{path}: not a ROS parameter file, which is keyed /**: or by node, and '
                         f'then {BODY}:')
    for word, inner in content.items():
        if word == BODY:
            node = key.rstrip('/').split('/')[-1]
            yield node, list(_flat(inner if isinstance(inner, dict) else {}, ''))
        else:
            yield from _blocks(path, inner, str(word))


def _flat(values: dict[Any, Any], prefix: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f'{prefix}{name}.')
        else:
            yield f'{prefix}{name}'


def tasks_meant(given: Any) -> list[str]:
    """Return the task that a node was given, or all tasks if none was."""
    return [given] if given in TASKS else list(TASKS)
