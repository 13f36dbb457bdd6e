"""The environment node's bridge to a robot that follows ros2_control's conventions."""

from __future__ import annotations

from dataclasses import dataclass
import time

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.parameters import NodeParameters, START
from rstdp_ros.parameters import Parameter, parameter
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.robot import JointWiring, RobotPlant, ZEROS

# Between the zeros that are sent at the end, s.
ZERO_PERIOD = 0.005


@dataclass(frozen=True)
class RobotParameters:
    """Parameters of the environment node with ``backend: robot``; the joints' come in addition."""

    controller: str = parameter('effort_controller', 'Commands go to <controller>/commands, as '
                                'forward_command_controller wants them.', effect=START)
    effort_scale: float = parameter(
        1.0, "The controller's units per N or N m; negative where directions differ.",
        minimum=-1e6, maximum=1e6, effect=START)
    sensor_timeout: float = parameter(
        0.1, 'Without a joint state for so long the episode is aborted.', unit='s',
        minimum=0.001, maximum=10.0, effect=START)
    start_position_tolerance: float = parameter(
        0.1, 'An episode starts when every joint is so close to zero.', unit='m or rad',
        minimum=0.0, maximum=10.0, effect=START)
    start_velocity_tolerance: float = parameter(
        0.5, 'An episode starts when every joint is so slow.', unit='m/s or rad/s', minimum=0.0,
        maximum=100.0, effect=START)


def wiring_parameters(task: Task) -> list[Parameter]:
    """List the parameters that say what the driver calls the joints and how it counts."""
    def wire(joint: str, what: str, default: float | str, description: str) -> Parameter:
        return Parameter(f'joints.{joint}.{what}', default, description, effect=START)

    return [p for joint in task.joints for p in (
        wire(joint, 'name', joint, f"The driver's name of {joint}."),
        wire(joint, 'zero', 0.0, f'What the driver reads where {joint} is at 0.'),
        wire(joint, 'scale', 1.0, "Task units (m, rad) per unit of the driver's reading; negative "
             'where directions differ.'))]


class RobotBridge:
    """
    Joint states in, commands out.

    :param node: that owns publisher and subscription.
    :param table: where the parameters are declared.
    """

    def __init__(self, node: Node, table: NodeParameters, health: Health, task: Task) -> None:
        own = table.declare(RobotParameters())
        table.declare_each(wiring_parameters(task))
        self._health = health
        self._message = Float64MultiArray()
        self._commands = node.create_publisher(Float64MultiArray, f'{own.controller}/commands',
                                               qos.STEP)
        self.plant = RobotPlant(
            task, {joint: JointWiring(*(table.value(f'joints.{joint}.{what}')
                                        for what in ('name', 'zero', 'scale')))
                   for joint in task.joints},
            self._send, time.monotonic, own.effort_scale, own.sensor_timeout,
            own.start_position_tolerance, own.start_velocity_tolerance)
        # Best effort matches whatever the driver offers.
        node.create_subscription(JointState, 'joint_states', self._on_joints, qos.LATEST)

    def zero(self) -> None:
        """Command zero several times: nobody will be there to do it later."""
        self.plant.stop()
        for _ in range(ZEROS):
            time.sleep(ZERO_PERIOD)
            self.plant.rest()

    def _send(self, command: float) -> None:
        self._message.data = [command]
        self._commands.publish(self._message)

    def _on_joints(self, message: JointState) -> None:
        stamp = messages.to_nanoseconds(message.header.stamp) / messages.NANOSECONDS
        try:
            new = self.plant.sense(stamp, message.name, message.position, message.velocity)
        except RstdpError as error:
            self._health.fault('joint states refused', error)
            return
        self._health.counters['joint states' if new else 'joint states overtaken'] += 1
