"""A robot's motion from its own topics, whatever commanded it: joint states, commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from rstdp_ros.bags.reader import Bag
from rstdp_ros.protocol.reading import NANOSECONDS, to_nanoseconds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.support.untrusted import refusing, shortened
from rstdp_ros.tasks.actuator import commands_kept
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.joint_stream import JointStream, JointWiring
from rstdp_ros.tasks.task import Task, trajectory_of

JOINT_STATES = 'joint_states'
# After this long without a command, s, hands may have moved the robot.
REST = 0.5
# Between joint states further apart than this, in control periods, the motion is unknown.
GAP = 2.0
# Control periods.
LONGEST = 1_000_000


@dataclass(frozen=True)
class Driver:
    """
    A robot's wiring, as in the environment node's parameters.

    :param joints: by the task's joint names.
    :param effort_scale: the controller's units per N or N m.
    :raises RstdpError: an effort_scale of 0.
    """

    joints: Mapping[str, JointWiring]
    controller: str = 'effort_controller'
    effort_scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.effort_scale:
            raise RstdpError('effort_scale is 0: no command would ever move anything')

    @property
    def commands(self) -> str:
        """The topic that the controller subscribes to."""
        return f'{self.controller}/commands'

    @property
    def kinds(self) -> dict[str, str]:
        """The robot's topics and their types."""
        return {JOINT_STATES: 'sensor_msgs/msg/JointState',
                self.commands: 'std_msgs/msg/Float64MultiArray'}


def driven(bag: Bag, task: Task, driver: Driver, refused: Counter[str]) -> list[Trajectory]:
    """
    Put joint states and commands on a grid of control periods, while a robot was commanded.

    Positions and velocities are interpolated; an effort is the mean of the commands held in its
    period. A stretch ends where joint states are missing, where only zero is commanded and where
    an episode would end.

    :param refused: counts the reasons why messages were left out.
    :raises RstdpError: the robot's joints are not in the bag.
    """
    times, joints, commands = _heard(bag, task, driver, refused)
    if len(times) < 2 or len(commands) < 2:
        names = ' and '.join(wire.name for wire in driver.joints.values())
        raise RstdpError(f'{bag.path}: {len(times)} states of {names} and {len(commands)} '
                         f'commands on {driver.commands} tell nothing; name the joints and the '
                         'controller by --params-file')
    period = task.robot.control_period
    start, end = max(times[0], commands[0, 0]), min(times[-1], commands[-1, 0])
    if end - start > LONGEST * period:
        raise RstdpError(f'{bag.path}: goes on for {end - start:.0f} s; take a part of at most '
                         f'{LONGEST * period:.0f} s')
    grid = np.arange(start, end, period)
    if len(grid) < 2:
        return []
    efforts = np.diff(_held(commands, np.append(grid, grid[-1] + period))) / period
    rows = _interpolated(task, times, joints, grid)
    usable = (_near(times, grid, GAP * period) & _commanded(commands, grid)
              & [not task.terminated(row, task.physics()) for row in rows])
    return [_stretch(task, rows, efforts, [i for i, _ in group])
            for good, group in groupby(enumerate(usable), lambda one: one[1]) if good]


def _stretch(task: Task, rows: list[Joints], efforts: np.ndarray,
             chosen: list[int]) -> Trajectory:
    first, last = chosen[0], chosen[-1] + 1
    before = efforts[max(0, first - commands_kept(task.robot.control_period)):first][::-1]
    return trajectory_of(rows[first:last], efforts[first:last], '')._replace(before=before)


def _heard(bag: Bag, task: Task, driver: Driver, refused: Counter[str]
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times (n,) s with joints (n, 2 joints), and commands (m, 2): time and N or N m."""
    stream = JointStream(task, driver.joints, GAP * task.robot.control_period)
    readings, commands = [], []
    start = bag.start_time
    for message in bag.messages((JOINT_STATES, driver.commands)):
        now = (message.time - start) / NANOSECONDS
        try:
            with refusing(f'a message on {message.topic}'):
                decoded = bag.decode(message)
                if message.topic == JOINT_STATES:
                    readings += _reading(stream, decoded, message.time / NANOSECONDS, now)
                else:
                    commands.append((now, _command(decoded) / driver.effort_scale))
        except RstdpError as error:
            refused[shortened(f'{message.topic}: {error}')] += 1
    # A stamp may be slightly off; interpolation needs order.
    readings.sort(key=lambda reading: reading[0])
    return (np.array([time for time, _ in readings]), np.array([row for _, row in readings]),
            np.array(commands).reshape(-1, 2))


def _reading(stream: JointStream, message: Any, ours: float, now: float
             ) -> list[tuple[float, list[float]]]:
    stamp = to_nanoseconds(message.header.stamp) / NANOSECONDS
    reading = stream.take(stamp, list(message.name), list(message.position),
                          list(message.velocity), ours)
    if reading is None:
        return []
    return [(now - reading.age, [*reading.joints.positions, *reading.joints.velocities])]


def _command(message: Any) -> float:
    if len(message.data) != 1 or not np.isfinite(message.data[0]):
        raise RstdpError('a command is one finite number')
    return float(message.data[0])


def _interpolated(task: Task, times: np.ndarray, joints: np.ndarray, grid: np.ndarray
                  ) -> list[Joints]:
    count = len(task.robot.joints)
    turning = [i for i, joint in enumerate(task.robot.joints) if joint in task.robot.angles]
    joints[:, turning] = np.unwrap(joints[:, turning], axis=0)
    columns = np.array([np.interp(grid, times, column) for column in joints.T])
    return [Joints(row[:count], row[count:]) for row in columns.T]


def _held(commands: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the integral up to some times of commands, each held until the next one."""
    at, values = commands.T
    sums = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(at))])
    return np.interp(times, at, sums)


def _near(times: np.ndarray, grid: np.ndarray, gap: float) -> np.ndarray:
    """Return where the readings before and after are close together."""
    after = np.clip(np.searchsorted(times, grid, side='right'), 1, len(times) - 1)
    return times[after] - times[after - 1] <= gap


def _commanded(commands: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return where a command other than zero was given not long before."""
    at = commands[commands[:, 1] != 0.0, 0]
    if not len(at):
        return np.zeros(len(grid), bool)
    before = np.searchsorted(at, grid, side='right') - 1
    return (before >= 0) & (grid - at[before] <= REST)
