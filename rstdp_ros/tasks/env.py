"""What our Gymnasium environments have in common: physics that can change between two steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import gymnasium
import numpy as np

from rstdp_ros.tasks.task import Joints, Task


class TunableEnv(gymnasium.Env):
    """
    A task's compiled physics behind Gymnasium's interface.

    A subclass names its task, the physics' ``step`` and what observations cannot exceed.

    :param physics: the plant; assign to ``env.unwrapped.physics`` to change it.
    """

    metadata = {'render_modes': []}
    task: Task
    advance: Callable[..., tuple]
    observation_high: Sequence[float]

    def __init__(self, physics: Any = None) -> None:
        self.physics = physics or self.task.physics()
        high = np.array(self.observation_high, dtype=np.float32)
        self.observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(self.task.action_efforts))
        self.state: tuple[float, ...] | None = None

    @property
    def physics(self) -> Any:
        """The plant's parameters."""
        return self._physics

    @physics.setter
    def physics(self, physics: Any) -> None:
        self._physics = physics
        self._constants = physics.constants()

    @property
    @abstractmethod
    def joints(self) -> Joints:
        """The joints as they are, in double precision."""

    def reset(self, *, seed: int | None = None,
              options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """
        Start an episode; the start depends only on the seed.

        :return: observation, empty info.
        """
        super().reset(seed=seed)
        self.state = tuple(self.task.start_state(self.np_random).tolist())
        return self.task.observe(*self.joints), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """
        Apply an action for one control period.

        :return: observation, reward, terminated, False, empty info.
        """
        if self.state is None:
            raise RuntimeError('reset() must come before step()')
        *self.state, terminated = self.advance(*self.state, self.task.action_efforts[action],
                                               self._constants)
        # A number may have grown beyond float32, and then the episode is over.
        with np.errstate(over='ignore') if terminated else nullcontext():
            observation = self.task.observe(*self.joints)
        return observation, self.task.reward(terminated), terminated, False, {}
