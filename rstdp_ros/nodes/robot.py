"""The environment node's bridge to a robot that follows ros2_control's conventions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
import math
import time

from sensor_msgs.msg import JointState
from std_msgs.msg import Empty, Float64MultiArray

from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.tables import RobotParameters, wiring_parameters
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.checklist import Checklist, FAIL, Item, OK, WARN
from rstdp_ros.tasks.plausibility import Bounds
from rstdp_ros.tasks.presence import Presence
from rstdp_ros.tasks.robot import JointWiring, RobotPlant, ZEROS

# Period of the zeros sent at the end, s.
ZERO_PERIOD = 0.005
# Period at which the checklist is evaluated, and logged if it has changed, s.
LOOK_PERIOD = 3.0
# Joint states are processed at this period, and before every control cycle: even a flood of them
# is bounded work and does not delay a stop, s.
SENSE_PERIOD = 0.005
# Period at which the presence of other nodes is checked, s.
PRESENCE_PERIOD = 0.1
# Topic on which the watchdog says that it is alive.
ALIVE = 'watchdog_alive'
JOINT_STATES, ACTION = 'joint_states', 'action'
NO_POLICY = 'no policy runs: nobody publishes on action'
# The defaults of time-outs, in control periods.
FROZEN_PERIODS, STALL_PERIODS = 5, 25


class RobotBridge:
    """
    Joint states in, commands out, and the start-up checklist.

    :param node: owns publisher and subscription.
    :param table: declares the parameters.
    :param health: told of refused messages.
    :param control_period: s.
    :param on_excess: told immediately of a joint beyond its limits.
    :param on_absence: told as long as a required node is missing or a forbidden one is present.
    :param clock: time that control periods follow, s: steady or simulated.
    """

    def __init__(self, node: Node, table: NodeParameters, health: Health, task: Task,
                 control_period: float, on_excess: Callable[[str], None],
                 on_absence: Callable[[str], None], clock: Callable[[], float]) -> None:
        parameters = table.declare(RobotParameters())
        table.declare_each(wiring_parameters(task))
        self._node, self._health, self._parameters = node, health, parameters
        self._on_excess, self._on_absence, self._clock = on_excess, on_absence, clock
        topics = Topics(node, health)
        self._message = Float64MultiArray()
        self._topic = f'{parameters.controller}/commands'
        self._commands = topics.publisher(Float64MultiArray, self._topic, qos.COMMAND,
                                          self._on_listener)
        wiring = {joint: JointWiring(*(table.value(f'joints.{joint}.{what}')
                                       for what in ('name', 'zero', 'scale')))
                  for joint in task.robot.joints}
        bounds = Bounds(parameters.position_jump,
                        parameters.frozen_timeout or FROZEN_PERIODS * control_period,
                        parameters.stall_timeout or STALL_PERIODS * control_period,
                        max(parameters.sensor_timeout, control_period))
        self.plant = RobotPlant(task, wiring, self._send, time.monotonic, parameters.effort_scale,
                                parameters.sensor_timeout, parameters.start_position_tolerance,
                                parameters.start_velocity_tolerance, parameters.dwell, bounds,
                                parameters.prove_motion)
        health.include(self.plant.stream.counters)
        self.limits = Limits()
        self._checklist = Checklist(self.plant, [wiring[j].name for j in task.robot.joints],
                                    control_period)
        self._shown: list[str] = []
        self._watchdog_at = -math.inf
        # Best effort matches whatever the driver offers.
        self.sense = topics.polled(JointState, JOINT_STATES, self._on_joints, qos.ANYBODY)
        self._sense_timer = steady_timer(node, SENSE_PERIOD, self.sense)
        topics.subscription(Empty, ALIVE, self._on_alive, qos.LATEST)
        for i, joint in enumerate(task.robot.joints):
            health.watch(f'{joint} (m or rad)', partial(self._position, i))
        health.watch('checklist', lambda: self.objection() or OK)
        health.doubts = lambda: _first(WARN, self._presence())
        self._timer = steady_timer(node, LOOK_PERIOD, self._look)
        self._presence_timer = steady_timer(node, PRESENCE_PERIOD, self._look_around)

    def objection(self) -> str:
        """Return why nothing may move yet, '' if it may."""
        return _first(FAIL, self._items()) or (
            '' if count_policies(self._node) else NO_POLICY)

    def show(self) -> None:
        """Print the whole checklist."""
        lines = [f'\n  {item}' for item in self._items()]
        self._node.get_logger().info(f'checklist:{"".join(lines)}')

    def zero(self) -> None:
        """Command zero several times: this is the last chance to do it."""
        self.plant.stop()
        for _ in range(ZEROS):
            time.sleep(ZERO_PERIOD)
            self.plant.rest()

    def _items(self) -> list[Item]:
        items = self._checklist.items(self._clock(), self.limits.effort_limit,
                                      self.limits.positions)
        return [*items, *self._presence(), *([self.plant.verdict] if self.plant.verdict else [])]

    def _presence(self) -> list[Item]:
        publishers = self._node.get_publishers_info_by_topic
        subscriptions = self._node.get_subscriptions_info_by_topic(self._topic)
        drivers, listeners, commanders = ([info.node_name for info in infos] for infos in (
            publishers(JOINT_STATES), subscriptions, publishers(self._topic)))
        there = Presence(drivers, listeners, commanders, time.monotonic() - self._watchdog_at)
        return there.items(self._parameters.joint_state_publishers,
                           self._parameters.require_watchdog)

    def _look_around(self) -> None:
        if absence := _first(FAIL, self._presence()):
            self._on_absence(absence)

    def _on_listener(self) -> None:
        """Tell a new controller to rest, unless an episode runs."""
        if self.plant.resting:
            self.plant.calm()

    def _on_alive(self, message: Empty) -> None:
        self._watchdog_at = time.monotonic()

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


def count_policies(node: Node) -> int:
    """Count the nodes that answer observations; unlike rclpy's count, this follows remappings."""
    return len(node.get_publishers_info_by_topic(ACTION))


def _first(status: str, items: Iterable[Item]) -> str:
    return next((item.text for item in items if item.status == status), '')
