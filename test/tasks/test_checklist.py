"""The start-up checklist: what goes wrong between simulator and robot is named."""

from contextlib import suppress
import math
import re

import pytest

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.checklist import Checklist, FAIL, OK, WARN
from rstdp_ros.tasks.robot import JointWiring, RobotPlant

NAMES = ['rail', 'pivot']


def watched(cartpole, rate=100.0, names=NAMES, offset=0.0, has_velocities=True, factor=1.0,
            amplitude=0.1, stamps=float, constant=None, position=None):
    """Return a checklist after two seconds of a swinging robot, and the time."""
    clock = [0.0]
    wiring = {joint: JointWiring(name) for joint, name in zip(cartpole.robot.joints, NAMES)}
    plant = RobotPlant(cartpole, wiring, print, lambda: clock[0])
    checklist = Checklist(plant, NAMES, cartpole.robot.control_period)
    for i in range(1, int(2 * rate)):
        now = clock[0] = 100.0 + i / rate
        speeds = [factor * amplitude * 3.0 * math.cos(3.0 * now) if constant is None else constant,
                  amplitude * 3.0 * math.cos(3.0 * now)]
        checklist.heard(now, names)
        positions = [amplitude * math.sin(3.0 * now) if position is None else position] * 2
        with suppress(RstdpError):
            if plant.sense(stamps(now - offset), names, positions[:len(names)],
                           speeds[:len(names)] if has_velocities else [], now):
                checklist.sensed()
    return checklist, now


def items(checklist, now, effort_limit=10.0, positions=(2.0, math.inf)):
    return checklist.items(now, effort_limit, positions)


@pytest.mark.fault('habits', 'a slow driver whose first messages come all at once', 'enabled')
@pytest.mark.parametrize('at_once', [2, 10, 12])
def test_a_burst_does_not_hide_a_slow_driver(cartpole, at_once, measured):
    clock = [100.0]
    plant = RobotPlant(cartpole, {j: JointWiring(n) for j, n in zip(cartpole.robot.joints, NAMES)},
                       print, lambda: clock[0])
    checklist, said = Checklist(plant, NAMES, cartpole.robot.control_period), []
    for i in range(at_once + 40):
        clock[0] += 0.05 if i > at_once else 1e-4
        checklist.heard(clock[0], NAMES)
        plant.sense(clock[0], NAMES, [0.0, 0.0], [0.0, 0.0])
        checklist.sensed()
        said.append(next(item for item in items(checklist, clock[0])
                         if 'joint states' in item.text))
    assert {item.status for item in said} == {FAIL}
    assert 'a moment' in said[0].text and 'come at' in said[-1].text
    measured('refused from the first to the last message')


def texts(result, status):
    return ' '.join(item.text for item in result if item.status == status)


def test_a_robot_that_fits_passes(cartpole):
    result = items(*watched(cartpole))
    assert {item.status for item in result} == {OK}
    assert 'come at 100 Hz for a control rate of 50 Hz' in texts(result, OK)
    assert str(result[2]).startswith('[ ok ] joint states')


@pytest.mark.parametrize('robot, graph, status, words', [
    ({'rate': 30.0}, {}, FAIL, 'joint states come at 30 Hz for a control rate of 50 Hz'),
    ({'factor': -1.0}, {}, FAIL, 'velocity of slider_to_cart has the opposite sign'),
    ({'has_velocities': False}, {}, WARN, 'slider_to_cart is missing and is estimated'),
    ({'offset': 7.0}, {}, WARN, '7.0 s behind'),
    ({}, {'effort_limit': 4.0}, WARN, 'cut to 4; the policy learned with 10'),
    ({}, {'positions': (math.inf, math.inf)}, WARN, 'slider_to_cart.max_position is 0')])
def test_what_does_not_fit_is_named(cartpole, robot, graph, status, words):
    result = items(*watched(cartpole, **robot), **graph)
    assert re.search(words, texts(result, status)), result
    joints = 1 if robot.get('has_velocities', True) else 2
    assert sum(item.status != OK for item in result) == joints


