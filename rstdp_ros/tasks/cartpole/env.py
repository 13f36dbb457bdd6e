"""The tunable cart-pole as a Gymnasium environment."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import gymnasium
import numpy as np

from rstdp_ros.tasks.cartpole.physics import CartPolePhysics, step
from rstdp_ros.tasks.cartpole.task import CARTPOLE, start_state


class CartPoleEnv(gymnasium.Env):
    """
    Gymnasium's CartPole with every constant tunable, also between two steps.

    Observation (4,) float32: x m, x' m/s, theta rad, theta' rad/s. Actions 0 and 1 command -10 N
    and +10 N. Reward +1 per step, the last one included.

    :param physics: the plant; assign to ``env.unwrapped.physics`` to change it.
    """

    metadata = {'render_modes': []}

    def __init__(self, physics: CartPolePhysics | None = None) -> None:
        self.physics = physics or CartPolePhysics()
        high = np.array([np.inf] * 4, dtype=np.float32)
        self.observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(len(CARTPOLE.action_efforts))
        self.state: tuple[float, ...] | None = None

    @property
    def physics(self) -> CartPolePhysics:
        """The plant's parameters."""
        return self._physics

    @physics.setter
    def physics(self, physics: CartPolePhysics) -> None:
        self._physics = physics
        self._constants = physics.constants()

    def reset(self, *, seed: int | None = None,
              options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """
        Start an episode; the start depends only on the seed.

        :return: observation, empty info.
        """
        super().reset(seed=seed)
        self.state = tuple(start_state(self.np_random).tolist())
        return np.array(self.state, np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """
        Apply an action for one control period.

        :return: observation, reward, terminated, False, empty info.
        """
        if self.state is None:
            raise RuntimeError('reset() must come before step()')
        *self.state, terminated = step(*self.state, CARTPOLE.action_efforts[action],
                                       self._constants)
        # A number may have grown beyond float32, and then the episode is over.
        with np.errstate(over='ignore') if terminated else nullcontext():
            observation = np.array(self.state, np.float32)
        return observation, 1.0, terminated, False, {}
