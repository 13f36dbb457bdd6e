"""Tasks by name and simulator."""

from __future__ import annotations

from functools import cache

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.stepped import stepped
from rstdp_ros.tasks.task import Task

# What a task's own equations are called among the simulators.
EQUATIONS = 'gym'


@cache
def simulators() -> tuple[str, ...]:
    """Return what simulates any task, the tasks' own equations first."""
    others = (name for task in TASKS.usable().values() for name in task.simulated)
    return (EQUATIONS, *dict.fromkeys(others))


def get_task(name: str, simulator: str = EQUATIONS) -> Task:
    """
    Look a task up.

    :param simulator: whose physics it has, one of :func:`simulators`.
    :raises RstdpError: no such task or simulator, or a task that it does not simulate.
    """
    if simulator not in simulators():
        raise RstdpError(f'unknown simulator {simulator!r}; known are {", ".join(simulators())}')
    task = TASKS[name]
    if simulator == EQUATIONS:
        return task
    if simulator not in task.simulated:
        raise RstdpError(f'{simulator} does not simulate task {name}')
    other = task.simulated[simulator]
    return stepped(task, other.env_id, other.physics)
