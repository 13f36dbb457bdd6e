"""Wait for the recorder, so that a bag lacks nothing of a run."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node
from rclpy.publisher import Publisher

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health

# Ours is called recorder, that of ros2 bag rosbag2_recorder.
RECORDER = 'recorder'
LOOK_PERIOD = 0.1


class RecorderWait:
    """
    Says whether a recorder listens yet; once it did, nobody looks again.

    A recorder that dies is not missed: after a kill the graph shows it for 20 s more, and a robot
    need not stop for it.

    :param node: who waits.
    :param health: shows it.
    :param wanted: whether to wait at all.
    :param publishers: what must be recorded.
    """

    def __init__(self, node: Node, health: Health, wanted: bool,
                 publishers: Sequence[Publisher]) -> None:
        self._node, self._health = node, health
        self._missing = [p.topic_name for p in publishers] if wanted else []
        self._timer = steady_timer(node, LOOK_PERIOD, self._look) if wanted else None

    @property
    def over(self) -> bool:
        """Whether every publisher is recorded."""
        return not self._missing

    def check(self) -> None:
        """
        Do nothing once the wait is over.

        :raises RstdpError: it is not.
        """
        if self._missing:
            raise RstdpError(self._reason())

    def _look(self) -> None:
        self._missing = [topic for topic in self._missing if not self._heard(topic)]
        if self._missing:
            self._health.values['waiting'] = self._reason()
            return
        self._timer.cancel()
        self._health.values.pop('waiting', None)
        self._node.get_logger().info('the recorder is there')

    def _heard(self, topic: str) -> bool:
        return any(info.node_name.endswith(RECORDER)
                   for info in self._node.get_subscriptions_info_by_topic(topic))

    def _reason(self) -> str:
        return f'for a recorder of {", ".join(self._missing)}'
