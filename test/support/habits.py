"""
Drivers with bad habits, for the tests of a robot.

Each is the stand-in robot with a function in front of its publisher, which turns true messages
into the ones sent.
"""

from copy import deepcopy
import math
from pathlib import Path
import sys

from sensor_msgs.msg import JointState

from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.stand_in import StandInNode

CART, POLE = 'slider_to_cart', 'cart_to_pole'
HABITS = {}


def honest(driver, message):
    """Send the true message."""
    yield message


def habit(function):
    """Register a function under its name: it takes the driver and a message, and yields others."""
    HABITS[function.__name__] = function
    return function


class HabitualDriver(StandInNode):
    """
    The stand-in robot with a habit.

    :ivar said: number of messages due so far.
    :ivar moving: number of them since the first effort.
    """

    def __init__(self, name):
        super().__init__()
        self.habit, self.kept = HABITS.get(name, honest), []
        self.said = self.moving = 0
        self.real, self._publisher = self._publisher, self

    def publish(self, message):
        """Publish a message as changed by the habit."""
        self.said += 1
        self.moving += not self.robot.held or self.moving > 0
        for made in self.habit(self, message):
            self.real.publish(made)


def change(message, joint, position=lambda value: value, velocity=lambda value: value):
    """Change the position or velocity of a joint."""
    i = message.name.index(joint)
    message.position[i], message.velocity[i] = (position(message.position[i]),
                                                velocity(message.velocity[i]))


def velocities(function):
    """Return a habit that changes all velocities."""
    def changed(driver, message):
        message.velocity = [function(value) for value in message.velocity]
        yield message
    return changed


def pole_velocity(function):
    """Return a habit that changes the velocity of the pole."""
    def changed(driver, message):
        change(message, POLE, velocity=function)
        yield message
    return changed


def pole(function):
    """Return a habit that changes the angle of the pole, given the number of messages."""
    def changed(driver, message):
        change(message, POLE, lambda angle: function(angle, driver.said))
        yield message
    return changed


def wrapped(angle):
    """Return an angle within half a turn."""
    return math.remainder(angle, math.tau)


HABITS.update(
    velocities_zero=velocities(lambda value: 0.0),
    velocities_constant=velocities(lambda value: 0.3),
    velocities_nan=velocities(lambda value: math.nan),
    velocities_degrees=pole_velocity(math.degrees),
    velocities_rpm=pole_velocity(lambda value: value * 30.0 / math.pi),
    velocities_opposite=velocities(lambda value: -value),
    pole_full_circle=pole(lambda angle, said: angle % math.tau),
    pole_zero_at_pi=pole(lambda angle, said: wrapped(angle + math.pi)),
    pole_whole_turns=pole(lambda angle, said: angle - math.copysign(math.tau, angle)),
    pole_glitches=pole(lambda angle, said: angle + (math.tau if said % 50 == 0 else 0.0)),
    pole_in_degrees=pole(lambda angle, said: math.degrees(angle)),
    now_and_then_nan=pole(lambda angle, said: math.nan if said % 20 == 0 else angle),
    nan=pole(lambda angle, said: math.nan),
    mixed_with_a_fallen_one=pole(lambda angle, said: angle if said % 2 else 1.57),
    mixed_with_one_at_zero=pole(lambda angle, said: angle if said % 2 else 0.0),
    twice=lambda driver, message: [message, message],
    silent_after_a_second=lambda driver, message: [] if driver.moving > 100 else [message])


@habit
def task_order(driver, message):
    """Send the joints in the task's order."""
    yield JointState(header=message.header, name=list(message.name)[::-1],
                     position=message.position[::-1], velocity=message.velocity[::-1])


@habit
def frozen(driver, message):
    """Repeat the first message forever."""
    driver.kept = driver.kept or [deepcopy(message)]
    driver.kept[0].header = message.header
    yield driver.kept[0]


@habit
def stuck_encoder(driver, message):
    """Repeat the pole's first position forever."""
    driver.kept = driver.kept or [message.position[message.name.index(POLE)]]
    change(message, POLE, lambda angle: driver.kept[0])
    yield message


@habit
def one_message_per_joint(driver, message):
    """Send the joints one by one."""
    for name, position, velocity in zip(message.name, message.position, message.velocity):
        yield JointState(header=message.header, name=[name], position=[position],
                         velocity=[velocity])


@habit
def gripper_too(driver, message):
    """Add a gripper."""
    yield message
    yield JointState(header=message.header, name=['gripper'], position=[0.1])


@habit
def late(driver, message):
    """Send everything 200 ms late."""
    driver.kept.append(message)
    if len(driver.kept) > 20:
        yield driver.kept.pop(0)


@habit
def whole_seconds(driver, message):
    """Omit nanoseconds."""
    message.header.stamp.nanosec = 0
    yield message


@habit
def no_stamp(driver, message):
    """Omit stamps."""
    message.header.stamp.sec = message.header.stamp.nanosec = 0
    yield message


@habit
def overtaking(driver, message):
    """Send every second message before the one due."""
    driver.kept.insert(0, message)
    if len(driver.kept) == 2:
        yield from driver.kept
        driver.kept.clear()


@habit
def clock_that_jumps(driver, message):
    """Set the clock back by an hour in mid-motion."""
    message.header.stamp.sec -= 3600 if driver.moving > 50 else 0
    yield message


if __name__ == '__main__':
    # The runner names the parameter file after the node.
    stem = Path(sys.argv[sys.argv.index('--params-file') + 1]).stem
    sys.exit(run_node(lambda: HabitualDriver(stem)))
