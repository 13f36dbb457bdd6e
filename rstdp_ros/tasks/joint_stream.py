"""Combines a driver's messages about a robot's joints into readings."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import NamedTuple

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.task import Task

# A stamp older by more than this means that a clock was set, not that a message was overtaken.
CLOCK_JUMP = 1.0
# Stamps later than this computer's clock, or earlier by more than this, are of another clock.
SAME_CLOCK = 5.0
# Two clocks drift apart by less than this, s per s.
DRIFT = 1e-3
# Number of messages that show what is wrong with their stamps.
STAMPS = 20


@dataclass(frozen=True)
class JointWiring:
    """
    Converts the driver's reading of a joint to the task's: scale * (reading - zero).

    :param name: the driver's name of the joint.
    :param zero: its reading when the task's position is 0.
    :param scale: task units per unit of the driver; negative if the directions differ.
    """

    name: str
    zero: float = 0.0
    scale: float = 1.0


class Reading(NamedTuple):
    """
    The values of all joints at one time.

    :param stamp: by the driver's clock, s.
    :param age: its age at arrival, s.
    :param estimated: per joint, whether its velocity was estimated here.
    :param stamped: whether the driver stamped it; if not, its time is that of its arrival.
    """

    joints: Joints
    stamp: float
    age: float
    estimated: tuple[bool, ...]
    stamped: bool = True


class DriverClock:
    """
    Determines the age of a stamp.

    A stamp of the same clock has its apparent age. Another clock's offset is that of the fastest
    message.
    """

    def __init__(self) -> None:
        self.offset: float | None = None
        self._ours = 0.0

    def age(self, stamp: float, ours: float) -> float:
        """
        Return the age of a message that has just arrived.

        :param ours: this computer's clock, s.
        """
        behind = ours - stamp
        if self.offset is None or abs(behind - self.offset) > CLOCK_JUMP:
            self.offset = behind
        else:
            drift = DRIFT * max(0.0, ours - self._ours)
            self.offset = min(behind, self.offset + drift)
        self._ours = ours
        return behind - (0.0 if 0.0 <= self.offset <= SAME_CLOCK else self.offset)


class _Joint:
    """The latest values of one joint."""

    def __init__(self, wire: JointWiring, turns: bool) -> None:
        self.wire, self.turns = wire, turns
        self.clock = DriverClock()
        self.stamp, self.age = -math.inf, 0.0
        self.position: float | None = None
        self.velocity, self.estimated, self.fresh = 0.0, False, False

    def values(self, position: float, velocity: float) -> tuple[float, float]:
        """
        Convert a reading to task units; a missing velocity stays NaN.

        :raises RstdpError: a position that is not finite, an infinite velocity.
        """
        position = self.wire.scale * (position - self.wire.zero)
        velocity = self.wire.scale * velocity
        if not math.isfinite(position) or math.isinf(velocity):
            raise RstdpError(f'joint {self.wire.name!r} is at {[position, velocity]}')
        return math.remainder(position, math.tau) if self.turns else position, velocity

    def is_new(self, stamp: float) -> bool:
        """Say whether a stamp is newer than the last one; a clock may have been set."""
        return not self.stamp - CLOCK_JUMP < stamp <= self.stamp

    def take(self, stamp: float, ours: float, position: float, velocity: float,
             longest: float) -> None:
        """Take over new values; estimate the velocity if it is missing."""
        self.estimated = math.isnan(velocity)
        elapsed = stamp - self.stamp
        if self.estimated:
            known = self.position is not None and 0.0 < elapsed <= longest
            velocity = self.change(self.position, position) / elapsed if known else 0.0
        self.age = self.clock.age(stamp, ours)
        self.stamp, self.position, self.velocity, self.fresh = stamp, position, velocity, True

    def change(self, before: float, now: float) -> float:
        """Return the change of position, the short way round if the joint turns."""
        return math.remainder(now - before, math.tau) if self.turns else now - before


class JointStream:
    """
    Joins a driver's messages into readings of all joints.

    Messages may hold some of the joints, in any order, and others' joints. Angles are taken
    modulo their turn.

    :param wiring: by the task's joint names.
    :param longest: s; over a longer gap no velocity is estimated.
    :raises RstdpError: impossible wiring.
    """

    def __init__(self, task: Task, wiring: Mapping[str, JointWiring], longest: float) -> None:
        _check(task, wiring)
        self._joints = [_Joint(wiring[name], name in task.robot.angles)
                        for name in task.robot.joints]
        self._longest = longest
        self.counters: Counter[str] = Counter()
        self._stamps: deque[float] = deque(maxlen=STAMPS)

    @property
    def offset(self) -> float:
        """The stamps' delay behind this computer's clock, s; 0 before the first message."""
        return max((j.clock.offset or 0.0 for j in self._joints), key=abs)

    def take(self, stamp: float, names: Sequence[str], positions: Sequence[float],
             velocities: Sequence[float], ours: float) -> Reading | None:
        """
        Process a message.

        :param stamp: its time by the driver's clock, s; 0 if it has none.
        :param velocities: may be empty, and NaN where one is missing.
        :param ours: this computer's clock, s.
        :return: a reading, once every joint was heard since the last one.
        :raises RstdpError: one of our joints twice, or values missing or not finite; nothing was
            changed.
        """
        ours_in_it = [joint for joint in self._joints if joint.wire.name in names]
        if not ours_in_it:
            self.counters['joint states without our joints'] += 1
            return None
        if len(positions) != len(names) or len(velocities) not in (0, len(names)):
            raise RstdpError(f'{len(names)} joint names, {len(positions)} positions and '
                             f'{len(velocities)} velocities')
        values = [joint.values(positions[i], velocities[i] if velocities else math.nan)
                  for joint in ours_in_it for i in [_index(names, joint.wire.name)]]
        self._stamps.append(stamp)
        stamp = stamp or ours
        if not all(joint.is_new(stamp) for joint in ours_in_it):
            self.counters['joint states overtaken'] += 1
            return None
        for joint, (position, velocity) in zip(ours_in_it, values):
            joint.take(stamp, ours, position, velocity, self._longest)
        return self._reading() if all(joint.fresh for joint in self._joints) else None

    def change(self, before: Sequence[float], now: Sequence[float]) -> list[float]:
        """Return each joint's change of position from one reading to another."""
        return [joint.change(*pair) for joint, *pair in zip(self._joints, before, now)]

    def stamp_fault(self) -> str:
        """Say what is wrong with the latest stamps, '' if nothing is."""
        stamps = self._stamps
        if len(stamps) < STAMPS or not all(stamps):
            return ''
        if all(stamp == math.floor(stamp) for stamp in stamps):
            return ('the stamps of joint states are whole seconds: the driver must fill in '
                    'nanosec too, or leave stamps at 0')
        if len(set(stamps)) == 1:
            return (f'the stamps of joint states stand still at {stamps[-1]:.3f} s: the driver '
                    'must stamp every message, or leave stamps at 0')
        return ''

    def _reading(self) -> Reading:
        joints = self._joints
        for joint in joints:
            joint.fresh = False
        oldest = min(joints, key=lambda joint: joint.stamp)
        return Reading(Joints([j.position for j in joints], [j.velocity for j in joints]),
                       oldest.stamp, oldest.age, tuple(j.estimated for j in joints),
                       all(self._stamps))


def _check(task: Task, wiring: Mapping[str, JointWiring]) -> None:
    names = [wiring[joint].name for joint in task.robot.joints]
    for joint in task.robot.joints:
        wire = wiring[joint]
        if not wire.scale:
            raise RstdpError(f'joints.{joint}.scale is 0: the joint would never move; 1 takes '
                             "the driver's units as they are")
        if not wire.name or names.count(wire.name) > 1:
            raise RstdpError(f'joints.{joint}.name {wire.name!r} is no name, or the name of two '
                             "joints: every joint needs the driver's own name")


def _index(names: Sequence[str], joint: str) -> int:
    if list(names).count(joint) != 1:
        raise RstdpError(f'joint {joint!r} is there {list(names).count(joint)} times among '
                         f'{list(names)}')
    return list(names).index(joint)
