"""The start-up checklist: what goes wrong between simulator and robot is named."""

import math
import re

import pytest

from rstdp_ros.tasks.checklist import Checklist, FAIL, MotionCheck, OK, WARN
from rstdp_ros.tasks.task import Joints

NAMES = ['rail', 'pivot']


def watched(cartpole, rate=100.0, names=NAMES, offset=0.0, has_velocities=True, sign=1.0,
            amplitude=0.1):
    """Return a checklist after two seconds of a swinging robot, and the time."""
    checklist = Checklist(cartpole, NAMES, cartpole.control_period)
    for i in range(int(2 * rate)):
        now = i / rate
        checklist.heard(now, offset, names, has_velocities)
        checklist.sensed(Joints([amplitude * math.sin(now)] * 2,
                                [sign * amplitude * math.cos(now), amplitude * math.cos(now)]))
    return checklist, now


def items(checklist, now, effort_limit=10.0, positions=(2.0, math.inf)):
    return checklist.items(now, effort_limit, positions)


def texts(result, status):
    return ' '.join(item.text for item in result if item.status == status)


def test_a_robot_that_fits_passes(cartpole):
    result = items(*watched(cartpole))
    assert {item.status for item in result} == {OK}
    assert 'come at 100 Hz for a control rate of 50 Hz' in texts(result, OK)
    assert str(result[0]).startswith('[ ok ] joint states')


@pytest.mark.parametrize('robot, graph, status, words', [
    ({'rate': 30.0}, {}, FAIL, 'joint states come at 30 Hz for a control rate of 50 Hz'),
    ({'names': ['rail', 'x']}, {}, FAIL, "cart_to_pole should be called 'pivot'.*knows rail, x"),
    ({'sign': -1.0}, {}, FAIL, 'velocity of slider_to_cart has the opposite sign'),
    ({'has_velocities': False}, {}, WARN, 'estimated from positions'),
    ({'offset': 7.0}, {}, WARN, '7.0 s behind'),
    ({}, {'effort_limit': 4.0}, WARN, 'cut to 4; the policy learned with 10'),
    ({}, {'positions': (math.inf, math.inf)}, WARN, 'slider_to_cart.max_position is 0')])
def test_what_does_not_fit_is_named(cartpole, robot, graph, status, words):
    result = items(*watched(cartpole, **robot), **graph)
    assert re.search(words, texts(result, status)), result
    assert sum(item.status != OK for item in result) == 1


def test_signs_are_judged_only_of_joints_that_moved(cartpole):
    result = items(*watched(cartpole, sign=-1.0, amplitude=0.001))
    assert texts(result, FAIL) == '' and 'move it by hand' in texts(result, OK)


def test_silence_is_named_at_once_and_later(cartpole):
    checklist = Checklist(cartpole, NAMES, 0.02)
    assert 'no joint states' in texts(items(checklist, 5.0), FAIL)
    checklist.heard(5.0, 0.0, NAMES, True)
    assert 'only 1 joint states' in texts(items(checklist, 5.0), FAIL)
    checklist, now = watched(cartpole)
    assert 'no joint states' in texts(items(checklist, now + 2.0), FAIL)
    for i in range(150):  # stamps that stand still
        checklist.heard(now + 0.01 * i, 0.0, NAMES, True)
    assert 'stamps do not rise' in texts(items(checklist, now + 1.5), FAIL)


@pytest.mark.parametrize('gain, delay, status, words', [
    (1.0, 0, OK, 'after 0 control periods'), (1.0, 2, OK, 'after 2 control periods'),
    (-1.0, 0, WARN, 'against its efforts')])
def test_motion_tells_delay_and_sign_of_the_motor(cartpole, gain, delay, status, words):
    check, velocity = MotionCheck(cartpole), 0.0
    efforts = [10.0 * (-1) ** (i // 3 + i // 7) for i in range(60)]
    for i, effort in enumerate(efforts):
        check.step(Joints([0.0, 0.0], [velocity, 0.0]), effort)
        velocity += 0.02 * gain * (efforts[i - delay] if i >= delay else 0.0)
    verdict = check.verdict()
    assert verdict.status == status and words in verdict.text
    check.begin()
    assert check.verdict() is None


def test_motion_of_its_own_tells_nothing(cartpole):
    check = MotionCheck(cartpole)
    for i in range(60):
        check.step(Joints([0.0, 0.0], [math.sin(3.0 * i), 0.0]), 10.0 * (-1) ** (i // 5))
    assert check.verdict() is None
