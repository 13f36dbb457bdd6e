"""What goes wrong between simulator and robot, looked for before anything moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import math
from typing import NamedTuple

from rstdp_ros.tasks.task import Joints, Task

OK, WARN, FAIL = 'ok', 'WARN', 'FAIL'
# So many joint states tell the rate; so few do not yet.
WINDOW = 100
ENOUGH = 10
# A driver that is so much slower than the controller makes it act on old states.
RATE_TOLERANCE = 0.95
# A joint must have moved so far to tell its signs, m or rad.
MOVED = 0.02
CERTAIN = 0.5
MAX_LAG = 3
CLOCK_TOLERANCE = 1.0
SILENCE = 1.0


class Item(NamedTuple):
    """A line of the checklist."""

    status: str
    text: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f'[{self.status:^4}] {self.text}'


class Checklist:
    """
    Watches a driver's joint states and says what does not fit the task.

    :param task: what is to be done.
    :param names: what the driver calls the task's joints.
    :param control_period: s.
    """

    def __init__(self, task: Task, names: Sequence[str], control_period: float) -> None:
        self.task, self.names, self.control_period = task, list(names), control_period
        self._heard: deque[float] = deque(maxlen=WINDOW)
        self._seen_names: list[str] = []
        self._clock_offset = 0.0
        self._estimated = False
        # Per joint, decaying sums of expected x real change of position and of their squares.
        self._agreement = [[0.0, 0.0, 0.0] for _ in task.joints]
        self._lowest = [math.inf] * len(task.joints)
        self._highest = [-math.inf] * len(task.joints)
        self._joints: Joints | None = None
        self._sensed_at = -math.inf

    def heard(self, now: float, clock_offset: float, names: Sequence[str],
              has_velocities: bool) -> None:
        """
        Take note of a message, whether or not it makes sense.

        :param now: steady time, s.
        :param clock_offset: our clock minus the message's stamp, s.
        """
        self._heard.append(now)
        self._seen_names, self._clock_offset = list(names), clock_offset
        self._estimated = not has_velocities

    def sensed(self, joints: Joints) -> None:
        """Take note of where the robot is, in the task's units, from a message that made sense."""
        before, self._joints = self._joints, joints
        self._sensed_at = self._heard[-1]
        self._lowest = list(map(min, self._lowest, joints.positions))
        self._highest = list(map(max, self._highest, joints.positions))
        if before is None or len(self._heard) < 2:
            return
        elapsed = self._heard[-1] - self._heard[-2]
        for sums, new, old, velocity in zip(self._agreement, joints.positions, before.positions,
                                            before.velocities):
            change, expected = new - old, velocity * elapsed
            for i, term in enumerate((expected * change, expected**2, change**2)):
                sums[i] = (1.0 - 1.0 / WINDOW) * sums[i] + term

    def items(self, now: float, effort_limit: float,
              position_limits: Sequence[float]) -> list[Item]:
        """
        Say what is well and what is not.

        :param effort_limit: N or N m.
        :param position_limits: per joint, m or rad; infinity is none.
        """
        return [self._rate(now), *self._names(), *self._usable(), *self._velocities(),
                self._clock(), *self._position(), *self._limits(effort_limit, position_limits)]

    def _rate(self, now: float) -> Item:
        wanted = 1.0 / self.control_period
        if not self._heard or now - self._heard[-1] > SILENCE:
            return Item(FAIL, 'no joint states on joint_states: is joint_state_broadcaster '
                        'active, and ROS_DOMAIN_ID the same?')
        if len(self._heard) < ENOUGH:
            return Item(FAIL, f'only {len(self._heard)} joint states so far; wait a moment')
        rate = (len(self._heard) - 1) / max(now - self._heard[0], 1e-9)
        said = f'joint states come at {rate:.0f} Hz for a control rate of {wanted:.0f} Hz'
        return Item(OK if rate >= RATE_TOLERANCE * wanted else FAIL, said)

    def _names(self) -> list[Item]:
        return [Item(FAIL, f'{joint} should be called {name!r}, but the driver knows '
                     f'{", ".join(self._seen_names)}: set joints.{joint}.name')
                if self._seen_names.count(name) != 1 else
                Item(OK, f'{joint} is called {name!r}')
                for joint, name in zip(self.task.joints, self.names) if self._heard]

    def _usable(self) -> list[Item]:
        if not self._heard or self._heard[-1] - self._sensed_at <= SILENCE:
            return []
        return [Item(FAIL, 'joint states come but are of no use: their stamps do not rise, or '
                     'what they say is refused (see /diagnostics)')]

    def _velocities(self) -> list[Item]:
        if self._joints is None:
            return []
        if self._estimated:
            return [Item(WARN, 'velocities are missing and are estimated from positions')]
        moved = [high - low > MOVED for low, high in zip(self._lowest, self._highest)]
        return list(map(_velocity, self.task.joints, moved, self._agreement))

    def _clock(self) -> Item:
        if abs(self._clock_offset) <= CLOCK_TOLERANCE:
            return Item(OK, "the driver's clock")
        return Item(WARN, f"the driver's stamps are {self._clock_offset:.1f} s behind this "
                    "computer's clock: are both clocks set, or use_sim_time missing?")

    def _position(self) -> list[Item]:
        if self._joints is None:
            return []
        where = ', '.join(f'{joint} {value:.3f}' for joint, value in
                          zip(self.task.joints, self._joints.positions))
        return [Item(OK, f'positions now: {where}')]

    def _limits(self, effort_limit: float, positions: Sequence[float]) -> list[Item]:
        wanted = max(map(abs, self.task.action_efforts))
        items = [Item(OK, f'efforts up to {effort_limit:g}') if effort_limit >= wanted else
                 Item(WARN, f'efforts are cut to {effort_limit:g}; the policy learned with '
                      f'{wanted:g}')]
        return items + [
            Item(WARN, f'joint_limits.{joint}.max_position is 0: only the end of the episode '
                 f'bounds {joint}')
            for joint, bound in zip(self.task.joints, positions)
            if math.isinf(bound) and joint == self.task.actuated_joint]


