"""
A ROS process that sends mutated messages and requests, and measures the response.

Its argument is JSON: ``topics`` and ``services`` to send to, ``count`` for each topic and for all
services of a node together, ``seed`` and ``model``, a network file. It prints the number sent, and
the size and frequency of the nodes' diagnostics meanwhile.
"""

from collections import Counter
import io
import json
from pathlib import Path
from random import Random
import sys
import time
import zipfile

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from provocations import garble
from rcl_interfaces.msg import Parameter, ParameterEvent, ParameterType, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, Float64MultiArray, Header, String, UInt8MultiArray
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.main import make_executor

JOINTS = ['slider_to_cart', 'cart_to_pole']
HEADER = Header(frame_id='boot-1', stamp=Time(sec=1, nanosec=1))
NUMBERS = (float('nan'), float('inf'), float('-inf'), 1e200, -1e308, 5e-324, 0.0, 1e6)
WORDS = ('', '\0', '\x1b[2J\r\n\a', '\ufffd\u2603\U0001f916', 'nan', '-1', '9' * 400, '/', '../..',
         'boot-1', '{}{0}%s%n', *JOINTS)
HUGE, LONG = 1_000_000, 10_000
LENGTHS = {'uint8': HUGE, 'octet': HUGE, 'double': LONG, 'string': LONG}
# One in this many strings and arrays is very long.
SELDOM = 300
INTEGERS = {kind: (-(2 ** (bits - 1)) * signed, 2 ** (bits - signed) - 1)
            for bits in (8, 16, 32, 64)
            for kind, signed in ((f'int{bits}', True), (f'uint{bits}', False))}
# Less than a service's queue holds.
IN_FLIGHT = 8
REPLY_TIMEOUT = 10.0
# Diagnostics come once a second.
RATE_TIME = 3.0


def templates(model):
    """Return, per topic, its type, QoS and plausible messages."""
    network = Path(model).read_bytes()
    joints = JointState(header=HEADER, name=JOINTS, position=[0.01, 0.02], velocity=[0.0, 0.1],
                        effort=[0.0, 0.0])
    action = JointState(header=HEADER, name=JOINTS[:1], effort=[10.0])
    spikes = Image(header=Header(frame_id=f'boot-1/{16 * "a"}', stamp=HEADER.stamp),
                   encoding='mono8', height=128, width=8, step=8, data=bytes(1024))
    end = DiagnosticStatus(hardware_id='boot-1', message='terminated', name='episode', values=[
        KeyValue(key='seed', value='7'), KeyValue(key='steps', value='2'),
        KeyValue(key='return', value='2.0')])
    status = DiagnosticStatus(name='/environment', level=DiagnosticStatus.ERROR, message='x',
                              values=[KeyValue(key='a', value='b')])
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=1.0)
    bytes_of = [UInt8MultiArray(data=data) for data in (network, b'', *odd_archives(network))]
    return {
        'observation': (JointState, qos.STEP, [joints]),
        'action': (JointState, qos.STEP, [action]),
        'joint_states': (JointState, qos.STEP, [joints]),
        'spikes': (Image, qos.per_episode(200), [spikes]),
        'episode_end': (DiagnosticStatus, qos.per_episode(200), [end]),
        'episode_reward': (Float64, qos.EVENT, [Float64(data=1.0)]),
        'weights': (UInt8MultiArray, qos.LATCHED, bytes_of),
        'weights_active': (String, qos.LATCHED, [String(data=64 * 'a')]),
        'effort_controller/commands': (Float64MultiArray, qos.EVENT,
                                       [Float64MultiArray(data=[1.0])]),
        'robot_description': (String, qos.LATCHED, [String(data='<robot name="cartpole"/>')]),
        '/clock': (Clock, qos.EVENT, [Clock(clock=Time(sec=5, nanosec=5))]),
        '/diagnostics': (DiagnosticArray, qos.EVENT, [DiagnosticArray(status=[status])]),
        '/parameter_events': (ParameterEvent, qos.EVENT, [ParameterEvent(
            node='/environment', changed_parameters=[Parameter(name='seed', value=value)])]),
    }


