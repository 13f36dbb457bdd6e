"""Which tasks there are, by name."""

from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.acrobot.task import ACROBOT
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (CARTPOLE, ACROBOT)}


def get_task(name: str) -> Task:
    """
    Look a task up.

    :raises RstdpError: no task of that name.
    """
    try:
        return TASKS[name]
    except KeyError:
        raise RstdpError(f'unknown task {name!r}; known are {", ".join(TASKS)}') from None
