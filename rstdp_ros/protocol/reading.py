"""
From messages to plain values; malformed messages are refused with one sentence.

The messages come from ROS or from a bag read without ROS: both have the same fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.protocol.episode import EpisodeEnd, split_raster_frame
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing

SPIKE = 255
# A byte table: translating a raster is 20 times faster than comparing it in numpy.
INVALID = 2
FROM_PIXELS = bytes([0, *254 * [INVALID], 1])
NANOSECONDS = 1_000_000_000
# No joint gets this far or fast, m or rad and per s; computing with more overflows.
LARGEST = 1e9


def to_nanoseconds(stamp: Any) -> int:
    """Turn a builtin_interfaces/Time into nanoseconds."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def read_joints(message: Any, joints: Sequence[str]) -> tuple[list[float], list[float]]:
    """
    Return positions and velocities in the order of ``joints``, for any order in the message.

    :param message: a sensor_msgs/JointState.
    :raises RstdpError: a joint that is missing or named twice, or values that are missing or
        impossible.
    """
    names = message.name
    if not len(names) == len(message.position) == len(message.velocity):
        raise RstdpError(f'{len(names)} joint names, {len(message.position)} positions and '
                         f'{len(message.velocity)} velocities')
    order = [_index(names, joint) for joint in joints]
    positions, velocities = ([values[i] for i in order]
                             for values in (message.position, message.velocity))
    for joint, *values in zip(joints, positions, velocities):
        if max(map(abs, values)) > LARGEST:
            raise RstdpError(f'joint {joint!r} is at {values[0]:g} with {values[1]:g} per second')
    return positions, velocities


def read_effort(message: Any, joint: str) -> float:
    """
    Return the effort for the actuated joint.

    :param message: a sensor_msgs/JointState.
    :raises RstdpError: the joint or its effort is missing or duplicated.
    """
    if len(message.name) != len(message.effort):
        raise RstdpError(f'{len(message.name)} joint names and {len(message.effort)} efforts')
    return message.effort[_index(message.name, joint)]


def _index(names: Sequence[str], joint: str) -> int:
    if names.count(joint) != 1:
        raise RstdpError(f'joint {joint!r} is there {names.count(joint)} times among '
                         f'{list(names)}')
    return names.index(joint)


def read_raster(message: Any, ticks: int, neurons: int) -> tuple[str, str, np.ndarray]:
    """
    Return the spikes encoded in an image.

    :param message: a sensor_msgs/Image.
    :return: episode id, prefix of the digest, (T, neurons) uint8 of 0 and 1.
    :raises RstdpError: another size or encoding, or a header without episode and digest.
    """
    if (message.encoding, message.height, message.width, message.step) != (
            'mono8', neurons, ticks, ticks) or len(message.data) != neurons * ticks:
        raise RstdpError(f'spikes of {message.width} ticks and {message.height} neurons in '
                         f'{message.encoding!r}, expected {ticks} and {neurons} in mono8')
    spikes = bytes(message.data).translate(FROM_PIXELS)
    if INVALID in spikes:
        raise RstdpError(f'spikes with values other than 0 and {SPIKE}')
    raster = np.frombuffer(spikes, np.uint8).reshape(neurons, ticks).T
    return *split_raster_frame(message.header.frame_id), raster


def read_end(message: Any) -> EpisodeEnd:
    """
    Return the end of an episode from a diagnostic_msgs/DiagnosticStatus.

    :raises RstdpError: missing or malformed values.
    """
    return EpisodeEnd.parse(message.hardware_id, message.message,
                            {item.key: item.value for item in message.values})


def read_weights(message: Any) -> SpikingQNetwork:
    """
    Unpack a network from a std_msgs/UInt8MultiArray.

    :raises RstdpError: bytes that are not those of a network file.
    """
    with refusing('weights'):
        return SpikingQNetwork.from_bytes(bytes(message.data), 'weights')


def read_envelope(message: Any) -> Envelope | None:
    """Return the envelope in a std_msgs/UInt8MultiArray; None if there is none."""
    return Envelope.parse(dimension.label for dimension in message.layout.dim)