def odd_archives(network):
    """Make valid zips whose members do not match their names."""
    with zipfile.ZipFile(io.BytesIO(network)) as archive:
        names = archive.namelist()
        for victim in names:
            for content in (b'no array', b'\x93NUMPY\x01\x00', b''):
                buffer = io.BytesIO()
                with zipfile.ZipFile(buffer, 'w') as other:
                    for name in names:
                        other.writestr(name, content if name == victim else archive.read(name))
                yield buffer.getvalue()


def requests():
    """Return, per end of a service's name, its type and requests; none changes a valid value."""
    def parameter(name, kind, **value):
        return Parameter(name=name, value=ParameterValue(type=kind, **value))
    names = ['pole_mass', 'use_sim_time', 'tau_c', 'task', '', 'x' * LONG, '\x1b[2J',
             'qos_overrides./observation.subscription.depth']
    bad = [parameter(name, kind, double_value=number, string_value='x', integer_value=-7)
           for name in names for kind in (0, 4, 5, 6, 7, 8, 9, 10, 99, 255)
           for number in NUMBERS[:3]]
    bad += [parameter(name, 3, double_value=number) for name in names for number in NUMBERS[:3]]
    bad_groups = [bad[i:i + 7] for i in range(0, len(bad), 7)]
    asked = [[name] for name in names] + [names, []]
    return {
        'set_parameters': (SetParameters, [SetParameters.Request(parameters=group)
                                           for group in bad_groups]),
        'set_parameters_atomically': (SetParametersAtomically, [
            SetParametersAtomically.Request(parameters=group) for group in bad_groups]),
        'get_parameters': (GetParameters, [GetParameters.Request(names=n) for n in asked]),
        'get_parameter_types': (GetParameterTypes, [GetParameterTypes.Request(names=n)
                                                    for n in asked]),
        'describe_parameters': (DescribeParameters, [DescribeParameters.Request(names=n)
                                                     for n in asked]),
        'list_parameters': (ListParameters, [ListParameters.Request(prefixes=n, depth=depth)
                                             for n in asked for depth in (0, 1, 2**64 - 1)]),
        'reset': (Trigger, [Trigger.Request()]), 'save': (Trigger, [Trigger.Request()]),
        'rollback': (Trigger, [Trigger.Request()]), 'restart': (Trigger, [Trigger.Request()]),
        'enable': (SetBool, [SetBool.Request(data=True), SetBool.Request(data=False)]),
    }


def mutated(random, message):
    """Return a copy of a message with about a third of its values turned to rubbish."""
    copy = type(message)()
    for name, kind in message.get_fields_and_field_types().items():
        setattr(copy, name, mutated_value(random, getattr(message, name), kind))
    return copy


def mutated_value(random, value, kind):
    """Return rubbish of the kind, or the value."""
    if hasattr(value, 'get_fields_and_field_types'):
        return mutated(random, value)
    if kind.startswith('sequence'):
        return mutated_sequence(random, list(value), kind[9:-1].split(',')[0])
    if random.random() > 0.3:
        return value
    if kind in ('double', 'float'):
        return random.choice(NUMBERS)
    if kind == 'boolean':
        return not value
    if kind == 'octet':
        return bytes([random.randrange(256)])
    if kind in INTEGERS:
        return random.choice((*INTEGERS[kind], 0, 1))
    return 'x' * HUGE if random.random() < 1 / SELDOM else random.choice(WORDS)


