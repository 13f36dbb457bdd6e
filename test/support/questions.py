"""Questions of the tests' ROS process to a graph and its nodes."""

from pathlib import Path
import re
import time

from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.parameter import parameter_value_to_python
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.names import QOS

PATIENCE = 20.0
UNPROVEN = 'motion not proven yet'


def set_parameters(probe, changes):
    """Set parameters one after another: [[node, name, value], ...]."""
    return [probe.set_parameter(*change) for change in changes]


def unbounded(probe, node):
    """Return a node's own numeric parameters whose descriptors have no range."""
    names = probe.call(ListParameters, f'{node}/list_parameters',
                       ListParameters.Request()).result.names
    described = probe.call(DescribeParameters, f'{node}/describe_parameters',
                           DescribeParameters.Request(names=names)).descriptors
    return [one.name for one in described if not one.name.startswith(QOS)
            and (one.type == ParameterType.PARAMETER_INTEGER and not one.integer_range
                 or one.type == ParameterType.PARAMETER_DOUBLE and not one.floating_point_range)]


def stuck(probe, node):
    """
    Move sliders made from what a node's own numeric parameters describe, over their whole range.

    :return: what was then not set: name, value and reason; left out are those fixed at the start.
    """
    names = probe.call(ListParameters, f'{node}/list_parameters',
                       ListParameters.Request()).result.names
    described = probe.call(DescribeParameters, f'{node}/describe_parameters',
                           DescribeParameters.Request(names=names)).descriptors
    failed = []
    for one in described:
        if one.name.startswith(QOS) or 'at the start' in one.additional_constraints:
            continue
        for span in (*one.floating_point_range, *one.integer_range):
            low, high = span.from_value, span.to_value
            before = value_of(probe, node, one.name)
            for value in (low, high, type(low)((low + high) / 2), before):
                reason = probe.set_parameter(node, one.name, value)
                if reason or value_of(probe, node, one.name) != value:
                    failed.append([one.name, value, reason])
    return failed


def describe(probe, node, name):
    """Return a parameter's description as in ROS tools."""
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
    Enable a robot that begins episodes itself, watch it, and disable it.

    :param words: pattern of the reason for the final refusal of enable, or the end of episodes.
    :param excuse: pattern of aborts after which it is enabled again.
    :param record: the robot's file of commands; waits for ``steps`` efforts without a break, or a
        stop.
    :return: the answer of enable, why episodes finally aborted or no longer begin, and its answer
        then.
    """
    ends, excused, said = [], [], ''
    probe.create_subscription(DiagnosticStatus, 'episode_end', lambda m: ends.append(m.message),
                              qos.EVENT)

    def stops():
        waiting = probe.diagnostics.get('environment', {}).get('waiting', '')
        # The first episodes, while the motor's sign is unknown, end like this by themselves.
        return [end for end in ends if end.startswith('aborted') and UNPROVEN not in end] + (
            [waiting] if re.search(words, waiting) else [])

    def stopped():
        if len(stops()) > len(excused) and re.search(excuse, stops()[-1]):
            excused.append(enable(probe, True))
        return len(stops()) > len(excused)

    def played():
        efforts = [float(line.split()[1]) for line in Path(record).read_text().splitlines()]
        return len(efforts) >= steps and all(efforts[-steps:])

    # Not spin_until, which checks once more at the end.
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
    """Disable repeatedly; return the time of each answer, s."""
    took = []
    for i in range(times + 1):
        began = time.monotonic()
        probe.call(SetBool, 'environment/enable', SetBool.Request(data=False), again=not i)
        took.append(time.monotonic() - began)
    return took[1:]


def diagnostics_with(probe, node, key):
    """Wait until a node reports a value of that name; return all its values."""
    assert probe.spin_until(lambda: key in probe.diagnostics.get(node, ())), probe.diagnostics
    return probe.diagnostics[node]


def diagnostics_where(probe, node, key, value):
    """Wait until a node reports that value; return all its values."""
    assert probe.spin_until(
        lambda: probe.diagnostics.get(node, {}).get(key) == value), probe.diagnostics
    return probe.diagnostics[node]


def learning(probe):
    """Wait until adaptation reports twice that it learns; return whether it did."""
    def seconds():
        return float(probe.diagnostics.get('adaptation', {}).get('learning for (s)', 0))
    first = probe.spin_until(seconds)
    return bool(first and probe.spin_until(lambda: seconds() > first))


def counted(probe, node, key, least):
    """Wait until a node has reached a count; return it."""
    assert probe.spin_until(lambda: probe.count(node, key) >= least), probe.diagnostics
    return probe.count(node, key)


def summary_with(probe, node, text):
    """Wait until a node's summary holds a text; return its level and the summary."""
    assert probe.spin_until(
        lambda: text in probe.summaries.get(node, [0, ''])[1]), probe.summaries
    return probe.summaries[node]


