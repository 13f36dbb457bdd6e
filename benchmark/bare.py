"""
The bare graph that ``lockstep.py`` measures against.

Three nodes exchange the messages of the real graph, with its quality of service and executor, and
do nothing else: no checks, no network, no plant, no learning. The parameter ``role`` says which of
the three a process is.
"""

from __future__ import annotations

from array import array
from pathlib import Path
import sys

from rclpy.node import Node
from sensor_msgs.msg import Image, JointState

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.main import run_node
from rstdp_ros.tasks import get_task

EPISODE_ID = '01234567-1'
RASTER_FRAME = f'{EPISODE_ID}/0123456789abcdef'
# The first observations may find no listener; afterwards none is lost.
RESEND_PERIOD = 0.2


class BareNode(Node):
    """One of the three; sends and receives like its namesake."""

    def __init__(self) -> None:
        super().__init__('bare')
        self.task = get_task('cartpole')
        role = self.declare_parameter('role', 'environment').value
        self.log = Path(self.declare_parameter('log', '').value)
        self.episode = qos.per_episode(self.task.max_episode_steps)
        {'environment': self.environment, 'policy': self.policy,
         'adaptation': self.adaptation}[role]()

    def environment(self) -> None:
        """Publish an observation for every action."""
        zeros = array('d', (0.0, 0.0))
        self.observation = JointState(name=list(self.task.robot.joints), position=zeros,
                                      velocity=zeros)
        self.observation.header.frame_id = EPISODE_ID
        self.steps = self.steps_at_timer = 0
        self.observations = self.create_publisher(JointState, 'observation', qos.STEP)
        self.create_subscription(JointState, 'action', self.on_action, qos.STEP)
        self.create_timer(RESEND_PERIOD, self.on_timer)

    def on_action(self, message: JointState) -> None:
        """Publish the next observation."""
        if message.header.stamp.nanosec != self.steps:
            return  # the second answer to a repeated observation
        self.steps += 1
        self.observation.header.stamp.nanosec = self.steps
        self.observations.publish(self.observation)

    def on_timer(self) -> None:
        """Repeat the observation if it is not answered."""
        if self.steps == self.steps_at_timer:
            self.observations.publish(self.observation)
        self.steps_at_timer = self.steps

    def policy(self) -> None:
        """Answer every observation with spikes and then an action."""
        neurons, ticks = sum(self.task.network.sizes[1:3]), self.task.network.neuron.ticks
        self.raster = Image(encoding='mono8', height=neurons, width=ticks, step=ticks,
                            data=array('B', bytes(neurons * ticks)))
        self.raster.header.frame_id = RASTER_FRAME
        self.action = JointState(name=[self.task.robot.actuated_joint], effort=array('d', (10.0,)))
        self.actions = self.create_publisher(JointState, 'action', qos.STEP)
        self.spikes = self.create_publisher(Image, 'spikes', self.episode)
        self.create_subscription(JointState, 'observation', self.on_observation, qos.STEP)

    def on_observation(self, message: JointState) -> None:
        """Send spikes and action."""
        self.raster.header.stamp = message.header.stamp
        self.spikes.publish(self.raster)
        self.action.header = message.header
        self.actions.publish(self.action)

    def adaptation(self) -> None:
        """Keep the spikes of an episode's number of steps, then write a line."""
        self.kept: list[Image] = []
        self.create_subscription(Image, 'spikes', self.on_spikes, self.episode)

    def on_spikes(self, message: Image) -> None:
        """Keep a raster."""
        self.kept.append(message)
        if len(self.kept) == self.task.max_episode_steps:
            self.kept.clear()
            with self.log.open('a') as file:
                file.write('{}\n')


if __name__ == '__main__':
    sys.exit(run_node(BareNode))
