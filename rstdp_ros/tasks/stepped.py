"""Tasks whose episodes run step by step in a Gymnasium environment: nothing of it is compiled."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.plant import Plant
from rstdp_ros.tasks.playing import play
from rstdp_ros.tasks.task import Episode, Task, trajectory_of


class SteppedTask(Task):
    """A task in the environment that its ``env_id`` names; made by :func:`stepped`."""

    @cached_property
    def plant(self) -> Plant:
        """
        The environment, made when it is first needed.

        :raises RstdpError: it cannot be made, or does not fit.
        """
        from rstdp_ros.tasks.gym import GymPlant
        return GymPlant(self)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the environment out of a pickle; it is made again when it is needed."""
        return {name: value for name, value in vars(self).items() if name != 'plant'}

    def episode(self, network: SpikingQNetwork, seed: int, physics: Any = None,
                trajectory: bool = False) -> Episode:
        """Run one greedy episode; see :meth:`Task.episode`."""
        self.plant.set_physics(physics or self.physics())
        recording = play(self, self.plant, network, seed)
        rasters = recording.rasters
        return Episode(rasters, float(recording.returns[-1]), trajectory_of(
            recording.joints[:-1], self.efforts(network, rasters), recording.end)
            if trajectory else None)

    def _run(self, network: SpikingQNetwork, seeds: Sequence[int], physics: Any,
             rasters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.plant.set_physics(physics or self.physics())
        returns, steps = np.zeros(len(seeds)), np.zeros(len(seeds), np.int64)
        for i, seed in enumerate(seeds):
            recording = play(self, self.plant, network, seed)
            returns[i], steps[i] = recording.returns[-1], recording.steps
            if len(rasters):
                rasters[i, :recording.steps] = recording.rasters
        return returns, steps


def stepped(task: Task, env_id: str, physics: type | None = None) -> SteppedTask:
    """
    Return a task as another environment embodies it.

    :param env_id: known to ``gymnasium.make``.
    :param physics: the table of that plant's parameters; the task's if None.
    """
    fields = {f.name: getattr(task, f.name) for f in dataclasses.fields(Task)}
    return SteppedTask(**{**fields, 'env_id': env_id, 'physics': physics or task.physics})
