"""Tasks by name and simulator."""

from __future__ import annotations

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.stepped import stepped
from rstdp_ros.tasks.task import Task

# A task's own equations, and what else may simulate a plant.
EQUATIONS = 'gym'
SIMULATORS = (EQUATIONS, 'pybullet')


def get_task(name: str, simulator: str = EQUATIONS) -> Task:
    """
    Look a task up.

    :param simulator: whose physics it has, one of ``SIMULATORS``.
    :raises RstdpError: no such task or simulator, or a task that it does not simulate.
    """
    if simulator not in SIMULATORS:
        raise RstdpError(f'unknown simulator {simulator!r}; known are {", ".join(SIMULATORS)}')
    task = TASKS[name]
    if simulator == EQUATIONS:
        return task
    if simulator not in task.simulated:
        raise RstdpError(f'{simulator} does not simulate task {name}')
    other = task.simulated[simulator]
    return stepped(task, other.env_id, other.physics)


def simulators_of(task: Task) -> tuple[str, ...]:
    """Return which simulators a task has, its own equations first."""
    return (EQUATIONS, *task.simulated)