def mutated_sequence(random, values, kind):
    """Return different values, fewer or more of them."""
    choice = random.random()
    if choice < 0.1:
        return []
    if choice < 0.2:
        values = values[:random.randrange(len(values) + 1)]
    elif choice < 0.3:
        values = values + values
    elif values and choice < 0.3 + 1 / SELDOM:
        values = values * (LENGTHS.get(kind, 30) // len(values))
    if kind in ('uint8', 'octet') and values:
        position = random.randrange(len(values))
        return [*values[:position], *random.randbytes(1), *values[position + 1:]]
    return [mutated_value(random, value, kind) for value in values]


def sent_by(random, message):
    """
    Return a mutant that some publisher could send.

    Bytes that are no message of their type are not sent: rclpy 9 itself crashes at some of them,
    where no Python code can intervene.
    """
    if isinstance(message, UInt8MultiArray) and random.random() < 0.5:
        return UInt8MultiArray(data=garble(random, bytes(message.data)))
    return mutated(random, message)


class Fuzz:
    """Sends messages, and listens to the diagnostics meanwhile."""

    def __init__(self, node, plan):
        self.node, self.plan, self.random = node, plan, Random(plan['seed'])
        self.executor = make_executor()
        self.executor.add_node(node)
        self.sent, self.reports, self.largest = Counter(), Counter(), Counter()
        self.started, self.unanswered = time.monotonic(), []
        node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 100)

    def _on_diagnostics(self, message):
        if message.status and message.status[0].hardware_id == 'rstdp_ros':
            name = message.status[0].name
            self.reports[name] += 1
            self.largest[name] = max(self.largest[name], len(serialize_message(message)))

    def spin(self, seconds=0.0):
        """Handle incoming messages."""
        self.executor.spin_once(timeout_sec=seconds)

    def flood_topics(self):
        """Send to all topics in turn."""
        known = templates(self.plan['model'])
        topics = [(name, *known[name]) for name in self.plan['topics']]
        publishers = [self.node.create_publisher(kind, name, profile)
                      for name, kind, profile, _ in topics]
        deadline = time.monotonic() + 20.0
        while not all(p.get_subscription_count() for p in publishers):
            assert time.monotonic() < deadline, self.plan['topics']
            self.spin(0.1)
        for _ in range(self.plan['count']):
            for (*_, messages), publisher in zip(topics, publishers):
                self._publish(publisher, sent_by(self.random, self.random.choice(messages)))
            self.spin()

    def _publish(self, publisher, message):
        try:
            publisher.publish(message)
            self.sent[publisher.topic_name] += 1
        except RCLError:  # bytes that the middleware itself refuses
            self.sent['not taken by the middleware'] += 1

    def flood_services(self):
        """Send requests to all services in turn, several at a time."""
        known, waiting = requests(), []
        for node, names in self.plan['services'].items():
            clients = [(name, known[name][1], self.node.create_client(
                known[name][0], f'{node}/{name}')) for name in names]
            for name, _, client in clients:
                assert client.wait_for_service(20.0), f'{node}/{name}'
            for i in range(self.plan['count']):
                name, messages, client = clients[i % len(clients)]
                future = client.call_async(self.random.choice(messages))
                future.request = f'{node}/{name}'
                waiting.append(future)
                self.sent[node] += 1
                waiting = self._answered(waiting, IN_FLIGHT)
        self._answered(waiting, 0)

    def _answered(self, waiting, many):
        """Wait until few enough are waiting; a reply to an unknown client may be lost in DDS."""
        deadline = time.monotonic() + REPLY_TIMEOUT
        while len(waiting) > many:
            if time.monotonic() > deadline:
                self.unanswered += [future.request for future in waiting]
                return []
            self.spin(0.1)
            waiting = [future for future in waiting if not future.done()]
        return waiting

    def hear_all(self):
        """Listen until every node has reported, and long enough to tell a rate."""
        deadline = time.monotonic() + 20.0
        while (time.monotonic() < self.started + RATE_TIME
               or not {*self.plan['reporters']} <= {name.strip('/') for name in self.reports}):
            assert time.monotonic() < deadline, self.reports
            self.spin(0.1)

    def result(self):
        """Return the number sent and the diagnostics' largest size and rate."""
        elapsed = time.monotonic() - self.started
        return {'sent': self.sent, 'unanswered': self.unanswered, 'largest': self.largest,
                'rates': {name: n / elapsed for name, n in self.reports.items()}}


def main():
    """Send according to the plan and print the result."""
    rclpy.init(args=[])
    try:
        fuzz = Fuzz(rclpy.create_node('fuzz'), json.loads(sys.argv[1]))
        fuzz.flood_topics()
        fuzz.flood_services()
        fuzz.hear_all()
        print(json.dumps(fuzz.result()))
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
