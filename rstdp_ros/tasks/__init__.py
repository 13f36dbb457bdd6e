"""Control tasks: physics, observation, reward and termination, each defined once."""

from rstdp_ros.tasks.registry import get_task, TASKS
from rstdp_ros.tasks.task import Task

__all__ = ['TASKS', 'Task', 'get_task']
