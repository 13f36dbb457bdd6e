"""Wait for the recorder, so that the bag of a run is complete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.publisher import Publisher
from std_srvs.srv import Trigger

from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.node import Node
from rstdp_ros.support.errors import RstdpError

# Our recorder has this name, that of ros2 bag is rosbag2_recorder.
RECORDER = 'recorder'
LOOK_PERIOD = 0.1
CONFIRM = f'{RECORDER}/confirm'


class RecorderWait:
    """
    Says whether a recorder is listening; once it is, this is not checked again.

    The graph shows a listener before it has found its publishers, and before it handles messages.
    Our recorder is asked: its reply shows that it does both, as DDS announces a node's entities in
    the order in which they were made. Other recorders cannot be asked.

    The death of a recorder is not noticed: after a kill the graph shows it for 20 s more, and a
    robot need not stop for it.

    :ivar over: whether every publisher is recorded or need not be.
    :param node: the node that waits.
    :param health: shows the wait.
    :param wanted: whether to wait at all.
    :param publishers: what must be recorded, made before this.
    """

    def __init__(self, node: Node, health: Health, wanted: bool,
                 publishers: Sequence[Publisher]) -> None:
        self._node, self._health = node, health
        self._missing = [p.topic_name for p in publishers] if wanted else []
        self._names: set[str] = set()
        self.over = not wanted
        if wanted:
            self._timer = steady_timer(node, LOOK_PERIOD, self._look)
            self._client: Any = node.create_client(Trigger, CONFIRM)

    def check(self) -> None:
        """
        Return if the wait is over.

        :raises RstdpError: it is not over.
        """
        if not self.over:
            raise RstdpError(self._reason())

    def _look(self) -> None:
        self._missing = [topic for topic in self._missing if not self._heard(topic)]
        self._health.values['waiting'] = self._reason()
        if self._missing:
            return
        if RECORDER not in self._names:
            self._begin()
        else:
            self._client.call_async(Trigger.Request()).add_done_callback(
                self._node.guarded(lambda _: self._begin()))

    def _begin(self) -> None:
        if self.over:
            return
        self.over = True
        self._timer.cancel()
        self._health.values.pop('waiting', None)
        self._node.get_logger().info('the recorder is there')

    def _heard(self, topic: str) -> bool:
        names = {info.node_name for info in self._node.get_subscriptions_info_by_topic(topic)
                 if info.node_name.endswith(RECORDER)}
        self._names |= names
        return bool(names)

    def _reason(self) -> str:
        what = f' of {", ".join(self._missing)}' if self._missing else ' to say that it listens'
        return f'for a recorder{what}'
