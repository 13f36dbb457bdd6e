"""An episode played step by step on a plant, with all its data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.plant import Plant
from rstdp_ros.tasks.task import Task


@dataclass(frozen=True)
class Rollout:
    """
    One greedy episode of n steps, spikes and the terminal pose included.

    Learning gets an :class:`~rstdp_ros.tasks.task.Episode` of it, with a trajectory.

    :param joints: n + 1 poses, the terminal one included.
    :param rasters: (n, T, h1 + h2) uint8.
    :param returns: (n + 1,) float64, the return after 0 to n steps.
    :param end: 'terminated' or 'truncated'.
    """

    joints: tuple[Joints, ...]
    rasters: np.ndarray
    returns: np.ndarray
    end: str

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.rasters)


def roll_out(task: Task, plant: Plant, network: SpikingQNetwork, seed: int) -> Rollout:
    """Run one greedy episode from a seed's start."""
    joints, end, rasters, returns = [plant.reset(seed)], '', [], [0.0]
    while not end:
        inference = network.infer(task.robot.observation(*joints[-1]))
        pose, reward, end = plant.step(task.robot.effort(inference.q_values))
        rasters.append(inference.raster)
        joints.append(pose)
        returns.append(returns[-1] + reward)
    return Rollout(tuple(joints), np.array(rasters), np.array(returns), end)
