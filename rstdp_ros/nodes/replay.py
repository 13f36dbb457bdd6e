"""The replay node: a bag in the place of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
import sys
import time

from sensor_msgs.msg import JointState
from std_msgs.msg import String

from rstdp_ros.bags.player import Cue, PLAYED, Player
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.topics import TOPICS
from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recorder import KINDS, profile
from rstdp_ros.nodes.tables import ReplayParameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.reading import to_nanoseconds

POLL_PERIOD = 0.001
# For policy and adaptation to be found; without adaptation it goes on then.
LISTENERS_TIMEOUT = 5.0
# What was said last must still be heard.
LINGER = 0.5


class ReplayNode(Node):
    """Publishes what the bag's environment said, to nodes that live."""

    def __init__(self) -> None:
        super().__init__('replay')
        self.own = own = NodeParameters(self).declare(ReplayParameters())
        if not own.bag:
            raise RstdpError('the parameter bag names no bag to replay')
        self.bag = Bag(Path(own.bag), own.recorded_namespace or None)
        if not self.bag.counts['observation']:
            raise RstdpError(f'{own.bag}: no observations were recorded')
        self.health = Health(self)
        for complaint in self.bag.complaints:
            self.get_logger().warning(complaint)
        topics = Topics(self, self.health)
        self._publishers_of = {
            topic.name: topics.publisher(KINDS[topic.kind], topic.name, profile(topic))
            for topic in TOPICS if topic.name in PLAYED}
        topics.subscription(JointState, 'action', self._on_action, qos.STEP)
        topics.subscription(String, 'weights_active', self._on_weights, qos.LATCHED)
        self.over, self._heard, self._since = False, False, time.monotonic()
        self._begin()
        self.health.watch('observations sent', lambda: self.player.observations)
        self.health.watch('waits for the policy', lambda: self.player.waiting)
        self._timer = steady_timer(self, POLL_PERIOD, self._poll)

    def _begin(self) -> None:
        self.player = Player(self._cues(), self.own.rate)

    def _cues(self) -> Iterator[Cue]:
        """Yield what is played; an observation that had to be sent again only once."""
        before = None
        for message in self.bag.messages(PLAYED, self.own.start):
            if message.topic != 'observation':
                yield Cue(message, None)
                continue
            header = self.bag.decode(message).header
            key = (header.frame_id, to_nanoseconds(header.stamp))
            if key != before:
                yield Cue(message, key)
            before = key

    def _on_action(self, message: JointState) -> None:
        header = message.header
        self.player.answered((header.frame_id, to_nanoseconds(header.stamp)))
        self._poll()

    def _on_weights(self, message: String) -> None:
        self.player.weights_active()

    def _poll(self) -> None:
        if not self._heard:
            self._heard = self._have_listeners()
            return
        for message in self.player.poll(time.monotonic()):
            self._publishers_of[message.topic].publish(bytes(message.data))
        if self.player.over and not self.over:
            self._finish()

    def _have_listeners(self) -> bool:
        return (all(p.get_subscription_count() for p in self._publishers_of.values())
                or time.monotonic() - self._since > LISTENERS_TIMEOUT)

    def _finish(self) -> None:
        self.health.event('times played', f'{self.player.observations} observations played')
        if self.own.loop:
            self._begin()
        else:
            self._timer.cancel()
            self.over = True

    def destroy_node(self) -> None:
        """Close the bag."""
        self.bag.close()
        super().destroy_node()


def run(arguments: Sequence[str] | None = None) -> int:
    """
    Replay until told to stop, or to the end of the bag.

    :param arguments: of the process if None.
    :return: exit code.
    """
    return run_node(ReplayNode, arguments, linger=LINGER, over=lambda node: node.over)


def main() -> None:
    """Run the node and stay, as whoever launched it would start it again."""
    sys.exit(run_node(ReplayNode))


if __name__ == '__main__':
    main()
