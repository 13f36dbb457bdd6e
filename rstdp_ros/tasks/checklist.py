"""Checks for the usual faults between simulator and robot, before anything moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import math
from statistics import median
from typing import NamedTuple, TYPE_CHECKING

from rstdp_ros.support.untrusted import shortened

if TYPE_CHECKING:
    from rstdp_ros.tasks.robot import RobotPlant

OK, WARN, FAIL = 'ok', 'WARN', 'FAIL'
# Number of joint states, or time in s, to measure the rate: the first may come all at once.
WINDOW = 100
LONG_ENOUGH = 0.5
# A driver slower than this fraction of the control rate makes the controller act on old states.
RATE_TOLERANCE = 0.95
CLOCK_TOLERANCE = 1.0
CLOCK_AHEAD = 0.1
MANY_NAMES = 1000
SILENCE = 1.0


class Item(NamedTuple):
    """A line of the checklist."""

    status: str
    text: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f'[{self.status:^4}] {self.text}'


class Checklist:
    """
    Watches a driver's joint states and reports what does not fit the task.

    :param plant: takes the joint states.
    :param names: the driver's names of the task's joints.
    :param control_period: s.
    """

    def __init__(self, plant: RobotPlant, names: Sequence[str], control_period: float) -> None:
        self.plant, self.task = plant, plant.task
        self.names, self.control_period = list(names), control_period
        self._read: deque[float] = deque(maxlen=WINDOW)
        self._ages: deque[float] = deque(maxlen=WINDOW)
        self._heard_at = -math.inf
        # When each name was last heard, in any message.
        self._known: dict[str, float] = {}

    def heard(self, now: float, names: Sequence[str]) -> None:
        """
        Note a message, valid or not.

        :param now: time of the clock that control follows, s.
        """
        self._heard_at = now
        if len(self._known) > MANY_NAMES:
            self._known.clear()
        self._known.update(dict.fromkeys(names, now))

    def sensed(self) -> None:
        """Note that the plant has a new reading."""
        self._read.append(self._heard_at)
        self._ages.append(self.plant.reading.age)

    def items(self, now: float, effort_limit: float,
              position_limits: Sequence[float]) -> list[Item]:
        """
        Return the checklist's items.

        :param effort_limit: N or N m.
        :param position_limits: per joint, m or rad; infinity is none.
        """
        if not now:  # possible only with simulated time
            return [Item(FAIL, 'no /clock yet: use_sim_time is set, but nobody publishes time')]
        return [*self._names(now), *self._usable(), self._rate(now), *self._age(),
                *self._velocities(), *self._jumps(), self._clock(), *self._position(),
                *self._limits(effort_limit, position_limits)]

    def _rate(self, now: float) -> Item:
        wanted, read = 1.0 / self.control_period, self._read
        if now - self._heard_at > SILENCE:
            return Item(FAIL, 'no joint states on joint_states: is joint_state_broadcaster '
                        'active, and ROS_DOMAIN_ID the same?')
        first = read[0] if read else now
        if now <= first or len(read) < WINDOW and now - first < LONG_ENOUGH:
            return Item(FAIL, f'only {len(read)} joint states so far; wait a moment')
        rate = (len(read) - 1) / (now - first)
        said = f'joint states come at {rate:.0f} Hz for a control rate of {wanted:.0f} Hz'
        return Item(OK if rate >= RATE_TOLERANCE * wanted else FAIL, said)

    def _names(self, now: float) -> list[Item]:
        known = [name for name, at in self._known.items() if now - at <= SILENCE]
        if not known:
            return []
        return [Item(OK, f'{joint} is called {name!r}') if name in known else
                Item(FAIL, f'{joint} should be called {name!r}, but the driver knows '
                     f'{shortened(", ".join(known))}: set joints.{joint}.name')
                for joint, name in zip(self.task.robot.joints, self.names)]

    def _usable(self) -> list[Item]:
        if fault := self.plant.stream.stamp_fault():
            return [Item(FAIL, fault)]
        if not self._known or self._read and self._heard_at - self._read[-1] <= SILENCE:
            return []
        return [Item(FAIL, 'joint states come but are of no use: a joint is missing, or what they '
                     'say is refused (see /diagnostics)')]

    def _age(self) -> list[Item]:
        age = median(self._ages) if self._ages else 0.0
        if age <= self.plant.sensor_timeout:
            return []
        return [Item(FAIL, f'joint states are {age:.2f} s old by their stamps when they come: the '
                     'driver is late, or its clock differs (synchronise both, or let it stamp '
                     'with 0); sensor_timeout says what is allowed')]

    def _velocities(self) -> list[Item]:
        reading = self.plant.reading
        return [_velocity(joint, estimated, self.plant.velocities.moved(i), fault)
                for i, (joint, estimated, fault) in enumerate(zip(
                    self.task.robot.joints, reading.estimated, self.plant.velocities.faults()))
                ] if reading else []

    def _jumps(self) -> list[Item]:
        jump = self.plant.plausibility.objection()
        return [Item(FAIL, jump)] if jump else []

    def _clock(self) -> Item:
        offset = self.plant.stream.offset
        if -CLOCK_AHEAD <= offset <= CLOCK_TOLERANCE:
            return Item(OK, "the driver's clock")
        behind = 'behind' if offset > 0.0 else 'ahead of'
        return Item(WARN, f"the driver's stamps are {abs(offset):.1f} s {behind} this computer's "
                    'clock: are both clocks set, or use_sim_time missing?')

    def _position(self) -> list[Item]:
        joints = self.plant.joints
        if joints is None:
            return []
        where = ', '.join(f'{joint} {value:.3f}' for joint, value in
                          zip(self.task.robot.joints, joints.positions))
        return [Item(OK, f'positions now: {where}')]

    def _limits(self, effort_limit: float, positions: Sequence[float]) -> list[Item]:
        wanted = max(map(abs, self.task.robot.efforts))
        items = [Item(OK, f'efforts up to {effort_limit:g}') if effort_limit >= wanted else
                 Item(WARN, f'efforts are cut to {effort_limit:g}; the policy learned with '
                      f'{wanted:g}')]
        endless = [Item(FAIL, f'joint_limits.{joint}.max_position {bound:g} stops nothing, as '
                        f'{joint} is known up to whole turns: at most {math.pi:.2f}, or 0')
                   for joint, bound in zip(self.task.robot.joints, positions)
                   if joint in self.task.robot.angles and math.pi < bound < math.inf]
        return items + endless + [
            Item(WARN, f'joint_limits.{joint}.max_position is 0: only the end of the episode '
                 f'bounds {joint}')
            for joint, bound in zip(self.task.robot.joints, positions)
            if math.isinf(bound) and joint == self.task.robot.actuated_joint]


def _velocity(joint: str, estimated: bool, moved: bool, fault: str) -> Item:
    if estimated:
        return Item(WARN, f'the velocity of {joint} is missing and is estimated from positions')
    if fault:
        return Item(FAIL, fault)
    return Item(OK, f'velocity of {joint}{"" if moved else " (move it by hand to check it)"}')
