"""
Every parameter of every node: the list that names are checked against and documents made from.

Like the tables, data without ROS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rstdp_ros.nodes.tables import (
    AdaptationParameters,
    DriverParameters,
    EnvironmentParameters,
    limits,
    PolicyParameters,
    RecorderParameters,
    ReplayParameters,
    RobotParameters,
    ViewParameters,
    WatchdogParameters,
    wiring_parameters,
)
from rstdp_ros.plasticity import BoundsParameters, GUARDS, STRATEGIES
from rstdp_ros.support.parameters import Parameter, table
from rstdp_ros.tasks import TASKS
from rstdp_ros.tasks.stand_in import StandInParameters


class Section(NamedTuple):
    """
    Parameters that a node has.

    :param when: when the node has them, in words for the reader.
    :param task: the task that they belong to; '' for all tasks.
    """

    node: str
    when: str
    parameters: Sequence[Parameter]
    task: str = ''


def catalogue() -> Iterator[Section]:
    """Yield each node's parameters, in the order of the documents."""
    yield _section('environment', '', EnvironmentParameters)
    tasks = TASKS.usable()
    for name, task in tasks.items():
        yield Section('environment', f': {name}', [*table(task.physics).values(), *limits(task)],
                      name)
    for name, task in tasks.items():
        for simulator, other in task.simulated.items():
            more = table(other.physics)
            yield Section('environment', f' with plant {simulator}: {name}, beyond the above',
                          [more[p] for p in more if p not in table(task.physics)], name)
    yield _section('environment', ' with plant robot', RobotParameters)
    for name, task in tasks.items():
        yield Section('environment', f' with plant robot: {name}', wiring_parameters(task), name)
    for node, cls in (('policy', PolicyParameters), ('watchdog', WatchdogParameters),
                      ('recorder', RecorderParameters), ('replay', ReplayParameters),
                      ('view', ViewParameters),
                      ('adaptation', AdaptationParameters)):
        yield _section(node, '', cls)
    for what, named in (('strategy', STRATEGIES), ('guard', GUARDS)):
        usable = named.usable()
        for cls in dict.fromkeys(each.Parameters for each in usable.values()):
            names = ', '.join(name for name, each in usable.items() if each.Parameters is cls)
            yield _section('adaptation', f' with {what} {names}', cls)
    yield _section('adaptation', ': bounds', BoundsParameters)
    yield _section('stand_in', " (and the task's physics)", DriverParameters)
    for name, task in tasks.items():
        if task.machine:
            usual = table(task.physics)
            yield Section('stand_in', f': {name}, physics whose defaults are those of a machine',
                          [p for p in table(task.machine.physics).values() if p != usual[p.name]],
                          name)
    yield _section('stand_in', ': imperfections', StandInParameters)


def _section(node: str, when: str, cls: type) -> Section:
    return Section(node, when, list(table(cls).values()))
