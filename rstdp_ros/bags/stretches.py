"""Trajectories from recordings, cut where a step is missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, groupby
import math

import numpy as np

from rstdp_ros.bags.recordings import Recording
from rstdp_ros.protocol.episode import efforts_digest
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.trajectory import Trajectory
from rstdp_ros.tasks.actuator import commands_kept
from rstdp_ros.tasks.task import Task, trajectory_of

SECOND = 1e9  # ns
# Fraction of a control period: observations come this close to it if nothing waits for answers.
STEADY = 0.25
# No effort is expected to act later than this, s.
LIKELY_DELAY = 0.1


def stretches(task: Task, recording: Recording) -> list[Trajectory]:
    """
    Cut an episode into stretches without a gap.

    In lockstep only the end of an episode tells whether a step is missing, and nothing tells which
    one if both its observation and its answer are missing; in real time stamps do.

    :raises RstdpError: nothing can be learned from it; says why.
    """
    end = recording.end
    if end and end.aborted:
        raise RstdpError('aborted')
    stamps = sorted(recording.joints.keys() | recording.efforts.keys())
    live = _in_real_time(task, recording)
    if not live and end and end.steps != len(stamps):
        raise RstdpError('steps are missing, and nothing tells which')
    efforts = _in_force(recording, stamps) if live else {
        stamp: effort for stamp, (_, effort) in recording.efforts.items()}
    if not live and end and end.efforts and efforts_digest(
            efforts[stamp] for stamp in sorted(efforts)) != end.efforts:
        raise RstdpError('other efforts were obeyed than those recorded')
    numbers = _numbers(task, stamps) if live else range(len(stamps))
    return list(_cut(task, recording, dict(zip(stamps, numbers)), efforts))


def _cut(task: Task, recording: Recording, numbers: Mapping[int, int],
         efforts: Mapping[int, float]) -> Iterator[Trajectory]:
    """
    Yield stretches without a gap.

    :param numbers: step numbers, by stamp.
    """
    known = {numbers[stamp]: effort for stamp, effort in efforts.items()}
    sure = _sure(task, known)
    rows = [stamp for stamp in numbers
            if stamp in recording.joints and numbers[stamp] in sure]
    for _, group in groupby(enumerate(rows), lambda one: numbers[one[1]] - one[0]):
        chosen = [stamp for _, stamp in group]
        trajectory = trajectory_of([recording.joints[stamp][1] for stamp in chosen],
                                   np.array([efforts[stamp] for stamp in chosen]),
                                   recording.end.message if recording.end else '')
        yield trajectory._replace(before=_before(task, known, numbers[chosen[0]]))


def _sure(task: Task, known: Mapping[int, float]) -> set[int]:
    """
    Return the steps on which no unknown effort acts.

    :param known: efforts by the number of their steps.
    """
    reach = math.ceil(LIKELY_DELAY / task.robot.control_period) + 1
    sure, first = set(), 0
    for number in sorted(known):
        if number and number - 1 not in known:
            first = number
        if not first or number - first >= reach:
            sure.add(number)
    return sure


def _before(task: Task, known: Mapping[int, float], step: int) -> np.ndarray:
    """Return the efforts before a step, newest first; a missing one equals the one before it."""
    steps, first = sorted(known), max(0, step - commands_kept(task.robot.control_period))
    places = [bisect_right(steps, number) for number in range(first, step)]
    return np.array([known[steps[place - 1]] if place else 0.0 for place in places])[::-1]


def _in_real_time(task: Task, recording: Recording) -> bool:
    """Say whether observations came at the control rate, regardless of answers."""
    times = sorted(time for time, _ in recording.joints.values())
    if len(times) < 2:
        return False
    periods = np.median(np.diff(times)) / (SECOND * task.robot.control_period)
    return abs(periods - 1.0) < STEADY


def _numbers(task: Task, stamps: Sequence[int]) -> list[int]:
    """Return the steps' numbers, from their stamps."""
    periods = np.diff(stamps, prepend=stamps[0]) / (SECOND * task.robot.control_period)
    steps = np.maximum(1, np.round(periods)).astype(int)
    return (np.cumsum(steps) - 1).tolist()


def _in_force(recording: Recording, stamps: Sequence[int]) -> dict[int, float]:
    """Return the effort in force after each observation: in real time some are late."""
    heard = sorted((time, stamp) for stamp, (time, _) in recording.efforts.items())
    # An overtaken action is not obeyed.
    newest = list(accumulate((stamp for _, stamp in heard), max))
    efforts = {}
    for stamp, following in zip(stamps, [*stamps[1:], None]):
        if stamp not in recording.efforts:
            continue
        obeyed = stamp
        if following in recording.joints:
            reached = bisect_right(heard, (recording.joints[following][0], following))
            obeyed = newest[max(0, reached - 1)]
        efforts[stamp] = recording.efforts[obeyed][1]
    return efforts
