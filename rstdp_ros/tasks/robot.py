"""A robot as a plant: takes its driver's messages, sends commands, follows the task's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import math
from typing import Any

from rstdp_ros.support.endings import ending
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.checklist import Item
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.joint_stream import JointStream, JointWiring, Reading
from rstdp_ros.tasks.motion import MotionCheck
from rstdp_ros.tasks.plant import Outcome, Plant
from rstdp_ros.tasks.plausibility import Bounds, Plausibility, Velocities
from rstdp_ros.tasks.task import Task

# A controller keeps its last command forever, and a message may be lost.
ZEROS = 10
# A new controller may have an old command in force: at rest zero is sent at this period, s.
REST_PERIOD = 0.5
UNPROVEN = 'motion not proven yet: whether the motor pushes the right way'


class RobotPlant(Plant):
    """
    A robot behind ros2_control's topics; steady times are in seconds.

    :param wiring: by the task's joint names.
    :param effort_scale: the controller's units per N or N m.
    :param send: takes a command, in the controller's units.
    :param clock: steady time.
    :param sensor_timeout: largest age of joint states that are used, s.
    :param position_tolerance: an episode starts only when every joint is this close to zero, m or
        rad; ``velocity_tolerance``: this slow, m/s or rad/s.
    :param dwell: time from the end of an episode to the start of the next one, s.
    :param bounds: limits beyond which sensors are not trusted.
    :param prove_motion: whether episodes count only once the motor is known to push in the right
        direction.
    :raises RstdpError: impossible wiring.
    :ivar resting: whether zero is in force.
    :ivar doubt: what is implausible in the latest reading, '' if nothing.
    :ivar verdict: the finding about the motor.
    """

    def __init__(self, task: Task, wiring: Mapping[str, JointWiring],
                 send: Callable[[float], None], clock: Callable[[], float],
                 effort_scale: float = 1.0, sensor_timeout: float = 0.1,
                 position_tolerance: float = 0.1, velocity_tolerance: float = 0.5,
                 dwell: float = 0.0, bounds: Bounds | None = None,
                 prove_motion: bool = False) -> None:
        self.task = task
        if not effort_scale:
            raise RstdpError('effort_scale is 0: no command would ever move anything')
        self.stream = JointStream(task, wiring, sensor_timeout)
        self.plausibility = Plausibility(task, self.stream, bounds or Bounds())
        self.velocities = Velocities(task, self.stream, self.plausibility.bounds.gap)
        self.doubt, self._pushed = '', False
        self.effort_scale, self.sensor_timeout = effort_scale, sensor_timeout
        self.position_tolerance = position_tolerance
        self.velocity_tolerance, self.dwell = velocity_tolerance, dwell
        self.physics = task.physics()
        self.verdict: Item | None = None
        self._motion = MotionCheck(task)
        self.prove_motion = prove_motion and self._motion.tells
        self._send, self._clock = send, clock
        self._reading: Reading | None = None
        self._sensed_at = -math.inf
        self._steps = 0
        # An earlier process may have left the robot in motion.
        self._zeros, self._rested_at, self._stopped_at = ZEROS, -math.inf, -math.inf
        self.resting = True
        # The joints when the command in force was given.
        self._before: Joints | None = None
        task.load()

    def set_physics(self, physics: Any) -> None:
        """Take over the parameters that decide an episode's end; the robot defines the rest."""
        self.physics = physics

    @property
    def joints(self) -> Joints | None:
        """The robot's last known joints, in the task's units."""
        return self._reading.joints if self._reading else None

    @property
    def reading(self) -> Reading | None:
        """The driver's last reading."""
        return self._reading

    def sense(self, stamp: float, names: Sequence[str], positions: Sequence[float],
              velocities: Sequence[float], ours: float | None = None) -> bool:
        """
        Process a message of the driver; see :meth:`JointStream.take`.

        :param ours: this computer's time by the clock that drivers stamp with, s.
        :return: whether it completed a new reading.
        :raises RstdpError: values that are missing or make no sense; nothing was changed.
        """
        now = self._clock()
        reading = self.stream.take(stamp, names, positions, velocities,
                                   now if ours is None else ours)
        if reading is None:
            return False
        self._reading, self._sensed_at = reading, now
        jump = self.plausibility.judge(reading, self._pushed)
        self.velocities.take(reading, not jump)
        self.doubt = jump or next(filter(None, self.velocities.faults()), '')
        return True

    def reset(self, seed: int) -> Joints:
        """
        Start an episode where the robot is; the seed has no effect.

        :raises RstdpError: too soon after the last episode, no fresh joint state, or a joint
            outside its start region.
        """
        rested = self._clock() - self._stopped_at
        if rested < self.dwell:
            raise RstdpError(f'an episode starts {self.dwell:g} s after the last motion (dwell)')
        joints = self._fresh()
        for kind, values, bound in (('position', joints.positions, self.position_tolerance),
                                    ('velocity', joints.velocities, self.velocity_tolerance)):
            for name, value in zip(self.task.robot.joints, values):
                if abs(value) > bound:
                    raise RstdpError(f'the {kind} of {name} is {value:.3f}; an episode starts '
                                     f'within {bound:g} of zero')
        self._steps = self._zeros = 0
        if self._motion.against:
            self._motion.anew()
        self._motion.begin()
        self.plausibility.begin()
        self._before = joints
        return joints

    def step(self, effort: float) -> Outcome:
        """
        Repeat the command and judge the robot's state.

        :raises RstdpError: no fresh joint state, or a motor that pushes in the wrong direction.
        """
        joints = self._fresh()
        self.apply(effort)
        self._motion.step(joints, effort)
        self.verdict = self._motion.verdict or self.verdict
        if self._motion.against and self.prove_motion:
            raise RstdpError(self._motion.verdict.text)
        self._steps += 1
        terminated = self.task.terminated(joints, self.physics)
        truncated = self._steps >= self.task.max_episode_steps
        worth = self.task.worth(self._before, effort, terminated)
        self._before = joints
        return Outcome(joints, worth, ending(terminated, truncated))

    @property
    def unproven(self) -> str:  # type: ignore[override]  # nobody assigns it
        """Say why an episode that ends now does not count, '' if it does."""
        return UNPROVEN if self.prove_motion and not self._motion.verdict else ''

    def apply(self, effort: float) -> None:
        """Command an effort now."""
        self.resting, self._pushed = False, bool(effort)
        self._send(self.effort_scale * effort)

    def stop(self) -> None:
        """Command zero, now and repeatedly from now on."""
        self._stopped_at, self._pushed = self._clock(), False
        self.calm()

    def calm(self) -> None:
        """Command zero, now and at the next few rests."""
        self.resting, self._zeros = True, ZEROS
        self.rest()

    def rest(self) -> None:
        """Command zero: the remaining first ones, and later periodically."""
        now = self._clock()
        if self._zeros or now - self._rested_at >= REST_PERIOD:
            self._zeros, self._rested_at = max(0, self._zeros - 1), now
            self._send(0.0)

    def _fresh(self) -> Joints:
        if self._reading is None:
            raise RstdpError('no joint state yet')
        waited = self._clock() - self._sensed_at
        if waited > self.sensor_timeout:
            raise RstdpError(f'no joint state for {waited:.2f} s')
        if waited + self._reading.age > self.sensor_timeout:
            raise RstdpError(f'joint states are {waited + self._reading.age:.2f} s old by their '
                             f'stamps, more than sensor_timeout {self.sensor_timeout:g} s')
        if self.doubt:
            raise RstdpError(self.doubt)
        return self._reading.joints
