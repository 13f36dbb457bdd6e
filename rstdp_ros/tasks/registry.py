"""Which tasks there are, by name, and in which simulators."""

from __future__ import annotations

from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.acrobot.pybullet import AcrobotInPyBullet
from rstdp_ros.tasks.acrobot.task import ACROBOT
from rstdp_ros.tasks.cartpole.pybullet import CartPoleInPyBullet
from rstdp_ros.tasks.cartpole.task import CARTPOLE
from rstdp_ros.tasks.stepped import stepped
from rstdp_ros.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (CARTPOLE, ACROBOT)}
SIMULATORS = ('gym', 'pybullet')
_IN_PYBULLET: dict[str, Task] = {
    task.name: stepped(task, env_id, physics)
    for task, env_id, physics in (
        (CARTPOLE, 'rstdp_ros/PyBulletCartPole-v0', CartPoleInPyBullet),
        (ACROBOT, 'rstdp_ros/PyBulletAcrobot-v0', AcrobotInPyBullet))}


def get_task(name: str, simulator: str = 'gym') -> Task:
    """
    Look a task up.

    :param simulator: whose physics it has, one of ``SIMULATORS``.
    :raises RstdpError: no such task or simulator.
    """
    if simulator not in SIMULATORS:
        raise RstdpError(f'unknown simulator {simulator!r}; known are {", ".join(SIMULATORS)}')
    try:
        return (TASKS if simulator == 'gym' else _IN_PYBULLET)[name]
    except KeyError:
        raise RstdpError(f'unknown task {name!r}; known are {", ".join(TASKS)}') from None