def reliability_of_subscribers(probe, topic):
    """Return the reliability of each subscriber of a topic."""
    probe.spin_until(lambda: probe.get_subscriptions_info_by_topic(topic))
    return [info.qos_profile.reliability.name
            for info in probe.get_subscriptions_info_by_topic(topic)]


def joint_names(probe, count):
    """Return topics, types and a few observations."""
    seen = []
    probe.create_subscription(JointState, 'observation', seen.append, qos.STEP)
    probe.spin_until(lambda: len(seen) >= count)
    return [[list(m.name), list(m.position), list(m.velocity), m.header.frame_id] for m in seen]


def described(probe, changes, text, publisher):
    """
    Wait until robot_description holds a text, from one named publisher alone; return both.

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
    """Wait until the robot_state_publisher has a description; return whether it does."""
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
    """Set all parameters of a node to their values, as a dump does; count them, list refusals."""
    names = list(probe.call(ListParameters, f'{node}/list_parameters',
                            ListParameters.Request()).result.names)
    values = probe.call(GetParameters, f'{node}/get_parameters',
                        GetParameters.Request(names=names)).values
    results = probe.call(SetParameters, f'{node}/set_parameters', SetParameters.Request(
        parameters=[ParameterMessage(name=n, value=v) for n, v in zip(names, values)])).results
    return [len(names), [[n, r.reason] for n, r in zip(names, results) if not r.successful]]


def types(probe, node, *names):
    """Return the type numbers of parameters."""
    return [value.type for value in probe.call(GetParameters, f'{node}/get_parameters',
                                               GetParameters.Request(names=names)).values]


def value_of(probe, node, name):
    """Return the value of a parameter."""
    value, = probe.call(GetParameters, f'{node}/get_parameters',
                        GetParameters.Request(names=[name])).values
    return parameter_value_to_python(value)


def clients(probe, node, service):
    """Return the services that a node calls, once its own service is known."""
    def served():
        names = probe.get_node_names()
        return node in names and service in dict(
            probe.get_service_names_and_types_by_node(node, '/'))
    assert probe.spin_until(served)
    return [name for name, _ in probe.get_client_names_and_types_by_node(node, '/')]


def seeds_after_resets(probe, seed, times):
    """Set the seed and reset, several times; return the seeds of the episodes that this began."""
    ended = {}
    probe.create_subscription(
        DiagnosticStatus, 'episode_end',
        lambda m: ended.update({m.hardware_id: {pair.key: pair.value for pair in m.values}}),
        qos.per_episode(1000))

    def begun():
        assert probe.set_parameter('environment', 'seed', seed) == ''
        done, episode = trigger(probe, 'environment/reset')
        assert done and probe.spin_until(lambda: episode in ended)
        # By itself it goes on with others.
        others = len(ended)
        assert probe.spin_until(lambda: len(ended) > others)
        return int(ended[episode]['seed'])
    return [begun() for _ in range(times)]
