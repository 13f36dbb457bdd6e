"""Control tasks: physics, observation, reward and termination, each defined once."""

from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.registry import EQUATIONS, get_task, simulators
from rstdp_ros.tasks.task import Task

__all__ = ['EQUATIONS', 'TASKS', 'Task', 'get_task', 'simulators']
