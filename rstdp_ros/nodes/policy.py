"""The policy node: the spiking network answers every observation with an action."""

from __future__ import annotations

from array import array
import sys

from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String, UInt8MultiArray

from rstdp_ros.backends import make_backend
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recording import RecorderWait
from rstdp_ros.nodes.scheduling import raise_priority
from rstdp_ros.nodes.tables import PolicyParameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.episode import LOCKSTEP
from rstdp_ros.protocol.policy import Answer, PolicyProtocol
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task

ANNOUNCE_PERIOD = 0.1


class PolicyNode(Node):
    """Answers observations; publishes the spikes before the action they led to."""

    def __init__(self) -> None:
        super().__init__('policy')
        self.parameters = parameters = NodeParameters(self).declare(PolicyParameters())
        self.task = get_task(parameters.task)
        self.health = Health(self)
        # Threads and processes that a backend starts inherit the priority.
        raise_priority(self, self.health, parameters.thread_priority)
        network = SpikingQNetwork.load(model_path(parameters.model or f'{parameters.task}_0'))
        backend = make_backend(parameters.backend, network, parameters.lava_target)
        self.protocol = PolicyProtocol(self.task, backend, parameters.require_weights)
        self._create_interfaces()
        if not parameters.require_weights:
            self._report_weights()

    def _create_interfaces(self) -> None:
        topics, episode = Topics(self, self.health), qos.per_episode(self.task.max_episode_steps)
        recorded = self.parameters.wait_for_recorder
        self._actions = topics.publisher(JointState, 'action', qos.recorded(qos.STEP, recorded))
        self._spikes = topics.publisher(Image, 'spikes', qos.recorded(episode, recorded))
        self._active = topics.publisher(String, 'weights_active', qos.LATCHED)
        self._action = JointState(name=[self.task.robot.actuated_joint])
        self._raster = Image(encoding='mono8')
        self._recorder = RecorderWait(self, self.health, recorded,
                                      (self._actions, self._spikes, self._active))
        observations = qos.STEP if self.parameters.clock == LOCKSTEP else qos.LATEST
        topics.subscription(JointState, 'observation', self._on_observation, observations)
        topics.subscription(UInt8MultiArray, 'weights', self._on_weights, qos.LATCHED)
        self._announce_timer = steady_timer(self, ANNOUNCE_PERIOD, self._announce)
        self.health.include(self.protocol.counters)
        self.health.watch('active weights', lambda: self.protocol.digest)
        self.health.watch('episode', lambda: self.protocol.episode_id or 'none yet')

    def _on_observation(self, message: JointState) -> None:
        if not self._recorder.over:
            return
        header = message.header
        try:
            positions, velocities = messages.read_joints(message, self.task.robot.joints)
            answer = self.protocol.observation(header.frame_id,
                                               self.task.robot.observation(positions, velocities))
        except RstdpError as error:
            self.health.fault('observations refused', error)
            return
        if answer is None:
            return
        self._publish_spikes(header.stamp, answer)
        self._action.header = header
        self._action.effort = array('d', (answer.effort,))
        self._actions.publish(self._action)

    def _publish_spikes(self, stamp: Time, answer: Answer) -> None:
        self._raster.header.stamp, self._raster.header.frame_id = stamp, answer.frame
        messages.fill_raster(self._raster, answer.raster)
        self._spikes.publish(self._raster)

    def _on_weights(self, message: UInt8MultiArray) -> None:
        try:
            envelope = messages.read_envelope(message)
            heard = self.protocol.weights(messages.read_weights(message),
                                          envelope.policies if envelope else None)
        except RstdpError as error:
            self.health.fault('weights refused', error)
            return
        if heard:
            self._report_weights()

    def _announce(self) -> None:
        """Announce this policy until adaptation confirms that it hears it."""
        if not self.protocol.heard and self._recorder.over:
            self._publish_spikes(Time(), self.protocol.announcement())

    def _report_weights(self) -> None:
        self._active.publish(String(data=self.protocol.digest))


def main() -> None:
    """Run the node."""
    sys.exit(run_node(PolicyNode))


if __name__ == '__main__':
    main()
