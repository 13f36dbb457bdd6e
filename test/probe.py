"""
A ROS process for the tests: sends what a test asks for and prints what came back as JSON.

It is a process of its own because the ROS wheels start Python anew on import, which a test runner
would not survive.
"""

import json
import math
from pathlib import Path
from random import Random
import re
import sys
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, Float64MultiArray, String, UInt8MultiArray
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.nodes import qos

JOINTS = ['slider_to_cart', 'cart_to_pole']
NAN = float('nan')
PATIENCE = 20.0
ROUNDS = 5
UNPROVEN = 'motion not proven yet'


class Probe(Node):
    """Calls services, publishes messages and collects diagnostics."""

    def __init__(self):
        super().__init__('probe')
        self.diagnostics, self.summaries = {}, {}
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_diagnostics(self, message):
        for status in message.status:
            name = status.name.split('/')[-1]
            self.diagnostics[name] = {**{v.key: v.value for v in status.values},
                                      'level': status.level[0]}
            self.summaries[name] = [int.from_bytes(status.level, 'big'), status.message]

    def spin_until(self, condition):
        """Handle messages until a condition holds; say whether it came to hold."""
        deadline = time.monotonic() + PATIENCE
        while not condition() and time.monotonic() < deadline:
            rclpy.spin_once(self, timeout_sec=0.1)
        return condition()

    def call(self, kind, name, request):
        """Call a service and return its response."""
        client = self.create_client(kind, name)
        assert client.wait_for_service(PATIENCE), name
        future = client.call_async(request)
        assert self.spin_until(future.done), name
        return future.result()

    def set_parameter(self, node, name, value):
        """Set a parameter; return '' or the reason of the refusal."""
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        result, = self.call(SetParameters, f'{node}/set_parameters', request).results
        return '' if result.successful else result.reason

    def publish(self, kind, topic, profile, messages):
        """Publish several times, as a queue of one loses messages, once somebody listens."""
        publisher = self.create_publisher(kind, topic, profile)
        assert self.spin_until(lambda: publisher.get_subscription_count() > 0), topic
        for message in ROUNDS * messages:
            publisher.publish(message)
            rclpy.spin_once(self, timeout_sec=0.02)


def set_parameters(probe, changes):
    """Set parameters one after another: [[node, name, value], ...]."""
    return [probe.set_parameter(*change) for change in changes]


def describe(probe, node, name):
    """Return a parameter's description as ROS tools show it."""
    response = probe.call(DescribeParameters, f'{node}/describe_parameters',
                          DescribeParameters.Request(names=[name]))
    descriptor, = response.descriptors
    return [descriptor.description, descriptor.additional_constraints]


def trigger(probe, name):
    """Call a Trigger service."""
    response = probe.call(Trigger, name, Trigger.Request())
    return [response.success, response.message]


def enable(probe, flag):
    """Enable or disable the environment."""
    response = probe.call(SetBool, 'environment/enable', SetBool.Request(data=flag))
    return [response.success, response.message]


def try_out(probe, words, excuse, record, steps):
    """
    Enable a robot that plays by itself, watch it, and disable it.

    :param words: pattern of why enable is refused for good, or no episode begins any more.
    :param excuse: pattern of aborts after which it is enabled again.
    :param record: where the robot writes its commands; so many efforts without a break, or a
        stop, are waited for.
    :return: what enable said, why episodes were aborted for good or begin no more, what enable
        said then.
    """
    ends, excused, said = [], [], ''
    probe.create_subscription(DiagnosticStatus, 'episode_end', lambda m: ends.append(m.message),
                              qos.EVENT)

    def stops():
        waiting = probe.diagnostics.get('environment', {}).get('waiting', '')
        # The first episodes, while the sign of the motor is unknown, end so by themselves.
        return [end for end in ends if end.startswith('aborted') and UNPROVEN not in end] + (
            [waiting] if re.search(words, waiting) else [])

    def stopped():
        if len(stops()) > len(excused) and re.search(excuse, stops()[-1]):
            excused.append(enable(probe, True))
        return len(stops()) > len(excused)

    def played():
        efforts = [float(line.split()[1]) for line in Path(record).read_text().splitlines()]
        return len(efforts) >= steps and all(efforts[-steps:])

    # Not spin_until, which asks once more in the end.
    deadline = time.monotonic() + PATIENCE
    while not re.fullmatch(f'enabled|.*({words}).*', said):
        assert time.monotonic() < deadline, said
        said = enable(probe, True)[1]
    if said == 'enabled':
        probe.spin_until(lambda: played() or stopped())
    why, again = stops()[len(excused):], enable(probe, True)[1]
    enable(probe, False)
    return [said, why, again]


