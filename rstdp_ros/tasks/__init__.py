"""Control tasks: physics, observation, reward and termination, each defined once."""

from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.registry import get_task, SIMULATORS, simulators_of
from rstdp_ros.tasks.task import Task

__all__ = ['SIMULATORS', 'TASKS', 'Task', 'get_task', 'simulators_of']
