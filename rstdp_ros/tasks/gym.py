"""
Our tasks as Gymnasium environments, and any Gymnasium environment as a plant of a task.

Importing this module registers ours, so ``gymnasium.make`` finds them as
``rstdp_ros.tasks.gym:rstdp_ros/CartPole-v0``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
from gymnasium.spaces import Box, Discrete
import numpy as np

from rstdp_ros.support.endings import ending
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plain import real
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.support.untrusted import shortened
from rstdp_ros.tasks.env import action_space, TunableEnv
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Outcome, Plant
from rstdp_ros.tasks.task import Task


def register() -> None:
    """Register our environments."""
    for task in TASKS.usable().values():
        _register(task, task.env_id, 'rstdp_ros.tasks.env:CompiledEnv')
        for simulated in task.simulated.values():
            _register(task, simulated.env_id, simulated.entry_point)


def _register(task: Task, env_id: str, entry_point: str) -> None:
    if env_id not in gymnasium.registry:
        gymnasium.register(env_id, entry_point=entry_point, kwargs={'task': task.name},
                           max_episode_steps=task.max_episode_steps)


register()


def _described(actions: gymnasium.Space) -> str:
    if isinstance(actions, Discrete):
        return f'{actions.n} actions from {actions.start}'
    return f'actions {actions}'


class GymPlant(Plant):
    """
    A Gymnasium environment with a robot's interface: takes efforts, returns joints.

    A foreign environment may raise anything; every error becomes one sentence.

    :param task: the task that the environment must fit.
    :param env_id: any id known to ``gymnasium.make``; the task's own by default.
    :param gui: let the environment open its window.
    :raises RstdpError: unknown id, spaces other than the task's, no display for the window, or an
        environment that violates Gymnasium's interface.
    """

    waits = True

    def __init__(self, task: Task, env_id: str = '', gui: bool = False) -> None:
        self.task = task
        self.env_id = env_id or task.env_id
        window = {'render_mode': 'human'} if gui else {}
        with self._doing('cannot be made'):
            try:
                self.env: Any = gymnasium.make(
                    self.env_id, max_episode_steps=task.max_episode_steps,
                    disable_env_checker=True, **window)
            except TypeError:
                if not gui:
                    raise
                raise RstdpError('it has no window to open') from None
            shape, space = self.env.observation_space.shape, self.env.action_space
            fitting = action_space(task.robot)
            fits = (space == fitting if isinstance(fitting, Discrete) else
                    isinstance(space, Box) and space.shape == fitting.shape)
        if shape != (task.network.observed,) or not fits:
            raise RstdpError(f'environment {self.env_id!r} does not fit task {task.name}: it has '
                             f'observations {shape} and {_described(space)}')
        self.efforts = () if task.robot.takes_any_effort else task.robot.efforts
        # Load compiled code now: in real time the first step cannot wait for it.
        self.reset(0)
        self.step(task.robot.efforts[0])

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Name the environment in every error raised inside."""
        try:
            yield
        except Exception as error:
            kind = '' if isinstance(error, RstdpError) else f'{type(error).__name__}: '
            reason = shortened(f'{kind}{error}')
            raise RstdpError(f'environment {self.env_id!r} {what}: {reason}') from None

    @property
    def tunable(self) -> bool:
        """Whether the plant's physics can be set, as in our own environments."""
        plant = self.env.unwrapped
        return isinstance(plant, TunableEnv) and isinstance(plant.physics, self.task.physics)

    def set_physics(self, physics: Any) -> None:
        """
        Change the plant, effective at the next step.

        :raises RstdpError: physics other than the defaults for an environment that cannot change
            them.
        """
        if self.tunable:
            self.env.unwrapped.physics = physics
        elif physics != self.task.physics():
            raise RstdpError(f'{self.env_id} has no tunable physics; use {self.task.env_id}')

    def reset(self, seed: int) -> Joints:
        """
        Start an episode from a seed; return the joints at its start.

        :raises RstdpError: the environment cannot.
        """
        with self._doing("does not keep Gymnasium's reset()"):
            observation, _ = self.env.reset(seed=seed)
            return self._joints(observation)

    def step(self, effort: float) -> Outcome:
        """
        Apply an effort for one control period.

        :param effort: one that the task's robot takes.
        :raises RstdpError: any other effort, or an environment that cannot continue.
        """
        action = self._action(effort)
        with self._doing("does not keep Gymnasium's step()"):
            observation, reward, terminated, truncated, _ = self.env.step(action)
            end = ending(terminated, truncated)
            return Outcome(self._joints(observation), real('a reward', reward), end)

    def _action(self, effort: float) -> int | np.ndarray:
        """Return the environment's action for an effort."""
        robot = self.task.robot
        robot.check_effort(effort)
        return np.array([effort]) if robot.takes_any_effort else robot.efforts.index(effort)

    def _joints(self, observation: np.ndarray) -> Joints:
        """Return the exact joints of our own environments, others' from the observation."""
        if self.tunable:
            return self.env.unwrapped.joints
        observation = np.asarray(observation, np.float64)
        fits = observation.shape == (self.task.network.observed,)
        if not fits or not np.isfinite(observation).all():
            raise RstdpError(f'it observes {observation.tolist()}')
        return self.task.robot.joints_of(observation)
