"""A stand-in for a robot: a process that speaks only the topics of ros2_control."""

from __future__ import annotations

from pathlib import Path
import sys
import time

from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.tables import DriverParameters
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.stand_in import StandIn, StandInParameters


class StandInNode(Node):
    """Publishes joint states at its own pace and follows commands."""

    def __init__(self) -> None:
        super().__init__('stand_in')
        table = NodeParameters(self)
        parameters = table.declare(DriverParameters())
        task = get_task(parameters.task).as_stand_in()
        robot = table.declare(StandInParameters())
        self.robot = StandIn(task, table.declare(task.physics()), robot)
        self._record = (Path(parameters.record).open('a', buffering=1) if parameters.record
                        else None)
        self._began = time.monotonic()
        # The driver's own order, as ros2_control does not promise any.
        self._names = list(reversed(task.robot.joints))
        self._publisher = self.create_publisher(JointState, 'joint_states', qos.LATEST)
        self.create_subscription(Float64MultiArray, f'{parameters.controller}/commands',
                                 self._on_command, qos.EVENT)
        self._timer = steady_timer(self, 1.0 / robot.rate, self._on_timer)

    def _on_command(self, message: Float64MultiArray) -> None:
        if len(message.data) != 1:
            return
        self.robot.advance(time.monotonic() - self._began)
        if self._record:
            self._record.write(f'{time.monotonic()} {message.data[0]!r}\n')
        self.robot.command(message.data[0])

    def _on_timer(self) -> None:
        # Before the state: a busy machine would make an old one look new.
        stamp = self.get_clock().now().to_msg()
        self.robot.advance(time.monotonic() - self._began)
        joints = self.robot.read()
        if self.robot.lost():
            return
        time.sleep(self.robot.lateness())
        message = JointState(name=self._names, position=list(reversed(joints.positions)),
                             velocity=list(reversed(joints.velocities)))
        message.header.stamp = stamp
        self._publisher.publish(message)


def main() -> None:
    """Run the node."""
    sys.exit(run_node(StandInNode))


if __name__ == '__main__':
    main()
