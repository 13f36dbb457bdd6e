"""Where a robot learns in the online study: equations, PyBullet, or the stand-in robot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rstdp_ros.experiments.online.linear import LinearControl
from rstdp_ros.experiments.stand_in import stand_in_returns, VirtualRun
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import get_task, Task
from rstdp_ros.tasks.stand_in import StandInParameters
from rstdp_ros.tasks.task import Episode

# The imperfections of the stand-in robot, and of a bad one.
IMPERFECTIONS: Mapping[str, StandInParameters] = {
    'stand-in': StandInParameters(),
    'bad stand-in': StandInParameters(position_noise=0.002, velocity_noise=0.05,
                                      resolution=0.002)}
BAD = {'actuator_delay': 0.025, 'dead_zone': 1.0, 'cart_damping': 1.0, 'pole_damping': 0.1}


class World:
    """
    A plant in a simulator.

    :param task: the task in that simulator.
    :param physics: parameters by name.
    """

    def __init__(self, task: Task, physics: Mapping[str, Any]) -> None:
        self.task, self.physics = task, task.make_physics(physics)

    def episode(self, network: SpikingQNetwork, seed: int) -> Episode:
        """Play an episode and keep all data that a strategy may need."""
        return self.task.episode(network, seed, self.physics, trajectory=True)

    def returns(self, controller: SpikingQNetwork | LinearControl,
                seeds: Sequence[int]) -> np.ndarray:
        """Return the returns of a network or linear control from these starts, (n,)."""
        if isinstance(controller, LinearControl):
            return controller.returns(seeds, self.physics)
        return self.task.returns(controller, seeds, self.physics)


class StandInWorld(World):
    """
    The stand-in robot, in virtual time.

    :param imperfections: its differences from a plant.
    """

    def __init__(self, task: Task, physics: Mapping[str, Any],
                 imperfections: StandInParameters) -> None:
        super().__init__(task.as_stand_in(), physics)
        self.imperfections = imperfections

    def episode(self, network: SpikingQNetwork, seed: int) -> Episode:
        """Play an episode and keep all data that a strategy may need."""
        return VirtualRun(self.task, network, self.physics, self.imperfections, seed).episode()

    def returns(self, network: Any, seeds: Sequence[int]) -> np.ndarray:
        """Return a network's returns in episodes of these seeds, (n,)."""
        return stand_in_returns(network, seeds, self.physics, self.imperfections)


def world_of(task: str, name: str, physics: Mapping[str, Any]) -> World:
    """
    Return the world of a plant.

    :param name: name of the world: 'equations', 'pybullet', 'stand-in' or 'bad stand-in'.
    """
    if name in IMPERFECTIONS:
        bad = BAD if name == 'bad stand-in' else {}
        return StandInWorld(get_task(task), {**physics, **bad}, IMPERFECTIONS[name])
    return World(get_task(task, 'pybullet' if name == 'pybullet' else 'gym'), physics)
