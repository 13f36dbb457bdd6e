"""What a driver says is joined, wrapped and doubted."""

import math

import pytest

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.joint_stream import DriverClock, JointStream, JointWiring
from rstdp_ros.tasks.robot import RobotPlant

PERIOD = 0.01
NAMES = ['slider_to_cart', 'cart_to_pole']
NAN = math.nan


def wired(task, **wires):
    """Return the wiring of a task; joints are called as it calls them unless told otherwise."""
    return {joint: wires.get(joint, JointWiring(joint)) for joint in task.robot.joints}


class Driver:
    """A driver and a plant in virtual time."""

    def __init__(self, task, **wires):
        self.now = 100.0
        self.plant = RobotPlant(task, wired(task, **wires), print, lambda: self.now)

    def say(self, positions, velocities=(), names=NAMES, after=PERIOD, stamped=True):
        """Let time go on and the driver speak; return whether there was a new reading."""
        self.now += after
        stamp = self.now if stamped else 0.0
        return self.plant.sense(stamp, names, list(positions), list(velocities))


@pytest.fixture
def driver(cartpole):
    """Return a driver that has said once that all is at zero."""
    result = Driver(cartpole)
    result.say([0.0, 0.0], [0.0, 0.0])
    return result


@pytest.mark.fault('robot', 'missing velocities as NaN', 'every message refused')
@pytest.mark.parametrize('velocities, expected', [
    ([0.3, NAN], [0.3, -0.2]), ([NAN, -0.4], [0.1, -0.4]), ([NAN, NAN], [0.1, -0.2]),
    ([], [0.1, -0.2])])
def test_velocities_are_estimated_joint_by_joint(driver, measured, velocities, expected):
    driver.say([0.001, -0.002], velocities)
    assert driver.plant.joints.velocities == pytest.approx(expected)
    assert driver.plant.reading.estimated == tuple(map(math.isnan, velocities or [NAN, NAN]))
    measured('estimated, joint by joint')


@pytest.mark.fault('robot', "another device's messages on joint_states", 'counted: 20 Hz beside '
                   '100 Hz of a gripper passed as 119 Hz')
@pytest.mark.parametrize('names, positions', [(['gripper'], [0.1]), ([], []), (['finger'], [])])
def test_messages_without_our_joints_are_no_readings(driver, measured, names, positions):
    before = driver.plant.reading
    assert not driver.say(positions, names=names)
    assert driver.plant.reading is before
    assert driver.plant.stream.counters['joint states without our joints'] == 1
    measured('not counted')


@pytest.mark.fault('robot', 'one message per joint', 'refused, "call a joint by the name it has"')
def test_partial_messages_are_joined(driver, measured):
    got = [driver.say([0.001 * i], [0.1], names=[NAMES[i % 2]]) for i in range(1, 9)]
    assert got == [False, True] * 4
    assert driver.plant.joints.positions == pytest.approx([0.008, 0.007])
    driver.say([0.009], [0.1], names=NAMES[:1], after=PERIOD)
    driver.now += 0.2  # the pole is silent
    with pytest.raises(RstdpError, match='no joint state for'):
        driver.plant.reset(0)
    measured('joined; one that falls silent stops the robot')


@pytest.mark.fault('robot', 'angles on a 0..2 pi or +-pi encoder, whole turns',
                   'velocity 626 rad/s, or no episode ever starts')
@pytest.mark.parametrize('zero, shift', [
    (0.0, 0.0), (math.pi, 0.0), (0.0, math.tau), (0.0, -math.tau), (math.pi, 10 * math.tau)])
@pytest.mark.parametrize('scale', [1.0, -1.0])
@pytest.mark.parametrize('low', [0.0, -math.pi])
def test_angles_are_taken_modulo_their_turn(cartpole, measured, zero, shift, scale, low):
    driver = Driver(cartpole, cart_to_pole=JointWiring('cart_to_pole', zero, scale))
    for angle in (-0.02, -0.01, 0.0, 0.01, 0.02):
        read = (zero + angle / scale - low) % math.tau + low + shift
        driver.say([0.0, read], [0.0, NAN], after=0.05)
        assert driver.plant.joints.positions[1] == pytest.approx(angle, abs=1e-9)
    assert driver.plant.joints.velocities[1] == pytest.approx(0.2)
    assert not driver.plant.doubt
    driver.plant.reset(0)
    measured('modulo their turn, velocities of wrapped differences')


def test_a_glitch_of_a_whole_turn_is_no_motion_and_degrees_turn_too(cartpole):
    wire = JointWiring('cart_to_pole', 180.0, math.pi / 180.0)
    driver = Driver(cartpole, cart_to_pole=wire)
    for degrees in (180.0, 181.0, 541.0, 181.0):
        driver.say([0.0, degrees], [0.0, NAN], after=0.05)
        assert not driver.plant.doubt
    assert driver.plant.joints.positions[1] == pytest.approx(math.radians(1.0))


