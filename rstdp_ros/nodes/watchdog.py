"""The watchdog node: zero effort when the environment node dies in mid-motion."""

from __future__ import annotations

from dataclasses import dataclass
import sys
import time

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.parameters import NodeParameters, START
from rstdp_ros.parameters import parameter
from rstdp_ros.protocol.watchdog import CommandWatchdog
from rstdp_ros.tasks import get_task, TASKS

POLL_PERIOD = 0.02
PERIODS = 5


@dataclass(frozen=True)
class WatchdogParameters:
    """Parameters of the watchdog node."""

    task: str = parameter('cartpole', 'The task.', choices=tuple(TASKS), effect=START)
    controller: str = parameter('effort_controller', 'Commands go to <controller>/commands.',
                                effect=START)
    command_timeout: float = parameter(
        0.0, 'An effort that is not renewed for so long is replaced by zero; 0: five control '
        'periods.', unit='s', minimum=0.0, maximum=10.0, effect=START)


class WatchdogNode(Node):
    """Hears every command, in a process that nothing else can take down with it."""

    def __init__(self) -> None:
        super().__init__('watchdog')
        own = NodeParameters(self).declare(WatchdogParameters())
        timeout = own.command_timeout or PERIODS * get_task(own.task).control_period
        self.watchdog = CommandWatchdog(timeout)
        self.health = Health(self)
        topic = f'{own.controller}/commands'
        self._zero = Float64MultiArray(data=[0.0])
        self._commands = self.create_publisher(Float64MultiArray, topic, qos.STEP)
        self.create_subscription(Float64MultiArray, topic, self._on_command, qos.EVENT)
        self._timer = steady_timer(self, POLL_PERIOD, self._on_timer)

    def _on_command(self, message: Float64MultiArray) -> None:
        self.watchdog.command(max(map(abs, message.data), default=0.0), time.monotonic())

    def _on_timer(self) -> None:
        trips = self.watchdog.trips
        if self.watchdog.poll(time.monotonic()):
            self._commands.publish(self._zero)
        if self.watchdog.trips > trips:
            self.health.fault('stops', f'no command for {self.watchdog.timeout:g} s, so zero')


def main() -> None:
    """Run the node."""
    sys.exit(run_node(WatchdogNode))


if __name__ == '__main__':
    main()
