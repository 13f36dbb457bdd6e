"""Episodes on the stand-in robot in virtual time, as over ROS, but without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rstdp_ros.protocol.episode import EpisodeEnd, Observation
from rstdp_ros.protocol.realtime import RealTime, TIMEOUT_PERIODS
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task, Task
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.robot import JointWiring, RobotPlant
from rstdp_ros.tasks.stand_in import StandIn, StandInParameters
from rstdp_ros.tasks.task import Episode, trajectory_of

# Time from an observation to its action, as measured between the nodes, s.
LATENCY = 0.002
# A start outside the tolerance is tried again; this many tries are not bad luck.
TRIES = 1000
NANOSECONDS = 1e9


class VirtualRun:
    """
    The environment's protocol and a stand-in robot on one virtual clock.

    :param seed: of start, noise, losses and the phase between driver and controller.
    """

    def __init__(self, task: Task, network: SpikingQNetwork, physics: Any,
                 imperfections: StandInParameters, seed: int) -> None:
        self.task, self.network, self.now = task, network, 0.0
        self.robot = StandIn(task, physics, replace(imperfections, seed=seed))
        timeout = TIMEOUT_PERIODS * task.robot.control_period
        self.plant = RobotPlant(task, {joint: JointWiring(joint) for joint in task.robot.joints},
                                self.robot.command, lambda: self.now, sensor_timeout=timeout)
        self.plant.set_physics(physics)
        self.env = RealTime(self.plant, 'virtual', lambda: round(self.now * NANOSECONDS),
                            task.robot.control_period, action_timeout=timeout)
        # The observations and the network's answers, row by row.
        self.observed: list[Joints] = []
        self.rasters: list[np.ndarray] = []
        self._period = 1.0 / imperfections.rate
        self._next_message = self._period * np.random.default_rng(seed).random()

    def play(self) -> EpisodeEnd:
        """Run an episode and return its end."""
        self._begin()
        while True:
            for output in self.env.poll(self.now):
                if isinstance(output, EpisodeEnd):
                    return output
                self._answer(output)
            self._go_to(self.now + self.task.robot.control_period - LATENCY)

    def episode(self) -> Episode:
        """
        Run an episode and keep the data for learning.

        :raises RstdpError: it was aborted, so it is useless for learning.
        """
        end = self.play()
        if end.aborted:
            raise RstdpError(f'an episode on the stand-in teaches nothing: {end.message}')
        rasters = np.array(self.rasters)
        trajectory = trajectory_of(self.observed, self.task.efforts(self.network, rasters),
                                   end.message)
        return Episode(rasters, end.episode_return, trajectory)

    def _begin(self) -> None:
        """
        Begin as soon as the robot is ready.

        :raises RstdpError: it never becomes ready.
        """
        self._go_to(TIMEOUT_PERIODS * self.task.robot.control_period)
        for left in reversed(range(TRIES)):
            try:
                self.env.reset(self.now)
                return
            except RstdpError:
                if not left:
                    raise
            self._go_to(self.now + self.task.robot.control_period)

    def _answer(self, observation: Observation) -> None:
        inference = self.network.infer(self.task.robot.observation(*observation.joints))
        self.observed.append(observation.joints)
        self.rasters.append(inference.raster)
        self._go_to(self.now + LATENCY)
        self.env.action(observation.episode_id, observation.stamp,
                        self.task.robot.effort(inference.q_values), self.now)

    def _go_to(self, until: float) -> None:
        """Advance robot and driver; the driver's messages arrive when they are due."""
        while self._next_message <= until:
            self.robot.advance(self._next_message)
            joints, stamp = self.robot.read(), self._next_message
            if not self.robot.lost():
                self.now = min(stamp + self.robot.lateness(), until)
                self.plant.sense(stamp, self.task.robot.joints, *joints)
            self._next_message += self._period
        self.robot.advance(until)
        self.now = until


def stand_in_returns(network: SpikingQNetwork, seeds: Sequence[int], physics: Any,
                     imperfections: StandInParameters) -> np.ndarray:
    """
    Measure a network on the stand-in robot.

    :param seeds: one per episode.
    :return: (n,) float64, the return of each episode.
    """
    task = get_task(network.task).as_stand_in()
    runs = (VirtualRun(task, network, physics, imperfections, seed) for seed in seeds)
    return np.array([run.play().episode_return for run in runs])