def test_signs_are_judged_only_of_joints_that_moved(cartpole):
    result = items(*watched(cartpole, factor=-1.0, amplitude=0.001))
    assert texts(result, FAIL) == '' and 'move it by hand' in texts(result, OK)


def test_a_joint_of_another_name_is_named(cartpole):
    result = items(*watched(cartpole, names=['rail', 'x']))
    assert re.search("cart_to_pole should be called 'pivot'.*knows rail, x", texts(result, FAIL))


@pytest.mark.fault('robot', 'velocities in another unit, zero for ever, or constant',
                   'ok, also after the joint had moved')
@pytest.mark.parametrize('factor, words', [
    (0.0, 'stays near zero'), (180.0 / math.pi, 'degrees per second'), (30.0 / math.pi, 'rpm'),
    (0.5 / math.pi, 'turns per second'), (1000.0, 'mm/s'), (5.0, '5 times as large')])
def test_a_velocity_that_does_not_fit_its_motion_is_named(cartpole, measured, factor, words):
    failed = texts(items(*watched(cartpole, factor=factor)), FAIL)
    assert words in failed and 'slider_to_cart' in failed and 'cart_to_pole' not in failed
    measured('FAIL, with the likely unit')


@pytest.mark.parametrize('constant', [0.05, 0.3, -0.3, 5.0])
def test_a_velocity_that_is_constant_is_named(cartpole, constant):
    result = items(*watched(cartpole, constant=constant))
    assert 'does it change at all' in texts(result, FAIL)


@pytest.mark.fault('robot', 'joint states 200 ms late from the start', 'enabled and played')
def test_old_joint_states_are_refused(cartpole, measured):
    checklist, now = watched(cartpole, offset=0.2)
    assert '0.20 s old by their stamps' in texts(items(checklist, now), FAIL)
    with pytest.raises(RstdpError, match='0.20 s old'):
        checklist.plant.reset(0)
    measured('FAIL, and no episode starts')


@pytest.mark.fault('robot', 'stamps in whole seconds', '"their stamps do not rise"')
@pytest.mark.parametrize('stamps, words', [
    (math.floor, 'whole seconds'), (lambda now: 99.5, 'stand still at 99.500')])
def test_stamps_that_tell_nothing_are_named(cartpole, measured, stamps, words):
    assert words in texts(items(*watched(cartpole, stamps=stamps)), FAIL)
    measured('FAIL, says what is wrong with them')


@pytest.mark.fault('robot', 'use_sim_time without /clock',
                   '"joint states come at 99000000000 Hz", enabled')
def test_no_clock_is_named(cartpole, measured):
    assert 'no /clock yet' in texts(items(watched(cartpole)[0], 0.0), FAIL)
    measured('FAIL, "no /clock yet"')


@pytest.mark.parametrize('names, position, stamps, words', [
    (NAMES, math.nan, float, 'of no use'), (NAMES[:1], 0.0, float, 'of no use'),
    (NAMES, 0.0, math.floor, 'whole seconds')])
def test_what_is_said_in_vain_is_named_before_its_rate(cartpole, names, position, stamps, words):
    checklist, now = watched(cartpole, names=names, position=position, stamps=stamps)
    assert words in next(item.text for item in items(checklist, now)
                         if item.status == FAIL and 'should be called' not in item.text)


def test_limits_that_an_angle_never_reaches_are_named(cartpole):
    result = items(*watched(cartpole), positions=(2.0, 20.0))
    assert 'cart_to_pole.max_position 20 stops nothing' in texts(result, FAIL)


def test_silence_is_named_at_once_and_later(cartpole):
    checklist, now = watched(cartpole)
    assert 'no joint states' in texts(items(checklist, now + 2.0), FAIL)
    checklist.heard(now + 2.0, NAMES)  # what it said was refused
    assert 'of no use' in texts(items(checklist, now + 2.0), FAIL)
    checklist, now = watched(cartpole, rate=4.0)
    assert 'come at 4 Hz' in texts(items(checklist, now), FAIL)