def test_both_joints_of_the_acrobot_turn_and_the_cart_does_not(cartpole):
    acrobot = get_task('acrobot')
    stream = JointStream(acrobot, wired(acrobot), 1.0)
    reading = stream.take(1.0, ['elbow', 'shoulder'], [6.3, -6.2], [], 1.0)
    assert reading.joints.positions == pytest.approx([math.tau - 6.2, 6.3 - math.tau])
    stream = JointStream(cartpole, wired(cartpole), 1.0)
    assert stream.take(1.0, NAMES, [6.3, 0.0], [], 1.0).joints.positions[0] == 6.3


@pytest.mark.fault('robot', 'a position that jumps further than its velocity allows',
                   'played on: 515 of 557 commands not zero while the pole lay')
@pytest.mark.parametrize('positions, velocities', [
    ([0.0, 1.5], [0.0, 0.0]), ([0.2, 0.0], [1.0, 0.0]), ([0.0, -1.57], []),
    ([-0.1, 0.0], [NAN, 0.0])])
def test_a_jump_stops_the_robot(driver, measured, positions, velocities):
    driver.plant.reset(0)
    driver.say(positions, velocities)
    with pytest.raises(RstdpError, match='jumped by'):
        driver.plant.step(10.0)
    for _ in range(4):
        driver.say([0.0, 0.0], [0.0, 0.0])
        driver.say(positions, velocities)
    assert 'two drivers' in driver.plant.plausibility.objection()
    measured('aborted at once, FAIL while it goes on')


@pytest.mark.parametrize('stamped', [True, False])
def test_what_bears_no_stamp_may_have_come_late(cartpole, stamped):
    driver = Driver(cartpole)
    # The first was under way for 90 ms, the second for none.
    for position in (0.0, 0.07):
        driver.say([position, 0.0], [0.7, 0.0], stamped=stamped)
    assert ('jumped by' in driver.plant.doubt) == stamped
    driver.say([0.3, 0.0], [0.7, 0.0], stamped=stamped)
    assert 'jumped by 0.23' in driver.plant.doubt


@pytest.mark.fault('robot', 'frozen sensors, or one stuck encoder', 'a perfect episode: return '
                   '200, 387 commands, learned from and kept by the guard')
@pytest.mark.parametrize('move, reason, bound', [
    ((0.0, 0.0), 'exactly the same', 0.12), ((1e-4, 0.0), 'cart_to_pole stays at exactly', 0.53),
    ((0.0, 1e-4), 'slider_to_cart stays at exactly', 0.53)])
def test_sensors_that_stand_still_under_effort_stop_the_robot(driver, measured, move, reason,
                                                              bound):
    driver.plant.reset(0)
    began = driver.now
    with pytest.raises(RstdpError, match=reason):
        for i in range(1, 400):
            driver.plant.step(10.0 * (-1) ** i)
            driver.say([i * m for m in move], [100.0 * m for m in move])
    assert driver.now - began < bound
    measured('aborted after 0.1 s; one encoder after 0.5 s')


@pytest.mark.parametrize('speeds', [(0.3, 0.0), (0.0, 0.3), (5.0, 0.0)])
def test_a_velocity_without_motion_is_named(driver, speeds):
    for _ in range(60):
        driver.say([0.0, 0.0], speeds)
    assert 'tells of motion while its position stays' in driver.plant.doubt


def test_a_robot_at_rest_may_say_the_same_for_ever(driver):
    for _ in range(300):
        driver.say([0.0, 0.0], [0.0, 0.0])
        driver.plant.rest()
    driver.plant.reset(0)


@pytest.mark.fault('robot', 'wiring that cannot be: a scale of 0, one name for two joints',
                   'started')
@pytest.mark.parametrize('wires, effort_scale, reason', [
    ({'cart_to_pole': JointWiring('pole', 0.0, 0.0)}, 1.0, 'joints.cart_to_pole.scale is 0'),
    ({'cart_to_pole': JointWiring('slider_to_cart')}, 1.0, "'slider_to_cart' is no name, or"),
    ({'cart_to_pole': JointWiring('')}, 1.0, "'' is no name"), ({}, 0.0, 'effort_scale is 0')])
def test_wiring_that_cannot_be_is_refused(cartpole, measured, wires, effort_scale, reason):
    with pytest.raises(RstdpError, match=reason):
        RobotPlant(cartpole, wired(cartpole, **wires), print, lambda: 0.0, effort_scale)
    measured('refused at start')


@pytest.mark.parametrize('offset', [0.0, 0.02, -3.0, 3600.0, -1.7e9])
def test_lateness_is_seen_whatever_the_clock(offset):
    clock = DriverClock()
    ages = [clock.age(i * 0.01 - offset, i * 0.01 + late)
            for i, late in enumerate([0.001, 0.004, 0.001, 0.151, 0.001])]
    assert ages[3] == pytest.approx(0.15, abs=0.03) and max(ages[4], *ages[:3]) < 0.03


def test_a_clock_that_is_set_is_learned_anew():
    clock = DriverClock()
    assert clock.age(5000.0, 10.0) == 0.0
    assert clock.age(1000.0, 10.01) == 0.0
    assert clock.age(1000.0, 10.21) == pytest.approx(0.2, abs=1e-3)
