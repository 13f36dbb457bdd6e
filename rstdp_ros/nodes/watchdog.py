"""The watchdog node: commands zero effort when the environment node dies in mid-motion."""

from __future__ import annotations

import math
import sys
import time

from std_msgs.msg import Empty, Float64MultiArray

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.robot import ALIVE, ZERO_PERIOD
from rstdp_ros.nodes.scheduling import raise_priority
from rstdp_ros.nodes.tables import WatchdogParameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.realtime import TIMEOUT_PERIODS
from rstdp_ros.protocol.watchdog import CommandWatchdog
from rstdp_ros.tasks import get_task

POLL_PERIOD = 0.01
# Period of its sign of life, s.
BEAT_PERIOD = 0.1
# When all nodes are told to stop, the time the environment has for its own zeros, s.
LINGER = 0.5


class WatchdogNode(Node):
    """
    Hears every command, whoever sends it, in a process that no other failure takes down.

    A silent commander is missed after ``command_timeout``, a dead one after the lease of its
    commands' liveliness, whichever comes first. If there are no commands, it commands zero.
    """

    def __init__(self) -> None:
        super().__init__('watchdog')
        parameters = NodeParameters(self).declare(WatchdogParameters())
        period = (1.0 / parameters.control_rate if parameters.control_rate
                  else get_task(parameters.task).robot.control_period)
        timeout = parameters.command_timeout or TIMEOUT_PERIODS * period
        self.watchdog = CommandWatchdog(timeout, time.monotonic())
        self.health, self._told = Health(self), 0
        topics, topic = Topics(self, self.health), f'{parameters.controller}/commands'
        self._zero = Float64MultiArray(data=[0.0])
        self._commands = topics.publisher(Float64MultiArray, topic, qos.COMMAND)
        self._hear = topics.polled(Float64MultiArray, topic, self._on_command, qos.ANYBODY)
        # Asking for a lease shuts out publishers that offer none.
        topics.lives(Float64MultiArray, topic, qos.COMMAND, self._on_death)
        self._beat = topics.publisher(Empty, ALIVE, qos.ANYBODY)
        self._timer = steady_timer(self, POLL_PERIOD, self._on_timer)
        self._beat_timer = steady_timer(self, BEAT_PERIOD, lambda: self._beat.publish(Empty()))
        raise_priority(self, self.health, parameters.thread_priority)

    def _on_command(self, message: Float64MultiArray) -> None:
        # The controller accepts nothing else either.
        if len(message.data) == 1 and math.isfinite(message.data[0]):
            self.watchdog.command(message.data[0], time.monotonic())

    def _on_death(self) -> None:
        self.watchdog.lost(time.monotonic())
        self._on_timer()

    def _on_timer(self) -> None:
        self._hear()
        if self.watchdog.poll(time.monotonic()):
            self._commands.publish(self._zero)
        if self.watchdog.trips > self._told:
            self._told = self.watchdog.trips
            self.health.fault('stops', 'an effort was not renewed in time, so zero was sent')

    def make_safe(self, reason: str) -> None:
        """Stop the motion, as it is not watched reliably."""
        self.watchdog.stop()
        self._on_timer()

    def destroy_node(self) -> None:
        """Leave nothing in motion."""
        self.watchdog.stop()
        while self.watchdog.poll(time.monotonic()):
            self._commands.publish(self._zero)
            time.sleep(ZERO_PERIOD)
        super().destroy_node()


def main() -> None:
    """Run the node."""
    sys.exit(run_node(WatchdogNode, linger=LINGER))


if __name__ == '__main__':
    main()
