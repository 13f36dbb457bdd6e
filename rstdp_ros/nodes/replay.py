"""The replay node: a bag takes the place of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
import sys
import time

from sensor_msgs.msg import JointState
from std_msgs.msg import String, UInt8MultiArray

from rstdp_ros.bags.player import Cue, PLAYED, Player, REPEATS
from rstdp_ros.bags.reader import Bag, Message
from rstdp_ros.bags.topics import TOPICS
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recorder import KINDS, profile
from rstdp_ros.nodes.tables import ReplayParameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.gate import Gate
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing

POLL_PERIOD = 0.001
# The last messages must still be heard.
LINGER = 0.5


class ReplayNode(Node):
    """Publishes the messages of the bag's environment to live nodes."""

    def __init__(self) -> None:
        super().__init__('replay')
        self.parameters = parameters = NodeParameters(self).declare(ReplayParameters())
        if not parameters.bag:
            raise RstdpError('the parameter bag names no bag to replay')
        self.bag = Bag(Path(parameters.bag), parameters.recorded_namespace or None)
        if not self.bag.counts['observation']:
            raise RstdpError(f'{parameters.bag}: no observations were recorded')
        self.health = Health(self)
        for complaint in self.bag.complaints:
            self.get_logger().warning(complaint)
        topics = Topics(self, self.health)
        self._publishers_of = {
            topic.name: topics.publisher(KINDS[topic.kind], topic.name, profile(topic))
            for topic in TOPICS if topic.name in PLAYED}
        topics.subscription(JointState, 'action', self._on_action, qos.STEP)
        topics.subscription(UInt8MultiArray, 'weights', self._on_weights, qos.LATCHED)
        topics.subscription(String, 'weights_active', self._on_active, qos.LATCHED)
        self.over = self.broken = False
        self._gate, self._turn = Gate(), 0
        self._begin()
        self.health.watch('waits for', lambda: self._gate.waits_for or 'nothing')
        self.health.watch('episodes played again', lambda: self.player.repeats)
        self.health.watch('observations sent', lambda: self.player.observations)
        self.health.watch('waits for the policy', lambda: self.player.waiting)
        self._timer = steady_timer(self, POLL_PERIOD, self._poll)

    def _begin(self) -> None:
        self.player = Player(self._cues(), self.parameters.rate, self._gate, self._turn)

    def _cues(self) -> Iterator[Cue]:
        """Yield the messages to play; a repeated observation only once."""
        before: str | tuple[str, int] | None = None
        for message in self._messages():
            try:
                cue = self._cue(message)
            except RstdpError as error:
                self.health.fault('messages left out', error)
                continue
            same = cue.key or cue.ended
            if not same or same != before:
                yield cue
            before = same or before

    def _messages(self) -> Iterator[Message]:
        """Yield the bag's messages, as far as it can be read."""
        try:
            yield from self.bag.messages(PLAYED, self.parameters.start)
        except RstdpError as error:
            self.broken = True
            self.health.fault('damages', error)

    def _cue(self, message: Message) -> Cue:
        """
        Tell what to wait for after a message.

        :raises RstdpError: it cannot be read.
        """
        if message.topic == 'episode_reward':
            return Cue(message, None)
        decoded = self.bag.decode(message)
        if message.topic == 'episode_end':
            end = messages.read_end(decoded)
            return Cue(message, None, end.episode_id, end.steps)
        with refusing(message.topic):
            header = decoded.header
            return Cue(message, (header.frame_id, messages.to_nanoseconds(header.stamp)))

    def _on_action(self, message: JointState) -> None:
        header = message.header
        self.player.answered((header.frame_id, messages.to_nanoseconds(header.stamp)))
        self._poll()

    def _on_weights(self, message: UInt8MultiArray) -> None:
        self._gate.weights(messages.read_envelope(message), time.monotonic())

    def _on_active(self, message: String) -> None:
        self._gate.weights_active(message.data)

    def _poll(self) -> None:
        for message in self.player.poll(time.monotonic()):
            self._publishers_of[message.topic].publish(bytes(message.data))
        if self.player.over and not self.over:
            self._finish()

    def _finish(self) -> None:
        self.health.event('times played', f'{self.player.observations} observations played')
        if self.parameters.loop:
            self._turn += 1 + REPEATS
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
    Replay until told to stop or until the end of the bag.

    :param arguments: of the process if None.
    :return: exit code.
    """
    made: list[ReplayNode] = []

    def make() -> ReplayNode:
        made.append(ReplayNode())
        return made[0]
    code = run_node(make, arguments, linger=LINGER, over=lambda node: node.over)
    return code or int(bool(made and made[0].broken))


def main() -> None:
    """Run the node and stay, as a launch would start it again."""
    sys.exit(run_node(ReplayNode))


if __name__ == '__main__':
    main()
