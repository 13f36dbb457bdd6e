"""Whether the sensors' values are plausible for a robot under effort."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import math
from typing import NamedTuple

from rstdp_ros.tasks.joint_stream import JointStream, Reading
from rstdp_ros.tasks.task import Task

# The largest acceleration, m/s^2 or rad/s^2, with which velocities can explain a motion.
ACCELERATION = 50.0
# This many jumps among this many readings are more than a hand that sets up the robot.
JUMPS, RECENT = 3, 100


class Bounds(NamedTuple):
    """
    The limits beyond which sensors are not trusted.

    :param jump: largest distance of a position from where its velocity leads, m or rad.
    :param frozen: longest time for which all values may stay exactly the same under effort, s.
    :param stall: the same for the position of one joint, s.
    :param gap: longest time between readings that are compared, s.
    """

    jump: float = 0.05
    frozen: float = 0.1
    stall: float = 0.5
    gap: float = 0.1


class Plausibility:
    """
    Compares each reading with the previous one and with the effort in force.

    :param stream: knows which joints turn.
    """

    def __init__(self, task: Task, stream: JointStream, bounds: Bounds) -> None:
        self.task, self.bounds = task, bounds
        self._stream = stream
        self._before: Reading | None = None
        self._jumps: deque[str] = deque(maxlen=RECENT)
        self.begin()

    def begin(self) -> None:
        """Reset the times of standstill: an episode begins."""
        self._frozen, self._still = 0.0, [0.0] * len(self.task.robot.joints)

    def judge(self, reading: Reading, pushed: bool) -> str:
        """
        Say what is implausible in a new reading, '' if nothing.

        :param pushed: whether an effort was in force since the last one.
        """
        before, self._before = self._before, reading
        elapsed = reading.stamp - before.stamp if before else 0.0
        if before is None or not 0.0 < elapsed <= self.bounds.gap:
            return ''
        jump = self._jump(before, reading, elapsed)
        self._jumps.append(jump)
        return jump or self._stands_still(before, reading, elapsed if pushed else 0.0)

    def objection(self) -> str:
        """Say which position jumps repeatedly, '' if none does."""
        jumps = [jump for jump in self._jumps if jump]
        return f'{jumps[-1]}; are there two drivers?' if len(jumps) >= JUMPS else ''

    def _jump(self, before: Reading, now: Reading, elapsed: float) -> str:
        changes = self._stream.change(before.joints.positions, now.joints.positions)
        # Without stamps, a late message covers a longer motion than its time suggests.
        taken = elapsed if before.stamped and now.stamped else self.bounds.gap
        for joint, change, old, new, estimated in zip(
                self.task.robot.joints, changes, before.joints.velocities, now.joints.velocities,
                now.estimated):
            speeds = (0.0, old, old if estimated else new)
            slack = self.bounds.jump + ACCELERATION * elapsed**2
            low, high = min(speeds) * taken - slack, max(speeds) * taken + slack
            if not low <= change <= high:
                return (f'the position of {joint} jumped by {change:.3g} within {elapsed:.3g} s, '
                        f'further than its velocity allows')
        return ''

    def _stands_still(self, before: Reading, now: Reading, pushed: float) -> str:
        old, new = before.joints, now.joints
        same = [a == b for a, b in zip(old.positions, new.positions)]
        frozen = all(same) and list(old.velocities) == list(new.velocities)
        self._frozen = self._frozen + pushed if frozen else 0.0
        self._still = [t + pushed if s else 0.0 for t, s in zip(self._still, same)]
        if self._frozen > self.bounds.frozen:
            return f'all joints say exactly the same for {self._frozen:.2g} s under effort'
        for joint, value, still in zip(self.task.robot.joints, new.positions, self._still):
            if still > self.bounds.stall:
                return (f'the position of {joint} stays at exactly {value:.6g} for {still:.2g} s '
                        'under effort: a stuck sensor, or a joint that is blocked')
        return ''


class Ratio(NamedTuple):
    """A wrong unit of velocities, and the factor by which it makes them too large."""

    unit: str
    factor: float


UNITS = (Ratio('degrees per second', 180.0 / math.pi), Ratio('rpm', 30.0 / math.pi),
         Ratio('turns per second', 0.5 / math.pi), Ratio('mm/s', 1000.0), Ratio('cm/s', 100.0))
# Changes are compared over this time, s, and count if larger than this, m or rad.
SPAN, MOVED = 0.2, 0.03
# Number of spans remembered, and number sufficient to judge.
SPANS, ENOUGH = 40, 2
# A velocity may be off by this factor; within it the nearest unit is named too, as noise and late
# messages distort the ratio.
FACTOR = 2.0
CERTAIN, LOOSE = 0.5, 0.25


class Velocities:
    """
    Compares a joint's change of position with its velocity times time, over a span.

    :param stream: knows which joints turn.
    """

    def __init__(self, task: Task, stream: JointStream, gap: float) -> None:
        self.task, self._stream, self._gap = task, stream, gap
        self._before: Reading | None = None
        self._spans: list[deque[tuple[float, float]]] = [
            deque(maxlen=SPANS) for _ in task.robot.joints]
        self._clear()

    def _clear(self) -> None:
        joints = range(len(self.task.robot.joints))
        self._elapsed, self._changes, self._expected = 0.0, [0.0 for _ in joints], [
            0.0 for _ in joints]

    def take(self, reading: Reading, believed: bool) -> None:
        """
        Note a reading.

        :param believed: False for a reading that has jumped.
        """
        before, self._before = self._before, reading
        elapsed = reading.stamp - before.stamp if before else 0.0
        if not believed or not 0.0 < elapsed <= self._gap:
            self._clear()
            return
        for i, change in enumerate(self._stream.change(before.joints.positions,
                                                       reading.joints.positions)):
            self._changes[i] += change
            self._expected[i] += elapsed / 2 * (before.joints.velocities[i]
                                                + reading.joints.velocities[i])
        self._elapsed += elapsed
        if self._elapsed >= SPAN:
            for spans, pair in zip(self._spans, zip(self._changes, self._expected)):
                if max(map(abs, pair)) > MOVED:
                    spans.append(pair)
            self._clear()

    def moved(self, index: int) -> bool:
        """Say whether a joint has moved enough to judge."""
        return len(self._spans[index]) >= ENOUGH

    def faults(self) -> list[str]:
        """Say what is wrong with each joint's velocity, '' if nothing was found."""
        joints = self.task.robot.joints
        estimated = self._before.estimated if self._before else [False] * len(joints)
        return ['' if told or not self.moved(i) else _fault(joint, self._spans[i])
                for i, (joint, told) in enumerate(zip(joints, estimated))]


