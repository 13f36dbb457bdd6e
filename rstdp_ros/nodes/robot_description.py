"""The description that RViz and Foxglove draw: the plant as it is now, not as at the start."""

from __future__ import annotations

from functools import partial
import time
from typing import Any

from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rclpy.parameter import Parameter as RosParameter
from rclpy.publisher import Publisher
from rclpy.task import Future
from std_msgs.msg import String

from rstdp_ros.nodes import qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.node import Node
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.urdf import describe

TOPIC = 'robot_description'
SERVICE = 'robot_state_publisher/set_parameters'
PERIOD = 0.5
REPLY_TIMEOUT = 2.0


class RobotDescription:
    """
    Keeps ``robot_description`` up to date.

    The robot_state_publisher publishes its parameter of that name, again whenever it is set. So
    the topic shows its current value, and while that is not the plant the parameter is set: after
    a change, after a lost reply, and after a restart of that node. Descriptions of other robots
    are left alone. If no node publishes the topic, this one does.

    :param node: the owner; the robot_state_publisher is sought in its namespace.
    :param health: told of refusals.
    :param task: the task of the plant.
    """

    def __init__(self, node: Node, health: Health, task: Task) -> None:
        self._node, self._health, self._task = node, health, task
        self._physics: Any = None
        self._true = self._theirs = self._published = ''
        self._publisher: Publisher | None = None
        self._call: Future | None = None
        self._called_at = 0.0
        # Without a publisher, the service would be listed though no node serves it.
        self._client: Client | None = None
        node.create_subscription(String, TOPIC, self._on_description, qos.LATCHED)
        self._timer = steady_timer(node, PERIOD, self._poll)

    def update(self, physics: Any) -> None:
        """
        Note the plant's current physics; a timer does the rest.

        :param physics: an instance of the task's table.
        """
        if physics == self._physics:
            return
        self._physics = physics
        try:
            self._true = describe(self._task, physics)
        except RstdpError as error:
            self._health.fault('descriptions not made', error)

    def _on_description(self, message: String) -> None:
        if message.data != self._published:
            self._theirs = message.data

    def _poll(self) -> None:
        if not self._true:
            return
        others = self._node.count_publishers(TOPIC) > (self._publisher is not None)
        if others:
            self._leave_it_to_others()
        elif self._published != self._true:
            self._publish()
        ours = f'<robot name="{self._task.name}"' in self._theirs
        if not others:
            self._forget_service()
        elif ours and self._theirs != self._true and self._service().service_is_ready():
            self._set()

    def _publish(self) -> None:
        if self._publisher is None:
            self._publisher = self._node.create_publisher(String, TOPIC, qos.LATCHED)
        self._published = self._true
        self._publisher.publish(String(data=self._true))

    def _leave_it_to_others(self) -> None:
        if self._publisher is not None:
            self._node.destroy_publisher(self._publisher)
            self._publisher, self._published = None, ''

    def _service(self) -> Client:
        if self._client is None:
            self._client = self._node.create_client(SetParameters, SERVICE)
        return self._client

    def _forget_service(self) -> None:
        if self._client is not None:
            self._node.destroy_client(self._client)
            self._client = self._call = None

    def _set(self) -> None:
        """Set the parameter; a service that looks alive may be dead, so this is repeated."""
        now = time.monotonic()
        if self._call:
            if now - self._called_at < REPLY_TIMEOUT:
                return
            self._client.remove_pending_request(self._call)
        parameter = RosParameter(TOPIC, value=self._true).to_parameter_msg()
        self._call = self._client.call_async(SetParameters.Request(parameters=[parameter]))
        self._called_at = now
        self._call.add_done_callback(self._node.guarded(partial(self._on_reply, self._true)))

    def _on_reply(self, text: str, call: Future) -> None:
        if call.cancelled() or call.result() is None:
            return
        result, = call.result().results
        if result.successful:
            self._theirs, self._call = text, None
        else:
            self._health.fault('descriptions refused', result.reason)
