"""The policy node: the spiking network answers every observation with an action."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
import sys

from rclpy.node import Node
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String, UInt8MultiArray

from rstdp_ros.backends import make_backend
from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.parameters import NodeParameters, START
from rstdp_ros.parameters import parameter
from rstdp_ros.protocol.episode import CLOCKS
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.resources import model_path
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.tasks import get_task, TASKS


@dataclass(frozen=True)
class PolicyParameters:
    """Parameters of the policy node."""

    task: str = parameter('cartpole', 'The task.', choices=tuple(TASKS), effect=START)
    model: str = parameter('', "Network file, or the name of a shipped one; '' for the task's "
                           'first.', effect=START)
    backend: str = parameter('cpu', 'Where the network runs.', choices=('cpu',), effect=START)
    clock: str = parameter('lockstep', 'In real time, observations are received best-effort.',
                           choices=CLOCKS, effect=START)
    require_weights: bool = parameter(False, 'Answer nothing before the first weights message; '
                                      'set when adaptation runs.', effect=START)


class PolicyNode(Node):
    """Answers observations; publishes the spikes before the action they led to."""

    def __init__(self) -> None:
        super().__init__('policy')
        self.own = own = NodeParameters(self).declare(PolicyParameters())
        self.task = get_task(own.task)
        self.health = Health(self)
        network = SpikingQNetwork.load(model_path(own.model or f'{own.task}_0'))
        self.protocol = PolicyProtocol(self.task, make_backend(own.backend, network),
                                       own.require_weights)
        self._create_interfaces()
        if not own.require_weights:
            self._report_weights()

    def _create_interfaces(self) -> None:
        episode = qos.per_episode(self.task.max_episode_steps)
        self._actions = self.create_publisher(JointState, 'action', qos.STEP)
        self._spikes = self.create_publisher(Image, 'spikes', episode)
        self._active = self.create_publisher(String, 'weights_active', qos.LATCHED)
        self._action = JointState(name=[self.task.actuated_joint])
        self._raster = Image(encoding='mono8')
        observations = qos.STEP if self.own.clock == 'lockstep' else qos.LATEST
        self.create_subscription(JointState, 'observation', self._on_observation, observations)
        self.create_subscription(UInt8MultiArray, 'weights', self._on_weights, qos.LATCHED)

    def _on_observation(self, message: JointState) -> None:
        header = message.header
        digest = self.protocol.digest
        try:
            positions, velocities = messages.read_joints(message, self.task.joints)
            answer = self.protocol.observation(header.frame_id,
                                               self.task.observe(positions, velocities))
        except RstdpError as error:
            self.health.fault('observations refused', error)
            return
        if answer is None:
            self.health.counters['observations before weights'] += 1
            return
        self._raster.header.stamp, self._raster.header.frame_id = header.stamp, answer.frame
        messages.fill_raster(self._raster, answer.raster)
        self._spikes.publish(self._raster)
        self._action.header = header
        self._action.effort = array('d', (answer.effort,))
        self._actions.publish(self._action)
        if digest != self.protocol.digest:
            self._report_weights()

    def _on_weights(self, message: UInt8MultiArray) -> None:
        try:
            active = self.protocol.weights(messages.read_weights(message))
        except RstdpError as error:
            self.health.fault('weights refused', error)
            return
        if active:
            self._report_weights()

    def _report_weights(self) -> None:
        self.health.values['active weights'] = self.protocol.digest
        self._active.publish(String(data=self.protocol.digest))


def main() -> None:
    """Run the node."""
    sys.exit(run_node(PolicyNode))


if __name__ == '__main__':
    main()