def _fault(joint: str, spans: Sequence[tuple[float, float]]) -> str:
    changed = math.sqrt(sum(change**2 for change, _ in spans))
    expected = math.sqrt(sum(wanted**2 for _, wanted in spans))
    agreement = sum(change * wanted for change, wanted in spans)
    said = f'the velocity of {joint}'
    if expected < changed / 50.0 and expected < MOVED:
        return f'{said} stays near zero while it moves: leave it away, and it is estimated'
    if agreement < -CERTAIN * changed * expected:
        return (f'{said} has the opposite sign of its motion: position and velocity of the driver '
                'disagree')
    ratio = expected / max(changed, 1e-9)
    if 1.0 / FACTOR <= ratio <= FACTOR:
        return '' if agreement > LOOSE * changed * expected else (
            f'{said} does not follow its motion: does it change at all?')
    if agreement <= CERTAIN * changed * expected and changed < MOVED:
        return (f'{said} tells of motion while its position stays: a stuck encoder, or a velocity '
                'that never changes')
    nearest = min(UNITS, key=lambda unit: abs(math.log(ratio / unit.factor)))
    unit = f': {nearest.unit}?' if 1.0 / FACTOR < ratio / nearest.factor < FACTOR else ''
    if agreement < CERTAIN * changed * expected:
        unit = ': does it change at all?'
    return f'{said} is {ratio:.3g} times as large as its motion tells{unit}'
