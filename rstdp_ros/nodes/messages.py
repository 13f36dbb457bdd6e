"""Between messages and plain values; whatever is malformed is refused in one sentence."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import UInt8MultiArray

from rstdp_ros.errors import RstdpError
from rstdp_ros.protocol.episode import EpisodeEnd, split_raster_frame
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import network_from_bytes, network_to_bytes

SPIKE = 255
# Byte tables: translating a raster is 20 times faster than comparing it in numpy.
TO_PIXELS = bytes([0] + 255 * [SPIKE])
INVALID = 2
FROM_PIXELS = bytes([0, *254 * [INVALID], 1])
NANOSECONDS = 1_000_000_000


def to_time(stamp: int) -> Time:
    """Turn nanoseconds into a message."""
    return Time(sec=stamp // NANOSECONDS, nanosec=stamp % NANOSECONDS)


def to_nanoseconds(stamp: Time) -> int:
    """Turn a message into nanoseconds."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def read_joints(message: JointState, joints: Sequence[str]) -> tuple[list[float], list[float]]:
    """
    Return positions and velocities in the order of ``joints``, whatever the message's order.

    :raises RstdpError: a joint that is missing or named twice, or values that are.
    """
    names = message.name
    if not len(names) == len(message.position) == len(message.velocity):
        raise RstdpError(f'{len(names)} joint names, {len(message.position)} positions and '
                         f'{len(message.velocity)} velocities')
    order = [_index(names, joint) for joint in joints]
    return [message.position[i] for i in order], [message.velocity[i] for i in order]


def read_effort(message: JointState, joint: str) -> float:
    """
    Return the effort for the actuated joint.

    :raises RstdpError: the joint or its effort is missing or there twice.
    """
    if len(message.name) != len(message.effort):
        raise RstdpError(f'{len(message.name)} joint names and {len(message.effort)} efforts')
    return message.effort[_index(message.name, joint)]


def _index(names: Sequence[str], joint: str) -> int:
    if names.count(joint) != 1:
        raise RstdpError(f'joint {joint!r} is there {names.count(joint)} times among '
                         f'{list(names)}')
    return names.index(joint)


def fill_raster(message: Image, raster: np.ndarray) -> None:
    """
    Draw spikes into an image: a row per neuron, a column per tick, white where one spiked.

    :param raster: (T, neurons) uint8 of 0 and 1.
    """
    ticks, neurons = raster.shape
    message.height, message.width, message.step = neurons, ticks, ticks
    message.data = array('B', raster.tobytes('F').translate(TO_PIXELS))


def read_raster(message: Image, ticks: int, neurons: int) -> tuple[str, str, np.ndarray]:
    """
    Undo :func:`fill_raster`.

    :return: episode id, prefix of the digest, (T, neurons) uint8 of 0 and 1.
    :raises RstdpError: another size or encoding, or a header that names nothing.
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


def end_message(end: EpisodeEnd) -> DiagnosticStatus:
    """Say that an episode is over."""
    values = [KeyValue(key=k, value=v) for k, v in end.values().items()]
    return DiagnosticStatus(level=DiagnosticStatus.OK, name='episode', message=end.message,
                            hardware_id=end.episode_id, values=values)


def read_end(message: DiagnosticStatus) -> EpisodeEnd:
    """
    Undo :func:`end_message`.

    :raises RstdpError: missing or malformed values.
    """
    return EpisodeEnd.parse(message.hardware_id, message.message,
                            {item.key: item.value for item in message.values})


def weights_message(network: SpikingQNetwork) -> UInt8MultiArray:
    """Pack a network; the bytes are those of its file."""
    return UInt8MultiArray(data=array('B', network_to_bytes(network)))


def read_weights(message: UInt8MultiArray) -> SpikingQNetwork:
    """
    Unpack a network.

    :raises NetworkFileError: bytes that are not those of a network file.
    """
    return network_from_bytes(bytes(message.data), 'weights')
