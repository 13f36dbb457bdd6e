"""The base of our Gymnasium environments: physics that can change between two steps."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium
import numpy as np

from rstdp_ros.support.plain import Numbers
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.tasks.equations import Equations
from rstdp_ros.tasks.interface import Joints, RobotInterface
from rstdp_ros.tasks.task import Task


def action_space(robot: RobotInterface) -> gymnasium.Space:
    """Return the efforts' numbers, or any effort if networks also command those in between."""
    if robot.takes_any_effort:
        return gymnasium.spaces.Box(min(robot.efforts), max(robot.efforts), (1,), np.float32)
    return gymnasium.spaces.Discrete(len(robot.efforts))


class TunableEnv(gymnasium.Env):
    """
    A task behind Gymnasium's interface.

    A subclass defines how the plant starts and advances.

    :param task: the task.
    :param physics: the plant; assign to ``env.unwrapped.physics`` to change it.
    :ivar joints: the sensors' values since the last step, in double precision.
    """

    metadata = {'render_modes': []}

    def __init__(self, task: Task, physics: Any = None) -> None:
        self.task = task
        self.physics = physics or task.physics()
        high = np.array(task.robot.observation_high, dtype=np.float32)
        self.observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.action_space = action_space(task.robot)
        self.joints: Joints | None = None

    @property
    def physics(self) -> Any:
        """The plant's parameters."""
        return self._physics

    @physics.setter
    def physics(self, physics: Any) -> None:
        if physics != getattr(self, '_physics', None):
            self._physics, self._sensors = physics, np.array(physics.sensors())
            self._take_up(physics)

    @abstractmethod
    def _true_state(self) -> tuple[float, ...]:
        """Return the true state."""

    @abstractmethod
    def _take_up(self, physics: Any) -> None:
        """Let changed physics take effect, also during an episode."""

    @abstractmethod
    def _begin(self, state: np.ndarray) -> None:
        """Put the plant into a state, (state,) float64."""

    @abstractmethod
    def _advance(self, effort: float) -> bool:
        """Advance by one control period; return whether the episode is over."""

    def reset(self, *, seed: int | None = None,
              options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """
        Start an episode; the start depends only on the seed.

        :return: observation, empty info.
        """
        super().reset(seed=seed)
        self._begin(self.task.start_state(self.np_random))
        self._look()
        return self.task.robot.observation(*self.joints), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """
        Apply an action for one control period.

        :param action: the number of an effort, or (1,) float if the task takes any effort.
        :return: observation, reward, terminated, False, empty info.
        """
        if self.joints is None:
            raise RuntimeError('reset() must come before step()')
        robot = self.task.robot
        effort = float(action[0]) if robot.takes_any_effort else robot.efforts[action]
        before = self._true_state()
        terminated = self._advance(effort)
        self._look()
        return (robot.observation(*self.joints),
                self.task.reward.of(before, effort, terminated), terminated, False, {})

    def _look(self) -> None:
        self.joints = self.task.shown(self._true_state(), self._sensors)


class CompiledEnv(TunableEnv):
    """
    A task's own equations: Gymnasium's environment with every constant tunable.

    :param task: name of the task; its definition determines observations, actions and rewards.
    :param physics: the plant.
    """

    def __init__(self, task: str, physics: Any = None) -> None:
        self._equations = Equations(TASKS[task])
        super().__init__(self._equations.task, physics)

    @property
    def state(self) -> tuple[float, ...]:
        """The true state; like that of Gymnasium's environments, it may be set."""
        return self._equations.state

    @state.setter
    def state(self, state: Numbers) -> None:
        self._equations.state = tuple(map(float, state))

    def _true_state(self) -> tuple[float, ...]:
        return self.state

    def _take_up(self, physics: Any) -> None:
        self._equations.take_up(physics)

    def _begin(self, state: np.ndarray) -> None:
        self._equations.begin(state)

    def _advance(self, effort: float) -> bool:
        return self._equations.advance(effort)
