"""The topics of a recording."""

from __future__ import annotations

from typing import Any, NamedTuple

from rstdp_ros.support.errors import RstdpError

NEEDS_ROSBAGS = 'bags need {}: pip install "rstdp_ros[bags]"'
STORAGES = ('mcap', 'sqlite3')
# Keys of the custom data in a bag's metadata: this and a node's name.
PARAMETERS_OF = 'parameters of '


class Topic(NamedTuple):
    """
    A topic of the graph, with the QoS that a recorder should ask for.

    :param name: relative to the graph's namespace, or absolute.
    :param kind: the message type as bags spell it.
    :param depth: number of messages to keep until they are written.
    :param latched: whether a late reader gets the last message.
    """

    name: str
    kind: str
    depth: int
    latched: bool = False


# Several seconds at full lockstep speed: a temporarily slow recorder loses nothing.
STEPS = 5000
TOPICS = (
    Topic('observation', 'sensor_msgs/msg/JointState', STEPS),
    Topic('action', 'sensor_msgs/msg/JointState', STEPS),
    Topic('spikes', 'sensor_msgs/msg/Image', STEPS),
    Topic('episode_end', 'diagnostic_msgs/msg/DiagnosticStatus', 1000),
    Topic('episode_reward', 'std_msgs/msg/Float64', 1000),
    Topic('weights', 'std_msgs/msg/UInt8MultiArray', 1000, latched=True),
    Topic('weights_active', 'std_msgs/msg/String', 1000, latched=True),
    Topic('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', 100),
    Topic('/parameter_events', 'rcl_interfaces/msg/ParameterEvent', 1000),
)
KINDS = {topic.name: topic.kind for topic in TOPICS}


def load_typestore() -> Any:
    """
    Return ``rosbags``' message definitions of the latest ROS 2 it knows.

    :raises RstdpError: rosbags is missing.
    """
    try:
        from rosbags.typesys import get_typestore, Stores
    except ModuleNotFoundError as error:
        raise RstdpError(NEEDS_ROSBAGS.format(error.name)) from None
    return get_typestore(Stores.LATEST)
