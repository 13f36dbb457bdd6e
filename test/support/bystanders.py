"""Nodes that are where none should be, or leave when they are needed, for the tests of a robot."""

from pathlib import Path
import sys
import time

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from rstdp_ros.bringup import NodeDescription
from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.stand_in import StandInNode

EFFORTS_BEFORE, BACK = 10, '.back'
COMMANDS = 'effort_controller/commands'


class Deserter(StandInNode):
    """A robot whose controller leaves in mid-motion and comes back with its old command."""

    def __init__(self):
        super().__init__()
        self.efforts, self.away, self.back = 0, False, False
        self.watch = steady_timer(self, 0.01, self.on_watch)

    def _on_command(self, message):
        super()._on_command(message)
        self.efforts += bool(message.data[0])

    def on_watch(self):
        """Leave after some efforts, and come back when the test wants it."""
        if self.efforts >= EFFORTS_BEFORE and not self.away:
            self.away = True
            subscription = next(s for s in self.subscriptions if s.topic_name.endswith(COMMANDS))
            self.destroy_subscription(subscription)
        if self.away and not self.back and Path(self._record.name).with_suffix(BACK).exists():
            self.back = True
            self._record.write(f'{time.monotonic()} nan\n')  # marks when it came back
            self.create_subscription(Float64MultiArray, COMMANDS, self._on_command, qos.EVENT)


class SecondDriver(Node):
    """Says that all joints are at zero."""

    def __init__(self, period=0.01):
        super().__init__('second_driver')
        self.publisher = self.create_publisher(JointState, 'joint_states', qos.EVENT)
        self.message = JointState(name=['slider_to_cart', 'cart_to_pole'], position=[0.0, 0.0],
                                  velocity=[0.0, 0.0])
        self.timer = steady_timer(self, period, self.on_timer)

    def on_timer(self):
        """Speak."""
        self.message.header.stamp = self.get_clock().now().to_msg()
        self.publisher.publish(self.message)


class SilentDriver(SecondDriver):
    """The same, but says nothing."""

    def on_timer(self):
        """Say nothing."""


class Flood(SecondDriver):
    """The same, as often as it can."""

    def __init__(self):
        super().__init__(0.001)

    def on_timer(self):
        """Speak a hundred times."""
        for _ in range(100):
            super().on_timer()


ACTORS = {actor.__name__: actor for actor in (Deserter, SecondDriver, SilentDriver, Flood)}


class Bystander(NodeDescription):
    """One of them as a node of a graph, under its own name; digits tell several apart."""

    @property
    def module(self):
        """The module that runs it, found through PYTHONPATH."""
        return 'bystanders'


if __name__ == '__main__':
    # The runner names the parameter file after the node.
    name = Path(sys.argv[sys.argv.index('--params-file') + 1]).stem
    sys.exit(run_node(ACTORS[name.rstrip('0123456789')]))
