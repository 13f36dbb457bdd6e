"""Tasks whose episodes run step by step in a Gymnasium environment, without compiled code."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.plant import Plant
from rstdp_ros.tasks.rollout import roll_out, Rollout
from rstdp_ros.tasks.task import Episode, Task, trajectory_of

NEEDS_GYMNASIUM = 'this plant needs Gymnasium: pip install "rstdp_ros[gymnasium]"'
# The environments of this process, by task, id and table; a task is a value and cannot hold them.
_PLANTS: dict[tuple[str, str, type], Plant] = {}


class SteppedTask(Task):
    """A task in the environment that its ``env_id`` names; made by :func:`stepped`."""

    @property
    def plant(self) -> Plant:
        """
        The environment, made at its first use.

        :raises RstdpError: it cannot be made or does not fit.
        """
        key = self.name, self.env_id, self.physics
        if key not in _PLANTS:
            _PLANTS[key] = self.make_plant()
        return _PLANTS[key]

    def make_plant(self) -> Plant:
        """
        Make the environment.

        :raises RstdpError: it cannot be made, or does not fit.
        """
        return gym_plant(self)

    def episode(self, network: SpikingQNetwork, seed: int, physics: Any = None,
                trajectory: bool = False) -> Episode:
        """Run one greedy episode; see :meth:`Task.episode`."""
        rollout = self._rolled_out(network, seed, physics)
        episode = Episode(rollout.rasters, float(rollout.returns[-1]))
        if not trajectory:
            return episode
        efforts = self.efforts(network, rollout.rasters)
        return episode._replace(
            trajectory=trajectory_of(rollout.joints[:-1], efforts, rollout.end))

    def returns(self, network: SpikingQNetwork, seeds: Sequence[int],
                physics: Any = None) -> np.ndarray:
        """Run whole greedy episodes one after the other; see :meth:`Task.returns`."""
        return np.array([self._rolled_out(network, seed, plant).returns[-1]
                         for seed, plant in zip(seeds, self.plants(physics, len(seeds)))])

    def _rolled_out(self, network: SpikingQNetwork, seed: int, physics: Any) -> Rollout:
        self.plant.set_physics(physics or self.physics())
        return roll_out(self, self.plant, network, seed)


def gym_plant(task: Task, env_id: str = '', gui: bool = False) -> Plant:
    """
    Return a Gymnasium environment as a plant (:class:`rstdp_ros.tasks.gym.GymPlant`).

    :raises RstdpError: Gymnasium is missing, or the environment does not fit.
    """
    try:
        from rstdp_ros.tasks.gym import GymPlant
    except ModuleNotFoundError as error:
        if error.name != 'gymnasium':
            raise
        raise RstdpError(NEEDS_GYMNASIUM) from None
    return GymPlant(task, env_id, gui)


def stepped(task: Task, env_id: str, physics: type | None = None) -> SteppedTask:
    """
    Return a task in another environment.

    :param env_id: known to ``gymnasium.make``.
    :param physics: the table of that plant's parameters; the task's if None.
    """
    fields = {f.name: getattr(task, f.name) for f in dataclasses.fields(Task)}
    return SteppedTask(**{**fields, 'env_id': env_id, 'physics': physics or task.physics})
