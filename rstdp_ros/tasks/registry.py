"""Tasks by name and simulator."""

from __future__ import annotations

from functools import cache

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.stepped import stepped
from rstdp_ros.tasks.task import Task

# The name of a task's own equations among the simulators.
EQUATIONS = 'gym'


@cache
def simulators() -> tuple[str, ...]:
    """Return the names of all simulators, the tasks' own equations first."""
    others = (name for task in TASKS.usable().values() for name in task.simulated)
    return (EQUATIONS, *dict.fromkeys(others))


def get_task(name: str, simulator: str = EQUATIONS) -> Task:
    """
    Look a task up.

    :param simulator: the simulator of its physics, one of :func:`simulators`.
    :raises RstdpError: no such task or simulator, or a pair that does not fit.
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
