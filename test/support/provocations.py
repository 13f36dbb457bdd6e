"""Provocations of a graph by the tests' ROS process: a slow policy, an intruder, odd clocks."""

import math
from pathlib import Path
from random import Random
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, Float64MultiArray, UInt8MultiArray

from rstdp_ros.nodes import qos

JOINTS = ['slider_to_cart', 'cart_to_pole']
NAN = float('nan')


def answer_late(probe, delay, episodes):
    """Act as a policy whose first answer is late; return the ends of some episodes."""
    publisher, known, ends = probe.create_publisher(JointState, 'action', qos.STEP), set(), []

    def answer(message):
        if message.header.frame_id not in known:
            known.add(message.header.frame_id)
            time.sleep(delay)
        lean = message.position[1] + message.velocity[1]
        publisher.publish(JointState(header=message.header, name=JOINTS[:1],
                                     effort=[math.copysign(10.0, lean)]))

    probe.create_subscription(DiagnosticStatus, 'episode_end', ends.append, qos.EVENT)
    probe.create_subscription(JointState, 'observation', answer, qos.LATEST)
    probe.spin_until(lambda: len(ends) >= episodes)
    return [[end.message, {v.key: v.value for v in end.values}['steps']] for end in ends]


def command_once(probe, effort, reliability, durability):
    """Command an effort once, with other QoS than the environment's; return the time."""
    publisher = probe.create_publisher(
        Float64MultiArray, 'effort_controller/commands', QoSProfile(
            depth=1, reliability=ReliabilityPolicy[reliability],
            durability=DurabilityPolicy[durability]))
    # The watchdog, and the controller if it would accept the command.
    listeners = 2 if reliability == 'RELIABLE' else 1
    assert probe.spin_until(lambda: publisher.get_subscription_count() == listeners)
    time.sleep(0.5)  # they have discovered it too
    at = time.monotonic()
    publisher.publish(Float64MultiArray(data=[effort]))
    probe.spin_until(lambda: 'stops' in probe.diagnostics.get('watchdog', {}))
    return [at, probe.diagnostics['watchdog']]


def malformed(probe):
    """Send every kind of rubbish; return the diagnostics that count it."""
    def joints(names, positions, velocities):
        return JointState(name=names, position=positions, velocity=velocities)

    observations = [
        joints(JOINTS[:1], [0.0], [0.0]), joints([], [], []),
        joints(JOINTS, [NAN, 0.0], [0.0, 0.0]), joints(JOINTS, [0.0, 0.0], [0.0, float('inf')]),
        joints(JOINTS, [0.0], [0.0, 0.0]), joints([JOINTS[0]] * 2, [0.0] * 2, [0.0] * 2)]
    actions = [JointState(), JointState(name=['x'], effort=[10.0]),
               JointState(name=JOINTS[:1], effort=[NAN])]
    weights = [UInt8MultiArray(), UInt8MultiArray(data=b'rubbish'),
               UInt8MultiArray(data=bytes(100_000))]
    spikes = [Image(), Image(encoding='mono8', height=128, width=8, step=8, data=bytes(1024)),
              Image(encoding='mono8', height=128, width=8, step=8, data=bytes([7]) * 1024),
              Image(encoding='mono8', height=3, width=8, step=8, data=bytes(24))]
    ends = [DiagnosticStatus(), DiagnosticStatus(
        hardware_id='x-1', message='terminated',
        values=[KeyValue(key=k, value='x') for k in ('seed', 'steps', 'return')])]
    probe.publish(JointState, 'observation', qos.STEP, observations)
    probe.publish(JointState, 'action', qos.STEP, actions)
    probe.publish(UInt8MultiArray, 'weights', qos.LATCHED, weights)
    probe.publish(Image, 'spikes', qos.per_episode(200), spikes)
    probe.publish(DiagnosticStatus, 'episode_end', qos.per_episode(200), ends)
    probe.publish(Float64, 'episode_reward', qos.EVENT, [Float64(data=NAN), Float64(data=1.0)])
    probe.diagnostics.clear()
    probe.spin_until(lambda: len(probe.diagnostics) == 3)
    return probe.diagnostics


def intrude(probe, episodes):
    """
    Also answer every observation, with an effort that another policy might choose.

    Stop after a number of aborted episodes.

    Begin with the next episode: an intruder in only the last step of one is not noticed.
    """
    publisher = probe.create_publisher(JointState, 'action', qos.STEP)
    random, running = Random(0), []

    def answer(message):
        running.append(message.header.frame_id)
        if message.header.frame_id == running[0]:
            return
        publisher.publish(JointState(header=message.header, name=JOINTS[:1],
                                     effort=[random.choice((-10.0, 10.0))]))

    probe.create_subscription(JointState, 'observation', answer, qos.STEP)
    assert probe.spin_until(lambda: probe.count('environment', 'episodes aborted') >= episodes)
    return probe.diagnostics['environment']