def _velocity(joint: str, moved: bool, agreement: Sequence[float]) -> Item:
    product, expected, change = agreement
    if not moved:
        return Item(OK, f'velocity of {joint} (move it by hand to check its sign)')
    if product >= -CERTAIN * math.sqrt(expected * change):
        return Item(OK, f'velocity of {joint}')
    return Item(FAIL, f'the velocity of {joint} has the opposite sign of its motion: position and '
                'velocity of the driver disagree')


class MotionCheck:
    """
    Tells whether the actuated joint accelerates the way it is pushed.

    Correlates efforts with changes of velocity at several lags: the strongest one tells the
    delay of the motor, and its sign whether the wiring is right. A policy that changes direction
    at every step cannot tell a delay from a wrong sign, hence a warning and no stop.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self._index = task.joints.index(task.actuated_joint)
        self._efforts: list[float] = []
        self._velocities: list[float] = []

    def begin(self) -> None:
        """Start with a new episode."""
        self._efforts, self._velocities = [], []

    def step(self, joints: Joints, effort: float) -> None:
        """Take note of the joints and of the effort that follows."""
        self._efforts.append(effort)
        self._velocities.append(joints.velocities[self._index])

    def verdict(self) -> Item | None:
        """Say what the episode told; None where it told nothing."""
        changes = [b - a for a, b in zip(self._velocities, self._velocities[1:])]
        lags = [(_correlation(self._efforts[:len(changes) - lag], changes[lag:]), lag)
                for lag in range(MAX_LAG) if len(changes) - lag >= ENOUGH]
        if not lags:
            return None
        value, lag = max(lags, key=lambda pair: abs(pair[0]))
        said = f'{self.task.actuated_joint} follows its efforts after {lag} control periods'
        if abs(value) < CERTAIN:
            return None
        if value > 0.0:
            return Item(OK, f'{said} (correlation {value:.2f})')
        return Item(WARN, f'{self.task.actuated_joint} seems to move against its efforts '
                    f'(correlation {value:.2f}): check the signs of effort_scale and '
                    f'joints.{self.task.actuated_joint}.scale')


def _correlation(efforts: Sequence[float], changes: Sequence[float]) -> float:
    product = sum(e * c for e, c in zip(efforts, changes))
    norm = math.sqrt(sum(e * e for e in efforts) * sum(c * c for c in changes))
    return product / norm if norm else 0.0
