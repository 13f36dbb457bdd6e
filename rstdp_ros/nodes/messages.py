"""From plain values to ROS messages; :mod:`rstdp_ros.protocol.reading` does the reverse."""

from __future__ import annotations

from array import array

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import MultiArrayDimension, MultiArrayLayout, UInt8MultiArray

from rstdp_ros.protocol.envelope import Envelope
from rstdp_ros.protocol.episode import EpisodeEnd
from rstdp_ros.protocol.reading import (
    NANOSECONDS,
    read_effort,
    read_end,
    read_envelope,
    read_joints,
    read_raster,
    read_weights,
    SPIKE,
    to_nanoseconds,
)
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes

__all__ = ['NANOSECONDS', 'SPIKE', 'end_message', 'fill_raster', 'read_effort', 'read_end',
           'read_envelope', 'read_joints', 'read_raster', 'read_weights', 'to_nanoseconds',
           'to_time', 'weights_message']

# A byte table, as for reading.
TO_PIXELS = bytes([0] + 255 * [SPIKE])


def to_time(stamp: int) -> Time:
    """Turn nanoseconds into a message."""
    return Time(sec=stamp // NANOSECONDS, nanosec=stamp % NANOSECONDS)


def fill_raster(message: Image, raster: np.ndarray) -> None:
    """
    Draw spikes into an image: a row per neuron, a column per tick, white where one spiked.

    :param raster: (T, neurons) uint8 of 0 and 1.
    """
    ticks, neurons = raster.shape
    message.height, message.width, message.step = neurons, ticks, ticks
    message.data = array('B', raster.tobytes('F').translate(TO_PIXELS))


def end_message(end: EpisodeEnd) -> DiagnosticStatus:
    """Make the message that ends an episode."""
    values = [KeyValue(key=k, value=v) for k, v in end.values().items()]
    return DiagnosticStatus(level=DiagnosticStatus.OK, name='episode', message=end.message,
                            hardware_id=end.episode_id, values=values)


def weights_message(network: SpikingQNetwork, envelope: Envelope) -> UInt8MultiArray:
    """Pack a network: the bytes are those of its file, the envelope labels their dimensions."""
    data = array('B', network_to_bytes(network))
    words, sizes = envelope.words(), (len(data), 1, 1, 1)
    return UInt8MultiArray(data=data, layout=MultiArrayLayout(dim=[
        MultiArrayDimension(label=label, size=size, stride=size)
        for label, size in zip(words, sizes)]))
