"""
The parameter reference, written from the tables that the nodes declare.

``python -m rstdp_ros.nodes.reference > docs/parameters.md`` writes it; a test keeps it equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rstdp_ros.nodes.tables import (
    AdaptationParameters,
    DriverParameters,
    EnvironmentParameters,
    limits,
    PolicyParameters,
    RecorderParameters,
    ReplayParameters,
    RobotParameters,
    WatchdogParameters,
    wiring_parameters,
)
from rstdp_ros.parameters import Parameter, table
from rstdp_ros.plasticity import BoundsParameters, GuardParameters, RSTDPParameters
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.cartpole.stand_in import StandInParameters

INTRODUCTION = """\
# Parameters

Set them in a parameter file (keyed `/**:` or by node), at launch, or while it runs with `ros2
param set`. An integer is taken for a double. A value that does not fit is refused with the reason
and changes nothing, and so is a name that no node knows. *Effect* says when a change during a run
is taken up; *start* is not at all.

This page is written by `python -m rstdp_ros.nodes.reference`.
"""
HEADER = '| parameter | default | unit | range | effect | meaning |\n|---|---|---|---|---|---|'


def reference() -> str:
    """Return the page."""
    return '\n'.join([INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    yield _section('Node environment', table(EnvironmentParameters).values())
    for task in TASKS.values():
        yield _section(f'Node environment: {task.name}',
                       [*table(task.physics).values(), *limits(task)])
    for task in TASKS.values():
        more = table(get_task(task.name, 'pybullet').physics)
        yield _section(f'Node environment with backend pybullet: {task.name}, beyond the above',
                       [p for name, p in more.items() if name not in table(task.physics)])
    yield _section('Node environment with backend robot', table(RobotParameters).values())
    for task in TASKS.values():
        yield _section(f'Node environment with backend robot: {task.name}',
                       wiring_parameters(task))
    for title, cls in (('Node policy', PolicyParameters),
                       ('Node watchdog', WatchdogParameters),
                       ('Node recorder', RecorderParameters),
                       ('Node replay', ReplayParameters),
                       ('Node adaptation', AdaptationParameters),
                       ('Node adaptation: r-STDP (defaults are those of the preset)',
                        RSTDPParameters),
                       ('Node adaptation: guard', GuardParameters),
                       ('Node adaptation: bounds', BoundsParameters),
                       ("Node stand_in (and the cart-pole's physics)", DriverParameters),
                       ('Node stand_in: imperfections', StandInParameters)):
        yield _section(title, table(cls).values())


def _section(title: str, parameters: Iterable[Parameter]) -> str:
    return '\n'.join([f'## {title}\n', HEADER, *map(_row, parameters), ''])


def _row(parameter: Parameter) -> str:
    bounds = [f'{bound:g}' for bound in (parameter.minimum, parameter.maximum)
              if bound is not None]
    allowed = ', '.join(parameter.choices) or ' to '.join(bounds)
    default = f'`{parameter.default}`' if parameter.default != '' else "`''`"
    cells = (f'`{parameter.name}`', default, parameter.unit, allowed, parameter.effect,
             parameter.description.replace('|', '\\|'))
    return f'| {" | ".join(cells)} |'


if __name__ == '__main__':
    print(reference(), end='')