def time_to_disable(probe, times):
    """Disable again and again; return how long each answer took, s."""
    probe.call(SetBool, 'environment/enable', SetBool.Request(data=False))
    took = []
    for _ in range(times):
        began = time.monotonic()
        probe.call(SetBool, 'environment/enable', SetBool.Request(data=False))
        took.append(time.monotonic() - began)
    return took


def answer_late(probe, delay, episodes):
    """Be a policy whose first answer takes a while; return the ends of so many episodes."""
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
    """Command an effort once, with other QoS than the environment's; return when that was."""
    publisher = probe.create_publisher(
        Float64MultiArray, 'effort_controller/commands', QoSProfile(
            depth=1, reliability=ReliabilityPolicy[reliability],
            durability=DurabilityPolicy[durability]))
    # The watchdog, and whoever else would take it for a command.
    listeners = 2 if reliability == 'RELIABLE' else 1
    assert probe.spin_until(lambda: publisher.get_subscription_count() == listeners)
    time.sleep(0.5)  # they have met it too
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


def diagnostics_with(probe, node, key):
    """Wait until a node reports a value of that name; return all its values."""
    probe.spin_until(lambda: key in probe.diagnostics.get(node, ()))
    return probe.diagnostics[node]


def diagnostics_where(probe, node, key, value):
    """Wait until a node reports that value; return all its values."""
    probe.spin_until(lambda: probe.diagnostics.get(node, {}).get(key) == value)
    return probe.diagnostics[node]


def summary_with(probe, node, text):
    """Wait until a node's summary holds a text; return its level and the summary."""
    probe.spin_until(lambda: text in probe.summaries.get(node, [0, ''])[1])
    return probe.summaries[node]


def reliability_of_subscribers(probe, topic):
    """Return the reliability that each subscriber of a topic asks for."""
    probe.spin_until(lambda: probe.get_subscriptions_info_by_topic(topic))
    return [info.qos_profile.reliability.name
            for info in probe.get_subscriptions_info_by_topic(topic)]