def garble(random, data):
    """Damage some bytes, cut off the end, or append rubbish."""
    data = bytearray(data)
    for _ in range(random.choice((0, 1, 10))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data[:random.choice((len(data), random.randrange(len(data) or 1))):]
                 + random.randbytes(random.choice((1, 1000))))


def fuzz(probe, model, count):
    """Send a number of malformed messages on the topics that learning uses."""
    random, network = Random(1), Path(model).read_bytes()
    texts = ('', 'nan', 'inf', '-1', '1e400', 'x', '9' * 400, '7', '\u2603')
    weights = probe.create_publisher(UInt8MultiArray, 'weights', qos.LATCHED)
    ends = probe.create_publisher(DiagnosticStatus, 'episode_end', qos.per_episode(200))
    rewards = probe.create_publisher(Float64, 'episode_reward', qos.EVENT)
    for i in range(count):
        if i % 10 == 0:
            weights.publish(UInt8MultiArray(data=garble(random, network)))
        elif i % 10 < 6:
            keys = random.sample(('seed', 'steps', 'return', 'x'), random.randrange(5))
            ends.publish(DiagnosticStatus(
                hardware_id=random.choice(('', 'boot-1', 'x' * 1000)),
                message=random.choice(('terminated', 'truncated', 'aborted: x', '', 'done')),
                values=[KeyValue(key=k, value=random.choice(texts)) for k in keys]))
        else:
            rewards.publish(Float64(data=random.choice((NAN, float('inf'), -1e308, 1e308))))
        if i % 20 == 0:
            rclpy.spin_once(probe, timeout_sec=0.005)
    probe.diagnostics.clear()
    probe.spin_until(lambda: len(probe.diagnostics) == 3)
    return probe.diagnostics


def jump_time(probe, episodes):
    """
    Publish a clock that jumps to and fro, even by hours, and sometimes stands still.

    Stop after a number of learned episodes.
    """
    publisher, random = probe.create_publisher(Clock, '/clock', qos.EVENT), Random(2)
    now = 1000.0
    while probe.count('adaptation', 'episodes learned') < episodes:
        now = max(0.0, now + random.choice((0.01, 0.01, 0.0, -0.01, 3600.0, -3600.0)))
        publisher.publish(Clock(clock=Time(sec=int(now), nanosec=int(now % 1 * 1e9))))
        rclpy.spin_once(probe, timeout_sec=0.01)


def impossible_times(probe, count):
    """Publish impossible times until every node has refused enough; return the counts."""
    publisher, kind = probe.create_publisher(Clock, '/clock', qos.EVENT), 'times refused'
    rubbish = [Time(sec=-1, nanosec=0), Time(sec=-2**31, nanosec=5),
               Time(sec=2**31 - 1, nanosec=2**32 - 1)]

    def refused():
        for now in rubbish:
            publisher.publish(Clock(clock=now))
        return len(probe.diagnostics) == 3 and all(
            int(values.get(kind, 0)) >= count for values in probe.diagnostics.values())

    probe.spin_until(refused)
    return {name: values.get(kind, 0) for name, values in probe.diagnostics.items()}


def slow_time(probe, readings, factor):
    """
    Publish a clock slower than real time until a number of environment reports; then stop it.

    Return its reports: s, cycles, missed cycles.
    """
    publisher, seen = probe.create_publisher(Clock, '/clock', qos.EVENT), []
    start = time.monotonic()
    while len(seen) < readings:
        elapsed = time.monotonic() - start
        now = 100.0 + factor * elapsed
        publisher.publish(Clock(clock=Time(sec=int(now), nanosec=int(now % 1 * 1e9))))
        rclpy.spin_once(probe, timeout_sec=0.001)
        counted = probe.diagnostics.pop('environment', {})
        if 'cycles' in counted:
            seen.append([elapsed, *(int(counted[k]) for k in ('cycles', 'missed cycles'))])
    assert probe.spin_until(lambda: 'no control cycle' in probe.diagnostics.get(
        'environment', {}).get('last fault', ''))
    return seen


def give_rewards(probe, value, key, least):
    """
    Give a reward repeatedly, as a person with a button would.

    Stop when adaptation has reached a count; return its values.
    """
    publisher = probe.create_publisher(Float64, 'episode_reward', qos.EVENT)
    while probe.count('adaptation', key) < least:
        publisher.publish(Float64(data=value))
        rclpy.spin_once(probe, timeout_sec=0.2)
    return probe.diagnostics['adaptation']
