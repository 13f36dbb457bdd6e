"""
Our tasks as Gymnasium environments, and any Gymnasium environment as a plant of a task.

Importing this module registers ours, so ``gymnasium.make`` finds them as
``rstdp_ros.tasks.gym:rstdp_ros/CartPole-v0``.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import gymnasium
import numpy as np

from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.plant import Outcome, Plant
from rstdp_ros.tasks.registry import get_task, SIMULATORS, TASKS
from rstdp_ros.tasks.task import Joints, Task

ENTRY_POINTS = {'gym': 'rstdp_ros.tasks.env:CompiledEnv',
                'pybullet': 'rstdp_ros.tasks.pybullet.env:PyBulletEnv'}


def register() -> None:
    """Register our environments."""
    for name, simulator in product(TASKS, SIMULATORS):
        task = get_task(name, simulator)
        if task.env_id not in gymnasium.registry:
            gymnasium.register(task.env_id, entry_point=ENTRY_POINTS[simulator],
                               kwargs={'task': name}, max_episode_steps=task.max_episode_steps)


register()


class GymPlant(Plant):
    """
    A Gymnasium environment with a robot's interface: efforts in, joints out.

    :param task: what the environment must fit.
    :param env_id: any id known to ``gymnasium.make``; the task's own by default.
    :param gui: let the environment open its window.
    :raises RstdpError: unknown id, spaces other than the task's, or no window to open.
    """

    waits = True

    def __init__(self, task: Task, env_id: str = '', gui: bool = False) -> None:
        self.task, self.efforts = task, task.action_efforts
        env_id = env_id or task.env_id
        try:
            self.env = gymnasium.make(env_id, max_episode_steps=task.max_episode_steps,
                                      disable_env_checker=True,
                                      **({'render_mode': 'human'} if gui else {}))
        except (gymnasium.error.Error, ModuleNotFoundError) as error:
            raise RstdpError(f'environment {env_id!r} cannot be made: {error}') from None
        except TypeError:
            if not gui:
                raise
            raise RstdpError(f'environment {env_id!r} has no window to open') from None
        shape = self.env.observation_space.shape
        actions = getattr(self.env.action_space, 'n', None)
        if shape != (task.sizes[0] // 2,) or actions != task.sizes[-1]:
            raise RstdpError(f'environment {env_id!r} does not fit task {task.name}: it has '
                             f'observations {shape} and {actions} actions')
        # Load compiled code now: in real time the first step cannot wait for it.
        self.reset(0)
        self.step(task.action_efforts[0])

    @property
    def tunable(self) -> bool:
        """Whether the plant's physics can be set."""
        return hasattr(self.env.unwrapped, 'physics')

    def set_physics(self, physics: Any) -> None:
        """
        Change the plant, effective at the next step.

        :raises RstdpError: the environment has other than default physics to offer.
        """
        if self.tunable:
            self.env.unwrapped.physics = physics
        elif physics != self.task.physics():
            raise RstdpError(f'{self.env.spec.id} has no tunable physics; use {self.task.env_id}')

    def reset(self, seed: int) -> Joints:
        """Start an episode from a seed; return the joints at its start."""
        observation, _ = self.env.reset(seed=seed)
        return self._joints(observation)

    def step(self, effort: float) -> Outcome:
        """
        Apply an effort for one control period.

        :param effort: one of the task's action efforts.
        :raises RstdpError: any other effort.
        """
        try:
            action = self.task.action_efforts.index(effort)
        except ValueError:
            raise RstdpError(f'effort {effort} is none of {self.task.name}: '
                             f'{self.task.action_efforts}') from None
        observation, reward, terminated, truncated, _ = self.env.step(action)
        end = 'terminated' if terminated else 'truncated' if truncated else ''
        return Outcome(self._joints(observation), float(reward), end)

    def _joints(self, observation: np.ndarray) -> Joints:
        """Prefer the exact joints of our own environments to what an observation tells."""
        return self.env.unwrapped.joints if self.tunable else self.task.joints_of(observation)