def intrude(probe, seconds):
    """
    Answer every observation too, with the effort that another policy might choose.

    From the next episode on: nobody notices who answers only the last step of one.
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
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rclpy.spin_once(probe, timeout_sec=0.1)
    return probe.diagnostics.get('environment', {})


def garble(random, data):
    """Damage some bytes, cut the end off, or put rubbish behind it."""
    data = bytearray(data)
    for _ in range(random.choice((0, 1, 10))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data[:random.choice((len(data), random.randrange(len(data) or 1))):]
                 + random.randbytes(random.choice((1, 1000))))


def fuzz(probe, model, count):
    """Send so many malformed messages on the topics that learning listens to."""
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


def jump_time(probe, seconds):
    """Publish a clock that leaps to and fro, by hours too, and stands still now and then."""
    publisher, random = probe.create_publisher(Clock, '/clock', qos.EVENT), Random(2)
    deadline = time.monotonic() + seconds
    now = 1000.0
    while time.monotonic() < deadline:
        now = max(0.0, now + random.choice((0.01, 0.01, 0.0, -0.01, 3600.0, -3600.0)))
        publisher.publish(Clock(clock=Time(sec=int(now), nanosec=int(now % 1 * 1e9))))
        rclpy.spin_once(probe, timeout_sec=0.01)


def impossible_times(probe, count):
    """Publish times that are none until every node has refused so many; return the counts."""
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


def slow_time(probe, seconds, factor):
    """Publish a clock at a part of real time, then stop it; return [s, cycles] and the fault."""
    publisher, seen = probe.create_publisher(Clock, '/clock', qos.EVENT), []
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        now = 100.0 + factor * elapsed
        publisher.publish(Clock(clock=Time(sec=int(now), nanosec=int(now % 1 * 1e9))))
        rclpy.spin_once(probe, timeout_sec=0.001)
        counted = probe.diagnostics.pop('environment', {})
        if 'cycles' in counted:
            seen.append([elapsed, *(int(counted[k]) for k in ('cycles', 'missed cycles'))])
    assert probe.spin_until(lambda: 'no control cycle' in probe.diagnostics.get(
        'environment', {}).get('last fault', ''))
    return seen


def give_rewards(probe, value, seconds):
    """Give a reward again and again, as a person with a button would."""
    publisher = probe.create_publisher(Float64, 'episode_reward', qos.EVENT)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        publisher.publish(Float64(data=value))
        rclpy.spin_once(probe, timeout_sec=0.2)


def joint_names(probe, count):
    """Return topics, types and a few observations."""
    seen = []
    probe.create_subscription(JointState, 'observation', seen.append, qos.STEP)
    probe.spin_until(lambda: len(seen) >= count)
    return [[list(m.name), list(m.position), list(m.velocity), m.header.frame_id] for m in seen]


def described(probe, changes, text, publisher):
    """
    Wait until robot_description is that, from a node of that name alone; return both.

    :param changes: parameters to set before, as :func:`set_parameters` takes them.
    """
    assert not any(set_parameters(probe, changes))
    seen = []
    probe.create_subscription(String, 'robot_description', lambda m: seen.append(m.data),
                              qos.LATCHED)

    def publishers():
        return [i.node_name for i in probe.get_publishers_info_by_topic('robot_description')]

    probe.spin_until(lambda: seen[-1:] == [text] and publishers() == [publisher])
    return [seen[-1], publishers()]


def described_parameter(probe, changes, text):
    """Wait until the robot_state_publisher has a description; say whether it came to that."""
    assert not any(set_parameters(probe, changes))

    def value():
        response = probe.call(GetParameters, 'robot_state_publisher/get_parameters',
                              GetParameters.Request(names=['robot_description']))
        return response.values[0].string_value
    return probe.spin_until(lambda: value() == text)


def facts(probe, node, key):
    """Wait until a node reports that value; return topics with their types, and all values."""
    probe.spin_until(lambda: key in probe.diagnostics.get(node, ()) and len(probe.diagnostics) > 2)
    types = {name: kinds[0] for name, kinds in probe.get_topic_names_and_types()}
    return [types, probe.diagnostics]


def load_again(probe, node):
    """Set all parameters of a node to what they are, as a dump does; count them, list refusals."""
    names = list(probe.call(ListParameters, f'{node}/list_parameters',
                            ListParameters.Request()).result.names)
    values = probe.call(GetParameters, f'{node}/get_parameters',
                        GetParameters.Request(names=names)).values
    results = probe.call(SetParameters, f'{node}/set_parameters', SetParameters.Request(
        parameters=[ParameterMessage(name=n, value=v) for n, v in zip(names, values)])).results
    return [len(names), [[n, r.reason] for n, r in zip(names, results) if not r.successful]]


def types(probe, node, *names):
    """Return the numbers of the types that parameters have now."""
    return [value.type for value in probe.call(GetParameters, f'{node}/get_parameters',
                                               GetParameters.Request(names=names)).values]


def clients(probe, node, service):
    """Return the services that a node calls, once that one of its own is known."""
    def served():
        names = probe.get_node_names()
        return node in names and service in dict(
            probe.get_service_names_and_types_by_node(node, '/'))
    assert probe.spin_until(served)
    return [name for name, _ in probe.get_client_names_and_types_by_node(node, '/')]


def main():
    """Run one function of this file: name, arguments as JSON, then ROS's arguments."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    rclpy.init(args=sys.argv[3:])
    try:
        probe = Probe()
        print(json.dumps(globals()[name](probe, *arguments)))
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
