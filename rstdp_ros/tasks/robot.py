"""A robot as a plant: what its driver says in, commands out, judged by the task's definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

from rstdp_ros.errors import RstdpError
from rstdp_ros.tasks.checklist import Item, MotionCheck
from rstdp_ros.tasks.plant import Outcome, Plant
from rstdp_ros.tasks.task import Joints, Task

# A controller keeps its last command for ever, and one message may get lost.
ZEROS = 10
# A controller that comes anew may have an old command in force: zero is said so often at rest, s.
REST_PERIOD = 0.5
# A stamp that is older by more than this is a clock that was set, not a message overtaken.
CLOCK_JUMP = 1.0


@dataclass(frozen=True)
class JointWiring:
    """
    How the driver's reading of a joint becomes the task's: scale * (reading - zero).

    :param name: what the driver calls the joint.
    :param zero: its reading where the task's position is 0.
    :param scale: task units per unit of the driver; negative where directions differ.
    """

    name: str
    zero: float = 0.0
    scale: float = 1.0


class RobotPlant(Plant):
    """
    A robot behind ros2_control's topics; steady times are in seconds.

    :param wiring: by the task's joint names.
    :param effort_scale: the driver's units per N or N m.
    :param send: takes a command, in the driver's units.
    :param clock: steady time.
    :param sensor_timeout: s; older joint states are worth nothing.
    :param position_tolerance: an episode starts only when every joint is so close to zero, m or
        rad; likewise velocity_tolerance, m/s or rad/s.
    :param dwell: s from the end of an episode to the start of the next one.
    :ivar resting: whether zero is in force.
    :ivar verdict: what the latest episode that told something said of the motor.
    """

    def __init__(self, task: Task, wiring: Mapping[str, JointWiring],
                 send: Callable[[float], None], clock: Callable[[], float],
                 effort_scale: float = 1.0, sensor_timeout: float = 0.1,
                 position_tolerance: float = 0.1, velocity_tolerance: float = 0.5,
                 dwell: float = 0.0) -> None:
        self.task, self.wiring = task, [wiring[joint] for joint in task.joints]
        self.effort_scale, self.sensor_timeout = effort_scale, sensor_timeout
        self.position_tolerance = position_tolerance
        self.velocity_tolerance, self.dwell = velocity_tolerance, dwell
        self.physics = task.physics()
        self.verdict: Item | None = None
        self._motion = MotionCheck(task)
        self._send, self._clock = send, clock
        self._joints: Joints | None = None
        self._sensed_at = self._stamp = -math.inf
        self._steps = 0
        # Whoever commanded before may have left the robot in motion.
        self._zeros, self._rested_at, self._stopped_at = ZEROS, -math.inf, -math.inf
        self.resting = True
        # Load compiled code now: the first step cannot wait for it.
        task.terminated(Joints(*2 * [[0.0] * len(task.joints)]), self.physics)

    def set_physics(self, physics: Any) -> None:
        """Take over what decides the end of an episode; the rest is the robot's own."""
        self.physics = physics

    @property
    def joints(self) -> Joints | None:
        """Where the robot was last seen, in the task's units."""
        return self._joints

    def sense(self, stamp: float, names: Sequence[str], positions: Sequence[float],
              velocities: Sequence[float]) -> bool:
        """
        Take in a message of the driver.

        :param stamp: its time by the driver's clock, s; 0 if it has none.
        :param velocities: may be empty: then they are estimated from the positions.
        :return: whether it was new; one that was overtaken is ignored.
        :raises RstdpError: a joint that is missing or there twice, values that are missing or
            not finite; nothing was taken in.
        """
        if len(positions) != len(names) or len(velocities) not in (0, len(names)):
            raise RstdpError(f'{len(names)} joint names, {len(positions)} positions and '
                             f'{len(velocities)} velocities')
        order = [self._index(names, wire.name) for wire in self.wiring]
        new = [w.scale * (positions[i] - w.zero) for w, i in zip(self.wiring, order)]
        speeds = [w.scale * velocities[i] for w, i in zip(self.wiring, order) if velocities]
        for wire, *values in zip(self.wiring, new, *([speeds] if speeds else [])):
            if not all(map(math.isfinite, values)):
                raise RstdpError(f'joint {wire.name!r} is at {values}')
        stamp = stamp or self._clock()  # a driver without a clock
        if self._stamp - CLOCK_JUMP < stamp <= self._stamp:
            return False
        self._joints = Joints(new, speeds or self._speeds(stamp, new))
        self._stamp, self._sensed_at = stamp, self._clock()
        return True

    def reset(self, seed: int) -> Joints:
        """
        Start an episode where the robot is; the seed has no say.

        :raises RstdpError: too soon after the last episode, no fresh joint state, or a joint
            outside its start region.
        """
        rested = self._clock() - self._stopped_at
        if rested < self.dwell:
            raise RstdpError(f'an episode starts {self.dwell:g} s after the last motion (dwell)')
        joints = self._fresh()
        for kind, values, bound in (('position', joints.positions, self.position_tolerance),
                                    ('velocity', joints.velocities, self.velocity_tolerance)):
            for name, value in zip(self.task.joints, values):
                if abs(value) > bound:
                    raise RstdpError(f'the {kind} of {name} is {value:.3f}; an episode starts '
                                     f'within {bound:g} of zero')
        self._steps = self._zeros = 0
        self._motion.begin()
        return joints

    def step(self, effort: float) -> Outcome:
        """
        Repeat the command and judge where the robot is.

        :raises RstdpError: no fresh joint state.
        """
        joints = self._fresh()
        self.apply(effort)
        self._motion.step(joints, effort)
        self._steps += 1
        terminated = self.task.terminated(joints, self.physics)
        truncated = self._steps >= self.task.max_episode_steps
        return Outcome(joints, self.task.reward(terminated),
                       'terminated' if terminated else 'truncated' if truncated else '')

    def apply(self, effort: float) -> None:
        """Command an effort now."""
        self.resting = False
        self._send(self.effort_scale * effort)

    def stop(self) -> None:
        """Command zero, now and again and again from now on."""
        self._stopped_at = self._clock()
        self.calm()
        self.verdict = self._motion.verdict() or self.verdict

    def calm(self) -> None:
        """Command zero, now and at the next few rests."""
        self.resting, self._zeros = True, ZEROS
        self.rest()

    def rest(self) -> None:
        """Command zero: what is left of the first ones, and then now and then."""
        now = self._clock()
        if self._zeros or now - self._rested_at >= REST_PERIOD:
            self._zeros, self._rested_at = max(0, self._zeros - 1), now
            self._send(0.0)

    def _fresh(self) -> Joints:
        age = self._clock() - self._sensed_at
        if self._joints is None or age > self.sensor_timeout:
            since = 'yet' if self._joints is None else f'for {age:.2f} s'
            raise RstdpError(f'no joint state {since}')
        return self._joints

    def _speeds(self, stamp: float, positions: Sequence[float]) -> list[float]:
        """Estimate velocities from the message before; zero after a gap."""
        elapsed = stamp - self._stamp
        if self._joints is None or not 0.0 < elapsed <= self.sensor_timeout:
            return [0.0] * len(positions)
        return [(new - old) / elapsed for new, old in zip(positions, self._joints.positions)]

    @staticmethod
    def _index(names: Sequence[str], joint: str) -> int:
        if list(names).count(joint) != 1:
            raise RstdpError(f'joint {joint!r} is there {list(names).count(joint)} times among '
                             f'{list(names)}')
        return list(names).index(joint)
