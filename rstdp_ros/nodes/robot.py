"""The environment node's bridge to a robot that follows ros2_control's conventions."""

from __future__ import annotations

from collections.abc import Callable
import time

from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from rstdp_ros.errors import RstdpError
from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.tables import RobotParameters, wiring_parameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.checklist import Checklist, FAIL, Item, OK
from rstdp_ros.tasks.plausibility import Bounds
from rstdp_ros.tasks.robot import JointWiring, RobotPlant, ZEROS

# Between the zeros that are sent at the end, s.
ZERO_PERIOD = 0.005
# The checklist is looked at so often, and logged when something in it has changed.
LOOK_PERIOD = 3.0
# The defaults of time-outs, in control periods.
FROZEN_PERIODS, STALL_PERIODS = 5, 25


class RobotBridge:
    """
    Joint states in, commands out, and the start-up checklist.

    :param node: that owns publisher and subscription.
    :param table: where the parameters are declared.
    :param health: told of what is refused.
    :param control_period: s.
    :param on_excess: told at once of a joint beyond its limits.
    :param clock: what the control periods follow, s: steady or simulated time.
    """

    def __init__(self, node: Node, table: NodeParameters, health: Health, task: Task,
                 control_period: float, on_excess: Callable[[str], None],
                 clock: Callable[[], float]) -> None:
        own = table.declare(RobotParameters())
        table.declare_each(wiring_parameters(task))
        self._node, self._health = node, health
        self._on_excess, self._clock = on_excess, clock
        topics = Topics(node, health)
        self._message = Float64MultiArray()
        self._topic = f'{own.controller}/commands'
        self._commands = topics.publisher(Float64MultiArray, self._topic, qos.COMMAND)
        wiring = {joint: JointWiring(*(table.value(f'joints.{joint}.{what}')
                                       for what in ('name', 'zero', 'scale')))
                  for joint in task.joints}
        bounds = Bounds(own.position_jump, own.frozen_timeout or FROZEN_PERIODS * control_period,
                        own.stall_timeout or STALL_PERIODS * control_period,
                        max(own.sensor_timeout, control_period))
        self.plant = RobotPlant(task, wiring, self._send, time.monotonic, own.effort_scale,
                                own.sensor_timeout, own.start_position_tolerance,
                                own.start_velocity_tolerance, bounds)
        health.include(self.plant.stream.counters)
        self.limits = Limits()
        self._checklist = Checklist(self.plant, [wiring[j].name for j in task.joints],
                                    control_period)
        self._shown: list[str] = []
        # Best effort matches whatever the driver offers.
        topics.subscription(JointState, 'joint_states', self._on_joints, qos.LATEST)
        for i, joint in enumerate(task.joints):
            health.watch(f'{joint} (m or rad)', lambda i=i: self._position(i))
        health.watch('checklist', lambda: self.objection() or OK)
        self._timer = steady_timer(node, LOOK_PERIOD, self._look)

    def objection(self) -> str:
        """Return why nothing may move yet, '' if it may."""
        return next((item.text for item in self._items() if item.status == FAIL), '')

    def show(self) -> None:
        """Print the whole checklist."""
        lines = [f'\n  {item}' for item in self._items()]
        self._node.get_logger().info(f'checklist:{"".join(lines)}')

    def zero(self) -> None:
        """Command zero several times: nobody will be there to do it later."""
        self.plant.stop()
        for _ in range(ZEROS):
            time.sleep(ZERO_PERIOD)
            self.plant.rest()

    def _items(self) -> list[Item]:
        topic = self._commands.topic_name
        commanders = [info.node_name for info in self._node.get_publishers_info_by_topic(topic)]
        items = self._checklist.items(
            self._clock(), self._commands.get_subscription_count(), commanders,
            self.limits.effort_limit, self.limits.positions)
        return items + ([self.plant.verdict] if self.plant.verdict else [])

    def _look(self) -> None:
        state = [item.status for item in self._items()]
        if state != self._shown:
            self._shown = state
            self.show()

    def _position(self, index: int) -> str:
        joints = self.plant.joints
        return 'unknown' if joints is None else f'{joints.positions[index]:.4f}'

    def _send(self, command: float) -> None:
        self._message.data = [command]
        self._commands.publish(self._message)

    def _on_joints(self, message: JointState) -> None:
        stamp = messages.to_nanoseconds(message.header.stamp) / messages.NANOSECONDS
        ours = self._node.get_clock().now().nanoseconds / messages.NANOSECONDS
        self._checklist.heard(self._clock(), message.name)
        try:
            new = self.plant.sense(stamp, message.name, message.position, message.velocity, ours)
        except RstdpError as error:
            self._health.fault('joint states refused', error)
            return
        if new:
            self._checklist.sensed()
            if excess := self.plant.doubt or self.limits.excess(self.plant.joints):
                self._on_excess(excess)
