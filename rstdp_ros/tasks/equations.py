"""A task's plant by its own equations: nothing between a step and its numbers."""

from __future__ import annotations

from typing import Any, TYPE_CHECKING

import numpy as np

from rstdp_ros.support.endings import ending
from rstdp_ros.support.plain import Numbers
from rstdp_ros.tasks.actuator import commands_kept, delivered
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Outcome, Plant

if TYPE_CHECKING:
    from rstdp_ros.tasks.task import Task


class Equations:
    """
    A state that goes on, one control period after the other.

    :param task: whose equations.
    :ivar state: as it is, a tuple of float.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.state: tuple[float, ...] = ()

    def take_up(self, physics: Any) -> None:
        """Let changed physics take effect; commands on their way are those of the episode."""
        self._constants, self._actuator = physics.constants(), np.array(physics.actuator())

    def begin(self, state: Numbers) -> None:
        """Put the plant into a state."""
        self.state = tuple(map(float, state))
        self._commands = np.zeros(commands_kept(self.task.robot.control_period))

    def advance(self, effort: float) -> bool:
        """Go on under a commanded effort; return whether the episode is over."""
        exerted = delivered(effort, self._commands, self._actuator)
        self.state = self.task.step(self.state, exerted, self._constants)
        return self.task.ended(self.state, self._constants)


class EquationsPlant(Plant):
    """
    Episodes of a task's own equations: efforts in, joints out.

    They are, number for number, those of the task's Gymnasium environment.

    :param task: the task.
    :ivar physics: the plant's parameters.
    """

    waits = True

    def __init__(self, task: Task) -> None:
        self.task, self._equations = task, Equations(task)
        self.efforts = () if task.robot.takes_any_effort else task.robot.efforts
        self.set_physics(task.physics())
        # Load compiled code now: in real time the first step cannot wait for it.
        self.reset(0)
        self.step(task.robot.efforts[0])

    def set_physics(self, physics: Any) -> None:
        """Change the plant, effective at the next step."""
        self.physics, self._sensors = physics, np.array(physics.sensors())
        self._equations.take_up(physics)

    def reset(self, seed: int) -> Joints:
        """Start an episode from a seed; return the joints at its start."""
        start, = self.task.start_states([seed])
        self._equations.begin(start)
        self._steps = 0
        return self._shown()

    def step(self, effort: float) -> Outcome:
        """
        Apply an effort for one control period.

        :param effort: one that the task's robot takes.
        :raises RstdpError: any other effort.
        """
        self.task.robot.check_effort(effort)
        before = self._equations.state
        over = self._equations.advance(effort)
        self._steps += 1
        end = ending(over, self._steps >= self.task.max_episode_steps)
        return Outcome(self._shown(), self.task.reward.of(before, effort, over), end)

    def _shown(self) -> Joints:
        return self.task.shown(self._equations.state, self._sensors)
